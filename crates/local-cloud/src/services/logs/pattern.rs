//! Filter patterns: terms, and selectors of JSON events.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html>

use std::cmp::Ordering;

use serde_json::Value;

use super::LogsError;
use crate::services::iam::wildcard;

/// A parsed filter pattern.
#[derive(Clone, Debug, PartialEq)]
pub enum FilterPattern {
    /// The empty pattern.
    Everything,
    Terms {
        required: Vec<String>,
        optional: Vec<String>,
        excluded: Vec<String>,
    },
    Json(Condition),
}

/// A condition on a JSON event.
#[derive(Clone, Debug, PartialEq)]
pub enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Compare { path: Vec<Step>, operator: Operator, value: Operand },
    IsNull(Vec<Step>),
    NotExists(Vec<Step>),
    IsBool(Vec<Step>, bool),
}

/// One step of a selector such as `$.requests[0].status`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    Member(String),
    Index(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    Number(f64),
    /// May hold `*`.
    Text(String),
}

impl FilterPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// `InvalidParameter` for a pattern that is broken or of a kind that is not offered (columns in brackets, regular expressions).
    pub fn parse(text: &str) -> Result<Self, LogsError> {
        let text = text.trim();
        if text.is_empty() || text == "\"\"" {
            return Ok(Self::Everything);
        }
        if text.starts_with('[') || text.contains('%') && !text.contains('"') {
            return Err(LogsError::invalid(format!(
                "Invalid filter pattern {text:?}: patterns of columns and regular expressions are not offered by this cloud; use terms or {{ $.member = value }}"
            )));
        }
        if let Some(inner) = text.strip_prefix('{') {
            let inner =
                inner.strip_suffix('}').ok_or_else(|| invalid(text, "the closing brace is missing"))?;
            let mut parser = Parser { tokens: tokens(inner, text)?, at: 0, pattern: text };
            let condition = parser.any()?;
            return match parser.peek() {
                None => Ok(Self::Json(condition)),
                Some(_) => Err(invalid(text, "something stands after the condition")),
            };
        }
        Self::terms(text)
    }

    fn terms(text: &str) -> Result<Self, LogsError> {
        let (mut required, mut optional, mut excluded) = (Vec::new(), Vec::new(), Vec::new());
        let mut rest = text;
        while let Some(start) = rest.find(|c: char| !c.is_whitespace()) {
            rest = &rest[start..];
            let (list, term) = if let Some(term) = rest.strip_prefix('?') {
                (&mut optional, term)
            } else if let Some(term) = rest.strip_prefix('-') {
                (&mut excluded, term)
            } else {
                (&mut required, rest)
            };
            if let Some(quoted) = term.strip_prefix('"') {
                let end = quoted.find('"').ok_or_else(|| invalid(text, "a quotation mark is missing"))?;
                list.push(quoted[..end].to_owned());
                rest = &quoted[end + 1..];
            } else {
                let end = term.find(char::is_whitespace).unwrap_or(term.len());
                list.push(term[..end].to_owned());
                rest = &term[end..];
            }
        }
        Ok(Self::Terms { required, optional, excluded })
    }

    /// Whether a message passes.
    #[must_use]
    pub fn admits(&self, message: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Terms { required, optional, excluded } => {
                let has = |term: &String| message.contains(term.as_str());
                // AWS ignores optional terms beside required ones.
                let any = !required.is_empty() || optional.is_empty() || optional.iter().any(has);
                required.iter().all(has) && any && !excluded.iter().any(has)
            }
            Self::Json(condition) => {
                serde_json::from_str(message).is_ok_and(|event: Value| condition.holds(&event))
            }
        }
    }
}

impl Condition {
    fn holds(&self, event: &Value) -> bool {
        match self {
            Self::All(conditions) => conditions.iter().all(|condition| condition.holds(event)),
            Self::Any(conditions) => conditions.iter().any(|condition| condition.holds(event)),
            Self::IsNull(path) => select(event, path).is_some_and(Value::is_null),
            Self::NotExists(path) => select(event, path).is_none(),
            Self::IsBool(path, flag) => select(event, path).and_then(Value::as_bool) == Some(*flag),
            Self::Compare { path, operator, value } => {
                select(event, path).is_some_and(|found| compare(found, *operator, value))
            }
        }
    }
}

