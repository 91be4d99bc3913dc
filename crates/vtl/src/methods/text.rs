//! Methods of `java.lang.String`. <https://docs.oracle.com/javase/8/docs/api/java/lang/String.html>

use super::{Outcome, java_string};
use crate::render::{Failure, Renderer, Sink};
use crate::value::{Text, Value};

pub(super) fn call<'a>(
    renderer: &mut Renderer<'a>,
    text: &Text<'a>,
    name: &str,
    arguments: &[Value<'a>],
) -> Outcome<'a> {
    match arguments {
        [] => without_arguments(renderer, text, name),
        [Value::Text(argument)] => with_text(renderer, text, name, argument),
        [Value::Int(at)] => with_index(renderer, text, name, *at),
        [Value::Text(first), Value::Text(second)] => with_two_texts(renderer, text, name, (first, second)),
        [Value::Int(from), Value::Int(to)] if matches!(name, "substring" | "subSequence") => {
            owned(renderer, java_string::substring(text, *from, Some(*to))?)
        }
        [Value::Text(part), Value::Int(from)] => with_text_and_index(renderer, text, name, (part, *from)),
        [Value::Null] if NEED_TEXT.contains(&name) => Err(format!("the argument of {name} is null").into()),
        [argument] if name == "valueOf" => Ok(Value::Text(renderer.text(argument)?)),
        _ => Ok(Value::Null),
    }
}

/// Methods that throw when their argument is null.
const NEED_TEXT: [&str; 12] = [
    "concat",
    "contains",
    "startsWith",
    "endsWith",
    "indexOf",
    "lastIndexOf",
    "compareTo",
    "compareToIgnoreCase",
    "matches",
    "split",
    "contentEquals",
    "replaceAll",
];

fn owned<'a>(renderer: &mut Renderer<'a>, text: String) -> Outcome<'a> {
    Ok(Value::Text(renderer.owned(text)?))
}

fn without_arguments<'a>(renderer: &mut Renderer<'a>, text: &Text<'a>, name: &str) -> Outcome<'a> {
    match name {
        "length" => Ok(Value::count(java_string::length(text))),
        "isEmpty" => Ok(Value::Bool(text.is_empty())),
        "toString" | "intern" => Ok(Value::Text(text.clone())),
        "toLowerCase" => owned(renderer, text.to_lowercase()),
        "toUpperCase" => owned(renderer, text.to_uppercase()),
        "trim" => owned(renderer, text.trim_matches(|found| found <= ' ').to_owned()),
        "hashCode" => Ok(Value::Int(i64::from(
            text.encode_utf16().fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit))),
        ))),
        "toCharArray" => {
            renderer.charge_values(text.len())?;
            Ok(Value::list(text.chars().map(|found| Value::owned(found.to_string())).collect()))
        }
        _ => Ok(Value::Null),
    }
}

fn with_text<'a>(
    renderer: &mut Renderer<'a>,
    text: &Text<'a>,
    name: &str,
    argument: &Text<'a>,
) -> Outcome<'a> {
    Ok(match name {
        "equals" | "contentEquals" => Value::Bool(**text == **argument),
        "equalsIgnoreCase" => Value::Bool(text.to_lowercase() == argument.to_lowercase()),
        "contains" => Value::Bool(text.contains(&**argument)),
        "startsWith" => Value::Bool(text.starts_with(&**argument)),
        "endsWith" => Value::Bool(text.ends_with(&**argument)),
        "indexOf" => index(text, text.find(&**argument)),
        "lastIndexOf" => index(text, text.rfind(&**argument)),
        "concat" => {
            let mut out = Sink::with_capacity(text.len() + argument.len());
            out.push_str(text)?;
            out.push_str(argument)?;
            return owned(renderer, out.into_string());
        }
        "compareTo" => Value::Int(compare(text, argument)),
        "compareToIgnoreCase" => Value::Int(compare(&text.to_lowercase(), &argument.to_lowercase())),
        "matches" => Value::Bool(renderer.patterns.matches(argument, text)?),
        "split" => return split(renderer, text, argument, 0),
        "valueOf" => Value::Text(argument.clone()),
        _ => Value::Null,
    })
}

fn with_index<'a>(renderer: &mut Renderer<'a>, text: &Text<'a>, name: &str, at: i64) -> Outcome<'a> {
    match name {
        "substring" => owned(renderer, java_string::substring(text, at, None)?),
        "charAt" => owned(renderer, java_string::substring(text, at, at.checked_add(1))?),
        "valueOf" => owned(renderer, at.to_string()),
        _ => Ok(Value::Null),
    }
}

fn with_two_texts<'a>(
    renderer: &mut Renderer<'a>,
    text: &Text<'a>,
    name: &str,
    (first, second): (&Text<'a>, &Text<'a>),
) -> Outcome<'a> {
    let replaced = match name {
        "replace" => {
            let mut out = Sink::with_capacity(text.len());
            let mut after = 0;
            for (at, found) in text.match_indices(&**first) {
                out.push_str(&text[after..at])?;
                out.push_str(second)?;
                after = at + found.len();
            }
            out.push_str(&text[after..])?;
            out.into_string()
        }
        "replaceAll" | "replaceFirst" => {
            match renderer.patterns.replace(first, text, second, name == "replaceFirst")? {
                Some(replaced) => replaced,
                None => return Ok(Value::Text(text.clone())),
            }
        }
        _ => return Ok(Value::Null),
    };
    owned(renderer, replaced)
}

fn with_text_and_index<'a>(
    renderer: &mut Renderer<'a>,
    text: &Text<'a>,
    name: &str,
    (part, from): (&Text<'a>, i64),
) -> Outcome<'a> {
    let start = java_string::byte_of_index(text, from);
    Ok(match name {
        "indexOf" => index(text, text[start..].find(&**part).map(|at| at + start)),
        "lastIndexOf" => {
            let end = (start + part.len()).min(text.len());
            let end = (end..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
            index(text, text[..end].rfind(&**part))
        }
        "startsWith" => Value::Bool(text[start..].starts_with(&**part)),
        "split" => return split(renderer, text, part, from),
        _ => Value::Null,
    })
}

fn split<'a>(renderer: &mut Renderer<'a>, text: &Text<'a>, pattern: &str, limit: i64) -> Outcome<'a> {
    let parts = renderer.patterns.split(pattern, text, limit)?;
    renderer.charge_values(parts.len())?;
    let mut values = Vec::with_capacity(parts.len());
    for part in parts {
        values.push(Value::Text(renderer.owned(part)?));
    }
    Ok::<_, Failure>(Value::list(values))
}

fn index<'a>(text: &str, at: Option<usize>) -> Value<'a> {
    at.map_or(Value::Int(-1), |at| Value::count(java_string::index_of_byte(text, at)))
}

/// `String.compareTo`: the difference of the first units that differ, else of the lengths.
fn compare(left: &str, right: &str) -> i64 {
    let mut right_units = right.encode_utf16();
    for unit in left.encode_utf16() {
        match right_units.next() {
            Some(other) if unit != other => return i64::from(unit) - i64::from(other),
            Some(_) => {}
            None => break,
        }
    }
    let length = |text| i64::try_from(java_string::length(text)).unwrap_or(i64::MAX);
    length(left) - length(right)
}
