//! What Task states call: other services of the cloud, in the name of the state machine's role.
//!
//! An optimized integration and the same call through the AWS SDK differ in how they name errors and in what surrounds the answer.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/integrate-services.html>

mod dynamodb;
mod lambda;
mod sns;

use std::sync::Arc;

use asl::{TaskCall, TaskError, Tasks};
use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::MachineType;
use crate::Services;
use crate::services::lambda::FunctionReference;

/// What a `Resource` asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Integration {
    target: Target,
    style: Style,
}

/// How Step Functions reaches a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Style {
    /// `arn:aws:states:::dynamodb:getItem`
    Optimized,
    /// `arn:aws:states:::aws-sdk:dynamodb:getItem`
    Sdk,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    /// An operation as the API names it: `GetItem`.
    DynamoDb(&'static str),
    SnsPublish,
    LambdaInvoke,
    /// The function's own ARN as the resource.
    Function(String),
}

impl Integration {
    /// Reads a `Resource`.
    ///
    /// # Errors
    /// What this cloud does not offer, in words that name what it does.
    pub(super) fn parse(resource: &str, kind: MachineType) -> Result<Self, String> {
        if resource.starts_with("arn:aws:lambda:") && resource.contains(":function:") {
            return Ok(Self { target: Target::Function(resource.to_owned()), style: Style::Optimized });
        }
        let Some(call) = resource.strip_prefix("arn:aws:states:::") else {
            return Err(format!("the resource {resource:?} is not offered by this cloud; {OFFERED}"));
        };
        let (call, pattern) = match call.rsplit_once('.') {
            Some((call, pattern)) => (call, Some(pattern)),
            None => (call, None),
        };
        if let Some(pattern) = pattern {
            return Err(match kind {
                MachineType::Express => {
                    format!(
                        "Express state machine does not support '.{pattern}' service integration: {resource}"
                    )
                }
                MachineType::Standard => format!(
                    "the integration pattern .{pattern} of {resource:?} is not offered by this cloud; leave it out"
                ),
            });
        }
        let (style, call) = match call.strip_prefix("aws-sdk:") {
            Some(call) => (Style::Sdk, call),
            None => (Style::Optimized, call),
        };
        let target = match call.split_once(':') {
            Some(("dynamodb", action)) => dynamodb::operation(action)
                .filter(|name| style == Style::Sdk || dynamodb::OPTIMIZED.contains(name))
                .map(Target::DynamoDb),
            Some(("sns", "publish")) => Some(Target::SnsPublish),
            Some(("lambda", "invoke")) => Some(Target::LambdaInvoke),
            _ => None,
        };
        match target {
            Some(target) => Ok(Self { target, style }),
            None => Err(format!("the resource {resource:?} is not offered by this cloud; {OFFERED}")),
        }
    }
}

const OFFERED: &str = "it offers arn:aws:states:::dynamodb:getItem, putItem, updateItem and deleteItem, arn:aws:states:::aws-sdk:dynamodb:<operation>, \
    sns:publish and lambda:invoke with and without aws-sdk, and the ARNs of functions";

/// A service's refusal on its way to becoming a task's error.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Refusal {
    /// The service's code, `ResourceNotFoundException`; what the API's model does not name as an exception of the service is `None`.
    code: Option<String>,
    message: String,
    status: u16,
}

/// The names of a service in errors.
struct Names {
    /// `DynamoDB`, before the dot of an optimized integration's errors.
    optimized: &'static str,
    /// What an optimized integration calls other errors: `AmazonDynamoDBException`.
    optimized_other: &'static str,
    /// `DynamoDb`, before the dot of the SDK's errors; the SDK's own exception is the same with `Exception`.
    sdk: &'static str,
}

impl Refusal {
    /// The error in the words of an integration's style. The code ends in `Exception` even where the service's own does not.
    ///
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/supported-services-awssdk.html#use-awssdk-integ>
    fn into_error(self, style: Style, names: &Names) -> TaskError {
        let suffixed = |code: &str| {
            if code.ends_with("Exception") { code.to_owned() } else { format!("{code}Exception") }
        };
        let (Self { code, message, status }, request_id) = (self, uuid::Uuid::new_v4());
        match style {
            Style::Optimized => {
                let name = code.as_deref().map_or_else(|| names.optimized_other.to_owned(), suffixed);
                let code = code.unwrap_or_else(|| "ValidationException".to_owned());
                let prefix = names.optimized;
                let cause = format!(
                    "{message} (Service: {prefix}; Status Code: {status}; Error Code: {code}; Request ID: {request_id}; Proxy: null)"
                );
                TaskError { error: format!("{prefix}.{name}"), cause }
            }
            Style::Sdk => {
                let service = names.sdk;
                let name = code.as_deref().map_or_else(|| format!("{service}Exception"), suffixed);
                let cause = format!(
                    "{message} (Service: {service}, Status Code: {status}, Request ID: {request_id})"
                );
                TaskError { error: format!("{service}.{name}"), cause }
            }
        }
    }
}

/// The state machine's role at work.
pub(super) struct RoleTasks {
    pub(super) services: Arc<Services>,
    pub(super) role_arn: String,
    pub(super) kind: MachineType,
    /// The execution's name, which is that of the role's session.
    pub(super) session: String,
}

