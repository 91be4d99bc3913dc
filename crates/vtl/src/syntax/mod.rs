//! The syntax of the Velocity Template Language: its tree and the parser.
//!
//! <https://velocity.apache.org/engine/1.7/vtl-reference.html>

mod block;
mod cursor;
mod directive;
mod expression;
mod literal;
mod reference;
mod tree;

use std::collections::HashMap;

pub(crate) use cursor::Position;
pub(crate) use tree::{
    Block, Call, Comparison, Expression, Foreach, If, Macro, Node, Operator, Reference, Set, Step,
};

use crate::ParseError;
use cursor::Cursor;

/// Directives, expressions and strings nested deeper than this are refused, so that no template exhausts the stack.
const MAX_NESTING: usize = 48;

/// The variables that every template knows, at these places of [`Tree::variables`].
pub(crate) mod well_known {
    pub(crate) const INPUT: u32 = 0;
    pub(crate) const UTIL: u32 = 1;
    pub(crate) const CONTEXT: u32 = 2;
    pub(crate) const STAGE_VARIABLES: u32 = 3;
    pub(crate) const FOREACH: u32 = 4;
    pub(crate) const VELOCITY_COUNT: u32 = 5;
    pub(crate) const BODY_CONTENT: u32 = 6;
    pub(super) const NAMES: [&str; 7] =
        ["input", "util", "context", "stageVariables", "foreach", "velocityCount", "bodyContent"];
}

/// A parsed template. Variables are numbered, so that rendering looks none up by name.
#[derive(Debug)]
pub(crate) struct Tree {
    pub(crate) block: Block,
    pub(crate) macros: HashMap<Box<str>, Macro>,
    pub(crate) variables: usize,
}

pub(crate) fn parse(source: &str) -> Result<Tree, ParseError> {
    let mut symbols = Symbols::default();
    for name in well_known::NAMES {
        symbols.variable(name);
    }
    let mut parser = Parser { cursor: Cursor::new(source), symbols: &mut symbols, nesting: 0 };
    let block = parser.template()?;
    Ok(Tree { block, variables: symbols.variables.len(), macros: symbols.macros })
}

/// The names met so far, shared by a template and the strings in it.
#[derive(Default)]
struct Symbols {
    variables: HashMap<Box<str>, u32>,
    macros: HashMap<Box<str>, Macro>,
}

impl Symbols {
    fn variable(&mut self, name: &str) -> u32 {
        if let Some(&number) = self.variables.get(name) {
            return number;
        }
        let number = u32::try_from(self.variables.len()).unwrap_or(u32::MAX);
        self.variables.insert(name.into(), number);
        number
    }
}

struct Parser<'s, 'n> {
    cursor: Cursor<'s>,
    symbols: &'n mut Symbols,
    nesting: usize,
}

impl Parser<'_, '_> {
    /// Runs `inner` one level deeper.
    fn nested<T>(&mut self, inner: impl FnOnce(&mut Self) -> Result<T, ParseError>) -> Result<T, ParseError> {
        if self.nesting >= MAX_NESTING {
            return Err(self.cursor.error(&format!("at most {MAX_NESTING} levels of nesting")));
        }
        self.nesting += 1;
        let result = inner(self);
        self.nesting -= 1;
        result
    }
}
