//! The `Outputs` section.

use indexmap::IndexMap;
use serde_json::Value;

use super::shape::{alphanumeric, format_error, known_keys, limit, section};
use super::{MAX_OUTPUTS, TemplateError};

/// One output of a template, not evaluated.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    pub name: String,
    /// An expression that gives a text.
    pub value: Value,
    pub description: Option<String>,
    /// An expression that gives the name of the export.
    pub export: Option<Value>,
    /// The condition that decides whether the output exists.
    pub condition: Option<String>,
}

pub(super) fn read_all(outputs: Option<&Value>) -> Result<IndexMap<String, Output>, TemplateError> {
    let mut read = IndexMap::new();
    let Some(outputs) = section(outputs, "Outputs")? else { return Ok(read) };
    limit(outputs.len(), MAX_OUTPUTS, "outputs")?;
    for (name, output) in outputs {
        alphanumeric(name, "Output")?;
        read.insert(name.clone(), read_one(name, output)?);
    }
    Ok(read)
}

fn read_one(name: &str, output: &Value) -> Result<Output, TemplateError> {
    let path = format!("/Outputs/{name}");
    let Some(object) = output.as_object() else {
        return Err(format_error(format!("[{path}] Every Outputs member must be an object")));
    };
    known_keys(object, &["Value", "Description", "Export", "Condition"], "outputs", &path)?;
    let Some(value) = object.get("Value").filter(|value| !value.is_null()) else {
        return Err(format_error(format!("[{path}] Every Outputs member must contain a Value object")));
    };
    let text = |key: &str| match object.get(key) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(format_error(format!("[{path}] Every {key} member must be a string."))),
    };
    let export =
        match object.get("Export") {
            None => None,
            Some(Value::Object(export)) => {
                known_keys(export, &["Name"], "outputs", &format!("{path}/Export"))?;
                let name = export.get("Name").cloned();
                Some(name.ok_or_else(|| {
                    format_error(format!("[{path}] Every Export member must contain a Name"))
                })?)
            }
            Some(_) => return Err(format_error(format!("[{path}] Every Export member must be an object"))),
        };
    Ok(Output {
        name: name.to_owned(),
        value: value.clone(),
        description: text("Description")?,
        export,
        condition: text("Condition")?,
    })
}
