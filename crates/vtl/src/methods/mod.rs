//! Properties, indexes and methods of values: those of the Java classes that templates meet.

mod java_string;
mod list;
mod map;
mod number;
mod text;

use std::rc::Rc;

use crate::object;
use crate::render::{Failure, Renderer};
use crate::value::{Map, Text, Value};

/// What a method gives: null if there is none of that name for these arguments.
pub(crate) type Outcome<'a> = Result<Value<'a>, Failure>;

/// What a method without a result prints: nothing.
fn void<'a>() -> Value<'a> {
    Value::borrowed("")
}

/// `target.name`.
pub(crate) fn property<'a>(renderer: &mut Renderer<'a>, target: &Value<'a>, name: &'a str) -> Value<'a> {
    match target {
        Value::Map(map) => map.get(name).unwrap_or(Value::Null),
        Value::Json(document, at) if document.is_object(*at) && document.is_in_place(*at) => {
            document.member(*at, name).unwrap_or(Value::Null)
        }
        Value::Json(..) => property(renderer, &target.promote(), name),
        Value::Object(target) => object::property(renderer, *target, name),
        Value::List(list) if name == "empty" => Value::Bool(list.items.borrow().is_empty()),
        Value::Text(text) if name == "empty" => Value::Bool(text.is_empty()),
        Value::Entry(entry) => match name {
            "key" => Value::Text(entry.key.clone()),
            "value" => entry.value.clone(),
            _ => Value::Null,
        },
        Value::Loop(state) => state.property(name),
        _ => Value::Null,
    }
}

/// `target[index]`, which is `target.get(index)`; a negative index counts from the end of a list.
pub(crate) fn index<'a>(renderer: &mut Renderer<'a>, target: &Value<'a>, index: &Value<'a>) -> Outcome<'a> {
    if index.is_null() {
        return Ok(Value::Null);
    }
    match (target, index) {
        (Value::List(list), Value::Int(number)) => {
            let length = list.items.borrow().len();
            list::get(list, list::from_end(*number, length))
        }
        (Value::Json(..), _) => self::index(renderer, &target.promote(), index),
        (Value::Map(_) | Value::Object(_), _) => call(renderer, target, "get", std::slice::from_ref(index)),
        _ => Ok(Value::Null),
    }
}

/// `target.name(arguments)`.
pub(crate) fn call<'a>(
    renderer: &mut Renderer<'a>,
    target: &Value<'a>,
    name: &str,
    arguments: &[Value<'a>],
) -> Outcome<'a> {
    if let Value::Json(document, at) = target {
        return match (name, arguments) {
            ("get", [Value::Text(key)]) if document.is_object(*at) && document.is_in_place(*at) => {
                Ok(document.member(*at, key).unwrap_or(Value::Null))
            }
            _ => call(renderer, &target.promote(), name, arguments),
        };
    }
    if arguments.iter().any(|argument| matches!(argument, Value::Json(..))) {
        let arguments: Vec<_> = arguments.iter().map(Value::promote).collect();
        return call(renderer, target, name, &arguments);
    }
    let result = match target {
        Value::Text(receiver) => text::call(renderer, receiver, name, arguments),
        Value::List(receiver) => list::call(renderer, receiver, name, arguments),
        Value::Map(receiver) => map::call(renderer, receiver, name, arguments),
        Value::Object(receiver) => object::call(renderer, *receiver, name, arguments),
        Value::Int(_) | Value::BigInt(_) | Value::Double(_) => number::call(target, name, arguments),
        Value::Entry(entry) => Ok(match (name, arguments) {
            ("getKey", []) => Value::Text(entry.key.clone()),
            ("getValue", []) => entry.value.clone(),
            _ => Value::Null,
        }),
        Value::Loop(state) => Ok(if arguments.is_empty() { state.method(name) } else { Value::Null }),
        Value::Bool(_) | Value::Block(_) | Value::Null | Value::Json(..) => Ok(Value::Null),
    }?;
    if !result.is_null() {
        return Ok(result);
    }
    Ok(match (name, arguments) {
        ("toString", []) if !matches!(target, Value::Block(_)) => Value::Text(renderer.text(target)?),
        ("equals", [other]) => Value::Bool(target.same_class(other) && target.equals(other)?),
        _ => Value::Null,
    })
}

/// `#set($target.name = value)`: maps and overrides can be set, on anything else it does nothing.
pub(crate) fn set_property<'a>(
    renderer: &mut Renderer<'a>,
    target: &Value<'a>,
    name: &str,
    value: Value<'a>,
) -> Result<(), Failure> {
    match &target.promote() {
        Value::Map(map) => put(renderer, map, Text::from(name.to_owned()), value).map(|_| ()),
        Value::Object(target) => object::set_property(renderer, *target, name, &value),
        _ => Ok(()),
    }
}

/// `#set($target[index] = value)`.
pub(crate) fn set_index<'a>(
    renderer: &mut Renderer<'a>,
    target: &Value<'a>,
    index: &Value<'a>,
    value: Value<'a>,
) -> Result<(), Failure> {
    match (&target.promote(), index) {
        (Value::List(list), Value::Int(number)) => {
            let length = list.items.borrow().len();
            list::set(renderer, list, list::from_end(*number, length), value).map(|_| ())
        }
        (Value::Map(map), _) if !index.is_null() => {
            let key = renderer.text(index)?;
            put(renderer, map, key, value).map(|_| ())
        }
        (Value::Object(_), Value::Text(name)) => {
            let name = name.clone();
            set_property(renderer, target, &name, value)
        }
        _ => Ok(()),
    }
}

/// Puts `value` under `key` and gives what was there before, or null.
fn put<'a>(renderer: &mut Renderer<'a>, map: &Rc<Map<'a>>, key: Text<'a>, value: Value<'a>) -> Outcome<'a> {
    renderer.note_change(Value::Map(Rc::clone(map)))?;
    Ok(map.entries.borrow_mut().insert(key, value).unwrap_or(Value::Null))
}

/// The index that `number` is in Java's terms, or the message of the exception.
fn to_index(number: i64, length: usize) -> Result<usize, String> {
    usize::try_from(number)
        .ok()
        .filter(|at| *at < length)
        .ok_or_else(|| format!("index {number} is out of bounds for length {length}"))
}
