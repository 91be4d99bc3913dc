//! What a reference can be at run time: Java's values as Velocity sees them, sharing text with the template and the
//! request and containers with each other, as Java references do.

mod dict;
mod document;
mod java_number;
mod json_reader;
mod json_writer;
mod printing;

use std::cell::RefCell;
use std::ops::Deref;
use std::rc::Rc;

use crate::RenderError;
use crate::object::{Loop, Object};
use crate::syntax::Block;

pub(crate) use dict::Dict;
pub(crate) use document::Document;
pub(crate) use java_number::{double_text, parse_number};
pub(crate) use json_reader::read_json;
pub(crate) use json_writer::write_json;
pub(crate) use printing::{print, to_text};

/// Nesting of values beyond this is an error, so that walking one never exhausts the stack.
pub(crate) const MAX_DEPTH: usize = 128;

/// A string that is borrowed from the template or the request where possible.
#[derive(Debug, Clone)]
pub(crate) enum Text<'a> {
    Borrowed(&'a str),
    Shared(Rc<String>),
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Shared(text) => text,
        }
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Self::Shared(Rc::new(text))
    }
}

/// A list. Lists that come from JSON print as JSON, as json-smart's arrays do in API Gateway; others print as Java's.
#[derive(Debug)]
pub(crate) struct List<'a> {
    pub(crate) items: RefCell<Vec<Value<'a>>>,
    pub(crate) from_json: bool,
}

/// A map that keeps the order of insertion.
#[derive(Debug)]
pub(crate) struct Map<'a> {
    pub(crate) entries: RefCell<Dict<'a>>,
    /// Whether a lookup that finds no exact key ignores ASCII case, as for headers.
    pub(crate) ignore_case: bool,
}

impl<'a> Map<'a> {
    pub(crate) fn get(&self, key: &str) -> Option<Value<'a>> {
        let entries = self.entries.borrow();
        let exact = entries.get(key).cloned();
        if exact.is_none() && self.ignore_case {
            return entries
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(key))
                .map(|(_, value)| value.clone());
        }
        exact
    }
}

/// One entry of a map, as `entrySet()` gives it.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) key: Text<'a>,
    pub(crate) value: Value<'a>,
}

