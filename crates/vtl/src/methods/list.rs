//! Methods of `java.util.List`. <https://docs.oracle.com/javase/8/docs/api/java/util/List.html>

use std::rc::Rc;

use super::{Outcome, to_index, void};
use crate::RenderError;
use crate::render::{Failure, Renderer};
use crate::value::{List, Value};

/// A negative index as the one it means, counted from the end.
pub(super) fn from_end(number: i64, length: usize) -> i64 {
    if number < 0 { number.saturating_add(i64::try_from(length).unwrap_or(i64::MAX)) } else { number }
}

pub(super) fn get<'a>(list: &List<'a>, number: i64) -> Outcome<'a> {
    let items = list.items.borrow();
    Ok(items[to_index(number, items.len())?].clone())
}

/// Replaces an element and gives the former one.
pub(super) fn set<'a>(
    renderer: &mut Renderer<'a>,
    list: &Rc<List<'a>>,
    number: i64,
    value: Value<'a>,
) -> Outcome<'a> {
    let at = to_index(number, list.items.borrow().len())?;
    renderer.note_change(Value::List(Rc::clone(list)))?;
    Ok(std::mem::replace(&mut list.items.borrow_mut()[at], value))
}

pub(super) fn call<'a>(
    renderer: &mut Renderer<'a>,
    list: &Rc<List<'a>>,
    name: &str,
    arguments: &[Value<'a>],
) -> Outcome<'a> {
    match (name, arguments) {
        ("size", []) => Ok(Value::count(list.items.borrow().len())),
        ("isEmpty", []) => Ok(Value::Bool(list.items.borrow().is_empty())),
        ("get", [Value::Int(at)]) => get(list, *at),
        ("set", [Value::Int(at), value]) => set(renderer, list, *at, value.clone()),
        ("contains", [value]) => Ok(Value::Bool(position(list, value)?.is_some())),
        ("containsAll", [Value::List(others)]) => {
            let others = others.items.borrow().clone();
            for other in &others {
                if position(list, other)?.is_none() {
                    return Ok(Value::Bool(false));
                }
            }
            Ok(Value::Bool(true))
        }
        ("indexOf", [value]) => Ok(position(list, value)?.map_or(Value::Int(-1), Value::count)),
        ("subList", [Value::Int(from), Value::Int(to)]) => sub_list(list, *from, *to),
        ("iterator" | "toArray", []) => Ok(Value::List(Rc::clone(list))),
        _ => change(renderer, list, name, arguments),
    }
}

fn change<'a>(
    renderer: &mut Renderer<'a>,
    list: &Rc<List<'a>>,
    name: &str,
    arguments: &[Value<'a>],
) -> Outcome<'a> {
    renderer.note_change(Value::List(Rc::clone(list)))?;
    match (name, arguments) {
        ("add", [value]) => {
            list.items.borrow_mut().push(value.clone());
            Ok(Value::Bool(true))
        }
        ("add", [Value::Int(at), value]) => {
            let mut items = list.items.borrow_mut();
            let at = to_index(*at, items.len() + 1)?;
            items.insert(at, value.clone());
            Ok(void())
        }
        ("addAll", [Value::List(others)]) => {
            let others = others.items.borrow().clone();
            renderer.charge_values(others.len())?;
            let changes = !others.is_empty();
            list.items.borrow_mut().extend(others);
            Ok(Value::Bool(changes))
        }
        ("remove", [Value::Int(at)]) => {
            let mut items = list.items.borrow_mut();
            let at = to_index(*at, items.len())?;
            Ok(items.remove(at))
        }
        ("remove", [value]) => {
            let at = position(list, value)?;
            if let Some(at) = at {
                list.items.borrow_mut().remove(at);
            }
            Ok(Value::Bool(at.is_some()))
        }
        ("clear", []) => {
            list.items.borrow_mut().clear();
            Ok(void())
        }
        _ => Ok(Value::Null),
    }
}

fn sub_list<'a>(list: &List<'a>, from: i64, to: i64) -> Outcome<'a> {
    let items = list.items.borrow();
    let to = to_index(to, items.len() + 1)?;
    let from = to_index(from, to + 1)?;
    Ok(Value::list(items[from..to].to_vec()))
}

/// Where the first element that equals `value` is, as `Object.equals` has it.
fn position<'a>(list: &List<'a>, value: &Value<'a>) -> Result<Option<usize>, Failure> {
    for (at, item) in list.items.borrow().iter().enumerate() {
        if same(item, value)? {
            return Ok(Some(at));
        }
    }
    Ok(None)
}

fn same<'a>(left: &Value<'a>, right: &Value<'a>) -> Result<bool, RenderError> {
    Ok(left.same_class(right) && left.equals(right)?)
}
