//! Text, comments, escapes, and what separates them from references and directives.

use super::reference::is_name_start;
use super::{Block, Node, Parser};
use crate::ParseError;

/// What ended a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Terminator {
    End,
    Else,
    ElseIf,
    EndOfInput,
}

/// The nodes of a block being read; adjacent text becomes one node.
#[derive(Default)]
struct Nodes {
    nodes: Block,
    text: String,
}

impl Nodes {
    fn push(&mut self, node: Node) {
        self.flush();
        self.nodes.push(node);
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            self.nodes.push(Node::Text(std::mem::take(&mut self.text).into()));
        }
    }

    fn finish(mut self) -> Block {
        self.flush();
        self.nodes
    }
}

impl Parser<'_, '_> {
    /// The whole input.
    pub(super) fn template(&mut self) -> Result<Block, ParseError> {
        let (block, terminator, start) = self.block()?;
        if terminator == Terminator::EndOfInput {
            return Ok(block);
        }
        self.cursor.go_to(start);
        Err(self.cursor.error("text, a reference or a directive; no directive is open here"))
    }

    /// Nodes up to the next `#end`, `#else` or `#elseif` of this level, which is consumed, and where that stands.
    pub(super) fn block(&mut self) -> Result<(Block, Terminator, usize), ParseError> {
        self.nested(Self::nodes)
    }

    fn nodes(&mut self) -> Result<(Block, Terminator, usize), ParseError> {
        let mut nodes = Nodes::default();
        loop {
            if let Some(set) = self.set_directive()? {
                nodes.push(set);
                continue;
            }
            match self.cursor.peek() {
                None => return Ok((nodes.finish(), Terminator::EndOfInput, self.cursor.at())),
                Some(b'\\') => self.backslashes(&mut nodes)?,
                Some(b'$') => self.dollar(&mut nodes, 0)?,
                Some(b'#') => {
                    let start = self.cursor.at();
                    if let Some(terminator) = self.hash(&mut nodes)? {
                        return Ok((nodes.finish(), terminator, start));
                    }
                }
                Some(_) => {
                    let text = self.cursor.take_while(|byte| !matches!(byte, b'$' | b'#' | b'\\'));
                    nodes.text.push_str(text);
                }
            }
        }
    }

    /// A run of backslashes. Before a reference it belongs to the reference; before a directive, pairs stand for one
    /// backslash each and an odd one makes the directive text.
    fn backslashes(&mut self, nodes: &mut Nodes) -> Result<(), ParseError> {
        let run = self.cursor.take_while(|byte| byte == b'\\');
        let count = run.len();
        if self.cursor.peek() == Some(b'$') {
            return self.dollar(nodes, count);
        }
        let name = self.directive_name_ahead();
        let known = name.is_some_and(|name| self.is_directive(name));
        if let Some(name) = name.filter(|_| count % 2 == 1) {
            nodes.text.push_str(&run[..if known { count / 2 } else { count }]);
            let length = if self.cursor.peek_at(1) == Some(b'{') { name.len() + 3 } else { name.len() + 1 };
            let start = self.cursor.at();
            self.cursor.go_to(start + length);
            nodes.text.push_str(self.cursor.since(start));
        } else {
            // Velocity's lexer takes `#set(` for one token, which its escape rule then fails to recognise.
            let halved = known && name != Some("set");
            nodes.text.push_str(&run[..if halved { count / 2 } else { count }]);
        }
        Ok(())
    }

    fn dollar(&mut self, nodes: &mut Nodes, escapes: usize) -> Result<(), ParseError> {
        let start = self.cursor.at();
        if let Some(reference) = self.reference(escapes)? {
            nodes.push(Node::Reference(reference));
            return Ok(());
        }
        nodes.text.extend(std::iter::repeat_n('\\', escapes));
        self.cursor.go_to(start + 1);
        nodes.text.push('$');
        let slashes = self.cursor.take_while(|byte| byte == b'\\');
        if self.cursor.peek() != Some(b'!') {
            self.cursor.go_to(start + 1);
        } else if !slashes.is_empty()
            && self.cursor.peek_at(1).is_some_and(|byte| is_name_start(byte) || byte == b'{')
        {
            // `$\!name` prints as `$!name`.
            nodes.text.push_str(&slashes[1..]);
        } else if slashes.is_empty() && self.cursor.peek_at(1) != Some(b'[') {
            // An exclamation mark that belongs to no reference is lost, in Velocity too.
            self.cursor.take("!");
        } else {
            self.cursor.go_to(start + 1);
        }
        Ok(())
    }

    /// A comment, unparsed text, a directive, or just a hash.
    fn hash(&mut self, nodes: &mut Nodes) -> Result<Option<Terminator>, ParseError> {
        let start = self.cursor.at();
        if self.cursor.take("##") {
            self.cursor.take_while(|byte| byte != b'\n' && byte != b'\r');
            let _ = self.cursor.take("\r\n") || self.cursor.take("\n") || self.cursor.take("\r");
        } else if self.cursor.take("#*") {
            let rest = self.cursor.rest();
            let length = rest.find("*#").map_or(rest.len(), |at| at + 2);
            self.cursor.go_to(start + 2 + length);
        } else if self.cursor.take("#[[") {
            let rest = self.cursor.rest();
            let Some(length) = rest.find("]]#") else {
                self.cursor.go_to(start + 3 + rest.len());
                return Err(self.cursor.error("\"]]#\", which ends the unparsed text"));
            };
            nodes.text.push_str(&rest[..length]);
            self.cursor.go_to(start + 3 + length + 3);
        } else if let Some(name) = self.directive_name_ahead() {
            let length = if self.cursor.peek_at(1) == Some(b'{') { name.len() + 3 } else { name.len() + 1 };
            self.cursor.go_to(start + length);
            match name {
                "end" | "else" => {
                    self.cursor.skip_line_end();
                    return Ok(Some(if name == "end" { Terminator::End } else { Terminator::Else }));
                }
                "elseif" => return Ok(Some(Terminator::ElseIf)),
                _ => match self.directive(name, start)? {
                    Some(node) => nodes.push(node),
                    None => nodes.text.push_str(self.cursor.since(start)),
                },
            }
        } else {
            self.cursor.take("#");
            nodes.text.push('#');
        }
        Ok(None)
    }
}
