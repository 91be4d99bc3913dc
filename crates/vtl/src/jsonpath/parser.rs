use super::filter::{Filter, Operand, Operator};
use super::{Function, Path, Segment, Selector};
use crate::value::{Text, Value, parse_number};

/// Filters may be nested this deep.
const MAX_NESTING: usize = 16;

/// Parses a whole path. One that does not start with `$` or `@` is taken from the root, as Jayway does.
pub(super) fn parse(source: &str) -> Result<Path, String> {
    let mut parser = Parser { source: source.trim(), at: 0, nesting: 0 };
    let path = parser.path(true)?;
    if parser.at < parser.source.len() { Err(parser.error("the end of the path")) } else { Ok(path) }
}

struct Parser<'s> {
    source: &'s str,
    at: usize,
    nesting: usize,
}

impl<'s> Parser<'s> {
    fn error(&self, expected: &str) -> String {
        let found =
            self.rest().chars().next().map_or_else(|| "the end".to_owned(), |found| format!("{found:?}"));
        format!("JSONPath {:?}: found {found} at byte {}, expected {expected}", self.source, self.at)
    }

    fn rest(&self) -> &'s str {
        &self.source[self.at..]
    }

    fn peek(&self) -> Option<u8> {
        self.source.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    fn skip_space(&mut self) {
        while self.peek() == Some(b' ') {
            self.at += 1;
        }
    }

    fn take_until(&mut self, ends: impl Fn(char) -> bool) -> &'s str {
        let rest = self.rest();
        let length = rest.find(ends).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn path(&mut self, is_whole: bool) -> Result<Path, String> {
        let relative = self.take("@");
        let mut path = Path { relative, segments: Vec::new(), function: None };
        if !relative && !self.take("$") {
            let descends = false;
            let name = self.name(is_whole)?;
            path.segments.push(Segment { descends, selector: Selector::Names(vec![name]) });
        }
        loop {
            let descends = self.take("..");
            if self.peek() == Some(b'[') {
                let selector = self.brackets()?;
                path.segments.push(Segment { descends, selector });
            } else if descends || self.take(".") {
                if self.take("*") {
                    path.segments.push(Segment { descends, selector: Selector::Wildcard });
                    continue;
                }
                let name = self.name(is_whole)?;
                if self.take("()") {
                    path.function = Some(self.function(&name)?);
                    return Ok(path);
                }
                path.segments.push(Segment { descends, selector: Selector::Names(vec![name]) });
            } else {
                return Ok(path);
            }
        }
    }

    fn name(&mut self, is_whole: bool) -> Result<String, String> {
        let name = self.take_until(|found| {
            matches!(found, '.' | '[' | '(' | ' ')
                || !is_whole && matches!(found, ')' | '=' | '!' | '<' | '>' | '&' | '|' | ',' | ']')
        });
        if name.is_empty() { Err(self.error("the name of a property")) } else { Ok(name.to_owned()) }
    }

    fn function(&self, name: &str) -> Result<Function, String> {
        Ok(match name {
            "length" | "size" => Function::Length,
            "keys" => Function::Keys,
            "first" => Function::First,
            "last" => Function::Last,
            "sum" => Function::Sum,
            "min" => Function::Min,
            "max" => Function::Max,
            "avg" => Function::Average,
            _ => {
                return Err(format!(
                    "JSONPath {:?}: no function {name}; allowed: length, size, keys, first, last, sum, min, max, avg",
                    self.source
                ));
            }
        })
    }

    fn brackets(&mut self) -> Result<Selector, String> {
        self.take("[");
        self.skip_space();
        let selector = match self.peek() {
            Some(b'*') => {
                self.take("*");
                Selector::Wildcard
            }
            Some(b'?') => {
                self.take("?");
                self.skip_space();
                if !self.take("(") {
                    return Err(self.error("\"(\""));
                }
                let filter = self.or()?;
                self.skip_space();
                if !self.take(")") {
                    return Err(self.error("\")\" or an operator"));
                }
                Selector::Filter(filter)
            }
            Some(b'\'' | b'"') => {
                let mut names = vec![self.quoted()?];
                while self.comma() {
                    names.push(self.quoted()?);
                }
                Selector::Names(names)
            }
            _ => self.indexes()?,
        };
        self.skip_space();
        if self.take("]") { Ok(selector) } else { Err(self.error("\"]\"")) }
    }

    fn comma(&mut self) -> bool {
        self.skip_space();
        let found = self.take(",");
        self.skip_space();
        found
    }

    fn indexes(&mut self) -> Result<Selector, String> {
        let first = self.integer();
        self.skip_space();
        if self.take(":") {
            self.skip_space();
            let to = self.integer();
            return Ok(Selector::Slice(first, to));
        }
        let mut indexes =
            vec![first.ok_or_else(|| self.error("a name in quotes, an index, a slice, \"*\" or \"?\""))?];
        while self.comma() {
            indexes.push(self.integer().ok_or_else(|| self.error("an index"))?);
        }
        Ok(Selector::Indexes(indexes))
    }

    fn integer(&mut self) -> Option<i64> {
        let rest = self.rest();
        let length =
            rest.bytes().position(|byte| byte != b'-' && !byte.is_ascii_digit()).unwrap_or(rest.len());
        let number = rest[..length].parse().ok()?;
        self.at += length;
        Some(number)
    }

    fn quoted(&mut self) -> Result<String, String> {
        let Some(quote) = self.rest().chars().next().filter(|found| matches!(found, '\'' | '"')) else {
            return Err(self.error("a quote"));
        };
        self.at += 1;
        let mut text = String::new();
        loop {
            text.push_str(self.take_until(|found| found == quote || found == '\\'));
            if self.take("\\") {
                let escaped = self.rest().chars().next().ok_or_else(|| self.error("the closing quote"))?;
                self.at += escaped.len_utf8();
                text.push(escaped);
            } else if self.peek().is_some() {
                self.at += 1;
                return Ok(text);
            } else {
                return Err(self.error("the closing quote"));
            }
        }
    }

    fn or(&mut self) -> Result<Filter, String> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return Err(self.error("less nesting"));
        }
        let mut choices = vec![self.and()?];
        self.skip_space();
        while self.take("||") {
            choices.push(self.and()?);
            self.skip_space();
        }
        self.nesting -= 1;
        Ok(Filter::Any(choices))
    }

    fn and(&mut self) -> Result<Filter, String> {
        let mut terms = vec![self.term()?];
        self.skip_space();
        while self.take("&&") {
            terms.push(self.term()?);
            self.skip_space();
        }
        Ok(Filter::All(terms))
    }

    fn term(&mut self) -> Result<Filter, String> {
        self.skip_space();
        if self.take("!") {
            self.nesting += 1;
            if self.nesting > MAX_NESTING {
                return Err(self.error("less nesting"));
            }
            let term = self.term()?;
            self.nesting -= 1;
            return Ok(Filter::Not(Box::new(term)));
        }
        if self.take("(") {
            let inner = self.or()?;
            self.skip_space();
            return if self.take(")") { Ok(inner) } else { Err(self.error("\")\"")) };
        }
        let left = self.operand()?;
        self.skip_space();
        let Some(operator) = self.operator() else { return Ok(Filter::Exists(left)) };
        self.skip_space();
        let right = self.operand()?;
        Ok(Filter::Compare(left, operator, right))
    }

    fn operator(&mut self) -> Option<Operator> {
        const OPERATORS: [(&str, Operator); 14] = [
            ("===", Operator::Equal),
            ("!==", Operator::NotEqual),
            ("==", Operator::Equal),
            ("!=", Operator::NotEqual),
            ("<=", Operator::LessOrEqual),
            (">=", Operator::GreaterOrEqual),
            ("=~", Operator::Matches),
            ("<", Operator::Less),
            (">", Operator::Greater),
            ("in ", Operator::In),
            ("nin ", Operator::NotIn),
            ("contains ", Operator::Contains),
            ("size ", Operator::Size),
            ("empty ", Operator::Empty),
        ];
        OPERATORS.iter().find(|(text, _)| self.take(text)).map(|(_, operator)| *operator)
    }

    fn operand(&mut self) -> Result<Operand, String> {
        match self.peek() {
            Some(b'@' | b'$') => self.path(false).map(Operand::Path),
            Some(b'\'' | b'"') => self.quoted().map(|text| Operand::Value(Value::owned(text))),
            Some(b'/') => self.regex(),
            Some(b'[') => {
                self.take("[");
                let mut items = Vec::new();
                self.skip_space();
                while !self.take("]") {
                    match self.operand()? {
                        Operand::Value(item) => items.push(item),
                        _ => return Err(self.error("a literal")),
                    }
                    if !self.comma() && self.peek() != Some(b']') {
                        return Err(self.error("\",\" or \"]\""));
                    }
                }
                Ok(Operand::Value(Value::json_list(items)))
            }
            _ => self.word(),
        }
    }

    fn regex(&mut self) -> Result<Operand, String> {
        self.take("/");
        let mut pattern = String::new();
        loop {
            pattern.push_str(self.take_until(|found| matches!(found, '/' | '\\')));
            if self.take("\\/") {
                pattern.push('/');
            } else if self.take("\\") {
                pattern.push('\\');
                let escaped = self.rest().chars().next().ok_or_else(|| self.error("\"/\""))?;
                self.at += escaped.len_utf8();
                pattern.push(escaped);
            } else if self.take("/") {
                let flags = self.take_until(|found| !found.is_ascii_alphabetic()).to_owned();
                return Ok(Operand::Pattern(pattern, flags));
            } else {
                return Err(self.error("\"/\""));
            }
        }
    }

    fn word(&mut self) -> Result<Operand, String> {
        let start = self.at;
        let word =
            self.take_until(|found| !(found.is_ascii_alphanumeric() || matches!(found, '.' | '-' | '+')));
        let value = match word {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" => Value::Null,
            _ if word.parse::<f64>().is_ok()
                && !word.starts_with(|first: char| first.is_ascii_alphabetic()) =>
            {
                match parse_number(word) {
                    Value::BigInt(digits) => Value::BigInt(Text::from(digits.to_string())),
                    number => number,
                }
            }
            _ => {
                self.at = start;
                return Err(self.error("a path, string, number, boolean, null, list or pattern"));
            }
        };
        Ok(Operand::Value(value))
    }
}
