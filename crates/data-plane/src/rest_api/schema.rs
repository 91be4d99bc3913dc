//! Models: JSON schemas, draft 4. The maintained validators take 30 to 50 CPU-seconds to build and bring some fifty
//! crates, for drafts that API Gateway does not know; draft 4 itself is small.
//! <https://json-schema.org/draft-04/draft-fge-json-schema-validation-00>

use std::collections::{BTreeMap, HashMap};

use fancy_regex::Regex;
use serde_json::Value;

/// How deep `$ref`s and sub-schemas may nest while validating.
const DEEPEST: usize = 64;
/// Annotations, which say nothing about validity. API Gateway does not check formats either.
const ANNOTATIONS: [&str; 9] =
    ["$schema", "id", "title", "description", "default", "format", "definitions", "example", "readOnly"];
const KEYWORDS: [&str; 27] = [
    "$ref",
    "type",
    "enum",
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "properties",
    "patternProperties",
    "additionalProperties",
    "required",
    "minProperties",
    "maxProperties",
    "dependencies",
    "items",
    "additionalItems",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "pattern",
];

/// The models of an API, their patterns compiled.
#[derive(Debug, Default)]
pub(super) struct Schemas {
    models: BTreeMap<String, Value>,
    patterns: HashMap<String, Regex>,
}

impl Schemas {
    /// Checks and prepares the models.
    pub(super) fn new(models: &BTreeMap<String, Value>) -> Result<Self, (String, String)> {
        let mut schemas = Self { models: models.clone(), patterns: HashMap::new() };
        for (name, model) in models {
            schemas.prepare(model).map_err(|reason| (name.clone(), reason))?;
        }
        Ok(schemas)
    }

    fn prepare(&mut self, schema: &Value) -> Result<(), String> {
        let Some(object) = schema.as_object() else { return Ok(()) };
        for (keyword, value) in object {
            match keyword.as_str() {
                "pattern" => self.compile(value.as_str().unwrap_or_default())?,
                "patternProperties" => {
                    for (pattern, schema) in value.as_object().into_iter().flatten() {
                        self.compile(pattern)?;
                        self.prepare(schema)?;
                    }
                }
                "properties" | "definitions" | "dependencies" => {
                    value
                        .as_object()
                        .into_iter()
                        .flatten()
                        .try_for_each(|(_, schema)| self.prepare(schema))?;
                }
                "allOf" | "anyOf" | "oneOf" => {
                    value.as_array().into_iter().flatten().try_for_each(|schema| self.prepare(schema))?;
                }
                "items" | "additionalItems" | "additionalProperties" | "not" => match value {
                    Value::Array(schemas) => schemas.iter().try_for_each(|schema| self.prepare(schema))?,
                    schema => self.prepare(schema)?,
                },
                other
                    if KEYWORDS.contains(&other)
                        || ANNOTATIONS.contains(&other)
                        || other.starts_with("x-") => {}
                other => return Err(format!("\"{other}\" is not a keyword of JSON schema draft 4")),
            }
        }
        Ok(())
    }

    fn compile(&mut self, pattern: &str) -> Result<(), String> {
        let regex = Regex::new(pattern).map_err(|error| format!("pattern \"{pattern}\": {error}"))?;
        self.patterns.insert(pattern.to_owned(), regex);
        Ok(())
    }

    /// What is wrong with `value`, as the model `name` sees it; empty when nothing is.
    pub(super) fn validate(&self, name: &str, value: &Value) -> Vec<String> {
        let mut problems = Vec::new();
        if let Some(model) = self.models.get(name) {
            let mut check = Check { schemas: self, root: model, depth: 0, problems: &mut problems };
            check.value(model, value);
        }
        problems
    }
}

struct Check<'a, 'p> {
    schemas: &'a Schemas,
    /// Where `#/…` begins.
    root: &'a Value,
    depth: usize,
    problems: &'p mut Vec<String>,
}

