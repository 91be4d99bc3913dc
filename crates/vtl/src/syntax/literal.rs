//! Literals and whatever else may be an argument: strings, numbers, lists, ranges, maps and references.
//!
//! <https://velocity.apache.org/engine/1.7/user-guide.html#literals>

use super::{Cursor, Expression, Parser};
use crate::ParseError;

impl Parser<'_, '_> {
    /// One value without operators. `expected` says what may stand here.
    pub(super) fn parameter(&mut self, expected: &str) -> Result<Expression, ParseError> {
        match self.cursor.peek() {
            Some(quote @ (b'"' | b'\'')) => self.string(quote),
            Some(b'$') => match self.reference(0)? {
                Some(reference) => Ok(Expression::Reference(reference)),
                None => Err(self.cursor.error("the name of a variable after the dollar sign")),
            },
            Some(b'[') => self.nested(Self::list),
            Some(b'{') => self.nested(Self::map),
            Some(b'-' | b'.' | b'0'..=b'9') => self.number(expected),
            Some(b't' | b'f') => self.boolean(expected),
            _ => Err(self.cursor.error(expected)),
        }
    }

    fn boolean(&mut self, expected: &str) -> Result<Expression, ParseError> {
        let start = self.cursor.at();
        match self.cursor.take_while(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            "true" => Ok(Expression::Bool(true)),
            "false" => Ok(Expression::Bool(false)),
            _ => {
                self.cursor.go_to(start);
                Err(self.cursor.error(expected))
            }
        }
    }

    /// A string. A doubled quote stands for one; double-quoted strings are templates themselves.
    fn string(&mut self, quote: u8) -> Result<Expression, ParseError> {
        let position = self.cursor.position();
        let start = self.cursor.at() + 1;
        self.cursor.go_to(start);
        let mut content = String::new();
        loop {
            content.push_str(self.cursor.take_while(|byte| byte != quote));
            if self.cursor.peek().is_none() {
                return Err(self.cursor.error("the closing quote of the string"));
            }
            self.cursor.go_to(self.cursor.at() + 1);
            if self.cursor.peek() != Some(quote) {
                break;
            }
            content.push(char::from(quote));
            self.cursor.go_to(self.cursor.at() + 1);
        }
        if quote == b'\'' {
            return Ok(Expression::Text(content.into()));
        }
        let content = decode_unicode_escapes(&content);
        if !content.contains(['$', '#']) {
            return Ok(Expression::Text(content.into()));
        }
        let mut inner = Parser {
            cursor: Cursor::inside(&content, position),
            symbols: &mut *self.symbols,
            nesting: self.nesting,
        };
        inner.template().map(Expression::Interpolated)
    }

    fn number(&mut self, expected: &str) -> Result<Expression, ParseError> {
        let start = self.cursor.at();
        self.cursor.take("-");
        let whole = self.cursor.take_while(|byte| byte.is_ascii_digit());
        let mut is_integer = true;
        let range_follows = !whole.is_empty() && self.cursor.rest().starts_with("..");
        if !range_follows && self.cursor.peek() == Some(b'.') {
            is_integer = false;
            self.cursor.take(".");
            let fraction = self.cursor.take_while(|byte| byte.is_ascii_digit());
            if whole.is_empty() && fraction.is_empty() {
                self.cursor.go_to(start);
                return Err(self.cursor.error(expected));
            }
        } else if whole.is_empty() {
            self.cursor.go_to(start);
            return Err(self.cursor.error(expected));
        }
        if !range_follows && matches!(self.cursor.peek(), Some(b'e' | b'E')) {
            let exponent = self.cursor.at();
            self.cursor.go_to(exponent + 1);
            let _ = self.cursor.take("+") || self.cursor.take("-");
            if self.cursor.take_while(|byte| byte.is_ascii_digit()).is_empty() {
                self.cursor.go_to(exponent);
            } else {
                is_integer = false;
            }
        }
        let text = self.cursor.since(start);
        if is_integer {
            return Ok(text.parse().map_or_else(|_| Expression::BigInt(text.into()), Expression::Int));
        }
        match text.parse() {
            Ok(number) => Ok(Expression::Double(number)),
            Err(_) => Err(self.cursor.error("a number")),
        }
    }

    fn list(&mut self) -> Result<Expression, ParseError> {
        self.cursor.take("[");
        let mut items = Vec::new();
        loop {
            self.cursor.skip_space();
            if items.is_empty() && self.cursor.take("]") {
                return Ok(Expression::List(items));
            }
            items.push(self.parameter("an element of the list")?);
            self.cursor.skip_space();
            if items.len() == 1 && self.cursor.take("..") {
                return self.range(items);
            }
            if self.cursor.take("]") {
                return Ok(Expression::List(items));
            }
            if !self.cursor.take(",") {
                return Err(self
                    .cursor
                    .error("\",\" or \"]\" after the element; set a variable to calculate one"));
            }
        }
    }

    fn range(&mut self, mut items: Vec<Expression>) -> Result<Expression, ParseError> {
        self.cursor.skip_space();
        let to = self.parameter("the end of the range, an integer or a reference")?;
        self.cursor.skip_space();
        match items.pop() {
            Some(from) if self.cursor.take("]") => Ok(Expression::Range(Box::new((from, to)))),
            _ => Err(self.cursor.error("\"]\", which ends the range")),
        }
    }

    fn map(&mut self) -> Result<Expression, ParseError> {
        self.cursor.take("{");
        let mut entries = Vec::new();
        loop {
            self.cursor.skip_space();
            if entries.is_empty() && self.cursor.take("}") {
                return Ok(Expression::Map(entries));
            }
            let key = self.parameter("a key of the map")?;
            self.cursor.skip_space();
            if !self.cursor.take(":") {
                return Err(self.cursor.error("\":\" after the key"));
            }
            self.cursor.skip_space();
            let value = self.parameter("a value of the map")?;
            entries.push((key, value));
            self.cursor.skip_space();
            if self.cursor.take("}") {
                return Ok(Expression::Map(entries));
            }
            if !self.cursor.take(",") {
                return Err(self
                    .cursor
                    .error("\",\" or \"}\" after the value; set a variable to calculate one"));
            }
        }
    }
}

/// Replaces `\uXXXX` by its character; what is not one stays.
fn decode_unicode_escapes(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\\u") {
        decoded.push_str(&rest[..at]);
        let code = rest.get(at + 2..at + 6).and_then(|digits| u32::from_str_radix(digits, 16).ok());
        if let Some(character) = code.and_then(char::from_u32) {
            decoded.push(character);
            rest = &rest[at + 6..];
        } else {
            decoded.push_str("\\u");
            rest = &rest[at + 2..];
        }
    }
    decoded + rest
}
