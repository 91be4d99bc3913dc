//! The shape of a resource type, in the vocabulary of CloudFormation's resource provider schemas.
//!
//! <https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html>

mod rules;
mod validation;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// One resource type's schema; see [`Schema::parse`].
#[derive(Clone, Debug)]
pub struct Schema {
    /// `AWS::SNS::Topic`
    pub type_name: String,
    /// The document: `properties`, `required`, `definitions`, `createOnlyProperties`, `readOnlyProperties`.
    pub document: Value,
}

/// Why a document is no schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    #[error("the schema is neither YAML nor JSON: {0}")]
    NotWellFormed(String),
    #[error("the schema has no {0}")]
    Missing(&'static str),
    #[error("{type_name}: the schema has {what} at {place}")]
    Invalid { type_name: String, what: String, place: String },
}

impl Schema {
    /// Reads a schema in YAML or JSON. Keywords that would ask for a check which this engine does not make, references to definitions that do not
    /// exist and pointers to properties that do not exist are refused, so that nothing is silently accepted.
    pub fn parse(text: &str) -> Result<Self, SchemaError> {
        let document: Value =
            serde_yaml_ng::from_str(text).map_err(|error| SchemaError::NotWellFormed(error.to_string()))?;
        let type_name =
            document.get("typeName").and_then(Value::as_str).ok_or(SchemaError::Missing("typeName"))?;
        let schema = Self { type_name: type_name.to_owned(), document };
        if schema.properties().is_none() {
            return Err(SchemaError::Missing("properties"));
        }
        rules::check(&schema)?;
        Ok(schema)
    }

    /// The definitions of the top-level properties.
    #[must_use]
    pub fn properties(&self) -> Option<&Map<String, Value>> {
        self.document.get("properties").and_then(Value::as_object)
    }

    /// The attributes that `Fn::GetAtt` may ask for: the read-only properties, nested ones with a dot.
    #[must_use]
    pub fn attributes(&self) -> BTreeSet<String> {
        self.pointers("readOnlyProperties").map(|path| path.replace('/', ".")).collect()
    }

    /// Whether `Fn::GetAtt` may ask for the attribute. An attribute that is an object admits what is below it.
    #[must_use]
    pub fn has_attribute(&self, name: &str) -> bool {
        self.pointers("readOnlyProperties").any(|path| {
            let path = path.replace('/', ".");
            name == path || name.strip_prefix(&path).is_some_and(|rest| rest.starts_with('.'))
        })
    }

    /// The create-only properties, as paths such as `Name` or `Config/Id`.
    pub fn create_only(&self) -> impl Iterator<Item = &str> {
        self.pointers("createOnlyProperties")
    }

    /// The create-only properties, of those that differ between two property objects.
    #[must_use]
    pub fn create_only_changes(
        &self,
        before: &Map<String, Value>,
        after: &Map<String, Value>,
    ) -> Vec<String> {
        let at = |properties: &Map<String, Value>, path: &str| {
            let mut names = path.split('/');
            let first = properties.get(names.next()?)?;
            names.try_fold(first, |value, name| value.get(name)).cloned()
        };
        self.create_only().filter(|path| at(before, path) != at(after, path)).map(str::to_owned).collect()
    }

    /// Whether changing the whole top-level property asks for a new resource.
    #[must_use]
    pub fn is_create_only(&self, property: &str) -> bool {
        self.create_only().any(|path| path == property)
    }

    /// Whether stack tags reach the resource: it has a property `Tags` and does not say `tagging: {taggable: false}`.
    #[must_use]
    pub fn is_taggable(&self) -> bool {
        let refused = self.document.pointer("/tagging/taggable").and_then(Value::as_bool) == Some(false);
        !refused && self.properties().is_some_and(|properties| properties.contains_key("Tags"))
    }

    fn pointers(&self, key: &str) -> impl Iterator<Item = &str> {
        let list = self.document.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        list.iter().filter_map(Value::as_str).filter_map(|pointer| pointer.strip_prefix("/properties/"))
    }
}
