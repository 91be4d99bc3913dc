use crate::ParseError;

/// A place in a template, both from 1; the column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) line: usize,
    pub(crate) column: usize,
}

/// Reads a template from front to back and knows where it is.
pub(super) struct Cursor<'s> {
    source: &'s str,
    at: usize,
    /// The last place that was worked out: an offset and its position.
    known: (usize, Position),
    /// For the inside of a string: where the string begins.
    inside: Option<Position>,
}

impl<'s> Cursor<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        Self { source, at: 0, known: (0, Position { line: 1, column: 1 }), inside: None }
    }

    /// A cursor over the content of a string literal that begins at `position`.
    pub(super) fn inside(source: &'s str, position: Position) -> Self {
        Self { inside: Some(position), ..Self::new(source) }
    }

    pub(super) const fn at(&self) -> usize {
        self.at
    }

    pub(super) const fn go_to(&mut self, at: usize) {
        self.at = at;
    }

    pub(super) fn since(&self, start: usize) -> &'s str {
        &self.source[start..self.at]
    }

    pub(super) fn rest(&self) -> &'s str {
        &self.source[self.at..]
    }

    pub(super) fn peek(&self) -> Option<u8> {
        self.source.as_bytes().get(self.at).copied()
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<u8> {
        self.source.as_bytes().get(self.at + ahead).copied()
    }

    /// Moves over `text` if it comes next.
    pub(super) fn take(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    pub(super) fn take_while(&mut self, belongs: impl Fn(u8) -> bool) -> &'s str {
        let start = self.at;
        while self.peek().is_some_and(&belongs) {
            self.at += 1;
        }
        self.since(start)
    }

    /// Moves over blanks and line ends.
    pub(super) fn skip_space(&mut self) {
        self.take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
    }

    /// Moves over blanks and the line end after them, if only blanks come before it.
    pub(super) fn skip_line_end(&mut self) {
        let start = self.at;
        self.take_while(|byte| matches!(byte, b' ' | b'\t'));
        if !(self.take("\r\n") || self.take("\n") || self.take("\r")) {
            self.at = start;
        }
    }

    pub(super) fn position(&mut self) -> Position {
        self.position_at(self.at)
    }

    pub(super) fn position_at(&mut self, at: usize) -> Position {
        if let Some(position) = self.inside {
            return position;
        }
        let (from, mut position) =
            if self.known.0 <= at { self.known } else { (0, Position { line: 1, column: 1 }) };
        for found in self.source[from..at].chars() {
            if found == '\n' {
                position = Position { line: position.line + 1, column: 1 };
            } else {
                position.column += 1;
            }
        }
        self.known = (at, position);
        position
    }

    /// The error that something other than `expected` comes next.
    pub(super) fn error(&mut self, expected: &str) -> ParseError {
        let Position { line, column } = self.position();
        ParseError { line, column, found: self.next_words(), expected: expected.to_owned() }
    }

    fn next_words(&self) -> String {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return if self.inside.is_some() { "the end of the string" } else { "the end of the template" }
                .to_owned();
        };
        let word: String = rest
            .char_indices()
            .take_while(|(at, found)| {
                *at < 24 && (*at == 0 || found.is_ascii_alphanumeric() || (*at == 1 && *found == '{'))
            })
            .map(|(_, found)| found)
            .collect();
        if first.is_whitespace() { format!("{first:?}") } else { format!("{word:?}") }
    }
}
