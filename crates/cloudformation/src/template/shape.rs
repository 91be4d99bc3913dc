//! Which sections a template may have, and the shape each of them must have.

use serde_json::{Map, Value};

use super::{MAX_MAPPINGS, TemplateError};

const SECTIONS: [&str; 11] = [
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Rules",
    "Mappings",
    "Conditions",
    "Transform",
    "Resources",
    "Outputs",
    "Hooks",
];
const MAX_DESCRIPTION: usize = 1024;

/// The sections of a document.
pub(super) struct Sections<'d>(&'d Map<String, Value>);

impl<'d> Sections<'d> {
    pub(super) fn of(document: &'d Value) -> Result<Self, TemplateError> {
        let Some(sections) = document.as_object() else {
            return Err(format_error("unsupported structure."));
        };
        let unknown: Vec<String> =
            sections.keys().filter(|key| !SECTIONS.contains(&key.as_str())).cloned().collect();
        if !unknown.is_empty() {
            return Err(TemplateError::UnknownSections(unknown));
        }
        let sections = Self(sections);
        sections.check_head()?;
        sections.check_mappings()?;
        sections.check_conditions()?;
        if sections.get("Resources").and_then(Value::as_object).is_none_or(Map::is_empty) {
            return Err(format_error("At least one Resources member must be defined."));
        }
        Ok(sections)
    }

    pub(super) fn get(&self, name: &str) -> Option<&'d Value> {
        self.0.get(name)
    }

    pub(super) fn language_extensions(&self) -> bool {
        match self.get("Transform") {
            Some(Value::String(name)) => name == "AWS::LanguageExtensions",
            Some(Value::Array(names)) => names.iter().any(|name| name == "AWS::LanguageExtensions"),
            _ => false,
        }
    }

    fn check_head(&self) -> Result<(), TemplateError> {
        match self.get("AWSTemplateFormatVersion") {
            None => {}
            Some(Value::String(version)) if version == "2010-09-09" => {}
            Some(other) => {
                let version = other.as_str().map_or_else(|| other.to_string(), str::to_owned);
                return Err(format_error(format!(
                    "{version} is not a supported value for AWSTemplateFormatVersion, use 2010-09-09."
                )));
            }
        }
        match self.get("Description") {
            None => {}
            Some(Value::String(text)) if text.len() <= MAX_DESCRIPTION => {}
            Some(Value::String(_)) => {
                return Err(format_error(format!("'Description' length is greater than {MAX_DESCRIPTION}.")));
            }
            Some(_) => return Err(format_error("Every Description member must be a string.")),
        }
        if self.get("Metadata").is_some_and(|metadata| !metadata.is_object()) {
            return Err(format_error("Metadata must be a map."));
        }
        if self.get("Hooks").is_some() {
            return Err(format_error("Hooks are not supported here; remove the section."));
        }
        self.check_transform()
    }

    fn check_transform(&self) -> Result<(), TemplateError> {
        let names = match self.get("Transform") {
            None => return Ok(()),
            Some(Value::Array(names)) => names.iter().collect(),
            Some(name) => vec![name],
        };
        for name in names {
            if name != "AWS::LanguageExtensions" {
                let name = name.as_str().map_or_else(|| name.to_string(), str::to_owned);
                return Err(format_error(format!(
                    "No transform named {name} found. Only AWS::LanguageExtensions is supported here."
                )));
            }
        }
        Ok(())
    }

    fn check_mappings(&self) -> Result<(), TemplateError> {
        let Some(mappings) = section(self.get("Mappings"), "Mappings")? else { return Ok(()) };
        limit(mappings.len(), MAX_MAPPINGS, "mappings")?;
        for (name, mapping) in mappings {
            alphanumeric(name, "Mappings")?;
            let Some(keys) = mapping.as_object() else {
                return Err(format_error(format!("Every Mappings member {name} must be a map")));
            };
            for (key, attributes) in keys {
                let Some(attributes) = attributes.as_object() else {
                    return Err(format_error(format!(
                        "[/Mappings/{name}/{key}] Every Mappings attribute must be a map"
                    )));
                };
                for (attribute, value) in attributes {
                    let simple = match value {
                        Value::Array(items) => items.iter().all(|item| !item.is_array() && !item.is_object()),
                        Value::Object(_) | Value::Null => false,
                        _ => true,
                    };
                    if !simple {
                        return Err(format_error(format!(
                            "[/Mappings/{name}/{key}/{attribute}] Every Mappings attribute must be a String or a List."
                        )));
                    }
                }
            }
        }
        Ok(())
    }

    fn check_conditions(&self) -> Result<(), TemplateError> {
        let Some(conditions) = section(self.get("Conditions"), "Conditions")? else { return Ok(()) };
        for (name, condition) in conditions {
            alphanumeric(name, "Condition")?;
            if condition.as_object().is_none_or(|function| function.len() != 1) {
                return Err(format_error(format!(
                    "[/Conditions/{name}] Every Conditions member must be one condition function"
                )));
            }
        }
        Ok(())
    }
}

/// A section as a map, refused where it is something else.
pub(super) fn section<'d>(
    value: Option<&'d Value>,
    name: &str,
) -> Result<Option<&'d Map<String, Value>>, TemplateError> {
    match value {
        None => Ok(None),
        Some(Value::Object(map)) => Ok(Some(map)),
        Some(_) => Err(format_error(format!("{name} section must be a map of names to objects."))),
    }
}

/// Logical names are letters and digits.
pub(super) fn alphanumeric(name: &str, section: &str) -> Result<(), TemplateError> {
    if !name.is_empty() && name.len() <= 255 && name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Ok(());
    }
    Err(format_error(format!("{section} name {name} is non alphanumeric.")))
}

pub(super) fn limit(count: usize, max: usize, what: &str) -> Result<(), TemplateError> {
    if count > max {
        return Err(format_error(format!(
            "Number of {what}, {count}, is greater than maximum allowed, {max}"
        )));
    }
    Ok(())
}

pub(super) fn format_error(message: impl Into<String>) -> TemplateError {
    TemplateError::Format(message.into())
}

/// Refuses a key that the object at `path` may not have.
pub(super) fn known_keys(
    object: &Map<String, Value>,
    allowed: &[&str],
    section: &'static str,
    path: &str,
) -> Result<(), TemplateError> {
    match object.keys().find(|key| !allowed.contains(&key.as_str())) {
        None => Ok(()),
        Some(key) => Err(TemplateError::UnknownKey { section, key: key.clone(), path: path.to_owned() }),
    }
}

/// A scalar as the text that CloudFormation makes of it; `None` for lists and maps.
pub(crate) fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}
