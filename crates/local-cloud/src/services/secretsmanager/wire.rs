use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::{Content, PasswordRules, Secret, SecretError, SecretsManager};
use crate::Inventory;
use crate::services::Service;
use crate::services::page::PageRequest;
use crate::wire::{ApiError, WireRequest, WireResponse};

/// Secrets Manager on the wire: JSON 1.1.
pub struct SecretsManagerService(pub Arc<SecretsManager>);

#[async_trait]
impl Service for SecretsManagerService {
    fn name(&self) -> &'static str {
        "secretsmanager"
    }

    async fn handle(&self, request: WireRequest) -> WireResponse {
        let operation = request.target_operation().unwrap_or_default();
        let result = request.json().and_then(|input| match operation {
            "CreateSecret" => self.create(&input),
            "GetSecretValue" => self.value(&input),
            "DescribeSecret" => Ok(described(&self.0.secret(text(&input, "SecretId")?)?)),
            "ListSecrets" => self.list(&input),
            "PutSecretValue" => self.put(&input),
            "DeleteSecret" => self.delete(&input),
            "RestoreSecret" => Ok(named(&self.0.restore(text(&input, "SecretId")?)?)),
            "GetRandomPassword" => {
                let rules: PasswordRules = serde_json::from_value(input)
                    .map_err(|error| ApiError::sender("InvalidParameterException", error.to_string()))?;
                let password = rules
                    .generate()
                    .map_err(|error| ApiError::sender("InvalidParameterException", error.to_string()))?;
                Ok(json!({"RandomPassword": password}))
            }
            _ => Err(ApiError::unknown_operation(&request, operation)),
        });
        WireResponse::of_aws_json(&request, result)
    }

    fn inventory(&self, inventory: &mut Inventory) {
        inventory.others.extend(self.0.all().iter().map(|secret| format!("secret {}", secret.name)));
    }
}

impl SecretsManagerService {
    fn create(&self, input: &Value) -> Result<Value, ApiError> {
        let name = text(input, "Name")?;
        let describe = |secret: &mut Secret| {
            secret.description = input["Description"].as_str().map(str::to_owned);
            secret.kms_key_id = input["KmsKeyId"].as_str().map(str::to_owned);
            secret.tags = tags(&input["Tags"]);
        };
        let secret = self.0.create(name, content(input)?, describe)?;
        let mut answer = named(&secret);
        if let Some(version) = secret.versions.last() {
            answer["VersionId"] = version.id.clone().into();
        }
        Ok(answer)
    }

    fn value(&self, input: &Value) -> Result<Value, ApiError> {
        let (version, stage) = (input["VersionId"].as_str(), input["VersionStage"].as_str());
        let (secret, version) = self.0.version(text(input, "SecretId")?, version, stage)?;
        let mut answer = named(&secret);
        answer["VersionId"] = version.id.into();
        answer["VersionStages"] = json!(version.stages);
        answer["CreatedDate"] = seconds(version.created_at);
        match version.content {
            Content::Text(text) => answer["SecretString"] = text.into(),
            Content::Binary(bytes) => answer["SecretBinary"] = STANDARD.encode(bytes).into(),
        }
        Ok(answer)
    }

    fn list(&self, input: &Value) -> Result<Value, ApiError> {
        if input["Filters"].as_array().is_some_and(|filters| !filters.is_empty()) {
            return Err(ApiError::sender(
                "InvalidParameterException",
                "Filters are not offered by this cloud.",
            ));
        }
        let deleted = input["IncludePlannedDeletion"] == true;
        let mut all = self.0.all();
        all.retain(|secret| deleted || secret.deletes_at.is_none());
        let page = PageRequest::of_json(input, "NextToken", "MaxResults")
            .of(all, |secret| &secret.name, 100, 100)
            .map_err(|error| error.coded("InvalidNextTokenException", "InvalidParameterException"))?;
        let listed: Vec<Value> = page.items.iter().map(entry).collect();
        let mut answer = json!({"SecretList": listed});
        if let Some(token) = page.next {
            answer["NextToken"] = token.into();
        }
        Ok(answer)
    }

