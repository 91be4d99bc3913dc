//! Calls to functions.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/connect-lambda.html>

use asl::TaskError;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use data_plane::function::{Invocation, InvokeOptions};
use serde_json::{Map, Value, json};

use super::{Names, Refusal, RoleTasks, Style, members, with_metadata};
use crate::services::lambda::FunctionReference;
use crate::wire::ApiError;

const NAMES: Names = Names { optimized: "Lambda", optimized_other: "AWSLambdaException", sdk: "Lambda" };
const MEMBERS: [&str; 6] =
    ["FunctionName", "Payload", "Qualifier", "InvocationType", "ClientContext", "LogType"];

/// Invokes a function and gives its answer with what Lambda says about it.
///
/// An optimized integration fails where the function failed, and gives the payload as JSON; the SDK's gives the failure as an
/// answer, and the payload as text.
pub(super) async fn invoke(tasks: &RoleTasks, style: Style, arguments: Value) -> Result<Value, TaskError> {
    let arguments = members(arguments, &MEMBERS)?;
    let text = |name: &str| arguments.get(name).and_then(Value::as_str).map(str::to_owned);
    if let Some(kind) = text("InvocationType").filter(|kind| kind != "RequestResponse") {
        let message = format!("The invocation type {kind} is not offered by this cloud; RequestResponse is.");
        let refusal =
            Refusal { code: Some("InvalidParameterValueException".to_owned()), message, status: 400 };
        return Err(refusal.into_error(style, &NAMES));
    }
    let reference =
        FunctionReference::parse(&text("FunctionName").unwrap_or_default()).or_qualifier(text("Qualifier"));
    let payload = match arguments.get("Payload") {
        None => Bytes::new(),
        Some(Value::String(payload)) if style == Style::Sdk => Bytes::from(payload.clone()),
        Some(payload) => payload.to_string().into(),
    };
    let context = text("ClientContext").and_then(|context| BASE64_STANDARD.decode(context).ok());
    let options = InvokeOptions {
        log_tail: text("LogType").as_deref() == Some("Tail"),
        client_context: context.and_then(|context| String::from_utf8(context).ok()),
        ..InvokeOptions::default()
    };
    let invocation =
        run(tasks, &reference, payload, options).await.map_err(|error| error.into_error(style, &NAMES))?;
    let mut answer = Map::new();
    answer.insert("ExecutedVersion".to_owned(), invocation.version.clone().into());
    answer.insert("StatusCode".to_owned(), json!(200));
    if let Some(tail) = &invocation.log_tail {
        answer.insert("LogResult".to_owned(), BASE64_STANDARD.encode(tail).into());
    }
    match style {
        Style::Optimized => {
            answer.insert("Payload".to_owned(), payload_of(&invocation)?);
            Ok(with_metadata(answer))
        }
        Style::Sdk => {
            if let Some(error) = invocation.function_error {
                answer.insert("FunctionError".to_owned(), error.into());
            }
            let payload = String::from_utf8_lossy(&invocation.payload).into_owned();
            answer.insert("Payload".to_owned(), payload.into());
            Ok(Value::Object(answer))
        }
    }
}

/// Invokes a function whose ARN is the resource: its answer is the result.
pub(super) async fn call_function(
    tasks: &RoleTasks,
    reference: &FunctionReference,
    arguments: &Value,
) -> Result<Value, TaskError> {
    let payload = arguments.to_string().into();
    let invocation = run(tasks, reference, payload, InvokeOptions::default())
        .await
        .map_err(|error| error.into_error(Style::Optimized, &NAMES))?;
    payload_of(&invocation)
}

async fn run(
    tasks: &RoleTasks,
    reference: &FunctionReference,
    payload: Bytes,
    options: InvokeOptions,
) -> Result<Invocation, Refusal> {
    let lambda = &tasks.services.lambda;
    let mut arn = lambda.arn(&reference.name);
    if let Some(qualifier) = &reference.qualifier {
        arn = format!("{arn}:{qualifier}");
    }
    tasks.may("lambda:InvokeFunction", &arn)?;
    lambda.invoke(reference, payload, options).await.map_err(|error| {
        let error = ApiError::from(error);
        Refusal { code: Some(error.code), status: error.status.as_u16(), message: error.message }
    })
}

/// The function's answer, or its failure under the name that it gives.
fn payload_of(invocation: &Invocation) -> Result<Value, TaskError> {
    let text = String::from_utf8_lossy(&invocation.payload);
    if invocation.function_error.is_none() {
        return serde_json::from_str(&text).map_err(|error| TaskError {
            error: "Lambda.Unknown".to_owned(),
            cause: format!("The function's answer is not JSON: {error}"),
        });
    }
    let failure: Value = serde_json::from_str(&text).unwrap_or_default();
    let error = failure["errorType"].as_str().unwrap_or("Lambda.Unknown").to_owned();
    Err(TaskError { error, cause: text.into_owned() })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn answered(payload: &'static str, failed: bool) -> Result<Value, TaskError> {
        payload_of(&Invocation {
            request_id: String::new(),
            payload: Bytes::from(payload),
            function_error: failed.then(|| "Unhandled".to_owned()),
            log_tail: None,
            duration: Duration::ZERO,
            billed: Duration::ZERO,
            init_duration: None,
            version: "$LATEST".to_owned(),
        })
    }

    #[test]
    fn a_functions_failure_keeps_its_name() {
        assert_eq!(answered("{\"a\":1}", false), Ok(json!({"a": 1})));
        let payload = r#"{"errorType":"TurkeyEscaped","errorMessage":"gone"}"#;
        let expected = TaskError { error: "TurkeyEscaped".to_owned(), cause: payload.to_owned() };
        assert_eq!(answered(payload, true), Err(expected));
        assert_eq!(answered("{}", true).unwrap_err().error, "Lambda.Unknown");
        assert_eq!(answered("no JSON", false).unwrap_err().error, "Lambda.Unknown");
    }
}
