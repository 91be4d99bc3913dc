//! Java's regular expressions, with bounded backtracking.
//!
//! <https://docs.oracle.com/javase/8/docs/api/java/util/regex/Pattern.html>

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use fancy_regex::{Captures, Regex, RegexBuilder};

use crate::render::{Failure, Sink};

const BACKTRACK_LIMIT: usize = 100_000;
const COMPILED_BYTES: usize = 1 << 20;
/// How many compiled patterns a template keeps.
const KEPT: usize = 64;

/// The patterns of one template, compiled at their first use.
#[derive(Debug, Default)]
pub(crate) struct Patterns {
    compiled: Mutex<HashMap<Box<str>, Arc<Regex>>>,
}

impl Patterns {
    /// `String.matches`: whether the whole text matches.
    pub(crate) fn matches(&self, pattern: &str, text: &str) -> Result<bool, Failure> {
        let regex = self.compiled(&format!("\\A(?:{})\\z", translated(pattern)))?;
        regex.is_match(text).map_err(failed)
    }

    /// `String.replaceAll`, or `replaceFirst` if `only_first`; nothing if a fixed pattern does not occur.
    pub(crate) fn replace(
        &self,
        pattern: &str,
        text: &str,
        replacement: &str,
        only_first: bool,
    ) -> Result<Option<String>, Failure> {
        let mut after = 0;
        let most = if only_first { 1 } else { usize::MAX };
        let literal = literal(pattern);
        if literal.as_ref().is_some_and(|literal| !text.contains(literal)) {
            return Ok(None);
        }
        let replacement = Replacement::parse(replacement)?;
        let mut out = Sink::with_capacity(text.len());
        if let (Some(literal), Some(new)) = (literal, replacement.literal()) {
            for (at, found) in text.match_indices(&literal).take(most) {
                out.push_str(&text[after..at])?;
                out.push_str(new)?;
                after = at + found.len();
            }
        } else {
            let regex = self.compiled(&translated(pattern))?;
            for captures in regex.captures_iter(text).take(most) {
                let captures = captures.map_err(failed)?;
                let Some(whole) = captures.get(0) else { continue };
                out.push_str(&text[after..whole.start()])?;
                replacement.write(&captures, &mut out)?;
                after = whole.end();
            }
        }
        out.push_str(&text[after..])?;
        Ok(Some(out.into_string()))
    }

    /// `String.split`: with limit 0, empty strings at the end are dropped; a match of no width at the start is none.
    pub(crate) fn split(&self, pattern: &str, text: &str, limit: i64) -> Result<Vec<String>, Failure> {
        let most = usize::try_from(limit).ok().filter(|limit| *limit > 0).unwrap_or(usize::MAX);
        let mut parts = Vec::new();
        let mut after = 0;
        let mut cut = |start: usize, end: usize| {
            let goes_on = parts.len() + 1 < most;
            if goes_on && !(start == 0 && end == 0) && start < text.len().max(1) {
                parts.push(text[after..start].to_owned());
                after = end;
            }
            goes_on
        };
        if let Some(literal) = literal(pattern).filter(|literal| !literal.is_empty()) {
            for (at, found) in text.match_indices(&literal) {
                if !cut(at, at + found.len()) {
                    break;
                }
            }
        } else {
            let regex = self.compiled(&translated(pattern))?;
            for found in regex.find_iter(text) {
                let found = found.map_err(failed)?;
                if !cut(found.start(), found.end()) {
                    break;
                }
            }
        }
        if after == 0 && parts.is_empty() {
            return Ok(vec![text.to_owned()]);
        }
        parts.push(text[after..].to_owned());
        if limit == 0 {
            while parts.last().is_some_and(String::is_empty) {
                parts.pop();
            }
        }
        Ok(parts)
    }

    /// Whether the pattern occurs in `text`, ignoring case if asked.
    pub(crate) fn finds(&self, pattern: &str, text: &str, flags: &str) -> Result<bool, Failure> {
        let flags: String = flags.chars().filter(|flag| "imsx".contains(*flag)).collect();
        let prefix = if flags.is_empty() { String::new() } else { format!("(?{flags})") };
        self.compiled(&(prefix + &translated(pattern)))?.is_match(text).map_err(failed)
    }

    fn compiled(&self, pattern: &str) -> Result<Arc<Regex>, Failure> {
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(regex) = compiled.get(pattern) {
            return Ok(Arc::clone(regex));
        }
        let regex = RegexBuilder::new(pattern)
            .backtrack_limit(BACKTRACK_LIMIT)
            .delegate_size_limit(COMPILED_BYTES)
            .delegate_dfa_size_limit(COMPILED_BYTES)
            .build()
            .map_err(|error| Failure::Exception(format!("the pattern cannot be used: {error}")))?;
        let regex = Arc::new(regex);
        if compiled.len() >= KEPT {
            compiled.clear();
        }
        compiled.insert(pattern.into(), Arc::clone(&regex));
        Ok(regex)
    }
}

