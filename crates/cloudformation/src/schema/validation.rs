//! Property validation with CloudFormation's coercions between scalars.
//!
//! A text that reads as a number is accepted where a number is asked for and the other way around, because parameters are texts.

use serde_json::{Map, Number, Value};

use super::Schema;

/// References may nest only so deep before they count as circular.
const MAX_DEPTH: usize = 64;

impl Schema {
    /// Checks properties and gives them with scalars coerced to the types of the schema.
    ///
    /// # Errors
    /// The complaints in CloudFormation's words, joined as it joins them: `#: extraneous key [Foo] is not permitted`.
    pub fn validate(&self, properties: &Map<String, Value>) -> Result<Map<String, Value>, String> {
        let mut validation = Validation { schema: self, complaints: Vec::new() };
        validation.refuse_read_only(properties);
        let coerced = validation.object(&self.document, properties, &Place::root());
        if validation.complaints.is_empty() { Ok(coerced) } else { Err(validation.complaints.join(", ")) }
    }
}

/// Where in the properties a value stands.
#[derive(Clone)]
struct Place {
    path: String,
    depth: usize,
}

impl Place {
    fn root() -> Self {
        Self { path: "#".to_owned(), depth: 0 }
    }

    fn below(&self, name: &str) -> Self {
        Self { path: format!("{}/{name}", self.path), depth: self.depth + 1 }
    }
}

struct Validation<'s> {
    schema: &'s Schema,
    complaints: Vec<String>,
}

impl<'s> Validation<'s> {
    fn complain(&mut self, place: &Place, what: impl std::fmt::Display) {
        self.complaints.push(format!("{}: {what}", place.path));
    }

    /// Read-only properties cannot be given, unless they can also be set at creation.
    fn refuse_read_only(&mut self, properties: &Map<String, Value>) {
        let create_only: Vec<&str> = self.schema.create_only().collect();
        let read_only: Vec<&str> =
            self.schema.pointers("readOnlyProperties").filter(|path| !create_only.contains(path)).collect();
        for path in read_only.into_iter().filter(|path| properties.contains_key(*path)) {
            self.complaints.push(format!("Encountered read-only property [{path}]; remove it"));
        }
    }

