//! Arithmetic as Velocity does it: integers stay integers, a double makes the result a double.
//!
//! <https://velocity.apache.org/engine/1.7/user-guide.html#math>

use crate::syntax::Operator;
use crate::value::{Text, Value};

/// The result of `left operator right`; null if an operand is not a number or the divisor is zero, so that a `#set` of
/// it changes nothing.
pub(super) fn calculate<'a>(operator: Operator, left: &Value<'_>, right: &Value<'_>) -> Value<'a> {
    if let (Value::Int(left), Value::Int(right)) = (left, right) {
        return integers(operator, *left, *right);
    }
    let (Some(left), Some(right)) = (left.as_double(), right.as_double()) else {
        return Value::Null;
    };
    if right == 0.0 && matches!(operator, Operator::Divide | Operator::Remainder) {
        return Value::Null;
    }
    Value::Double(match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide => left / right,
        Operator::Remainder => left % right,
    })
}

fn integers<'a>(operator: Operator, left: i64, right: i64) -> Value<'a> {
    let (left, right) = (i128::from(left), i128::from(right));
    // 64-bit operands cannot overflow 128 bits.
    let result = match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide | Operator::Remainder if right == 0 => return Value::Null,
        Operator::Divide => left / right,
        Operator::Remainder => left % right,
    };
    i64::try_from(result).map_or_else(|_| Value::BigInt(Text::from(result.to_string())), Value::Int)
}
