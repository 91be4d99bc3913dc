use super::json_writer::write_at;
use super::{MAX_DEPTH, Text, Value, double_text};
use crate::RenderError;
use crate::render::Sink;

/// Prints `value` as Java's `toString` does: `[a, b]`, `{a=1, b=two}`, doubles with a fraction. A list that comes from
/// JSON prints as JSON, as json-smart's arrays do.
pub(crate) fn print(value: &Value<'_>, out: &mut Sink) -> Result<(), RenderError> {
    print_at(value, out, 0)
}

/// What [`print`] prints.
pub(crate) fn to_text<'a>(value: &Value<'a>) -> Result<Text<'a>, RenderError> {
    if let Value::Text(text) = value {
        return Ok(text.clone());
    }
    let mut out = Sink::default();
    print(value, &mut out)?;
    Ok(out.into_string().into())
}

fn print_at(value: &Value<'_>, out: &mut Sink, depth: usize) -> Result<(), RenderError> {
    if depth > MAX_DEPTH {
        return Err(RenderError::LimitExceeded { what: "nesting of a value", limit: MAX_DEPTH });
    }
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(flag) => out.push_str(if *flag { "true" } else { "false" }),
        Value::Int(number) => out.push_integer(*number),
        Value::Double(number) => out.push_str(&double_text(*number)),
        Value::BigInt(text) | Value::Text(text) => out.push_str(text),
        Value::List(list) if list.from_json => write_at(value, out, depth),
        Value::List(list) => {
            out.push_str("[")?;
            for (at, item) in list.items.borrow().iter().enumerate() {
                if at > 0 {
                    out.push_str(", ")?;
                }
                print_at(item, out, depth + 1)?;
            }
            out.push_str("]")
        }
        Value::Map(map) => {
            out.push_str("{")?;
            for (at, (name, item)) in map.entries.borrow().iter().enumerate() {
                if at > 0 {
                    out.push_str(", ")?;
                }
                out.push_str(name)?;
                out.push_str("=")?;
                print_at(item, out, depth + 1)?;
            }
            out.push_str("}")
        }
        Value::Json(document, at) if !document.is_in_place(*at) => {
            print_at(&document.promote(*at), out, depth)
        }
        Value::Json(document, at) if document.is_object(*at) => {
            out.push_str("{")?;
            for (nth, (name, child)) in document.children(*at).enumerate() {
                out.push_str(if nth > 0 { ", " } else { "" })?;
                out.push_str(name)?;
                out.push_str("=")?;
                print_at(&document.value(child), out, depth + 1)?;
            }
            out.push_str("}")
        }
        Value::Json(..) => write_at(value, out, depth),
        Value::Entry(entry) => {
            out.push_str(&entry.key)?;
            out.push_str("=")?;
            print_at(&entry.value, out, depth + 1)
        }
        Value::Loop(_) | Value::Object(_) => out.push_str("{}"),
        Value::Block(_) => Ok(()),
    }
}