    fn put(&self, input: &Value) -> Result<Value, ApiError> {
        let Some(content) = content(input)? else {
            let message = "You must provide either SecretString or SecretBinary.";
            return Err(SecretError::InvalidParameter(message.into()).into());
        };
        let stages: Vec<String> = strings(&input["VersionStages"]);
        let token = input["ClientRequestToken"].as_str();
        let put = |secret: &mut Secret| {
            let id = secret.add_version(token, content, &stages)?;
            let mut answer = named(secret);
            answer["VersionStages"] = json!(secret.version(Some(&id), None).map(|version| &version.stages));
            answer["VersionId"] = id.into();
            Ok(answer)
        };
        Ok(self.0.change(text(input, "SecretId")?, put)?)
    }

    fn delete(&self, input: &Value) -> Result<Value, ApiError> {
        let force = input["ForceDeleteWithoutRecovery"] == true;
        let days = input["RecoveryWindowInDays"].as_i64();
        if force && days.is_some() {
            let message =
                "You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.";
            return Err(SecretError::InvalidParameter(message.into()).into());
        }
        let window = (!force).then(|| days.unwrap_or(30));
        let (secret, at) = self.0.delete(text(input, "SecretId")?, window)?;
        let mut answer = named(&secret);
        answer["DeletionDate"] = seconds(at);
        Ok(answer)
    }
}

fn named(secret: &Secret) -> Value {
    json!({"ARN": secret.arn, "Name": secret.name})
}

/// A secret in a list, where its versions have another name than in a description.
fn entry(secret: &Secret) -> Value {
    let mut entry = described(secret);
    if let Some(versions) = entry.as_object_mut().and_then(|members| members.remove("VersionIdsToStages")) {
        entry["SecretVersionsToStages"] = versions;
    }
    entry
}

fn described(secret: &Secret) -> Value {
    let versions: Map<String, Value> = secret
        .versions
        .iter()
        .filter(|version| !version.stages.is_empty())
        .map(|version| (version.id.clone(), json!(version.stages)))
        .collect();
    let tags: Vec<Value> =
        secret.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
    let mut answer = named(secret);
    for (name, value) in [
        ("Description", secret.description.clone().map(Value::from)),
        ("KmsKeyId", secret.kms_key_id.clone().map(Value::from)),
        ("DeletedDate", secret.deletes_at.map(seconds)),
        ("CreatedDate", Some(seconds(secret.created_at))),
        ("LastChangedDate", Some(seconds(secret.changed_at))),
        ("Tags", Some(tags.into())),
        ("VersionIdsToStages", Some(versions.into())),
    ] {
        if let Some(value) = value {
            answer[name] = value;
        }
    }
    answer
}

fn text<'a>(input: &'a Value, name: &str) -> Result<&'a str, ApiError> {
    let missing = || SecretError::InvalidParameter(format!("The parameter {name} is required."));
    input[name].as_str().filter(|text| !text.is_empty()).ok_or_else(|| missing().into())
}

fn content(input: &Value) -> Result<Option<Content>, ApiError> {
    match (input["SecretString"].as_str(), input["SecretBinary"].as_str()) {
        (Some(_), Some(_)) => {
            let message = "You can't specify both SecretString and SecretBinary.";
            Err(SecretError::InvalidParameter(message.into()).into())
        }
        (Some(text), None) => Ok(Some(Content::Text(text.to_owned()))),
        (None, Some(encoded)) => STANDARD
            .decode(encoded)
            .map(|bytes| Some(Content::Binary(bytes)))
            .map_err(|_| SecretError::InvalidParameter("SecretBinary is not base64.".into()).into()),
        (None, None) => Ok(None),
    }
}

fn tags(list: &Value) -> BTreeMap<String, String> {
    let text = |tag: &Value, name: &str| tag[name].as_str().unwrap_or_default().to_owned();
    list.as_array().into_iter().flatten().map(|tag| (text(tag, "Key"), text(tag, "Value"))).collect()
}

fn strings(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

/// Seconds since the epoch, with parts of them, as JSON protocols write time.
#[allow(clippy::cast_precision_loss, reason = "milliseconds of this century are exact")]
fn seconds(millis: i64) -> Value {
    json!(millis as f64 / 1000.0)
}
