//! Methods of `java.lang.Integer`, `Long` and `Double`.
//! <https://docs.oracle.com/javase/8/docs/api/java/lang/Number.html>

use super::Outcome;
use crate::value::Value;

pub(super) fn call<'a>(number: &Value<'a>, name: &str, arguments: &[Value<'a>]) -> Outcome<'a> {
    let value = number.as_double().unwrap_or(f64::NAN);
    Ok(match (name, arguments) {
        ("intValue" | "longValue" | "shortValue" | "byteValue", []) => match number {
            Value::Int(integer) => Value::Int(*integer),
            _ => truncated(value),
        },
        ("doubleValue" | "floatValue", []) => Value::Double(value),
        ("isNaN", []) if matches!(number, Value::Double(_)) => Value::Bool(value.is_nan()),
        ("isInfinite", []) if matches!(number, Value::Double(_)) => Value::Bool(value.is_infinite()),
        ("compareTo", [other]) => match other.as_double().and_then(|other| value.partial_cmp(&other)) {
            Some(order) => Value::Int(order as i64),
            None => Value::Null,
        },
        ("parseInt" | "parseLong" | "valueOf", [Value::Text(text)]) if matches!(number, Value::Int(_)) => {
            Value::Int(text.parse().map_err(|_| format!("{:?} is not an integer", &**text))?)
        }
        ("parseDouble" | "valueOf", [Value::Text(text)]) if matches!(number, Value::Double(_)) => {
            Value::Double(text.trim().parse().map_err(|_| format!("{:?} is not a number", &**text))?)
        }
        ("valueOf", [Value::Int(integer)]) => Value::Int(*integer),
        ("toString", [Value::Int(integer)]) => Value::owned(integer.to_string()),
        _ => Value::Null,
    })
}

/// Java's narrowing of a double to an integer: towards zero, saturating.
#[allow(clippy::cast_possible_truncation, reason = "`as` saturates exactly as Java does")]
fn truncated<'a>(value: f64) -> Value<'a> {
    Value::Int(value as i64)
}
