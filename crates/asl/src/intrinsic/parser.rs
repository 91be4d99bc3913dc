use serde_json::Value;

use super::functions::{self, Function};
use super::{Argument, Intrinsic};
use crate::path::Path;

/// How deep calls may be nested.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html>
const MAX_NESTING: usize = 10;

pub(super) fn parse(source: &str) -> Result<Intrinsic, String> {
    let mut cursor = Cursor { source, at: 0 };
    let call = cursor.call(1).map_err(|why| format!("`{source}` is not an intrinsic function: {why}"))?;
    cursor.skip_spaces();
    if cursor.at < source.len() {
        return Err(format!("`{source}` goes on after its end, from character {}", cursor.at));
    }
    Ok(call)
}

/// Text with `\'`, `\{`, `\}` and `\\` resolved.
pub(super) fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c == '\\' {
            plain.extend(chars.next());
        } else {
            plain.push(c);
        }
    }
    plain
}

struct Cursor<'a> {
    source: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn rest(&self) -> &'a str {
        &self.source[self.at..]
    }

    fn skip_spaces(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn eat(&mut self, c: char) -> bool {
        let found = self.rest().starts_with(c);
        if found {
            self.at += c.len_utf8();
        }
        found
    }

    fn call(&mut self, nesting: usize) -> Result<Intrinsic, String> {
        if nesting > MAX_NESTING {
            return Err(format!("functions may be nested {MAX_NESTING} deep"));
        }
        let start = self.at;
        let name_length = self
            .rest()
            .find(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '_'))
            .unwrap_or(self.rest().len());
        let name = &self.rest()[..name_length];
        let function: &'static Function = functions::find(name)
            .ok_or_else(|| format!("unknown function `{name}`; there are {}", functions::all_names()))?;
        self.at += name_length;
        if !self.eat('(') {
            return Err(format!("`(` must follow {name} immediately"));
        }
        let mut arguments = Vec::new();
        self.skip_spaces();
        if !self.eat(')') {
            loop {
                arguments.push(self.argument(nesting)?);
                self.skip_spaces();
                if self.eat(')') {
                    break;
                }
                if !self.eat(',') {
                    return Err(format!("expected `,` or `)` at character {}", self.at));
                }
            }
        }
        if arguments.len() < function.least || arguments.len() > function.most {
            return Err(format!("{name} takes {}, not {} arguments", function.arity(), arguments.len()));
        }
        Ok(Intrinsic { source: self.source[start..self.at].to_owned(), function, arguments })
    }

    fn argument(&mut self, nesting: usize) -> Result<Argument, String> {
        self.skip_spaces();
        let rest = self.rest();
        match rest.chars().next() {
            Some('\'') => self.text(),
            Some('$') => {
                let length = path_length(rest);
                self.at += length;
                Path::parse(rest[..length].trim_end()).map(Argument::Path)
            }
            Some(c) if c.is_ascii_digit() || c == '-' => {
                let length = rest.find([',', ')', ' ']).unwrap_or(rest.len());
                self.at += length;
                let number: Value = serde_json::from_str(&rest[..length])
                    .map_err(|_| format!("`{}` is not a number", &rest[..length]))?;
                Ok(Argument::Literal(number))
            }
            Some(c) if c.is_ascii_alphabetic() => {
                for (word, value) in
                    [("null", Value::Null), ("true", Value::Bool(true)), ("false", Value::Bool(false))]
                {
                    if let Some(after) = rest.strip_prefix(word)
                        && after.trim_start().starts_with([',', ')'])
                    {
                        self.at += word.len();
                        return Ok(Argument::Literal(value));
                    }
                }
                self.call(nesting + 1).map(Argument::Call)
            }
            _ => Err(format!(
                "expected a path, a text in apostrophes, a number, null or a function at character {}",
                self.at
            )),
        }
    }

    fn text(&mut self) -> Result<Argument, String> {
        self.eat('\'');
        let rest = self.rest();
        let mut chars = rest.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '\'' => {
                    self.at += at + 1;
                    return Ok(Argument::Text(rest[..at].to_owned()));
                }
                '\\' => match chars.next() {
                    Some((_, '\'' | '{' | '}' | '\\')) => {}
                    _ => return Err("a backslash must stand before ', {, } or \\".to_owned()),
                },
                _ => {}
            }
        }
        Err("a text has no closing apostrophe".to_owned())
    }
}

/// How long the path at the start of the text is: up to a `,` or `)` that stands outside of its brackets.
fn path_length(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut quote = None;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if escaped {
            escaped = false;
            continue;
        }
        match (quote, c) {
            (_, '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') if depth > 0 => quote = Some(c),
            (None, '[' | '(') => depth += 1,
            (None, ']' | ')') if depth > 0 => depth -= 1,
            (None, ',' | ')') if depth == 0 => return at,
            _ => {}
        }
    }
    text.len()
}