fn select<'a>(event: &'a Value, path: &[Step]) -> Option<&'a Value> {
    path.iter().try_fold(event, |value, step| match step {
        Step::Member(name) => value.get(name),
        Step::Index(index) => value.get(index),
    })
}

fn compare(found: &Value, operator: Operator, value: &Operand) -> bool {
    match value {
        Operand::Number(wanted) => {
            let Some(order) = found.as_f64().and_then(|number| number.partial_cmp(wanted)) else {
                return operator == Operator::NotEqual;
            };
            match operator {
                Operator::Equal => order == Ordering::Equal,
                Operator::NotEqual => order != Ordering::Equal,
                Operator::Less => order == Ordering::Less,
                Operator::LessOrEqual => order != Ordering::Greater,
                Operator::Greater => order == Ordering::Greater,
                Operator::GreaterOrEqual => order != Ordering::Less,
            }
        }
        Operand::Text(pattern) => {
            let text = found.as_str().map_or_else(|| found.to_string(), str::to_owned);
            match operator {
                Operator::Equal => wildcard(pattern, &text),
                Operator::NotEqual => !wildcard(pattern, &text),
                _ => false,
            }
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    /// `(`, `)`, `&&`, `||` or an operator.
    Sign(&'static str),
    Selector(Vec<Step>),
    Quoted(String),
    Word(String),
}

const SIGNS: [&str; 10] = ["&&", "||", "!=", "<=", ">=", "=", "<", ">", "(", ")"];

fn tokens(text: &str, pattern: &str) -> Result<Vec<Token>, LogsError> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            tokens.push(Token::Sign(sign));
            rest = &rest[sign.len()..];
        } else if let Some(quoted) = rest.strip_prefix('"') {
            let end = quoted.find('"').ok_or_else(|| invalid(pattern, "a quotation mark is missing"))?;
            tokens.push(Token::Quoted(quoted[..end].to_owned()));
            rest = &quoted[end + 1..];
        } else {
            let stops = |c: char| c.is_whitespace() || "&|!<>=()\"".contains(c);
            let end = rest.find(stops).unwrap_or(rest.len()).max(1);
            let word = rest.get(..end).ok_or_else(|| invalid(pattern, "a character is out of place"))?;
            tokens.push(match word.strip_prefix('$') {
                Some(path) => Token::Selector(steps(path, pattern)?),
                None => Token::Word(word.to_owned()),
            });
            rest = &rest[end..];
        }
        rest = rest.trim_start();
    }
    Ok(tokens)
}

fn steps(path: &str, pattern: &str) -> Result<Vec<Step>, LogsError> {
    let mut steps = Vec::new();
    for part in path.split('.').skip(1) {
        let (name, indexes) = part.split_once('[').map_or((part, ""), |(name, rest)| (name, rest));
        if name.is_empty() {
            return Err(invalid(pattern, "a selector has an empty member"));
        }
        steps.push(Step::Member(name.to_owned()));
        for index in indexes.split('[').filter(|index| !index.is_empty()) {
            let index = index.strip_suffix(']').and_then(|index| index.parse().ok());
            steps.push(Step::Index(index.ok_or_else(|| invalid(pattern, "an index is not a number"))?));
        }
    }
    if steps.is_empty() { Err(invalid(pattern, "a selector starts with $.")) } else { Ok(steps) }
}

struct Parser<'a> {
    tokens: Vec<Token>,
    at: usize,
    pattern: &'a str,
}

