use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use data_plane::rest_api::{AccessLog, CacheSetting, MethodSetting, Throttle};
use serde::Deserialize;

use super::{refused, take};
use crate::resources::kind::{Call, Code, ResourceType, Tag, exists, failed, resource};
use crate::services::apigateway::{self, Api, ApiGatewayError};
use crate::wire::epoch_millis;

pub(in crate::resources) struct Stage;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::resources) struct Properties {
    rest_api_id: String,
    stage_name: String,
    deployment_id: String,
    description: Option<String>,
    access_log_setting: Option<AccessLogSetting>,
    #[serde(default)]
    method_settings: Vec<Setting>,
    #[serde(default)]
    tracing_enabled: bool,
    #[serde(default)]
    cache_cluster_enabled: bool,
    cache_cluster_size: Option<String>,
    #[serde(default)]
    variables: BTreeMap<String, String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AccessLogSetting {
    destination_arn: Option<String>,
    format: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Setting {
    http_method: Option<String>,
    resource_path: Option<String>,
    throttling_burst_limit: Option<u32>,
    throttling_rate_limit: Option<f64>,
    caching_enabled: Option<bool>,
    cache_ttl_in_seconds: Option<u64>,
    cache_data_encrypted: Option<bool>,
}

/// The throttle of an account, which a setting that names only one of the two keeps for the other.
const ACCOUNT: Throttle = Throttle { rate: 10_000.0, burst: 5_000 };

impl Setting {
    fn setting(&self) -> MethodSetting {
        // Templates may write the path with its slashes escaped, as the API does.
        let path = self.resource_path.as_deref().unwrap_or("/*").replace("~1", "/");
        let given = self.throttling_rate_limit.is_some() || self.throttling_burst_limit.is_some();
        MethodSetting {
            resource_path: if path.starts_with('/') { path } else { format!("/{path}") },
            http_method: self.http_method.clone().unwrap_or_else(|| "*".to_owned()),
            throttle: given.then(|| Throttle {
                rate: self.throttling_rate_limit.unwrap_or(ACCOUNT.rate),
                burst: self.throttling_burst_limit.unwrap_or(ACCOUNT.burst),
            }),
            cache: CacheSetting {
                enabled: self.caching_enabled,
                ttl: self.cache_ttl_in_seconds.map(Duration::from_secs),
                encrypted: self.cache_data_encrypted,
            },
        }
    }
}

impl Properties {
    fn access_log(&self, call: &Call<Self>) -> Result<Option<AccessLog>, Failure> {
        let Some(setting) = &self.access_log_setting else { return Ok(None) };
        let (Some(arn), Some(format)) = (&setting.destination_arn, &setting.format) else {
            return Err(failed(
                Code::InvalidRequest,
                "Access logging needs both a DestinationArn and a Format",
            ));
        };
        let prefix = call.arn("logs", "log-group:");
        let Some(name) = arn.strip_prefix(&prefix).map(|name| name.trim_end_matches(":*")) else {
            let message = format!(
                "Invalid ARN specified in the request. ARN must be of a log group, like {prefix}name; it is {arn}"
            );
            return Err(failed(Code::InvalidRequest, message));
        };
        call.services.check_log_group(name).map_err(|error| {
            failed(Code::InvalidRequest, format!("Invalid access log destination: {error}"))
        })?;
        Ok(Some(AccessLog { log_group: name.to_owned(), format: format.clone() }))
    }

    /// The size of the cache; a cache without one has the smallest.
    fn cache_size(&self) -> Option<String> {
        let size = || self.cache_cluster_size.clone().unwrap_or_else(|| "0.5".to_owned());
        self.cache_cluster_enabled.then(size)
    }

    fn stage(&self, call: &Call<Self>, created_at: i64) -> Result<apigateway::Stage, Failure> {
        Ok(apigateway::Stage {
            name: self.stage_name.clone(),
            deployment: self.deployment_id.clone(),
            description: self.description.clone(),
            variables: self.variables.clone(),
            access_log: self.access_log(call)?,
            method_settings: self.method_settings.iter().map(Setting::setting).collect(),
            tracing: self.tracing_enabled,
            cache_size: self.cache_size(),
            tags: call.tags(&self.tags),
            created_at,
        })
    }
}

#[async_trait]
impl ResourceType for Stage {
    const SCHEMA: &'static str = include_str!("../schemas/apigateway-stage.yaml");
    type Properties = Properties;

    async fn create(call: Call<Properties>) -> Result<Resource, Failure> {
        let stage = call.properties.stage(&call, epoch_millis())?;
        let name = stage.name.clone();
        let change = |api: &mut Api| {
            if api.stages.contains_key(&stage.name) {
                return Err(ApiGatewayError::Conflict("Stage already exists".into()));
            }
            api.put_stage(stage)
        };
        match call.services.apigateway.change(&call.properties.rest_api_id, change) {
            Ok(()) => Ok(resource(name, [])),
            Err(ApiGatewayError::Conflict(_)) => Err(exists("AWS::ApiGateway::Stage", &name)),
            Err(error) => Err(refused(error)),
        }
    }

    async fn update(call: Call<Properties>, current: Resource, _: Properties) -> Result<Resource, Failure> {
        let stage = call.properties.stage(&call, epoch_millis())?;
        let change = |api: &mut Api| {
            let created_at = api.stages.get(&stage.name).map_or(stage.created_at, |before| before.created_at);
            api.put_stage(apigateway::Stage { created_at, ..stage })
        };
        call.services.apigateway.change(&call.properties.rest_api_id, change).map_err(refused)?;
        Ok(current)
    }

    async fn delete(call: Call<Properties>, current: Resource) -> Result<(), Failure> {
        take(&call.services.apigateway, &call.properties.rest_api_id, |api| {
            api.remove_stage(&current.physical_id);
            Ok(())
        })
    }
}
