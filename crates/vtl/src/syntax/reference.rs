//! References: `$name`, `${name}`, `$!name`, with properties, methods and indexes.
//!
//! <https://velocity.apache.org/engine/1.7/vtl-reference.html#variables>

use super::{Expression, Parser, Reference, Step};
use crate::ParseError;

pub(super) const fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

impl Parser<'_, '_> {
    /// The reference that begins at the dollar sign that comes next, if it is one; otherwise nothing is consumed.
    pub(super) fn reference(&mut self, escapes: usize) -> Result<Option<Reference>, ParseError> {
        let start = self.cursor.at();
        if !self.cursor.take("$") {
            return Ok(None);
        }
        let quiet = self.cursor.take("!");
        let braced = self.cursor.take("{");
        if !self.cursor.peek().is_some_and(is_name_start) {
            self.cursor.go_to(start);
            return Ok(None);
        }
        let position = self.cursor.position_at(start);
        let name_start = self.cursor.at();
        let name = self.cursor.take_while(is_name);
        if matches!(name, "true" | "false") {
            self.cursor.go_to(name_start);
            return Err(self.cursor.error("the name of a variable, which cannot be \"true\" or \"false\""));
        }
        let variable = self.symbols.variable(name);
        let steps = self.steps()?;
        if braced && !self.cursor.take("}") {
            return Err(self.cursor.error("\"}\", which ends the reference, or \".\""));
        }
        let source = self.cursor.since(start).into();
        Ok(Some(Reference { variable, steps, quiet, escapes, source, position }))
    }

    fn steps(&mut self) -> Result<Vec<Step>, ParseError> {
        let mut steps = Vec::new();
        loop {
            match self.cursor.peek() {
                Some(b'[') => {
                    self.cursor.take("[");
                    steps.push(Step::Index(self.nested(Self::index)?));
                }
                Some(b'.') if self.cursor.peek_at(1).is_some_and(|byte| byte.is_ascii_alphabetic()) => {
                    self.cursor.take(".");
                    let name = self.cursor.take_while(is_name).into();
                    if self.cursor.take("(") {
                        let arguments = self.nested(Self::arguments)?;
                        steps.push(Step::Method { name, arguments });
                    } else {
                        steps.push(Step::Property(name));
                    }
                }
                _ => return Ok(steps),
            }
        }
    }

    fn index(&mut self) -> Result<Expression, ParseError> {
        self.cursor.skip_space();
        let index = self.parameter("an index: a number, a string or a reference")?;
        self.cursor.skip_space();
        if self.cursor.take("]") { Ok(index) } else { Err(self.cursor.error("\"]\", which ends the index")) }
    }

    fn arguments(&mut self) -> Result<Vec<Expression>, ParseError> {
        let mut arguments = Vec::new();
        self.cursor.skip_space();
        if self.cursor.take(")") {
            return Ok(arguments);
        }
        loop {
            self.cursor.skip_space();
            arguments.push(self.parameter("an argument: a string, number, list, map, boolean or reference")?);
            self.cursor.skip_space();
            if self.cursor.take(")") {
                return Ok(arguments);
            }
            if !self.cursor.take(",") {
                return Err(self
                    .cursor
                    .error("\",\" or \")\" after the argument; set a variable to calculate one"));
            }
        }
    }
}