impl<'a> Check<'a, '_> {
    fn value(&mut self, schema: &'a Value, value: &Value) {
        let Some(keywords) = schema.as_object() else { return };
        if self.depth >= DEEPEST {
            self.problems.push("the schema nests too deeply".to_owned());
            return;
        }
        self.depth += 1;
        if let Some(target) = keywords.get("$ref").and_then(Value::as_str) {
            self.reference(target, value);
        } else {
            self.general(schema, value);
            match value {
                Value::Object(object) => self.object(schema, object),
                Value::Array(items) => self.array(schema, items),
                Value::String(text) => self.string(schema, text),
                Value::Number(number) => self.number(schema, number),
                Value::Null | Value::Bool(_) => {}
            }
        }
        self.depth -= 1;
    }

    /// `#/definitions/x`, or `https://apigateway.amazonaws.com/restapis/{id}/models/{name}`.
    fn reference(&mut self, target: &str, value: &Value) {
        if let Some(pointer) = target.strip_prefix('#') {
            match self.root.pointer(pointer) {
                Some(schema) => self.value(schema, value),
                None => self.problems.push(format!("$ref \"{target}\" leads nowhere")),
            }
            return;
        }
        let name = target.rsplit('/').next().unwrap_or_default();
        let Some(model) = self.schemas.models.get(name) else {
            self.problems.push(format!("$ref \"{target}\" names no model of this API"));
            return;
        };
        let root = std::mem::replace(&mut self.root, model);
        self.value(model, value);
        self.root = root;
    }

    /// Whether `value` fits, without noting why not.
    fn fits(&mut self, schema: &'a Value, value: &Value) -> bool {
        let mut problems = Vec::new();
        let mut check =
            Check { schemas: self.schemas, root: self.root, depth: self.depth, problems: &mut problems };
        check.value(schema, value);
        problems.is_empty()
    }

    fn general(&mut self, schema: &'a Value, value: &Value) {
        let allowed: Vec<&str> = match &schema["type"] {
            Value::String(one) => vec![one],
            Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let found = type_of(value);
        let fits = |wanted: &&str| *wanted == found || *wanted == "number" && found == "integer";
        if !allowed.is_empty() && !allowed.iter().any(fits) {
            self.problems.push(format!(
                "instance type ({found}) does not match any allowed primitive type (allowed: {})",
                list(allowed.iter())
            ));
        }
        if let Some(values) = schema["enum"].as_array()
            && !values.iter().any(|one| equal(one, value))
        {
            self.problems.push(format!("instance value ({value}) not found in enum"));
        }
        for one in schema["allOf"].as_array().into_iter().flatten() {
            self.value(one, value);
        }
        if let Some(any) = schema["anyOf"].as_array()
            && !any.iter().any(|one| self.fits(one, value))
        {
            self.problems.push("instance failed to match at least one required schema".to_owned());
        }
        if let Some(one_of) = schema["oneOf"].as_array() {
            let matching = one_of.iter().filter(|one| self.fits(one, value)).count();
            if matching != 1 {
                self.problems.push(format!(
                    "instance failed to match exactly one schema (matched {matching} out of {})",
                    one_of.len()
                ));
            }
        }
        if let Some(not) = schema.get("not")
            && self.fits(not, value)
        {
            self.problems.push("instance matched a schema which it should not have".to_owned());
        }
    }

    fn object(&mut self, schema: &'a Value, object: &serde_json::Map<String, Value>) {
        let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let missing: Vec<&str> = required.filter(|name| !object.contains_key(*name)).collect();
        if !missing.is_empty() {
            self.problems.push(format!("object has missing required properties ({})", list(missing.iter())));
        }
        self.count(schema, ("minProperties", "maxProperties"), object.len(), "object has");
        for (name, dependency) in schema["dependencies"].as_object().into_iter().flatten() {
            if !object.contains_key(name) {
                continue;
            }
            match dependency.as_array() {
                Some(names) => {
                    let missing =
                        names.iter().filter_map(Value::as_str).any(|other| !object.contains_key(other));
                    if missing {
                        self.problems.push(format!("property \"{name}\" has missing property dependencies"));
                    }
                }
                None => self.value(dependency, &Value::Object(object.clone())),
            }
        }
        for (name, value) in object {
            let mut known = false;
            if let Some(property) = schema["properties"].get(name) {
                known = true;
                self.value(property, value);
            }
            for (pattern, property) in schema["patternProperties"].as_object().into_iter().flatten() {
                if self.matches(pattern, name) {
                    known = true;
                    self.value(property, value);
                }
            }
            match schema.get("additionalProperties") {
                Some(Value::Bool(false)) if !known => self.problems.push(format!(
                    "object instance has properties which are not allowed by the schema: [\"{name}\"]"
                )),
                Some(additional) if !known => self.value(additional, value),
                _ => {}
            }
        }
    }

    fn array(&mut self, schema: &'a Value, items: &[Value]) {
        self.count(schema, ("minItems", "maxItems"), items.len(), "array has");
        if schema["uniqueItems"] == true {
            let repeated =
                items.iter().enumerate().any(|(at, one)| items[..at].iter().any(|other| equal(one, other)));
            if repeated {
                self.problems.push("array must not contain duplicate elements".to_owned());
            }
        }
        match &schema["items"] {
            Value::Array(places) => {
                for (place, item) in items.iter().enumerate() {
                    match (places.get(place), schema.get("additionalItems")) {
                        (Some(schema), _) => self.value(schema, item),
                        (None, Some(Value::Bool(false))) => {
                            self.problems.push(format!("array has more than {} elements", places.len()));
                        }
                        (None, Some(additional)) => self.value(additional, item),
                        (None, None) => {}
                    }
                }
            }
            schema @ Value::Object(_) => items.iter().for_each(|item| self.value(schema, item)),
            _ => {}
        }
    }

    fn string(&mut self, schema: &Value, text: &str) {
        self.count(schema, ("minLength", "maxLength"), text.chars().count(), "string has");
        if let Some(pattern) = schema["pattern"].as_str()
            && !self.matches(pattern, text)
        {
            self.problems
                .push(format!("ECMA 262 regex \"{pattern}\" does not match input string \"{text}\""));
        }
    }

    fn number(&mut self, schema: &Value, number: &serde_json::Number) {
        let value = number.as_f64().unwrap_or_default();
        if let Some(minimum) = schema["minimum"].as_f64() {
            let exclusive = schema["exclusiveMinimum"] == true;
            if value < minimum || exclusive && value <= minimum {
                self.problems.push(format!("numeric instance is lower than the required minimum (minimum: {minimum}, found: {number})"));
            }
        }
        if let Some(maximum) = schema["maximum"].as_f64() {
            let exclusive = schema["exclusiveMaximum"] == true;
            if value > maximum || exclusive && value >= maximum {
                self.problems.push(format!("numeric instance is greater than the required maximum (maximum: {maximum}, found: {number})"));
            }
        }
        if let Some(factor) = schema["multipleOf"].as_f64().filter(|factor| *factor > 0.0) {
            let quotient = value / factor;
            if (quotient - quotient.round()).abs() > 1e-9 * quotient.abs().max(1.0) {
                self.problems.push(format!("remainder of division is not zero ({number} / {factor})"));
            }
        }
    }

    fn count(&mut self, schema: &Value, (least, most): (&str, &str), found: usize, what: &str) {
        let found = found as u64;
        if let Some(limit) = schema[least].as_u64().filter(|limit| found < *limit) {
            self.problems.push(format!("{what} {found}, {least} is {limit}"));
        }
        if let Some(limit) = schema[most].as_u64().filter(|limit| found > *limit) {
            self.problems.push(format!("{what} {found}, {most} is {limit}"));
        }
    }

    fn matches(&self, pattern: &str, text: &str) -> bool {
        // A pattern that runs out of its backtracking limit does not match.
        self.schemas.patterns.get(pattern).is_none_or(|regex| regex.is_match(text).unwrap_or(false))
    }
}

fn type_of(value: &Value) -> &'static str {
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

/// JSON equality: 1 and 1.0 are the same number.
fn equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        _ => one == other,
    }
}

fn list<'a>(names: impl Iterator<Item = &'a &'a str>) -> String {
    let quoted: Vec<String> = names.map(|name| format!("\"{name}\"")).collect();
    format!("[{}]", quoted.join(","))
}

#[cfg(test)]
mod tests;