impl Parser<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn take(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn take_sign(&mut self, sign: &'static str) -> bool {
        let found = self.peek() == Some(&Token::Sign(sign));
        if found {
            self.at += 1;
        }
        found
    }

    fn error(&self, reason: &str) -> LogsError {
        invalid(self.pattern, reason)
    }

    fn any(&mut self) -> Result<Condition, LogsError> {
        let mut conditions = vec![self.all()?];
        while self.take_sign("||") {
            conditions.push(self.all()?);
        }
        Ok(Condition::Any(conditions))
    }

    fn all(&mut self) -> Result<Condition, LogsError> {
        let mut conditions = vec![self.one()?];
        while self.take_sign("&&") {
            conditions.push(self.one()?);
        }
        Ok(Condition::All(conditions))
    }

    fn one(&mut self) -> Result<Condition, LogsError> {
        if self.take_sign("(") {
            let condition = self.any()?;
            return if self.take_sign(")") {
                Ok(condition)
            } else {
                Err(self.error("a parenthesis is missing"))
            };
        }
        let Some(Token::Selector(path)) = self.take() else {
            return Err(self.error("a condition starts with a selector such as $.status"));
        };
        match self.take() {
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("NOT") => match self.take() {
                Some(Token::Word(word)) if word.eq_ignore_ascii_case("EXISTS") => {
                    Ok(Condition::NotExists(path))
                }
                _ => Err(self.error("NOT is followed by EXISTS")),
            },
            Some(Token::Word(word)) if word.eq_ignore_ascii_case("IS") => match self.take() {
                Some(Token::Word(word)) if word.eq_ignore_ascii_case("NULL") => Ok(Condition::IsNull(path)),
                Some(Token::Word(word)) if word.eq_ignore_ascii_case("TRUE") => {
                    Ok(Condition::IsBool(path, true))
                }
                Some(Token::Word(word)) if word.eq_ignore_ascii_case("FALSE") => {
                    Ok(Condition::IsBool(path, false))
                }
                _ => Err(self.error("IS is followed by NULL, TRUE or FALSE")),
            },
            Some(Token::Sign(sign)) => self.comparison(path, sign),
            _ => Err(self.error("a selector is followed by an operator")),
        }
    }

    fn comparison(&mut self, path: Vec<Step>, sign: &str) -> Result<Condition, LogsError> {
        let operator = match sign {
            "=" => Operator::Equal,
            "!=" => Operator::NotEqual,
            "<" => Operator::Less,
            "<=" => Operator::LessOrEqual,
            ">" => Operator::Greater,
            ">=" => Operator::GreaterOrEqual,
            _ => return Err(self.error("a selector is followed by an operator")),
        };
        let value = match self.take() {
            Some(Token::Quoted(text)) => Operand::Text(text),
            Some(Token::Word(word)) => word.parse().map_or(Operand::Text(word), Operand::Number),
            _ => return Err(self.error("an operator is followed by a value")),
        };
        Ok(Condition::Compare { path, operator, value })
    }
}

fn invalid(pattern: &str, reason: &str) -> LogsError {
    LogsError::invalid(format!("Invalid filter pattern {pattern:?}: {reason}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn admits_what_the_pattern_says() {
        for (pattern, message, admitted) in [
            ("", "anything", true),
            ("ERROR", "an ERROR here", true),
            ("ERROR", "an error here", false),
            ("\"two words\"", "has two words", true),
            ("one two", "two and one", true),
            ("one -two", "two and one", false),
            ("?one ?two", "only two", true),
            ("?one ?two", "neither", false),
            ("{ $.status = 500 }", r#"{"status":500}"#, true),
            ("{ $.status >= 400 && $.path = \"/pub*\" }", r#"{"status":429,"path":"/publish"}"#, true),
            ("{ ($.a = 1) || ($.b = 2) }", r#"{"b":2}"#, true),
            ("{ $.a.b[1] = x }", r#"{"a":{"b":["w","x"]}}"#, true),
            ("{ $.a NOT EXISTS }", r#"{"b":1}"#, true),
            ("{ $.a IS NULL }", r#"{"a":null}"#, true),
            ("{ $.ok IS TRUE }", r#"{"ok":false}"#, false),
            ("{ $.status != 200 }", r#"{"status":200}"#, false),
            ("{ $.status = 500 }", "not JSON", false),
        ] {
            assert_eq!(
                FilterPattern::parse(pattern).unwrap().admits(message),
                admitted,
                "{pattern} {message}"
            );
        }
    }

    #[test]
    fn refuses_broken_patterns() {
        for pattern in
            ["\"open", "{ $.a = 1", "{ a = 1 }", "{ $.a }", "{ $. = 1 }", "[a, b]", "{ $.a IS 1 }", "%x%"]
        {
            assert!(FilterPattern::parse(pattern).is_err(), "{pattern}");
        }
    }
}
