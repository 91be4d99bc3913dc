//! What a schema document itself must obey.

use serde_json::Value;

use super::{Schema, SchemaError};

const TOP: [&str; 20] = [
    "$schema",
    "additionalProperties",
    "conditionalCreateOnlyProperties",
    "createOnlyProperties",
    "definitions",
    "deprecatedProperties",
    "description",
    "handlers",
    "oneOf",
    "anyOf",
    "primaryIdentifier",
    "additionalIdentifiers",
    "properties",
    "readOnlyProperties",
    "replacementStrategy",
    "required",
    "sourceUrl",
    "tagging",
    "typeName",
    "writeOnlyProperties",
];
const KEYWORDS: [&str; 26] = [
    "$comment",
    "$ref",
    "additionalProperties",
    "anyOf",
    "arrayType",
    "const",
    "default",
    "description",
    "enum",
    "examples",
    "format",
    "insertionOrder",
    "items",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "oneOf",
    "pattern",
    "patternProperties",
    "properties",
    "required",
];
const MORE_KEYWORDS: [&str; 4] = ["title", "type", "uniqueItems", "relationshipRef"];
const TYPES: [&str; 7] = ["string", "integer", "number", "boolean", "array", "object", "null"];

pub(super) fn check(schema: &Schema) -> Result<(), SchemaError> {
    let Some(document) = schema.document.as_object() else { return Err(SchemaError::Missing("properties")) };
    if let Some(key) = document.keys().find(|key| !TOP.contains(&key.as_str())) {
        return Err(invalid(schema, format!("the unknown key {key}"), "#"));
    }
    for section in ["properties", "definitions"] {
        let Some(definitions) = document.get(section).and_then(Value::as_object) else { continue };
        for (name, definition) in definitions {
            check_node(schema, definition, &format!("/{section}/{name}"))?;
        }
    }
    for section in ["oneOf", "anyOf"] {
        for branch in document.get(section).and_then(Value::as_array).into_iter().flatten() {
            check_node(schema, branch, &format!("/{section}"))?;
        }
    }
    for name in document.get("required").and_then(Value::as_array).into_iter().flatten() {
        if name.as_str().is_none_or(|name| schema.properties().is_none_or(|known| !known.contains_key(name)))
        {
            return Err(invalid(
                schema,
                format!("the required property {name} without definition"),
                "/required",
            ));
        }
    }
    for list in ["createOnlyProperties", "readOnlyProperties", "writeOnlyProperties"] {
        for pointer in document.get(list).and_then(Value::as_array).into_iter().flatten() {
            let name = pointer.as_str().and_then(|pointer| pointer.strip_prefix("/properties/"));
            let first = name.and_then(|name| name.split('/').next());
            if first.is_none_or(|first| schema.properties().is_none_or(|known| !known.contains_key(first))) {
                return Err(invalid(
                    schema,
                    format!("the pointer {pointer} to no property"),
                    &format!("/{list}"),
                ));
            }
        }
    }
    Ok(())
}

fn check_node(schema: &Schema, node: &Value, place: &str) -> Result<(), SchemaError> {
    let Some(object) = node.as_object() else {
        return if node.is_boolean() {
            Ok(())
        } else {
            Err(invalid(schema, "something that is no definition".to_owned(), place))
        };
    };
    for (key, value) in object {
        let inner = format!("{place}/{key}");
        match key.as_str() {
            "$ref" => {
                let target = value.as_str().and_then(|target| target.strip_prefix('#'));
                if target.is_none_or(|target| schema.document.pointer(target).is_none()) {
                    return Err(invalid(schema, format!("the reference {value} to nothing"), place));
                }
            }
            "type" => {
                let names: Vec<&Value> =
                    value.as_array().map_or_else(|| vec![value], |list| list.iter().collect());
                if let Some(wrong) =
                    names.iter().find(|name| !name.as_str().is_some_and(|name| TYPES.contains(&name)))
                {
                    return Err(invalid(schema, format!("the unknown type {wrong}"), place));
                }
            }
            "pattern" => check_pattern(schema, value.as_str().unwrap_or_default(), place)?,
            "properties" | "patternProperties" => {
                for (name, definition) in value.as_object().into_iter().flatten() {
                    check_node(schema, definition, &format!("{inner}/{name}"))?;
                    if key == "patternProperties" {
                        check_pattern(schema, name, place)?;
                    }
                }
            }
            "items" | "additionalProperties" => check_node(schema, value, &inner)?,
            "oneOf" | "anyOf" => {
                for branch in value.as_array().into_iter().flatten() {
                    check_node(schema, branch, &inner)?;
                }
            }
            key if KEYWORDS.contains(&key) || MORE_KEYWORDS.contains(&key) => {}
            key => return Err(invalid(schema, format!("the unknown keyword {key}"), place)),
        }
    }
    Ok(())
}

fn check_pattern(schema: &Schema, pattern: &str, place: &str) -> Result<(), SchemaError> {
    match fancy_regex::Regex::new(pattern) {
        Ok(_) => Ok(()),
        Err(error) => Err(invalid(schema, format!("a pattern that cannot be read ({error})"), place)),
    }
}

fn invalid(schema: &Schema, what: String, place: &str) -> SchemaError {
    SchemaError::Invalid { type_name: schema.type_name.clone(), what, place: place.to_owned() }
}