    fn definition(&mut self, definition: &'s Value, place: &Place) -> Option<&'s Map<String, Value>> {
        let mut definition = definition;
        for _ in 0..MAX_DEPTH {
            let object = definition.as_object()?;
            let Some(target) = object.get("$ref").and_then(Value::as_str).and_then(|to| to.strip_prefix('#'))
            else {
                return Some(object);
            };
            definition = self.schema.document.pointer(target)?;
        }
        self.complain(place, "the schema refers to itself");
        None
    }

    fn value(&mut self, definition: &'s Value, value: &Value, place: &Place) -> Value {
        if place.depth > MAX_DEPTH {
            self.complain(place, "nested too deeply");
            return value.clone();
        }
        let Some(object) = self.definition(definition, place) else { return value.clone() };
        if let Some(branches) = ["oneOf", "anyOf"].iter().find_map(|key| object.get(*key)?.as_array())
            && !object.contains_key("properties")
        {
            return self.one_of(branches, value, place);
        }
        let Some(coerced) = coerce(object.get("type"), value) else {
            let expected = object.get("type").map_or_else(String::new, type_names);
            self.complain(place, format!("expected type: {expected}, found: {}", kind(value)));
            return value.clone();
        };
        match coerced {
            Value::Object(properties)
                if object.contains_key("properties") || object.contains_key("patternProperties") =>
            {
                let definition = self.definition_value(definition);
                Value::Object(self.object(definition, &properties, place))
            }
            Value::Object(properties) => {
                self.count(object, ["minProperties", "maxProperties"], properties.len(), place);
                Value::Object(self.free_object(object, properties, place))
            }
            Value::Array(items) => Value::Array(self.array(object, &items, place)),
            scalar => {
                self.scalar(object, &scalar, place);
                scalar
            }
        }
    }

    /// The definition itself, with references followed.
    fn definition_value(&self, definition: &'s Value) -> &'s Value {
        let mut definition = definition;
        for _ in 0..MAX_DEPTH {
            let Some(target) =
                definition.get("$ref").and_then(Value::as_str).and_then(|to| to.strip_prefix('#'))
            else {
                break;
            };
            definition = self.schema.document.pointer(target).unwrap_or(definition);
        }
        definition
    }

    /// The first branch that suits. Where none does, the complaints of the last one that has the right type are given.
    fn one_of(&mut self, branches: &'s [Value], value: &Value, place: &Place) -> Value {
        let mut best: Option<Vec<String>> = None;
        let exact = |branch: &Value| branch.get("type").and_then(Value::as_str) == Some(kind_name(value));
        let ordered = branches
            .iter()
            .filter(|branch| exact(branch))
            .chain(branches.iter().filter(|branch| !exact(branch)));
        for branch in ordered {
            let mut attempt = Validation { schema: self.schema, complaints: Vec::new() };
            let coerced = attempt.value(branch, value, place);
            if attempt.complaints.is_empty() {
                return coerced;
            }
            best.get_or_insert(attempt.complaints);
        }
        self.complain(
            place,
            format!("#: 0 subschemas matched instead of one ({})", best.unwrap_or_default().join(", ")),
        );
        value.clone()
    }

    fn object(
        &mut self,
        definition: &'s Value,
        properties: &Map<String, Value>,
        place: &Place,
    ) -> Map<String, Value> {
        let known = definition.get("properties").and_then(Value::as_object);
        let patterns = definition.get("patternProperties").and_then(Value::as_object);
        let additional = definition.get("additionalProperties");
        for name in definition.get("required").and_then(Value::as_array).into_iter().flatten() {
            if let Some(name) = name.as_str().filter(|name| !properties.contains_key(*name)) {
                self.complain(place, format!("required key [{name}] not found"));
            }
        }
        let mut coerced = Map::new();
        for (name, value) in properties {
            let by_pattern = || {
                patterns?.iter().find_map(|(pattern, definition)| {
                    let matches = fancy_regex::Regex::new(pattern)
                        .is_ok_and(|regex| regex.is_match(name).unwrap_or(false));
                    matches.then_some(definition)
                })
            };
            let found = known.and_then(|known| known.get(name)).or_else(by_pattern);
            let inner = place.below(name);
            let value = match (found, additional) {
                (Some(definition), _) | (None, Some(definition @ Value::Object(_))) => {
                    self.value(definition, value, &inner)
                }
                (None, Some(Value::Bool(true))) => value.clone(),
                // A definition that does not say otherwise is closed: an unknown property is never silently accepted.
                (None, _) => {
                    self.complain(place, format!("extraneous key [{name}] is not permitted"));
                    value.clone()
                }
            };
            coerced.insert(name.clone(), value);
        }
        if let Some(branches) = ["oneOf", "anyOf"].iter().find_map(|key| definition.get(*key)?.as_array())
            && !branches.iter().any(|branch| has_required(branch, properties))
        {
            let choices: Vec<String> = branches
                .iter()
                .map(|branch| branch.get("required").map_or_else(String::new, ToString::to_string))
                .collect();
            self.complain(place, format!("one of the keys {} must be given", choices.join(" or ")));
        }
        coerced
    }

    /// An object without a list of properties: everything goes, unless `additionalProperties` says what.
    fn free_object(
        &mut self,
        definition: &'s Map<String, Value>,
        properties: Map<String, Value>,
        place: &Place,
    ) -> Map<String, Value> {
        match definition.get("additionalProperties") {
            Some(inner @ Value::Object(_)) => properties
                .iter()
                .map(|(name, value)| (name.clone(), self.value(inner, value, &place.below(name))))
                .collect(),
            _ => properties,
        }
    }

    fn array(&mut self, definition: &'s Map<String, Value>, items: &[Value], place: &Place) -> Vec<Value> {
        self.count(definition, ["minItems", "maxItems"], items.len(), place);
        let coerced: Vec<Value> = match definition.get("items") {
            None => items.to_vec(),
            Some(inner) => items
                .iter()
                .enumerate()
                .map(|(index, item)| self.value(inner, item, &place.below(&index.to_string())))
                .collect(),
        };
        if definition.get("uniqueItems") == Some(&Value::Bool(true))
            && coerced.iter().enumerate().any(|(index, item)| coerced[..index].contains(item))
        {
            self.complain(place, "array items are not unique");
        }
        coerced
    }

    fn count(&mut self, definition: &Map<String, Value>, [min, max]: [&str; 2], count: usize, place: &Place) {
        let bound =
            |key| definition.get(key).and_then(Value::as_u64).and_then(|bound| usize::try_from(bound).ok());
        let what = if min == "minItems" { "item" } else { "property" };
        if let Some(min) = bound(min).filter(|min| count < *min) {
            self.complain(place, format!("expected minimum {what} count: {min}, found: {count}"));
        }
        if let Some(max) = bound(max).filter(|max| count > *max) {
            self.complain(place, format!("expected maximum {what} count: {max}, found: {count}"));
        }
    }

    fn scalar(&mut self, definition: &Map<String, Value>, value: &Value, place: &Place) {
        if let Some(allowed) = definition.get("enum").and_then(Value::as_array)
            && !allowed.iter().any(|one| {
                one == value || crate::template::scalar_text(one) == crate::template::scalar_text(value)
            })
        {
            let allowed: Vec<String> = allowed.iter().map(show).collect();
            self.complain(
                place,
                format!("{} is not a valid enum value; allowed are {}", show(value), allowed.join(", ")),
            );
        }
        if let Some(only) = definition.get("const").filter(|only| *only != value) {
            self.complain(place, format!("{} is not the constant {}", show(value), show(only)));
        }
        if let Some(number) = value.as_f64() {
            self.range(definition, number, place);
        }
        if let Some(text) = value.as_str() {
            self.text(definition, text, place);
        }
    }

    fn range(&mut self, definition: &Map<String, Value>, number: f64, place: &Place) {
        let bound = |key| definition.get(key).and_then(Value::as_f64);
        if let Some(min) = bound("minimum").filter(|min| number < *min) {
            self.complain(place, format!("{number} is not greater or equal to {min}"));
        }
        if let Some(max) = bound("maximum").filter(|max| number > *max) {
            self.complain(place, format!("{number} is not less or equal to {max}"));
        }
    }

    fn text(&mut self, definition: &Map<String, Value>, text: &str, place: &Place) {
        let bound = |key| definition.get(key).and_then(Value::as_u64);
        let length = text.chars().count() as u64;
        if let Some(min) = bound("minLength").filter(|min| length < *min) {
            self.complain(place, format!("expected minLength: {min}, actual: {length}"));
        }
        if let Some(max) = bound("maxLength").filter(|max| length > *max) {
            self.complain(place, format!("expected maxLength: {max}, actual: {length}"));
        }
        if let Some(pattern) = definition.get("pattern").and_then(Value::as_str)
            && !fancy_regex::Regex::new(pattern).is_ok_and(|regex| regex.is_match(text).unwrap_or(false))
        {
            self.complain(place, format!("string [{text}] does not match pattern {pattern}"));
        }
    }
}

/// Whether the properties have every key that a branch of `oneOf` or `anyOf` requires.
fn has_required(branch: &Value, properties: &Map<String, Value>) -> bool {
    let required = branch.get("required").and_then(Value::as_array);
    required.is_none_or(|names| {
        names.iter().all(|name| name.as_str().is_some_and(|name| properties.contains_key(name)))
    })
}

/// The value as one of the types, or `None` where it suits none of them. A type that fits as it is wins over a coercion.
fn coerce(types: Option<&Value>, value: &Value) -> Option<Value> {
    let types: Vec<&str> = match types {
        None => return Some(value.clone()),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        Some(name) => name.as_str().into_iter().collect(),
    };
    if types.iter().any(|name| is(name, value)) {
        return Some(value.clone());
    }
    types.iter().find_map(|name| convert(name, value))
}

fn is(name: &str, value: &Value) -> bool {
    match name {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => value.is_null(),
    }
}

fn convert(name: &str, value: &Value) -> Option<Value> {
    match (name, value) {
        ("string", Value::Number(number)) => Some(Value::String(number.to_string())),
        ("string", Value::Bool(flag)) => Some(Value::String(flag.to_string())),
        ("integer", Value::String(text)) => text.trim().parse::<i64>().ok().map(Value::from),
        ("integer", Value::Number(number)) => whole(number.as_f64()?),
        ("number", Value::String(text)) => {
            let text = text.trim();
            text.parse::<i64>()
                .ok()
                .map(Value::from)
                .or_else(|| Number::from_f64(text.parse().ok()?).map(Value::Number))
        }
        ("boolean", Value::String(text)) => match text.as_str() {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            _ => None,
        },
        // A policy document and the like may be given as the text of its JSON.
        ("object", Value::String(text)) => {
            serde_json::from_str::<Map<String, Value>>(text).ok().map(Value::Object)
        }
        _ => None,
    }
}

/// A float without a fraction as an integer.
fn whole(number: f64) -> Option<Value> {
    (number.fract() == 0.0).then(|| format!("{number:.0}").parse::<i64>().ok().map(Value::from)).flatten()
}

fn type_names(types: &Value) -> String {
    let names: Vec<&str> = match types {
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        name => name.as_str().into_iter().collect(),
    };
    names.into_iter().map(capitalised).collect::<Vec<_>>().join(" or ")
}

fn capitalised(name: &str) -> String {
    let mut characters = name.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    let name: String = first.into_iter().chain(characters).collect();
    if name == "Array" {
        "JSONArray".to_owned()
    } else if name == "Object" {
        "JSONObject".to_owned()
    } else {
        name
    }
}

fn kind(value: &Value) -> String {
    capitalised(kind_name(value))
}

fn kind_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn show(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
