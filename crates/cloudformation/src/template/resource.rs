//! The `Resources` section.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::shape::{alphanumeric, format_error, known_keys, limit, section};
use super::{MAX_RESOURCES, TemplateError, creation_policy};
use crate::signals::CreationPolicy;

/// What happens to a physical resource when its stack no longer has it.
///
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html>
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeletionPolicy {
    #[default]
    Delete,
    Retain,
    /// As `Delete` where the resource's creation is rolled back, else as `Retain`.
    RetainExceptOnCreate,
    Snapshot,
}

impl DeletionPolicy {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "Delete" => Self::Delete,
            "Retain" => Self::Retain,
            "RetainExceptOnCreate" => Self::RetainExceptOnCreate,
            "Snapshot" => Self::Snapshot,
            _ => return None,
        })
    }
}

/// One resource of a template, its expressions not evaluated.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceDefinition {
    pub logical_id: String,
    /// `AWS::SNS::Topic`
    pub type_name: String,
    /// An object of properties, each an expression.
    pub properties: Map<String, Value>,
    pub depends_on: Vec<String>,
    pub condition: Option<String>,
    pub metadata: Value,
    pub deletion_policy: DeletionPolicy,
    pub update_replace_policy: DeletionPolicy,
    /// What it waits for before it counts as created.
    pub creation_policy: Option<CreationPolicy>,
}

/// Types whose deletion policy may be `Snapshot`.
const SNAPSHOT_TYPES: [&str; 7] = [
    "AWS::DocDB::DBCluster",
    "AWS::EC2::Volume",
    "AWS::ElastiCache::CacheCluster",
    "AWS::Neptune::DBCluster",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::Redshift::Cluster",
];

const KEYS: [&str; 9] = [
    "Type",
    "Properties",
    "DependsOn",
    "Condition",
    "Metadata",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "CreationPolicy",
    "UpdatePolicy",
];

pub(super) fn read_all(
    resources: Option<&Value>,
) -> Result<IndexMap<String, ResourceDefinition>, TemplateError> {
    let mut read = IndexMap::new();
    let Some(resources) = section(resources, "Resources")? else { return Ok(read) };
    limit(resources.len(), MAX_RESOURCES, "resources")?;
    for (name, resource) in resources {
        if name.starts_with("Fn::ForEach") {
            return Err(format_error(format!("[/Resources/{name}] Fn::ForEach is not supported here")));
        }
        alphanumeric(name, "Resource")?;
        read.insert(name.clone(), read_one(name, resource)?);
    }
    Ok(read)
}

fn read_one(name: &str, resource: &Value) -> Result<ResourceDefinition, TemplateError> {
    let path = format!("/Resources/{name}");
    let Some(object) = resource.as_object() else {
        return Err(format_error(format!("[{path}] resource definition is malformed")));
    };
    known_keys(object, &KEYS, "resource", &path)?;
    let Some(type_name) = object.get("Type").and_then(Value::as_str) else {
        return Err(format_error(format!("[{path}] Every Resources object must contain a Type member.")));
    };
    if object.contains_key("UpdatePolicy") {
        return Err(format_error(format!(
            "[{path}] UpdatePolicy is not supported for {type_name}; remove it."
        )));
    }
    let properties = match object.get("Properties") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(properties)) => properties.clone(),
        Some(_) => return Err(format_error(format!("[{path}/Properties] Properties must be an object."))),
    };
    if object.get("Metadata").is_some_and(|metadata| !metadata.is_object()) {
        return Err(format_error(format!("[{path}/Metadata] Metadata must be a map.")));
    }
    let condition = match object.get("Condition") {
        None => None,
        Some(Value::String(condition)) => Some(condition.clone()),
        Some(_) => return Err(format_error(format!("[{path}] Every Condition member must be a string."))),
    };
    let policy = |key| read_policy(object, key, type_name, &path);
    Ok(ResourceDefinition {
        logical_id: name.to_owned(),
        type_name: type_name.to_owned(),
        properties,
        depends_on: read_dependencies(object.get("DependsOn"), &path)?,
        condition,
        metadata: object.get("Metadata").cloned().unwrap_or(Value::Null),
        deletion_policy: policy("DeletionPolicy")?,
        update_replace_policy: policy("UpdateReplacePolicy")?,
        creation_policy: creation_policy::read(object.get("CreationPolicy"), type_name, &path)?,
    })
}

fn read_dependencies(value: Option<&Value>, path: &str) -> Result<Vec<String>, TemplateError> {
    let wrong = || format_error(format!("[{path}] DependsOn must be a string or a list of strings."));
    match value {
        None => Ok(Vec::new()),
        Some(Value::String(one)) => Ok(vec![one.clone()]),
        Some(Value::Array(many)) => {
            many.iter().map(|one| one.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
        }
        Some(_) => Err(wrong()),
    }
}

fn read_policy(
    object: &Map<String, Value>,
    key: &str,
    type_name: &str,
    path: &str,
) -> Result<DeletionPolicy, TemplateError> {
    let Some(value) = object.get(key) else { return Ok(DeletionPolicy::Delete) };
    let policy = value.as_str().and_then(DeletionPolicy::parse);
    match policy {
        Some(DeletionPolicy::RetainExceptOnCreate) if key == "UpdateReplacePolicy" => {}
        Some(DeletionPolicy::Snapshot) if !SNAPSHOT_TYPES.contains(&type_name) => {
            return Err(format_error(format!(
                "[{path}] {key} Snapshot is not supported for {type_name}; use Delete or Retain."
            )));
        }
        Some(policy) => return Ok(policy),
        None => {}
    }
    let given = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    Err(format_error(format!(
        "[{path}] Unrecognized {key} {given} for resource; allowed are Delete, Retain, RetainExceptOnCreate (DeletionPolicy only), Snapshot"
    )))
}