#[async_trait]
impl Tasks for RoleTasks {
    async fn call(&self, call: TaskCall<'_>) -> Result<Value, TaskError> {
        // The machine was checked for it, so this tells of a resource that is computed.
        let integration = Integration::parse(call.resource, self.kind)
            .map_err(|cause| TaskError { error: "States.Runtime".to_owned(), cause })?;
        let style = integration.style;
        match integration.target {
            Target::DynamoDb(operation) => dynamodb::call(self, operation, style, &call.arguments).await,
            Target::SnsPublish => sns::publish(self, style, call.arguments),
            Target::LambdaInvoke => lambda::invoke(self, style, call.arguments).await,
            Target::Function(arn) => {
                let reference = FunctionReference::parse(&arn);
                lambda::call_function(self, &reference, &call.arguments).await
            }
        }
    }
}

impl RoleTasks {
    /// Asks the role's policies.
    fn may(&self, action: &str, resource: &str) -> Result<(), Refusal> {
        if self.services.iam.allows(&self.role_arn, action, Some(resource)) {
            return Ok(());
        }
        let session = self.role_arn.replacen(":iam:", ":sts:", 1).replacen(":role/", ":assumed-role/", 1);
        let message = format!(
            "User: {session}/{} is not authorized to perform: {action} on resource: {resource} because no identity-based policy allows the {action} action",
            self.session
        );
        Err(Refusal { code: None, message, status: 400 })
    }
}

/// The answer of an optimized integration: with what the SDK knows about the exchange.
fn with_metadata(mut answer: Map<String, Value>) -> Value {
    let id = uuid::Uuid::new_v4().to_string();
    answer.insert(
        "SdkHttpMetadata".to_owned(),
        json!({"AllHttpHeaders": {}, "HttpHeaders": {}, "HttpStatusCode": 200}),
    );
    answer.insert("SdkResponseMetadata".to_owned(), json!({"RequestId": id}));
    Value::Object(answer)
}

/// Refuses arguments that are no object, and members that the call does not know.
fn members(arguments: Value, known: &[&str]) -> Result<Map<String, Value>, TaskError> {
    let runtime = |cause: String| TaskError { error: "States.Runtime".to_owned(), cause };
    let Value::Object(members) = arguments else {
        return Err(runtime(
            "The Parameters could not be used to start the Task: they are no object".to_owned(),
        ));
    };
    match members.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(members),
        Some(name) => Err(runtime(format!(
            "The Parameters could not be used to start the Task: The field \"{name}\" is not supported by Step Functions on this cloud, which knows {}",
            known.join(", ")
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(resource: &str) -> Result<Integration, String> {
        Integration::parse(resource, MachineType::Express)
    }

    #[test]
    fn resources_are_told_apart() {
        let of = |target, style| Ok(Integration { target, style });
        assert_eq!(
            parsed("arn:aws:states:::aws-sdk:dynamodb:query"),
            of(Target::DynamoDb("Query"), Style::Sdk)
        );
        assert_eq!(
            parsed("arn:aws:states:::dynamodb:getItem"),
            of(Target::DynamoDb("GetItem"), Style::Optimized)
        );
        assert_eq!(parsed("arn:aws:states:::sns:publish"), of(Target::SnsPublish, Style::Optimized));
        assert_eq!(parsed("arn:aws:states:::aws-sdk:lambda:invoke"), of(Target::LambdaInvoke, Style::Sdk));
        let function = "arn:aws:lambda:us-east-1:000000000000:function:f:live";
        assert_eq!(parsed(function), of(Target::Function(function.to_owned()), Style::Optimized));
        for resource in [
            "arn:aws:states:::dynamodb:query",
            "arn:aws:states:::aws-sdk:dynamodb:Query",
            "arn:aws:states:::aws-sdk:dynamodb:queryy",
            "arn:aws:states:::ecs:runTask.sync",
            "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "arn:aws:states:::http:invoke",
            "arn:aws:states:us-east-1:000000000000:activity:a",
            "",
        ] {
            assert!(parsed(resource).is_err(), "{resource}");
        }
    }

    #[test]
    fn errors_have_the_names_of_their_integration() {
        let names = &dynamodb::NAMES;
        let refusal = |code: Option<&str>| Refusal {
            code: code.map(str::to_owned),
            message: "No".to_owned(),
            status: 400,
        };
        for (code, style, expected) in [
            (Some("ResourceNotFoundException"), Style::Sdk, "DynamoDb.ResourceNotFoundException"),
            (Some("InternalServerError"), Style::Sdk, "DynamoDb.InternalServerErrorException"),
            (None, Style::Sdk, "DynamoDb.DynamoDbException"),
            (Some("ResourceNotFoundException"), Style::Optimized, "DynamoDB.ResourceNotFoundException"),
            (None, Style::Optimized, "DynamoDB.AmazonDynamoDBException"),
        ] {
            let error = refusal(code).into_error(style, names);
            assert_eq!(error.error, expected);
            assert!(error.cause.starts_with("No (Service: "), "{}", error.cause);
        }
    }
}
