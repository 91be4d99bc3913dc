use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::Language;
use crate::problem::{Problems, below};

const JSONPATH_ONLY: [&str; 6] =
    ["InputPath", "OutputPath", "Parameters", "ResultPath", "ResultSelector", "ItemsPath"];
const JSONATA_ONLY: [&str; 4] = ["Arguments", "Condition", "Items", "Output"];

/// An object of the definition that is read field by field; what is left over at the end is unknown.
pub(super) struct Fields<'a> {
    object: &'a Map<String, Value>,
    pub(super) location: String,
    pub(super) problems: &'a Problems,
    taken: RefCell<BTreeSet<&'a str>>,
}

impl<'a> Fields<'a> {
    pub(super) fn new(value: &'a Value, location: &str, problems: &'a Problems) -> Option<Self> {
        let Some(object) = value.as_object() else {
            problems.add(location, format!("{} must be an object", shown(value)));
            return None;
        };
        Some(Self { object, location: location.to_owned(), problems, taken: RefCell::default() })
    }

    pub(super) fn at(&self, name: &str) -> String {
        below(&self.location, name)
    }

    pub(super) fn add(&self, name: &str, message: impl std::fmt::Display) {
        self.problems.add(&self.at(name), message);
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.object.contains_key(name)
    }

    pub(super) fn take(&self, name: &str) -> Option<&'a Value> {
        let (name, value) = self.object.get_key_value(name)?;
        self.taken.borrow_mut().insert(name);
        Some(value)
    }

    pub(super) fn require(&self, name: &str) -> Option<&'a Value> {
        let value = self.take(name);
        if value.is_none() {
            self.problems.add(&self.location, format!("the field `{name}` is missing"));
        }
        value
    }

    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        let value = self.take(name)?;
        let text = value.as_str();
        if text.is_none() {
            self.add(name, format!("{} must be a string", shown(value)));
        }
        text
    }

    pub(super) fn required_text(&self, name: &str) -> Option<&'a str> {
        self.require(name)?;
        self.text(name)
    }

    pub(super) fn whole(&self, name: &str, range: RangeInclusive<u64>) -> Option<u64> {
        let value = self.take(name)?;
        let number = value.as_u64().filter(|number| range.contains(number));
        if number.is_none() {
            self.add(name, out_of(value, &range));
        }
        number
    }

    pub(super) fn array(&self, name: &str) -> Option<&'a Vec<Value>> {
        let value = self.take(name)?;
        let array = value.as_array();
        if array.is_none() {
            self.add(name, format!("{} must be an array", shown(value)));
        }
        array
    }

    /// Refuses what was not taken. Fields of the other query language are told from fields that do not exist.
    pub(super) fn finish(self, language: Language) {
        let taken = self.taken.take();
        for name in self.object.keys().filter(|name| !taken.contains(name.as_str())) {
            let is_of_the_other = match language {
                Language::JsonPath => JSONATA_ONLY.contains(&name.as_str()),
                Language::Jsonata => JSONPATH_ONLY.contains(&name.as_str()) || name.ends_with("Path"),
            };
            let message = if is_of_the_other {
                format!("`{name}` is not a field of a {} state here; see QueryLanguage", language.name())
            } else {
                format!("unknown field `{name}`")
            };
            self.problems.add(&below(&self.location, name), message);
        }
    }
}

pub(super) fn out_of(value: &Value, range: &RangeInclusive<u64>) -> String {
    format!("{} must be an integer from {} to {}", shown(value), range.start(), range.end())
}

/// A value short enough for a message.
pub(super) fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
