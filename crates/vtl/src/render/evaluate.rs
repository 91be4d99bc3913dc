//! The values of expressions.

use super::{Renderer, Sink};
use crate::RenderError;
use crate::syntax::{Comparison, Expression, Operator};
use crate::value::{Dict, Text, Value};

/// A range may have this many elements.
const MAX_RANGE: u64 = 100_000;

impl<'a> Renderer<'a> {
    pub(super) fn value(&mut self, expression: &'a Expression) -> Result<Value<'a>, RenderError> {
        Ok(match expression {
            Expression::Text(text) => Value::borrowed(text),
            Expression::Interpolated(block) => {
                let mut out = Sink::default();
                self.block(block, &mut out)?;
                Value::Text(self.owned(out.into_string())?)
            }
            Expression::Int(number) => Value::Int(*number),
            Expression::BigInt(digits) => Value::BigInt(Text::Borrowed(digits)),
            Expression::Double(number) => Value::Double(*number),
            Expression::Bool(flag) => Value::Bool(*flag),
            Expression::Reference(reference) => self.reference(reference)?,
            Expression::List(items) => {
                self.charge_values(items.len() + 2)?;
                Value::list(items.iter().map(|item| self.value(item)).collect::<Result<_, _>>()?)
            }
            Expression::Map(entries) => {
                self.charge_values(3 * entries.len() + 2)?;
                let mut map = Dict::default();
                for (key, value) in entries {
                    let key = self.value(key)?;
                    let value = self.value(value)?;
                    map.insert(self.text(&key)?, value);
                }
                Value::map(map)
            }
            Expression::Range(bounds) => self.range(&bounds.0, &bounds.1)?,
            Expression::Not(_) | Expression::And(_) | Expression::Or(_) | Expression::Compare(..) => {
                Value::Bool(self.condition(expression)?)
            }
            Expression::Arithmetic(first, rest) => self.arithmetic(first, rest)?,
        })
    }

    /// Whether `expression` holds as a condition. In Velocity 1.7 only references, booleans and operators can hold: a
    /// bare string, number, list or map never does.
    pub(super) fn condition(&mut self, expression: &'a Expression) -> Result<bool, RenderError> {
        Ok(match expression {
            Expression::Bool(flag) => *flag,
            Expression::Reference(reference) => {
                !matches!(self.reference(reference)?, Value::Null | Value::Bool(false))
            }
            Expression::Not(operand) => !self.condition(operand)?,
            Expression::And(operands) => {
                for operand in operands {
                    if !self.condition(operand)? {
                        return Ok(false);
                    }
                }
                true
            }
            Expression::Or(operands) => {
                for operand in operands {
                    if self.condition(operand)? {
                        return Ok(true);
                    }
                }
                false
            }
            Expression::Compare(first, rest) => {
                let mut left = self.value(first)?;
                for (comparison, operand) in rest {
                    let right = self.value(operand)?;
                    left = Value::Bool(self.compare(*comparison, &left, &right)?);
                }
                matches!(left, Value::Bool(true))
            }
            _ => false,
        })
    }

    fn compare(&mut self, how: Comparison, left: &Value<'a>, right: &Value<'a>) -> Result<bool, RenderError> {
        if matches!(how, Comparison::Equal | Comparison::NotEqual) {
            let equal = if matches!(left, Value::Block(_)) || matches!(right, Value::Block(_)) {
                *self.text(left)? == *self.text(right)?
            } else {
                left.equals(right)?
            };
            return Ok(equal == (how == Comparison::Equal));
        }
        // Only numbers have an order.
        let order = match (left, right) {
            (Value::Int(left), Value::Int(right)) => Some(left.cmp(right)),
            _ => match (left.as_double(), right.as_double()) {
                (Some(left), Some(right)) => left.partial_cmp(&right),
                _ => None,
            },
        };
        Ok(order.is_some_and(|order| match how {
            Comparison::Less => order.is_lt(),
            Comparison::LessOrEqual => order.is_le(),
            Comparison::Greater => order.is_gt(),
            _ => order.is_ge(),
        }))
    }

    fn range(&mut self, from: &'a Expression, to: &'a Expression) -> Result<Value<'a>, RenderError> {
        let (Value::Int(from), Value::Int(to)) = (self.value(from)?, self.value(to)?) else {
            return Ok(Value::Null);
        };
        let length = from.abs_diff(to).saturating_add(1);
        if length > MAX_RANGE {
            #[allow(clippy::cast_possible_truncation, reason = "the limit fits any word")]
            return Err(RenderError::LimitExceeded { what: "length of a range", limit: MAX_RANGE as usize });
        }
        self.charge_values(usize::try_from(length).unwrap_or(usize::MAX))?;
        let items = if from <= to {
            (from..=to).map(Value::Int).collect()
        } else {
            (to..=from).rev().map(Value::Int).collect()
        };
        Ok(Value::list(items))
    }

    fn arithmetic(
        &mut self,
        first: &'a Expression,
        rest: &'a [(Operator, Expression)],
    ) -> Result<Value<'a>, RenderError> {
        let mut left = self.value(first)?;
        let mut left_source = Some(first);
        for (operator, operand) in rest {
            let right = self.value(operand)?;
            let texts = matches!(left, Value::Text(_)) || matches!(right, Value::Text(_));
            left = if *operator == Operator::Add && texts {
                let mut sum = String::from(&*self.operand_text(&left, left_source)?);
                sum.push_str(&self.operand_text(&right, Some(operand))?);
                Value::Text(self.owned(bounded(sum)?)?)
            } else {
                super::arithmetic::calculate(*operator, &left, &right)
            };
            left_source = None;
        }
        Ok(left)
    }

    /// An operand of a concatenation; an undefined reference stands for its own source.
    fn operand_text(
        &mut self,
        value: &Value<'a>,
        source: Option<&'a Expression>,
    ) -> Result<Text<'a>, RenderError> {
        match (value, source) {
            (Value::Null, Some(Expression::Reference(reference))) => Ok(Text::Borrowed(&reference.source)),
            _ => self.text(value),
        }
    }
}

fn bounded(text: String) -> Result<String, RenderError> {
    if text.len() > crate::MAX_OUTPUT_BYTES {
        let limit = crate::MAX_OUTPUT_BYTES;
        return Err(RenderError::LimitExceeded { what: "size of a text in bytes", limit });
    }
    Ok(text)
}
