use jsonata_core::value::JValue;
use serde_json::{Map, Number, Value};

use crate::payload::MAX_DEPTH;

pub(super) fn to_jsonata(value: &Value) -> JValue {
    match value {
        Value::Null => JValue::Null,
        Value::Bool(flag) => JValue::Bool(*flag),
        Value::Number(number) => JValue::from_f64(number.as_f64().unwrap_or(f64::NAN)),
        Value::String(text) => JValue::string(text.as_str()),
        Value::Array(items) => JValue::array(items.iter().map(to_jsonata).collect()),
        Value::Object(members) => {
            JValue::object(members.iter().map(|(name, member)| (name.clone(), to_jsonata(member))).collect())
        }
    }
}

/// The value as JSON. A function, a number that JSON lacks, or too deep a value has none.
pub(super) fn from_jsonata(value: &JValue) -> Option<Value> {
    converted(value, 0)
}

fn converted(value: &JValue, depth: usize) -> Option<Value> {
    if depth > MAX_DEPTH {
        return None;
    }
    Some(match value {
        JValue::Null => Value::Null,
        JValue::Bool(flag) => Value::Bool(*flag),
        JValue::Number(number) => Value::Number(number_of(*number)?),
        JValue::String(text) => Value::String(text.to_string()),
        JValue::Array(items) => {
            let present = items.iter().filter(|item| !item.is_undefined());
            Value::Array(present.map(|item| converted(item, depth + 1)).collect::<Option<_>>()?)
        }
        JValue::Object(members) => {
            let mut object = Map::with_capacity(members.len());
            for (name, member) in members.iter().filter(|(_, member)| !member.is_undefined()) {
                object.insert(name.clone(), converted(member, depth + 1)?);
            }
            Value::Object(object)
        }
        _ => return None,
    })
}

/// JSONata knows one kind of number; a whole one is written without a fraction, as JavaScript does.
fn number_of(number: f64) -> Option<Number> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "whole and within the range that f64 holds exactly"
        )]
        return Some(Number::from(number as i64));
    }
    Number::from_f64(number)
}
