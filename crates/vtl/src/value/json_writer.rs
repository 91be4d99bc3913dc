use super::{MAX_DEPTH, Value, double_text, print};
use crate::RenderError;
use crate::render::Sink;

/// Writes `value` as compact JSON, as `$input.json` gives it. Characters beyond ASCII stay as they are.
pub(crate) fn write_json(value: &Value<'_>, out: &mut Sink) -> Result<(), RenderError> {
    write_at(value, out, 0)
}

pub(super) fn write_at(value: &Value<'_>, out: &mut Sink, depth: usize) -> Result<(), RenderError> {
    if depth > MAX_DEPTH {
        return Err(RenderError::LimitExceeded { what: "nesting of a value", limit: MAX_DEPTH });
    }
    match value {
        Value::Bool(_) | Value::Int(_) | Value::BigInt(_) => print(value, out),
        Value::Double(number) if number.is_finite() => out.push_str(&double_text(*number)),
        Value::Null | Value::Double(_) => out.push_str("null"),
        Value::Text(text) => write_string(text, out),
        Value::List(list) => {
            out.push_str("[")?;
            for (at, item) in list.items.borrow().iter().enumerate() {
                if at > 0 {
                    out.push_str(",")?;
                }
                write_at(item, out, depth + 1)?;
            }
            out.push_str("]")
        }
        Value::Map(map) => {
            out.push_str("{")?;
            for (at, (name, item)) in map.entries.borrow().iter().enumerate() {
                if at > 0 {
                    out.push_str(",")?;
                }
                write_string(name, out)?;
                out.push_str(":")?;
                write_at(item, out, depth + 1)?;
            }
            out.push_str("}")
        }
        Value::Json(document, at) if !document.is_in_place(*at) => {
            write_at(&document.promote(*at), out, depth)
        }
        Value::Json(document, at) => {
            let is_object = document.is_object(*at);
            out.push_str(if is_object { "{" } else { "[" })?;
            for (nth, (name, child)) in document.children(*at).enumerate() {
                out.push_str(if nth > 0 { "," } else { "" })?;
                if is_object {
                    write_string(name, out)?;
                    out.push_str(":")?;
                }
                write_at(&document.value(child), out, depth + 1)?;
            }
            out.push_str(if is_object { "}" } else { "]" })
        }
        Value::Entry(_) | Value::Loop(_) | Value::Object(_) | Value::Block(_) => {
            write_string(&super::to_text(value)?, out)
        }
    }
}

fn write_string(text: &str, out: &mut Sink) -> Result<(), RenderError> {
    out.push_str("\"")?;
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
        out.push_str(&rest[..at])?;
        match rest.as_bytes()[at] {
            b'"' => out.push_str("\\\"")?,
            b'\\' => out.push_str("\\\\")?,
            8 => out.push_str("\\b")?,
            9 => out.push_str("\\t")?,
            10 => out.push_str("\\n")?,
            12 => out.push_str("\\f")?,
            13 => out.push_str("\\r")?,
            other => out.push_str(&format!("\\u{other:04X}"))?,
        }
        rest = &rest[at + 1..];
    }
    out.push_str(rest)?;
    out.push_str("\"")
}
