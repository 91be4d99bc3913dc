//! Numbers as Java reads and prints them.

use super::{Text, Value};

/// `Double.toString`: at least one digit after the point, scientific notation below 10⁻³ and from 10⁷ on.
/// <https://docs.oracle.com/javase/8/docs/api/java/lang/Double.html#toString-double->
pub(crate) fn double_text(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let size = number.abs();
    if number == 0.0 || (1e-3..1e7).contains(&size) {
        return format!("{number:?}");
    }
    let scientific = format!("{number:e}");
    match scientific.split_once('e') {
        Some((digits, exponent)) if digits.contains('.') => format!("{digits}E{exponent}"),
        Some((digits, exponent)) => format!("{digits}.0E{exponent}"),
        None => scientific,
    }
}

/// The number that JSON or VTL text spells. `text` holds an optional sign, digits, a fraction and an exponent.
pub(crate) fn parse_number<'a>(text: &str) -> Value<'a> {
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        match text.parse() {
            Ok(number) => Value::Int(number),
            Err(_) => Value::BigInt(Text::from(text.to_owned())),
        }
    } else {
        text.parse().map_or(Value::Null, Value::Double)
    }
}
