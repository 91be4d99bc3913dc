use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::{NewParameter, Parameter, Ssm, SsmError};
use crate::Inventory;
use crate::services::Service;
use crate::services::page::{PageError, PageRequest};
use crate::wire::{ApiError, WireRequest, WireResponse};

/// The parameter store on the wire: JSON 1.1.
pub struct SsmService(pub Arc<Ssm>);

#[async_trait]
impl Service for SsmService {
    fn name(&self) -> &'static str {
        "ssm"
    }

    async fn handle(&self, request: WireRequest) -> WireResponse {
        let operation = request.target_operation().unwrap_or_default();
        let result = request.json().and_then(|input| match operation {
            "GetParameter" => {
                let parameter = self.0.parameter(text(&input, "Name")?)?;
                Ok(json!({"Parameter": shown(&parameter)}))
            }
            "GetParameters" => self.several(&input),
            "GetParametersByPath" => self.by_path(&input),
            "DescribeParameters" => self.describe(&input),
            "PutParameter" => self.put(&input),
            "DeleteParameter" => {
                let name = text(&input, "Name")?;
                if self.0.delete(name) { Ok(json!({})) } else { Err(SsmError::NotFound(name.into()).into()) }
            }
            _ => Err(ApiError::unknown_operation(&request, operation)),
        });
        WireResponse::of_aws_json(&request, result)
    }

    fn inventory(&self, inventory: &mut Inventory) {
        inventory.others.extend(self.0.all().iter().map(|parameter| format!("parameter {}", parameter.name)));
    }
}

impl SsmService {
    fn several(&self, input: &Value) -> Result<Value, ApiError> {
        let names: Vec<&str> =
            input["Names"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        if names.is_empty() || names.len() > 10 {
            return Err(SsmError::Validation("Names must have 1 to 10 members.".into()).into());
        }
        let (mut found, mut invalid) = (Vec::new(), Vec::new());
        for name in names {
            match self.0.parameter(name) {
                Ok(parameter) => found.push(shown(&parameter)),
                Err(_) => invalid.push(name),
            }
        }
        Ok(json!({"Parameters": found, "InvalidParameters": invalid}))
    }

    fn by_path(&self, input: &Value) -> Result<Value, ApiError> {
        let path = text(input, "Path")?;
        if !path.starts_with('/') {
            return Err(SsmError::Validation("The parameter path must begin with a slash (/).".into()).into());
        }
        refuse(input, "ParameterFilters")?;
        let pages = PageRequest::of_json(input, "NextToken", "MaxResults");
        let folder = format!("{}/", path.trim_end_matches('/'));
        let deep = input["Recursive"] == true;
        let all = self.0.all();
        let inside = all.iter().filter(|parameter| {
            parameter.name.strip_prefix(&folder).is_some_and(|rest| deep || !rest.contains('/'))
        });
        let page = pages.of(inside.collect(), |parameter| &parameter.name, 10, 10).map_err(refused)?;
        let found: Vec<Value> = page.items.into_iter().map(shown).collect();
        Ok(with_token(json!({"Parameters": found}), page.next))
    }

    fn describe(&self, input: &Value) -> Result<Value, ApiError> {
        refuse(input, "ParameterFilters")?;
        refuse(input, "Filters")?;
        let pages = PageRequest::of_json(input, "NextToken", "MaxResults");
        let page = pages.of(self.0.all(), |parameter| &parameter.name, 50, 50).map_err(refused)?;
        let described = page.items.iter().map(|parameter| {
            let mut described = shown(parameter);
            if let Some(members) = described.as_object_mut() {
                members.remove("Value");
                members.insert("Tier".to_owned(), "Standard".into());
                let description = parameter.description.clone();
                members.extend(description.map(|text| ("Description".to_owned(), text.into())));
            }
            described
        });
        Ok(with_token(json!({"Parameters": described.collect::<Vec<_>>()}), page.next))
    }

    fn put(&self, input: &Value) -> Result<Value, ApiError> {
        let optional = |name: &str| input[name].as_str().map(str::to_owned);
        let name = text(input, "Name")?;
        let present = self.0.parameter(name).ok();
        let tags: BTreeMap<String, String> = input["Tags"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|tag| Some((tag["Key"].as_str()?.to_owned(), tag["Value"].as_str()?.to_owned())))
            .collect();
        let new = NewParameter {
            name: name.to_owned(),
            // An overwritten parameter keeps its type.
            kind: optional("Type").or(present.map(|present| present.kind)).unwrap_or_default(),
            value: text(input, "Value")?.to_owned(),
            data_type: optional("DataType"),
            description: optional("Description"),
            allowed_pattern: optional("AllowedPattern"),
            tags,
        };
        let parameter = self.0.put(new, input["Overwrite"] == true)?;
        Ok(json!({"Version": parameter.version, "Tier": "Standard"}))
    }
}

#[allow(clippy::cast_precision_loss, reason = "milliseconds of this century are exact")]
fn shown(parameter: &Parameter) -> Value {
    json!({
        "Name": parameter.name,
        "ARN": parameter.arn,
        "Type": parameter.kind,
        "DataType": parameter.data_type,
        "Value": parameter.value(),
        "Version": parameter.version,
        "LastModifiedDate": parameter.modified_at as f64 / 1000.0,
    })
}

fn text<'a>(input: &'a Value, name: &str) -> Result<&'a str, ApiError> {
    let missing = || SsmError::Validation(format!("The parameter {name} is required."));
    input[name].as_str().filter(|text| !text.is_empty()).ok_or_else(|| missing().into())
}

fn refused(error: PageError) -> ApiError {
    error.coded("InvalidNextToken", "ValidationException")
}

fn with_token(mut answer: Value, next: Option<String>) -> Value {
    if let Some(token) = next {
        answer["NextToken"] = token.into();
    }
    answer
}

/// Filters of any kind are refused with the code that AWS has for kinds that it does not know.
fn refuse(input: &Value, name: &str) -> Result<(), ApiError> {
    if input[name].as_array().is_none_or(Vec::is_empty) {
        return Ok(());
    }
    Err(ApiError::sender("InvalidFilterKey", format!("{name} are not offered by this cloud.")))
}
