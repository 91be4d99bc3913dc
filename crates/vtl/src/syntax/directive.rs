//! Directives: `#set`, `#if`, `#foreach`, `#define`, `#macro`, macro calls and the rest.
//!
//! <https://velocity.apache.org/engine/1.7/vtl-reference.html#directives>

use super::block::Terminator;
use super::{Block, Call, Expression, Foreach, If, Macro, Node, Parser, Set};
use crate::ParseError;

const KNOWN: [&str; 12] = [
    "set", "if", "elseif", "else", "end", "stop", "foreach", "break", "define", "macro", "literal",
    "evaluate",
];

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'@'
}

impl<'s> Parser<'s, '_> {
    /// The name after the hash that comes next, as in `#name` or `#{name}`.
    pub(super) fn directive_name_ahead(&self) -> Option<&'s str> {
        let rest = self.cursor.rest().strip_prefix('#')?;
        let (name, braced) = rest.strip_prefix('{').map_or((rest, false), |inside| (inside, true));
        let length = name.bytes().position(|byte| !is_word(byte)).unwrap_or(name.len());
        let starts_well = name
            .bytes()
            .next()
            .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_' || (first == b'@' && !braced));
        let ends_well = !braced || name[length..].starts_with('}');
        (starts_well && ends_well).then_some(&name[..length])
    }

    pub(super) fn is_directive(&self, name: &str) -> bool {
        KNOWN.contains(&name) || matches!(name, "include" | "parse") || self.symbols.macros.contains_key(name)
    }

    /// `#set(`, with the blanks before it, which print nothing.
    pub(super) fn set_directive(&mut self) -> Result<Option<Node>, ParseError> {
        let start = self.cursor.at();
        self.cursor.take_while(|byte| matches!(byte, b' ' | b'\t'));
        if self.cursor.take("#set") || self.cursor.take("#{set}") {
            self.cursor.take_while(|byte| matches!(byte, b' ' | b'\t'));
            if self.cursor.take("(") {
                return self.set_arguments().map(Some);
            }
        }
        self.cursor.go_to(start);
        Ok(None)
    }

    fn set_arguments(&mut self) -> Result<Node, ParseError> {
        self.cursor.skip_space();
        let Some(target) = self.reference(0)? else {
            return Err(self.cursor.error("the reference to set, such as \"$name\""));
        };
        self.cursor.skip_space();
        if self.cursor.rest().starts_with("==") || !self.cursor.take("=") {
            return Err(self.cursor.error("\"=\""));
        }
        let value = self.expression()?;
        self.close("\")\", which ends #set, or an operator")?;
        Ok(Node::Set(Set { target, value }))
    }

    /// The directive `name`, whose name has been read; nothing if it is only text.
    pub(super) fn directive(&mut self, name: &'s str, start: usize) -> Result<Option<Node>, ParseError> {
        let has_arguments = {
            let rest = self.cursor.rest().trim_start_matches([' ', '\t', '\n', '\r']);
            rest.starts_with('(')
        };
        match name {
            "stop" => Ok(Some(Node::Stop)),
            "break" => {
                if has_arguments {
                    self.open()?;
                    self.cursor.skip_space();
                    self.close("\")\", which ends #break")?;
                }
                Ok(Some(Node::Break))
            }
            "if" => self.if_directive().map(Some),
            "foreach" => self.foreach().map(Some),
            "define" => self.define().map(Some),
            "macro" => self.macro_definition().map(|()| Some(Node::Text("".into()))),
            "literal" => self.literal_block().map(Some),
            "include" | "parse" | "evaluate" => {
                self.cursor.go_to(start);
                Err(self.cursor.error("a directive of API Gateway; it has no #include, #parse and #evaluate"))
            }
            _ if has_arguments => self.call(name, start).map(Some),
            _ if name.starts_with('@') => Ok(None),
            // A macro may be called without parentheses; whether there is one shows only when rendering.
            _ => {
                let source = self.cursor.since(start).into();
                Ok(Some(Node::Call(Call { name: name.into(), arguments: Vec::new(), body: None, source })))
            }
        }
    }

    fn open(&mut self) -> Result<(), ParseError> {
        self.cursor.skip_space();
        if self.cursor.take("(") { Ok(()) } else { Err(self.cursor.error("\"(\"")) }
    }

    /// The closing parenthesis of a directive, which takes the rest of its line along if that is blank.
    fn close(&mut self, expected: &str) -> Result<(), ParseError> {
        if !self.cursor.take(")") {
            return Err(self.cursor.error(expected));
        }
        self.cursor.skip_line_end();
        Ok(())
    }

    fn if_directive(&mut self) -> Result<Node, ParseError> {
        let mut branches = Vec::new();
        loop {
            self.open()?;
            let condition = self.expression()?;
            self.close("\")\", which ends the condition, or an operator")?;
            let (block, terminator, _) = self.block()?;
            branches.push((condition, block));
            match terminator {
                Terminator::ElseIf => {}
                Terminator::Else => {
                    let otherwise = self.block_until_end("#if")?;
                    return Ok(Node::If(If { branches, otherwise }));
                }
                Terminator::End => return Ok(Node::If(If { branches, otherwise: Block::new() })),
                Terminator::EndOfInput => return Err(self.cursor.error("#end, #else or #elseif for #if")),
            }
        }
    }

    fn block_until_end(&mut self, directive: &str) -> Result<Block, ParseError> {
        let (block, terminator, start) = self.block()?;
        if terminator == Terminator::End {
            return Ok(block);
        }
        self.cursor.go_to(start);
        Err(self.cursor.error(&format!("#end for {directive}")))
    }

    /// A plain variable, as the argument that a directive sets.
    fn variable(&mut self, directive: &str) -> Result<u32, ParseError> {
        self.cursor.skip_space();
        let start = self.cursor.at();
        if let Some(reference) = self.reference(0)?.filter(|reference| reference.steps.is_empty()) {
            return Ok(reference.variable);
        }
        self.cursor.go_to(start);
        Err(self.cursor.error(&format!("a variable for {directive}, such as \"$item\"")))
    }

    fn foreach(&mut self) -> Result<Node, ParseError> {
        self.open()?;
        let variable = self.variable("#foreach")?;
        self.cursor.skip_space();
        let word = self.cursor.take_while(is_word);
        if word != "in" {
            return Err(self.cursor.error("\"in\" after the variable of #foreach"));
        }
        self.cursor.skip_space();
        let items = self.parameter("a list, a map, a range or a reference to go through")?;
        self.cursor.skip_space();
        self.close("\")\", which ends the arguments of #foreach")?;
        let block = self.block_until_end("#foreach")?;
        Ok(Node::Foreach(Foreach { variable, items, block }))
    }

    fn define(&mut self) -> Result<Node, ParseError> {
        self.open()?;
        let variable = self.variable("#define")?;
        self.cursor.skip_space();
        self.close("\")\", which ends the argument of #define")?;
        let block = self.block_until_end("#define")?;
        Ok(Node::Define { variable, block })
    }

    /// Of two macros with one name the first holds, as in Velocity.
    fn macro_definition(&mut self) -> Result<(), ParseError> {
        self.open()?;
        self.cursor.skip_space();
        let name = self.cursor.take_while(is_word);
        if !name.bytes().next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_') {
            return Err(self.cursor.error("the name of the macro"));
        }
        let mut parameters = Vec::new();
        loop {
            self.cursor.take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b','));
            if self.cursor.peek() != Some(b'$') {
                break;
            }
            parameters.push(self.variable("#macro")?);
        }
        self.close("a parameter such as \"$name\", or \")\"")?;
        let block = self.block_until_end("#macro")?;
        self.symbols.macros.entry(name.into()).or_insert(Macro { parameters, block });
        Ok(())
    }

    /// `#literal() … #end` prints its block as it stands.
    fn literal_block(&mut self) -> Result<Node, ParseError> {
        self.open()?;
        self.cursor.skip_space();
        self.close("\")\", which ends #literal")?;
        let start = self.cursor.at();
        let (_, terminator, end) = self.block()?;
        let after = self.cursor.at();
        self.cursor.go_to(end);
        if terminator != Terminator::End {
            return Err(self.cursor.error("#end for #literal"));
        }
        let text = self.cursor.since(start);
        self.cursor.go_to(after);
        Ok(Node::Text(text.into()))
    }

    /// A call of the macro `name`; the first byte of the call is at `start`.
    fn call(&mut self, name: &'s str, start: usize) -> Result<Node, ParseError> {
        self.open()?;
        let mut arguments: Vec<Expression> = Vec::new();
        loop {
            self.cursor.take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b','));
            if self.cursor.peek() == Some(b')') {
                break;
            }
            arguments.push(self.parameter("an argument of the macro, or \")\"")?);
        }
        self.close("\")\"")?;
        let (name, body) = match name.strip_prefix('@') {
            Some(name) => (name, Some(self.block_until_end("the block macro")?)),
            None => (name, None),
        };
        let source = self.cursor.since(start).into();
        Ok(Node::Call(Call { name: name.into(), arguments, body, source }))
    }
}
