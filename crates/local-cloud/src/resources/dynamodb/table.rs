use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::changes;
use crate::resources::kind::{Call, Code, ResourceType, Tag, exists, failed, resource};
use crate::services::dynamodb::DynamoDbError;

/// A table with its indexes.
///
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-dynamodb-table.html>
pub(in crate::resources) struct Table;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::resources) struct TableProperties {
    table_name: Option<String>,
    pub(super) attribute_definitions: Value,
    #[serde(default)]
    pub(super) global_secondary_indexes: Vec<Value>,
    pub(super) billing_mode: Option<String>,
    pub(super) provisioned_throughput: Option<Value>,
    pub(super) on_demand_throughput: Option<Value>,
    #[serde(rename = "SSESpecification")]
    pub(super) sse_specification: Option<Value>,
    point_in_time_recovery_specification: Option<PointInTimeRecovery>,
    time_to_live_specification: Option<TimeToLive>,
    pub(super) stream_specification: Option<Value>,
    #[serde(default)]
    pub(super) deletion_protection_enabled: bool,
    pub(super) table_class: Option<String>,
    key_schema: Value,
    local_secondary_indexes: Option<Value>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct PointInTimeRecovery {
    #[serde(default)]
    point_in_time_recovery_enabled: bool,
    recovery_period_in_days: Option<u32>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TimeToLive {
    attribute_name: Option<String>,
    enabled: bool,
}

impl TableProperties {
    /// The body of `CreateTable`.
    fn definition(&self, name: &str) -> Value {
        let mut body = json!({
            "TableName": name,
            "KeySchema": self.key_schema,
            "AttributeDefinitions": self.attribute_definitions,
            // The API's default is the same; the description says it only where it was given.
            "BillingMode": self.billing_mode(),
            "DeletionProtectionEnabled": self.deletion_protection_enabled,
        });
        let indexes =
            (!self.global_secondary_indexes.is_empty()).then(|| json!(self.global_secondary_indexes));
        let optional = [
            ("GlobalSecondaryIndexes", indexes),
            ("LocalSecondaryIndexes", self.local_secondary_indexes.clone()),
            ("ProvisionedThroughput", self.provisioned_throughput.clone()),
            ("OnDemandThroughput", self.on_demand_throughput.clone()),
            ("SSESpecification", self.sse_specification.as_ref().map(encryption)),
            ("StreamSpecification", self.stream_specification.as_ref().map(changes::enabled_stream)),
            ("TableClass", self.table_class.clone().map(Value::String)),
        ];
        for (member, value) in optional {
            if let Some(value) = value {
                body[member] = value;
            }
        }
        body
    }

    pub(super) fn billing_mode(&self) -> &str {
        self.billing_mode.as_deref().unwrap_or("PROVISIONED")
    }

    fn live_attribute(&self) -> Option<String> {
        self.time_to_live_specification.as_ref().filter(|ttl| ttl.enabled)?.attribute_name.clone()
    }
}

/// The template's `SSEEnabled` is the API's `Enabled`.
fn encryption(given: &Value) -> Value {
    let mut members = given.as_object().cloned().unwrap_or_default();
    if let Some(enabled) = members.remove("SSEEnabled") {
        members.insert("Enabled".to_owned(), enabled);
    }
    Value::Object(members)
}

impl Call<TableProperties> {
    /// Calls DynamoDB; the answer is the operation's in JSON.
    async fn dynamodb(&self, operation: &str, body: &Value) -> Result<Value, DynamoDbError> {
        let answer = self.services.dynamodb.execute(operation, body.to_string().into()).await?;
        serde_json::from_slice(&answer).map_err(DynamoDbError::internal)
    }

    async fn set_time_to_live(&self, name: &str, attribute: &str, enabled: bool) -> Result<(), Failure> {
        let specification = json!({"AttributeName": attribute, "Enabled": enabled});
        let body = json!({"TableName": name, "TimeToLiveSpecification": specification});
        self.dynamodb("UpdateTimeToLive", &body).await.map(drop).map_err(failure)
    }

    async fn set_recovery(&self, name: &str) -> Result<(), Failure> {
        let wanted = self.properties.point_in_time_recovery_specification.clone().unwrap_or_default();
        let mut specification = Map::new();
        specification
            .insert("PointInTimeRecoveryEnabled".to_owned(), json!(wanted.point_in_time_recovery_enabled));
        if let Some(days) = wanted.recovery_period_in_days {
            specification.insert("RecoveryPeriodInDays".to_owned(), json!(days));
        }
        let body = json!({"TableName": name, "PointInTimeRecoverySpecification": specification});
        self.dynamodb("UpdateContinuousBackups", &body).await.map(drop).map_err(failure)
    }

    /// Makes the table's tags those of the template and the stack.
    async fn set_tags(&self, arn: &str) -> Result<(), Failure> {
        let wanted = self.tags(&self.properties.tags);
        let current =
            self.dynamodb("ListTagsOfResource", &json!({"ResourceArn": arn})).await.map_err(failure)?;
        let current = current["Tags"].as_array().cloned().unwrap_or_default();
        let gone: Vec<&str> = current
            .iter()
            .filter_map(|tag| tag["Key"].as_str())
            .filter(|key| !wanted.contains_key(*key))
            .collect();
        if !gone.is_empty() {
            let body = json!({"ResourceArn": arn, "TagKeys": gone});
            self.dynamodb("UntagResource", &body).await.map_err(failure)?;
        }
        if !wanted.is_empty() {
            let tags: Vec<Value> =
                wanted.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
            let body = json!({"ResourceArn": arn, "Tags": tags});
            self.dynamodb("TagResource", &body).await.map_err(failure)?;
        }
        Ok(())
    }

    async fn describe(&self, name: &str) -> Result<Resource, Failure> {
        let answer = self.dynamodb("DescribeTable", &json!({"TableName": name})).await.map_err(failure)?;
        let table = &answer["Table"];
        let mut found = resource(name, [("Arn", table["TableArn"].clone())]);
        if let Some(stream) = table["LatestStreamArn"].as_str() {
            found.attributes.insert("StreamArn".to_owned(), json!(stream));
        }
        Ok(found)
    }

    /// What `CreateTable` does not take.
    async fn complete(&self, name: &str) -> Result<Resource, Failure> {
        if let Some(attribute) = self.properties.live_attribute() {
            self.set_time_to_live(name, &attribute, true).await?;
        }
        if self.properties.point_in_time_recovery_specification.is_some() {
            self.set_recovery(name).await?;
        }
        let found = self.describe(name).await?;
        self.set_tags(&self.arn("dynamodb", &format!("table/{name}"))).await?;
        Ok(found)
    }
}

fn failure(error: DynamoDbError) -> Failure {
    let code = match error.code() {
        "ResourceNotFoundException" => Code::NotFound,
        "ResourceInUseException" => Code::ResourceConflict,
        "ValidationException" => Code::InvalidRequest,
        _ => Code::GeneralServiceException,
    };
    failed(code, error.message)
}

#[async_trait]
impl ResourceType for Table {
    const SCHEMA: &'static str = include_str!("../schemas/dynamodb-table.yaml");
    type Properties = TableProperties;

    async fn create(call: Call<TableProperties>) -> Result<Resource, Failure> {
        let name = call.name(call.properties.table_name.as_ref(), 255);
        match call.dynamodb("CreateTable", &call.properties.definition(&name)).await {
            Ok(_) => {}
            Err(error) if error.code() == "ResourceInUseException" => {
                return Err(exists("AWS::DynamoDB::Table", &name));
            }
            Err(error) => return Err(failure(error)),
        }
        let completed = call.complete(&name).await;
        if completed.is_err() {
            // A table that its stack does not know would outlive it.
            let body = json!({"TableName": name});
            let protection = json!({"TableName": name, "DeletionProtectionEnabled": false});
            let _unprotected = call.dynamodb("UpdateTable", &protection).await;
            if let Err(error) = call.dynamodb("DeleteTable", &body).await {
                tracing::warn!(table = name, %error, "a table that is not complete could not be deleted");
            }
        }
        completed
    }

    async fn update(
        call: Call<TableProperties>,
        current: Resource,
        before: TableProperties,
    ) -> Result<Resource, Failure> {
        let name = current.physical_id.as_str();
        for change in changes::between(&before, &call.properties)? {
            let mut body = change;
            body["TableName"] = json!(name);
            call.dynamodb("UpdateTable", &body).await.map_err(failure)?;
        }
        let (had, wanted) = (before.live_attribute(), call.properties.live_attribute());
        if had != wanted {
            if let Some(attribute) = had {
                call.set_time_to_live(name, &attribute, false).await?;
            }
            if let Some(attribute) = wanted {
                call.set_time_to_live(name, &attribute, true).await?;
            }
        }
        if before.point_in_time_recovery_specification != call.properties.point_in_time_recovery_specification
        {
            call.set_recovery(name).await?;
        }
        call.set_tags(&call.arn("dynamodb", &format!("table/{name}"))).await?;
        call.describe(name).await
    }

    async fn delete(call: Call<TableProperties>, current: Resource) -> Result<(), Failure> {
        let body = json!({"TableName": current.physical_id});
        match call.dynamodb("DeleteTable", &body).await {
            Ok(_) => Ok(()),
            Err(error) if error.code() == "ResourceNotFoundException" => Ok(()),
            Err(error) => Err(failure(error)),
        }
    }
}
