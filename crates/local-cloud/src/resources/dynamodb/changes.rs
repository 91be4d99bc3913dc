//! The calls of `UpdateTable` that lead from one table to another.

use cloudformation::handler::Failure;
use serde_json::{Value, json};

use super::table::TableProperties;
use crate::resources::kind::{Code, failed};

/// The bodies of `UpdateTable`, without the table's name, in the order in which they must be sent. DynamoDB refuses what
/// changes nothing, so that only differences are asked for.
pub(super) fn between(before: &TableProperties, after: &TableProperties) -> Result<Vec<Value>, Failure> {
    if before.sse_specification != after.sse_specification {
        return Err(failed(
            Code::InvalidRequest,
            "SSESpecification of a table cannot be changed on this cloud, which encrypts nothing; give the table another name to replace it",
        ));
    }
    attributes(before, after)?;
    let mut calls = Vec::new();
    calls.extend(capacity(before, after));
    if before.on_demand_throughput != after.on_demand_throughput
        && let Some(throughput) = &after.on_demand_throughput
    {
        calls.push(json!({"OnDemandThroughput": throughput}));
    }
    if before.deletion_protection_enabled != after.deletion_protection_enabled {
        calls.push(json!({"DeletionProtectionEnabled": after.deletion_protection_enabled}));
    }
    if before.table_class != after.table_class {
        calls.push(json!({"TableClass": after.table_class.as_deref().unwrap_or("STANDARD")}));
    }
    if before.stream_specification != after.stream_specification {
        if before.stream_specification.is_some() {
            calls.push(json!({"StreamSpecification": {"StreamEnabled": false}}));
        }
        if let Some(stream) = &after.stream_specification {
            calls.push(json!({"StreamSpecification": enabled_stream(stream)}));
        }
    }
    calls.extend(indexes(before, after)?);
    Ok(calls)
}

/// The template says only what a stream shows; the API wants to hear that there is one.
pub(super) fn enabled_stream(given: &Value) -> Value {
    json!({"StreamEnabled": true, "StreamViewType": given["StreamViewType"]})
}

fn attributes(before: &TableProperties, after: &TableProperties) -> Result<(), Failure> {
    let list = |properties: &TableProperties| {
        properties.attribute_definitions.as_array().cloned().unwrap_or_default()
    };
    let now = list(after);
    let changed = list(before).into_iter().find(|old| {
        now.iter().any(|new| {
            new["AttributeName"] == old["AttributeName"] && new["AttributeType"] != old["AttributeType"]
        })
    });
    match changed {
        Some(attribute) => Err(failed(
            Code::InvalidRequest,
            format!(
                "the type of attribute {} cannot change in place; give the table another name to replace it",
                attribute["AttributeName"]
            ),
        )),
        None => Ok(()),
    }
}

fn capacity(before: &TableProperties, after: &TableProperties) -> Option<Value> {
    let mode_changes = before.billing_mode() != after.billing_mode();
    let mut call = json!({});
    if mode_changes {
        call["BillingMode"] = json!(after.billing_mode());
    }
    let units_change = before.provisioned_throughput != after.provisioned_throughput;
    if (mode_changes || units_change)
        && after.billing_mode() == "PROVISIONED"
        && let Some(units) = &after.provisioned_throughput
    {
        call["ProvisionedThroughput"] = units.clone();
    }
    (call != json!({})).then_some(call)
}

/// One index may be made or deleted in an update of a stack; of those that stay, only the throughput can change.
///
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html>
fn indexes(before: &TableProperties, after: &TableProperties) -> Result<Vec<Value>, Failure> {
    let (old, new) = (&before.global_secondary_indexes, &after.global_secondary_indexes);
    let among =
        |list: &[Value], index: &Value| list.iter().any(|other| other["IndexName"] == index["IndexName"]);
    let made: Vec<&Value> = new.iter().filter(|index| !among(old, index)).collect();
    let gone: Vec<&Value> = old.iter().filter(|index| !among(new, index)).collect();
    if made.len() + gone.len() > 1 {
        let message = "Cannot perform more than one GSI creation or deletion in a single update";
        return Err(failed(Code::InvalidRequest, message));
    }
    let mut calls = Vec::new();
    for index in new {
        let Some(previous) = old.iter().find(|other| other["IndexName"] == index["IndexName"]) else {
            continue;
        };
        if previous["KeySchema"] != index["KeySchema"] || previous["Projection"] != index["Projection"] {
            let message = "Cannot update GSI's properties other than Provisioned Throughput and Contributor Insights Specification. You can create a new GSI with a different name.";
            return Err(failed(Code::InvalidRequest, message));
        }
        if previous["ProvisionedThroughput"] != index["ProvisionedThroughput"]
            && after.billing_mode() == "PROVISIONED"
        {
            let update = json!({"IndexName": index["IndexName"], "ProvisionedThroughput": index["ProvisionedThroughput"]});
            calls.push(json!({"GlobalSecondaryIndexUpdates": [{"Update": update}]}));
        }
    }
    for index in gone {
        let delete = json!({"Delete": {"IndexName": index["IndexName"]}});
        calls.push(json!({"GlobalSecondaryIndexUpdates": [delete]}));
    }
    for index in made {
        let create = json!({"Create": index});
        let definitions = &after.attribute_definitions;
        calls.push(json!({"AttributeDefinitions": definitions, "GlobalSecondaryIndexUpdates": [create]}));
    }
    Ok(calls)
}
