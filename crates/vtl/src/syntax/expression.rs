//! Expressions of `#set`, `#if` and `#elseif`, by precedence.
//!
//! <https://velocity.apache.org/engine/1.7/user-guide.html#conditionals>

use super::{Comparison, Expression, Operator, Parser};
use crate::ParseError;

const EQUALITY: &[(&str, Comparison)] = &[
    ("==", Comparison::Equal),
    ("!=", Comparison::NotEqual),
    ("eq", Comparison::Equal),
    ("ne", Comparison::NotEqual),
];

const RELATION: &[(&str, Comparison)] = &[
    ("<=", Comparison::LessOrEqual),
    (">=", Comparison::GreaterOrEqual),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
    ("le", Comparison::LessOrEqual),
    ("ge", Comparison::GreaterOrEqual),
    ("lt", Comparison::Less),
    ("gt", Comparison::Greater),
];

const SUM: &[(&str, Operator)] = &[("+", Operator::Add), ("-", Operator::Subtract)];

const PRODUCT: &[(&str, Operator)] =
    &[("*", Operator::Multiply), ("/", Operator::Divide), ("%", Operator::Remainder)];

impl Parser<'_, '_> {
    pub(super) fn expression(&mut self) -> Result<Expression, ParseError> {
        self.nested(Self::or)
    }

    fn or(&mut self) -> Result<Expression, ParseError> {
        let first = self.and()?;
        let mut operands = vec![first];
        while self.operator(&[("||", ()), ("or", ())]).is_some() {
            operands.push(self.and()?);
        }
        Ok(single(operands).unwrap_or_else(Expression::Or))
    }

    fn and(&mut self) -> Result<Expression, ParseError> {
        let first = self.equality()?;
        let mut operands = vec![first];
        while self.operator(&[("&&", ()), ("and", ())]).is_some() {
            operands.push(self.equality()?);
        }
        Ok(single(operands).unwrap_or_else(Expression::And))
    }

    fn equality(&mut self) -> Result<Expression, ParseError> {
        let first = self.relation()?;
        let mut rest = Vec::new();
        while let Some(comparison) = self.operator(EQUALITY) {
            rest.push((comparison, self.relation()?));
        }
        Ok(if rest.is_empty() { first } else { Expression::Compare(Box::new(first), rest) })
    }

    fn relation(&mut self) -> Result<Expression, ParseError> {
        let first = self.sum()?;
        let mut rest = Vec::new();
        while let Some(comparison) = self.operator(RELATION) {
            rest.push((comparison, self.sum()?));
        }
        Ok(if rest.is_empty() { first } else { Expression::Compare(Box::new(first), rest) })
    }

    fn sum(&mut self) -> Result<Expression, ParseError> {
        let first = self.product()?;
        let mut rest = Vec::new();
        loop {
            self.cursor.skip_space();
            // Velocity reads `-` and a digit as a negative number, so `3 -1` is two numbers without an operator.
            if self.cursor.peek() == Some(b'-')
                && self.cursor.peek_at(1).is_some_and(|next| next.is_ascii_digit())
            {
                return Err(self
                    .cursor
                    .error("an operator or \")\"; write a blank after the minus sign to subtract"));
            }
            let Some(operator) = self.operator(SUM) else { break };
            rest.push((operator, self.product()?));
        }
        Ok(if rest.is_empty() { first } else { Expression::Arithmetic(Box::new(first), rest) })
    }

    fn product(&mut self) -> Result<Expression, ParseError> {
        let first = self.unary()?;
        let mut rest = Vec::new();
        while let Some(operator) = self.operator(PRODUCT) {
            rest.push((operator, self.unary()?));
        }
        Ok(if rest.is_empty() { first } else { Expression::Arithmetic(Box::new(first), rest) })
    }

    fn unary(&mut self) -> Result<Expression, ParseError> {
        self.cursor.skip_space();
        if !self.cursor.rest().starts_with("!=") && self.operator(&[("!", ()), ("not", ())]).is_some() {
            let operand = self.nested(Self::unary)?;
            return Ok(Expression::Not(Box::new(operand)));
        }
        if self.cursor.take("(") {
            let inner = self.expression()?;
            self.cursor.skip_space();
            if !self.cursor.take(")") {
                return Err(self.cursor.error("\")\" or an operator"));
            }
            return Ok(inner);
        }
        self.parameter("a string, number, list, map, boolean, reference or \"(\"; there is no null literal")
    }

    /// Moves over the first of `choices` that comes next; a word counts only as a whole.
    fn operator<T: Copy>(&mut self, choices: &[(&str, T)]) -> Option<T> {
        self.cursor.skip_space();
        for &(text, meaning) in choices {
            let is_word = text.as_bytes()[0].is_ascii_alphabetic();
            let goes_on = self
                .cursor
                .peek_at(text.len())
                .is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'@');
            if !(is_word && goes_on) && self.cursor.take(text) {
                return Some(meaning);
            }
        }
        None
    }
}

/// The only operand, or all of them.
fn single(mut operands: Vec<Expression>) -> Result<Expression, Vec<Expression>> {
    match operands.pop() {
        Some(only) if operands.is_empty() => Ok(only),
        Some(last) => {
            operands.push(last);
            Err(operands)
        }
        None => Err(operands),
    }
}
