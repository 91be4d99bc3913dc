//! Methods of `java.util.Map`. <https://docs.oracle.com/javase/8/docs/api/java/util/Map.html>

use std::rc::Rc;

use super::{Outcome, put, void};
use crate::render::Renderer;
use crate::value::{Entry, Map, Value};

pub(super) fn call<'a>(
    renderer: &mut Renderer<'a>,
    map: &Rc<Map<'a>>,
    name: &str,
    arguments: &[Value<'a>],
) -> Outcome<'a> {
    match (name, arguments) {
        ("size", []) => Ok(Value::count(map.entries.borrow().len())),
        ("isEmpty", []) => Ok(Value::Bool(map.entries.borrow().len() == 0)),
        ("get", [Value::Text(key)]) => Ok(map.get(key).unwrap_or(Value::Null)),
        ("get", [key]) if !key.is_null() => Ok(map.get(&renderer.text(key)?).unwrap_or(Value::Null)),
        ("getOrDefault", [key, default]) => {
            Ok(map.get(&renderer.text(key)?).unwrap_or_else(|| default.clone()))
        }
        ("containsKey", [key]) => {
            let key = renderer.text(key)?;
            Ok(Value::Bool(map.get(&key).is_some()))
        }
        ("containsValue", [value]) => {
            for (_, item) in map.entries.borrow().iter() {
                if item.same_class(value) && item.equals(value)? {
                    return Ok(Value::Bool(true));
                }
            }
            Ok(Value::Bool(false))
        }
        ("keySet", []) => {
            let keys: Vec<_> = map.entries.borrow().iter().map(|(key, _)| Value::Text(key.clone())).collect();
            renderer.charge_values(keys.len())?;
            Ok(Value::list(keys))
        }
        ("values", []) => {
            let values: Vec<_> = map.entries.borrow().iter().map(|(_, value)| value.clone()).collect();
            renderer.charge_values(values.len())?;
            Ok(Value::list(values))
        }
        ("entrySet", []) => {
            let entries: Vec<_> = map
                .entries
                .borrow()
                .iter()
                .map(|(key, value)| Value::Entry(Rc::new(Entry { key: key.clone(), value: value.clone() })))
                .collect();
            renderer.charge_values(3 * entries.len())?;
            Ok(Value::list(entries))
        }
        ("put", [key, value]) if !key.is_null() => {
            let key = renderer.text(key)?;
            put(renderer, map, key, value.clone())
        }
        ("putIfAbsent", [key, value]) if !key.is_null() => {
            let key = renderer.text(key)?;
            match map.get(&key) {
                Some(present) if !present.is_null() => Ok(present),
                _ => put(renderer, map, key, value.clone()),
            }
        }
        ("putAll", [Value::Map(others)]) => {
            let others: Vec<_> = others.entries.borrow().iter().cloned().collect();
            for (key, value) in others {
                put(renderer, map, key, value)?;
            }
            Ok(void())
        }
        ("remove", [key]) => {
            let key = renderer.text(key)?;
            Ok(map.entries.borrow_mut().remove(&key).unwrap_or(Value::Null))
        }
        ("clear", []) => {
            drop(map.entries.borrow_mut().take());
            Ok(void())
        }
        _ => Ok(Value::Null),
    }
}