#[allow(clippy::needless_pass_by_value, reason = "`map_err` gives the error by value")]
fn failed(error: fancy_regex::Error) -> Failure {
    Failure::Exception(format!("matching was given up: {error}"))
}

/// The text that the pattern matches, if it is one fixed text.
fn literal(pattern: &str) -> Option<String> {
    let mut text = String::with_capacity(pattern.len());
    let mut characters = pattern.chars();
    while let Some(found) = characters.next() {
        match found {
            '\\' => text.push(characters.next().filter(|escaped| !escaped.is_alphanumeric())?),
            '.' | '[' | ']' | '{' | '}' | '(' | ')' | '*' | '+' | '?' | '^' | '$' | '|' => return None,
            other => text.push(other),
        }
    }
    Some(text)
}

/// The pattern with Java's ASCII classes and quotation spelt out. Both dialects agree on the rest that templates use.
fn translated(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut rest = pattern;
    let mut in_class = 0_usize;
    while let Some(found) = rest.chars().next() {
        rest = &rest[found.len_utf8()..];
        match found {
            '\\' => {
                let Some(escaped) = rest.chars().next() else {
                    out.push('\\');
                    break;
                };
                rest = &rest[escaped.len_utf8()..];
                match escaped {
                    'd' => out.push_str("[0-9]"),
                    'D' => out.push_str("[^0-9]"),
                    'w' => out.push_str("[a-zA-Z0-9_]"),
                    'W' => out.push_str("[^a-zA-Z0-9_]"),
                    's' => out.push_str("[ \\t\\n\\x0B\\f\\r]"),
                    'S' => out.push_str("[^ \\t\\n\\x0B\\f\\r]"),
                    'Q' => {
                        let end = rest.find("\\E").unwrap_or(rest.len());
                        out.push_str(&fancy_regex::escape(&rest[..end]));
                        rest = rest[end..].strip_prefix("\\E").unwrap_or("");
                    }
                    other if other.is_alphanumeric() => out.extend(['\\', other]),
                    other => out.push_str(&fancy_regex::escape(other.encode_utf8(&mut [0; 4]))),
                }
            }
            '[' => {
                in_class += 1;
                out.push('[');
            }
            ']' => {
                in_class = in_class.saturating_sub(1);
                out.push(']');
            }
            // Set operators in the one dialect, plain characters in Java's.
            '-' | '~' if in_class > 0 && rest.starts_with(found) => out.extend(['\\', found]),
            other => out.push(other),
        }
    }
    out
}

enum Part {
    Text(String),
    Group(usize),
    Name(String),
}

/// A replacement: `$1` and `${name}` stand for groups, a backslash makes the next character plain.
struct Replacement {
    parts: Vec<Part>,
}

impl Replacement {
    fn parse(source: &str) -> Result<Self, Failure> {
        let mut parts = vec![Part::Text(String::new())];
        let mut characters = source.chars().peekable();
        while let Some(found) = characters.next() {
            let plain = match found {
                '\\' => characters.next().ok_or_else(|| "the replacement ends in a backslash".to_owned())?,
                '$' => {
                    parts.push(group(&mut characters)?);
                    parts.push(Part::Text(String::new()));
                    continue;
                }
                other => other,
            };
            if let Some(Part::Text(text)) = parts.last_mut() {
                text.push(plain);
            }
        }
        Ok(Self { parts })
    }

    fn literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    fn write(&self, captures: &Captures<'_>, out: &mut Sink) -> Result<(), Failure> {
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text)?,
                // Java takes as many digits as make a group that exists.
                Part::Group(number)
                    if *number >= captures.len() && *number > 9 && number / 10 < captures.len() =>
                {
                    out.push_str(captures.get(number / 10).map_or("", |group| group.as_str()))?;
                    out.push_str(&(number % 10).to_string())?;
                }
                Part::Group(number) if *number >= captures.len() => {
                    return Err(format!("the pattern has no group {number}").into());
                }
                Part::Group(number) => {
                    out.push_str(captures.get(*number).map_or("", |group| group.as_str()))?;
                }
                Part::Name(name) => out.push_str(captures.name(name).map_or("", |group| group.as_str()))?,
            }
        }
        Ok(())
    }
}

fn group(characters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<Part, Failure> {
    if characters.next_if_eq(&'{').is_some() {
        let name: String = characters.by_ref().take_while(|found| *found != '}').collect();
        return Ok(Part::Name(name));
    }
    let digits: String = std::iter::from_fn(|| characters.next_if(char::is_ascii_digit)).take(2).collect();
    let number = digits
        .parse()
        .map_err(|_| "a dollar sign in the replacement is followed by no group; escape it".to_owned())?;
    Ok(Part::Group(number))
}
