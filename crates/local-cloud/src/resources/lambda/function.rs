use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde::Deserialize;
use serde_json::json;

use super::refused;
use crate::resources::kind::{Call, Code, ResourceType, Tag, exists, failed, resource, with};
use crate::services::lambda::{self, Configuration, Logging, code_from_s3};
use crate::wire::epoch_millis;

pub(in crate::resources) struct Function;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::resources) struct Properties {
    code: CodeLocation,
    role: String,
    function_name: Option<String>,
    runtime: Option<String>,
    handler: Option<String>,
    architectures: Option<Vec<String>>,
    description: Option<String>,
    environment: Option<Environment>,
    ephemeral_storage: Option<EphemeralStorage>,
    logging_config: Option<LoggingConfig>,
    memory_size: Option<u32>,
    timeout: Option<u64>,
    reserved_concurrent_executions: Option<u32>,
    tracing_config: Option<TracingConfig>,
    vpc_config: Option<VpcConfig>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "PascalCase")]
struct CodeLocation {
    s3_bucket: Option<String>,
    s3_key: Option<String>,
    zip_file: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Environment {
    #[serde(default)]
    variables: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EphemeralStorage {
    size: u32,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LoggingConfig {
    application_log_level: Option<String>,
    log_format: Option<String>,
    log_group: Option<String>,
    system_log_level: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TracingConfig {
    mode: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
struct VpcConfig {
    security_group_ids: Vec<String>,
    subnet_ids: Vec<String>,
}

/// Variables that Lambda sets itself.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime>
const RESERVED: [&str; 8] = [
    "_HANDLER",
    "AWS_REGION",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
];

fn invalid(message: impl std::fmt::Display) -> Failure {
    failed(Code::InvalidRequest, message)
}

/// What a runtime's name says of whether it can run here.
fn check_runtime(runtime: Option<&str>) -> Result<String, Failure> {
    match runtime {
        Some(name @ ("provided.al2023" | "provided.al2" | "provided")) => Ok(name.to_owned()),
        Some(name) => Err(invalid(format!(
            "The runtime {name} is not offered by this cloud: provided.al2023 and provided.al2, with an executable named bootstrap in the zip, are."
        ))),
        None => Err(invalid(
            "Runtime and Handler are mandatory parameters for functions created with deployment packages.",
        )),
    }
}

fn check_architecture(architecture: &str) -> Result<(), Failure> {
    let machine = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
    if architecture == machine {
        return Ok(());
    }
    Err(invalid(format!("The architecture {architecture} cannot run on this machine, which is {machine}.")))
}

impl Properties {
    async fn configuration(&self, call: &Call<Self>, name: &str) -> Result<Configuration, Failure> {
        let runtime = check_runtime(self.runtime.as_deref())?;
        let Some(handler) = self.handler.clone() else {
            return Err(check_runtime(None).err().unwrap_or_else(|| invalid("")));
        };
        let architecture = self
            .architectures
            .as_ref()
            .and_then(|all| all.first().cloned())
            .unwrap_or_else(|| "x86_64".to_owned());
        check_architecture(&architecture)?;
        if !call.services.iam.trusts(&self.role, "lambda.amazonaws.com") {
            return Err(invalid("The role defined for the function cannot be assumed by Lambda."));
        }
        let environment =
            self.environment.as_ref().map(|environment| environment.variables.clone()).unwrap_or_default();
        if let Some(name) = environment.keys().find(|name| RESERVED.contains(&name.as_str())) {
            return Err(invalid(format!(
                "Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: {name}"
            )));
        }
        let size: usize = environment.iter().map(|(name, value)| name.len() + value.len()).sum();
        if size > 4096 {
            return Err(invalid(
                "Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit.",
            ));
        }
        let network = self.vpc_config.as_ref();
        let arn = call.services.lambda.arn(name);
        Ok(Configuration {
            name: name.to_owned(),
            role: self.role.clone(),
            description: self.description.clone().unwrap_or_default(),
            handler,
            runtime,
            architecture,
            memory_mb: self.memory_size.unwrap_or(128),
            timeout: Duration::from_secs(self.timeout.unwrap_or(3)),
            environment,
            ephemeral_storage_mb: self.ephemeral_storage.as_ref().map_or(512, |storage| storage.size),
            tracing: self
                .tracing_config
                .as_ref()
                .is_some_and(|tracing| tracing.mode.as_deref() == Some("Active")),
            logging: self.logging(name)?,
            subnets: network.map(|network| network.subnet_ids.clone()).unwrap_or_default(),
            security_groups: network.map(|network| network.security_group_ids.clone()).unwrap_or_default(),
            code: lambda::Code::new(self.code(call).await?),
            modified_at: epoch_millis(),
            arn,
        })
    }

    fn logging(&self, name: &str) -> Result<Logging, Failure> {
        let config = self.logging_config.as_ref();
        let json = config.is_some_and(|config| config.log_format.as_deref() == Some("JSON"));
        let application_level = config.and_then(|config| config.application_log_level.clone());
        let system_level = config.and_then(|config| config.system_log_level.clone());
        if !json && (application_level.is_some() || system_level.is_some()) {
            return Err(invalid(
                "Cannot set ApplicationLogLevel or SystemLogLevel without setting LogFormat to JSON.",
            ));
        }
        let group = config.and_then(|config| config.log_group.clone());
        Ok(Logging {
            group: group.unwrap_or_else(|| format!("/aws/lambda/{name}")),
            json,
            application_level,
            system_level,
        })
    }

    async fn code(&self, call: &Call<Self>) -> Result<bytes::Bytes, Failure> {
        match (&self.code.s3_bucket, &self.code.s3_key, &self.code.zip_file) {
            (Some(bucket), Some(key), None) => {
                code_from_s3(&call.services, bucket, key).await.map_err(refused)
            }
            (None, None, Some(_)) => {
                Err(invalid("ZipFile can only be used when Runtime is set to either of nodejs*, python*."))
            }
            _ => Err(invalid("Please provide a source for function code.")),
        }
    }

    fn hold(&self, call: &Call<Self>, name: &str) -> Result<(), Failure> {
        let arn = call.services.lambda.arn(name);
        let Some(network) = &self.vpc_config else {
            call.services.ec2.release(&arn);
            return Ok(());
        };
        let held = network.subnet_ids.iter().chain(&network.security_group_ids).cloned();
        call.services.ec2.hold(&arn, held).map_err(with(Code::NotFound))
    }
}

#[async_trait]
impl ResourceType for Function {
    const SCHEMA: &'static str = include_str!("../schemas/lambda-function.yaml");
    type Properties = Properties;

    async fn create(call: Call<Properties>) -> Result<Resource, Failure> {
        let properties = &call.properties;
        let name = call.name(properties.function_name.as_ref(), 64);
        let configuration = properties.configuration(&call, &name).await?;
        let arn = configuration.arn.clone();
        properties.hold(&call, &name)?;
        (call.request.progress)("waiting for the function to initialise once");
        let tags = call.tags(&properties.tags);
        let created =
            call.services.lambda.create(configuration, properties.reserved_concurrent_executions, tags).await;
        match created {
            Ok(()) => Ok(resource(name, [("Arn", json!(arn))])),
            Err(lambda::LambdaError::FunctionExists(name)) => Err(exists("AWS::Lambda::Function", &name)),
            Err(error) => {
                call.services.ec2.release(&arn);
                Err(refused(error))
            }
        }
    }

    async fn update(call: Call<Properties>, current: Resource, _: Properties) -> Result<Resource, Failure> {
        let (properties, name) = (&call.properties, current.physical_id.as_str());
        let configuration = properties.configuration(&call, name).await?;
        properties.hold(&call, name)?;
        (call.request.progress)("waiting for the new code or settings to initialise once");
        call.services
            .lambda
            .update(configuration, properties.reserved_concurrent_executions)
            .await
            .map_err(refused)?;
        call.services.lambda.set_tags(name, call.tags(&properties.tags));
        Ok(current)
    }

    async fn delete(call: Call<Properties>, current: Resource) -> Result<(), Failure> {
        call.services.lambda.delete(&current.physical_id).await;
        call.services.ec2.release(&call.services.lambda.arn(&current.physical_id));
        Ok(())
    }
}
