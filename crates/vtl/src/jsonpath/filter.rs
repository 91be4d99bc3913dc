use std::cmp::Ordering;

use super::Path;
use super::selection::Selection;
use crate::render::Failure;
use crate::value::Value;

/// The condition of `[?( … )]`.
#[derive(Debug)]
pub(super) enum Filter {
    Any(Vec<Filter>),
    All(Vec<Filter>),
    Not(Box<Filter>),
    Exists(Operand),
    Compare(Operand, Operator, Operand),
}

#[derive(Debug)]
pub(super) enum Operand {
    Path(Path),
    Value(Value<'static>),
    /// `/pattern/flags`.
    Pattern(String, String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Matches,
    In,
    NotIn,
    Contains,
    Size,
    Empty,
}

impl Filter {
    pub(super) fn accepts<'a>(
        &self,
        selection: &Selection<'a, '_>,
        value: &Value<'a>,
    ) -> Result<bool, Failure> {
        match self {
            Self::Any(choices) => {
                for choice in choices {
                    if choice.accepts(selection, value)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::All(terms) => {
                for term in terms {
                    if !term.accepts(selection, value)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Not(term) => Ok(!term.accepts(selection, value)?),
            Self::Exists(operand) => Ok(operand.value(selection, value)?.is_some()),
            Self::Compare(left, operator, Operand::Pattern(pattern, flags)) => {
                match (operator, left.value(selection, value)?) {
                    (Operator::Matches, Some(Value::Text(text))) => {
                        selection.patterns.finds(&format!("^(?:{pattern})$"), &text, flags)
                    }
                    _ => Ok(false),
                }
            }
            Self::Compare(left, operator, right) => {
                let left = left.value(selection, value)?;
                let right = right.value(selection, value)?;
                match (left, right) {
                    (Some(left), Some(right)) => compare(&left, *operator, &right),
                    (left, right) => Ok(match operator {
                        Operator::Equal => left.is_none() && right.is_none(),
                        Operator::NotEqual | Operator::NotIn => left.is_some() || right.is_some(),
                        _ => false,
                    }),
                }
            }
        }
    }
}

impl Operand {
    fn value<'a>(
        &self,
        selection: &Selection<'a, '_>,
        value: &Value<'a>,
    ) -> Result<Option<Value<'a>>, Failure> {
        match self {
            Self::Path(path) => selection.find(path, if path.relative { value } else { selection.root }),
            Self::Value(literal) => Ok(Some(literal_value(literal))),
            Self::Pattern(..) => Ok(None),
        }
    }
}

/// The literal for the lifetime of the request; filters hold only small ones.
fn literal_value<'a>(literal: &Value<'static>) -> Value<'a> {
    match literal {
        Value::Bool(flag) => Value::Bool(*flag),
        Value::Int(number) => Value::Int(*number),
        Value::Double(number) => Value::Double(*number),
        Value::Text(text) => Value::owned(text.to_string()),
        Value::BigInt(digits) => Value::BigInt(digits.to_string().into()),
        Value::List(list) => Value::json_list(list.items.borrow().iter().map(literal_value).collect()),
        _ => Value::Null,
    }
}

fn compare<'a>(left: &Value<'a>, operator: Operator, right: &Value<'a>) -> Result<bool, Failure> {
    Ok(match operator {
        Operator::Equal => same(left, right)?,
        Operator::NotEqual => !same(left, right)?,
        Operator::In => contains(right, left)?,
        Operator::NotIn => !contains(right, left)?,
        Operator::Contains => match (left, right) {
            (Value::Text(left), Value::Text(right)) => left.contains(&**right),
            _ => contains(left, right)?,
        },
        Operator::Size => {
            length(left).is_some_and(|length| matches!(right, Value::Int(size) if *size == length))
        }
        Operator::Empty => {
            length(left).is_some_and(|length| matches!(right, Value::Bool(empty) if *empty == (length == 0)))
        }
        Operator::Matches => false,
        _ => order(left, right).is_some_and(|order| match operator {
            Operator::Less => order.is_lt(),
            Operator::LessOrEqual => order.is_le(),
            Operator::Greater => order.is_gt(),
            _ => order.is_ge(),
        }),
    })
}

fn order(left: &Value<'_>, right: &Value<'_>) -> Option<Ordering> {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) => Some((**left).cmp(&**right)),
        _ => left.as_double()?.partial_cmp(&right.as_double()?),
    }
}

/// Values of different kinds are never equal, unlike in a template.
fn same<'a>(left: &Value<'a>, right: &Value<'a>) -> Result<bool, Failure> {
    let comparable = left.same_class(right) || (left.as_double().is_some() && right.as_double().is_some());
    Ok(comparable && left.equals(right)?)
}

fn contains<'a>(holder: &Value<'a>, item: &Value<'a>) -> Result<bool, Failure> {
    let Value::List(list) = holder.promote() else { return Ok(false) };
    for candidate in list.items.borrow().iter() {
        if same(candidate, item)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn length(value: &Value<'_>) -> Option<i64> {
    let length = match &value.promote() {
        Value::List(list) => list.items.borrow().len(),
        Value::Map(map) => map.entries.borrow().len(),
        Value::Text(text) => text.encode_utf16().count(),
        _ => return None,
    };
    i64::try_from(length).ok()
}