#[derive(Debug, Clone)]
pub(crate) enum Value<'a> {
    /// Java's null; a reference to it is undefined.
    Null,
    Bool(bool),
    Int(i64),
    /// An integer beyond 64 bits, as its digits.
    BigInt(Text<'a>),
    Double(f64),
    Text(Text<'a>),
    List(Rc<List<'a>>),
    Map(Rc<Map<'a>>),
    /// A list or map as it was read from JSON, at its index in the document.
    Json(Rc<Document<'a>>, u32),
    Entry(Rc<Entry<'a>>),
    /// `$foreach`.
    Loop(Rc<Loop>),
    /// `$input`, `$util`, `$context` and what hangs below the latter's overrides.
    Object(Object),
    /// What `#define` and block macros make: a block that is rendered where it is used.
    Block(&'a Block),
}

impl<'a> Value<'a> {
    pub(crate) fn borrowed(text: &'a str) -> Self {
        Self::Text(Text::Borrowed(text))
    }

    pub(crate) fn owned(text: String) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn list(items: Vec<Value<'a>>) -> Self {
        Self::List(Rc::new(List { items: RefCell::new(items), from_json: false }))
    }

    pub(crate) fn json_list(items: Vec<Value<'a>>) -> Self {
        Self::List(Rc::new(List { items: RefCell::new(items), from_json: true }))
    }

    pub(crate) fn map(entries: Dict<'a>) -> Self {
        Self::Map(Rc::new(Map { entries: RefCell::new(entries), ignore_case: false }))
    }

    pub(crate) fn count(number: usize) -> Self {
        i64::try_from(number).map_or(Self::Null, Self::Int)
    }

    pub(crate) const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// A view of `json` that borrows its strings.
    pub(crate) fn from_json(json: &'a serde_json::Value) -> Self {
        use serde_json::Value as Json;
        match json {
            Json::Null => Self::Null,
            Json::Bool(value) => Self::Bool(*value),
            Json::Number(number) => {
                number.as_i64().map_or_else(|| parse_number(&number.to_string()), Self::Int)
            }
            Json::String(text) => Self::borrowed(text),
            Json::Array(items) => Self::json_list(items.iter().map(Self::from_json).collect()),
            Json::Object(members) => {
                let mut entries = Dict::default();
                for (name, value) in members {
                    entries.insert(Text::Borrowed(name), Self::from_json(value));
                }
                Self::map(entries)
            }
        }
    }

    /// The number as a double, for a numeric value.
    pub(crate) fn as_double(&self) -> Option<f64> {
        match self {
            #[allow(clippy::cast_precision_loss, reason = "Java widens a long to a double in the same way")]
            Self::Int(number) => Some(*number as f64),
            Self::BigInt(digits) => digits.parse().ok(),
            Self::Double(number) => Some(*number),
            _ => None,
        }
    }

    /// The value with a container from JSON as a list or map of its own.
    pub(crate) fn promote(&self) -> Self {
        match self {
            Self::Json(document, at) => document.promote(*at),
            value => value.clone(),
        }
    }

    /// Velocity's `==`: numbers by value, containers by content, values of different kinds by how they print.
    /// <https://velocity.apache.org/engine/1.7/user-guide.html#relational-and-logical-operators>
    pub(crate) fn equals(&self, other: &Self) -> Result<bool, RenderError> {
        self.equals_at(other, 0)
    }

    fn equals_at(&self, other: &Self, depth: usize) -> Result<bool, RenderError> {
        if depth > MAX_DEPTH {
            return Err(RenderError::LimitExceeded { what: "nesting of a value", limit: MAX_DEPTH });
        }
        match (self, other) {
            (Self::Null, Self::Null) => Ok(true),
            (Self::Null, _) | (_, Self::Null) => Ok(false),
            (Self::Bool(left), Self::Bool(right)) => Ok(left == right),
            (Self::Int(left), Self::Int(right)) => Ok(left == right),
            (Self::Text(left), Self::Text(right)) => Ok(**left == **right),
            (Self::Object(left), Self::Object(right)) => Ok(left == right),
            (Self::Json(..), _) | (_, Self::Json(..)) => self.promote().equals_at(&other.promote(), depth),
            (Self::List(left), Self::List(right)) => {
                let (left, right) = (left.items.borrow(), right.items.borrow());
                same_parts(left.len() == right.len(), left.iter().zip(right.iter()), depth)
            }
            (Self::Map(left), Self::Map(right)) => {
                let (left, right) = (left.entries.borrow(), right.entries.borrow());
                let absent = Self::Null;
                let parts = left.iter().map(|(name, value)| (value, right.get(name).unwrap_or(&absent)));
                same_parts(left.len() == right.len(), parts, depth)
            }
            _ => match (self.as_double(), other.as_double()) {
                #[allow(clippy::float_cmp, reason = "Velocity compares doubles exactly")]
                (Some(left), Some(right)) => Ok(left == right),
                _ => Ok(*to_text(self)? == *to_text(other)?),
            },
        }
    }

    /// Whether both are of one class, without which Java's `equals` never holds.
    pub(crate) fn same_class(&self, other: &Self) -> bool {
        std::mem::discriminant(&self.promote()) == std::mem::discriminant(&other.promote())
    }
}

/// Whether all pairs are equal as `Object.equals` has it.
fn same_parts<'v, 'a: 'v>(
    same_length: bool,
    mut parts: impl Iterator<Item = (&'v Value<'a>, &'v Value<'a>)>,
    depth: usize,
) -> Result<bool, RenderError> {
    if !same_length {
        return Ok(false);
    }
    parts.try_fold(true, |same, (left, right)| {
        Ok(same && left.same_class(right) && left.equals_at(right, depth + 1)?)
    })
}
