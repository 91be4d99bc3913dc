//! JSONPath as Jayway's library, which API Gateway uses, answers it: a definite path gives its value, an indefinite one
//! (with `..`, `*`, a slice, a filter or several names or indexes) gives the list of all it finds.
//!
//! <https://github.com/json-path/JsonPath#path-examples>

mod filter;
mod parser;
mod selection;

use crate::render::{Failure, Renderer};
use crate::value::Value;

/// The value at `path` in `root`, or nothing if a definite path leads nowhere.
///
/// # Errors
/// A path that cannot be parsed is an exception.
pub(crate) fn find<'a>(
    renderer: &mut Renderer<'a>,
    root: &Value<'a>,
    path: &str,
) -> Result<Option<Value<'a>>, Failure> {
    let path = parser::parse(path)?;
    let found = selection::Selection { patterns: renderer.patterns, root }.find(&path, root)?;
    if let Some(Value::List(list)) = found.as_ref().filter(|_| !path.is_definite()) {
        let length = list.items.borrow().len();
        renderer.charge_values(length)?;
    }
    Ok(found)
}

/// A parsed path.
#[derive(Debug)]
struct Path {
    /// Whether it starts at the element under a filter (`@`) rather than at the root.
    relative: bool,
    segments: Vec<Segment>,
    function: Option<Function>,
}

impl Path {
    /// Several names at the end are definite too: they give one object.
    fn is_definite(&self) -> bool {
        self.segments.iter().enumerate().all(|(at, segment)| match &segment.selector {
            Selector::Names(names) => {
                !segment.descends && (names.len() == 1 || at + 1 == self.segments.len())
            }
            Selector::Indexes(indexes) => !segment.descends && indexes.len() == 1,
            _ => false,
        })
    }
}

#[derive(Debug)]
struct Segment {
    /// Whether it applies to the value and everything below it: `..`.
    descends: bool,
    selector: Selector,
}

#[derive(Debug)]
enum Selector {
    Names(Vec<String>),
    Indexes(Vec<i64>),
    Slice(Option<i64>, Option<i64>),
    Wildcard,
    Filter(filter::Filter),
}

#[derive(Debug, Clone, Copy)]
enum Function {
    Length,
    Keys,
    First,
    Last,
    Sum,
    Min,
    Max,
    Average,
}
