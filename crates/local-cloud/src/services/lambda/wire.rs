use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use data_plane::function::InvokeOptions;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::{Alias, Code, Configuration, FunctionReference, LATEST, LambdaError};
use crate::services::Service;
use crate::services::page::PageRequest;
use crate::wire::{ApiError, Protocol, WireRequest, WireResponse, epoch_millis, percent_decode};
use crate::{Inventory, Process, Services};

/// The API of Lambda, as far as it invokes, describes and changes functions.
///
/// <https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html>
pub struct LambdaApi(pub Arc<Services>);

type Answer = Result<(StatusCode, Option<Value>), ApiError>;

#[async_trait]
impl Service for LambdaApi {
    fn name(&self) -> &'static str {
        "lambda"
    }

    fn operation(&self, request: &WireRequest) -> String {
        route(request).map_or_else(String::new, |route| route.operation.to_owned())
    }

    async fn handle(&self, request: WireRequest) -> WireResponse {
        let Some(route) = route(&request) else {
            let operation = format!("{} {}", request.method, request.uri.path());
            return ApiError::unknown_operation(&request, &operation)
                .into_response(Protocol::RestJson, &request);
        };
        if route.operation == "Invoke" {
            return match self.invoke(&route, &request).await {
                Ok(response) => response.with_header("x-amzn-requestid", &request.request_id),
                Err(error) => error.into_response(Protocol::RestJson, &request),
            };
        }
        let answer = self.answer(&route, &request).await;
        WireResponse::of_rest_json(&request, answer)
    }

    fn inventory(&self, inventory: &mut Inventory) {
        let lambda = &self.0.lambda;
        inventory.functions.extend(lambda.names());
        let processes = lambda.processes().into_iter();
        inventory
            .processes
            .extend(processes.map(|(pid, name)| Process { pid, name: format!("function {name}") }));
    }

    async fn stop(&self) {
        self.0.lambda.stop().await;
    }
}

/// An operation with the names in its path.
struct Route {
    operation: &'static str,
    function: FunctionReference,
    /// The alias of `GetAlias`.
    alias: String,
}

/// Tells the operation from method and path; the first part of the path is the date of the API's version.
fn route(request: &WireRequest) -> Option<Route> {
    let path = request.uri.path().trim_matches('/');
    let parts: Vec<String> = path.split('/').skip(1).map(percent_decode).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let method = &request.method;
    let (operation, name, alias) = match parts.as_slice() {
        ["account-settings"] if method == Method::GET => ("GetAccountSettings", "", ""),
        ["functions"] if method == Method::GET => ("ListFunctions", "", ""),
        ["functions", name] if method == Method::GET => ("GetFunction", *name, ""),
        ["functions", name, "configuration"] if method == Method::GET => {
            ("GetFunctionConfiguration", *name, "")
        }
        ["functions", name, "configuration"] if method == Method::PUT => {
            ("UpdateFunctionConfiguration", *name, "")
        }
        ["functions", name, "code"] if method == Method::PUT => ("UpdateFunctionCode", *name, ""),
        ["functions", name, "versions"] if method == Method::GET => ("ListVersionsByFunction", *name, ""),
        ["functions", name, "aliases"] if method == Method::GET => ("ListAliases", *name, ""),
        ["functions", name, "aliases", alias] if method == Method::GET => ("GetAlias", *name, *alias),
        ["functions", name, "policy"] if method == Method::GET => ("GetPolicy", *name, ""),
        ["functions", name, "provisioned-concurrency"]
            if method == Method::GET && request.query_param("List").is_none() =>
        {
            ("GetProvisionedConcurrencyConfig", *name, "")
        }
        ["functions", name, "concurrency"] if method == Method::GET => ("GetFunctionConcurrency", *name, ""),
        ["functions", name, "concurrency"] if method == Method::PUT => ("PutFunctionConcurrency", *name, ""),
        ["functions", name, "concurrency"] if method == Method::DELETE => {
            ("DeleteFunctionConcurrency", *name, "")
        }
        ["functions", name, "invocations"] if method == Method::POST => ("Invoke", *name, ""),
        ["tags", arn] if method == Method::GET => ("ListTags", *arn, ""),
        _ => return None,
    };
    let function = FunctionReference::parse(name).or_qualifier(request.query_param("Qualifier"));
    Some(Route { operation, function, alias: alias.to_owned() })
}

/// A page of a list, whose entries are told from each other by a member.
fn paged(
    request: &WireRequest,
    list: &str,
    entries: Vec<Value>,
    key: &'static str,
) -> Result<Value, LambdaError> {
    let page = PageRequest::of_query(request, "Marker", "MaxItems")
        .of(entries, |entry| entry[key].as_str().unwrap_or_default(), 50, 10_000)
        .map_err(|error| LambdaError::InvalidParameter(error.to_string()))?;
    let mut answer = json!({list: page.items});
    if let Some(marker) = page.next {
        answer["NextMarker"] = marker.into();
    }
    Ok(answer)
}

impl LambdaApi {
    async fn answer(&self, route: &Route, request: &WireRequest) -> Answer {
        let lambda = &self.0.lambda;
        let function = &route.function;
        let found = |value: Value| Ok((StatusCode::OK, Some(value)));
        match route.operation {
            "GetAccountSettings" => {
                let limits = json!({
                    "TotalCodeSize": 80_530_636_800_u64, "CodeSizeUnzipped": 262_144_000, "CodeSizeZipped": 52_428_800,
                    "ConcurrentExecutions": super::ACCOUNT_CONCURRENCY,
                    "UnreservedConcurrentExecutions": super::ACCOUNT_CONCURRENCY,
                });
                found(
                    json!({"AccountLimit": limits, "AccountUsage": {"FunctionCount": lambda.names().len()}}),
                )
            }
            "ListFunctions" => {
                let references =
                    lambda.names().into_iter().map(|name| FunctionReference { name, qualifier: None });
                let described: Vec<Value> =
                    references.filter_map(|reference| self.described(&reference).ok()).collect();
                found(paged(request, "Functions", described, "FunctionArn")?)
            }
            "GetFunctionConfiguration" => found(self.described(function)?),
            "GetFunction" => {
                let details = lambda.details(&function.name)?;
                let mut whole = json!({
                    "Configuration": self.described(function)?,
                    "Code": {"RepositoryType": "S3"},
                    "Tags": details.tags,
                });
                if let Some(reserved) = details.reserved {
                    whole["Concurrency"] = json!({"ReservedConcurrentExecutions": reserved});
                }
                found(whole)
            }
            "ListVersionsByFunction" => {
                let details = lambda.details(&function.name)?;
                let described = details.versions.iter().map(|(number, configuration)| {
                    configuration.describe(number, &format!("{}:{number}", configuration.arn))
                });
                found(paged(request, "Versions", described.collect(), "Version")?)
            }
            "ListAliases" => {
                let details = lambda.details(&function.name)?;
                let aliases = details.aliases.iter().map(|alias| self.alias(&function.name, alias));
                found(paged(request, "Aliases", aliases.collect(), "Name")?)
            }
            "GetAlias" => {
                let details = lambda.details(&function.name)?;
                let alias = details.aliases.iter().find(|alias| alias.name == route.alias);
                let arn = || format!("{}:{}", lambda.arn(&function.name), route.alias);
                found(self.alias(&function.name, alias.ok_or_else(|| LambdaError::AliasNotFound(arn()))?))
            }
            "GetPolicy" => found(json!({"Policy": lambda.policy(function)?.to_string()})),
            "ListTags" => found(json!({"Tags": lambda.details(&function.name)?.tags})),
            "GetFunctionConcurrency" => found(match lambda.details(&function.name)?.reserved {
                Some(reserved) => json!({"ReservedConcurrentExecutions": reserved}),
                None => json!({}),
            }),
            "GetProvisionedConcurrencyConfig" => found(self.provisioned(function)?),
            "PutFunctionConcurrency" => {
                let body = request.json()?;
                let wanted =
                    body["ReservedConcurrentExecutions"].as_u64().and_then(|count| u32::try_from(count).ok());
                let reserved = wanted.ok_or_else(|| {
                    LambdaError::InvalidParameter(
                        "ReservedConcurrentExecutions must be a number from 0".into(),
                    )
                })?;
                let (configuration, ..) = lambda.configuration(&unqualified(function))?;
                lambda.update(configuration, Some(reserved)).await?;
                found(json!({"ReservedConcurrentExecutions": reserved}))
            }
            "DeleteFunctionConcurrency" => {
                let (configuration, ..) = lambda.configuration(&unqualified(function))?;
                lambda.update(configuration, None).await?;
                Ok((StatusCode::NO_CONTENT, None))
            }
            "UpdateFunctionConfiguration" => self.update_configuration(function, &request.json()?).await,
            "UpdateFunctionCode" => self.update_code(function, &request.json()?).await,
            other => Err(ApiError::unknown_operation(request, other)),
        }
    }

    fn described(&self, reference: &FunctionReference) -> Result<Value, LambdaError> {
        let (configuration, number, arn) = self.0.lambda.configuration(reference)?;
        Ok(configuration.describe(&number, &arn))
    }

    fn alias(&self, function: &str, alias: &Alias) -> Value {
        let mut described = json!({
            "AliasArn": format!("{}:{}", self.0.lambda.arn(function), alias.name),
            "Name": alias.name,
            "FunctionVersion": alias.version,
            "Description": alias.description,
        });
        if let Some((version, share)) = &alias.second {
            let weights: BTreeMap<_, _> = [(version.clone(), share)].into();
            described["RoutingConfig"] = json!({"AdditionalVersionWeights": weights});
        }
        described
    }

    /// What an alias keeps initialised. It moves to a version only once that is ready, so all of it is available.
    ///
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_GetProvisionedConcurrencyConfig.html>
    fn provisioned(&self, function: &FunctionReference) -> Result<Value, LambdaError> {
        let details = self.0.lambda.details(&function.name)?;
        let qualifier = function.qualifier.as_deref().unwrap_or_default();
        let alias = details.aliases.iter().find(|alias| alias.name == qualifier && alias.provisioned > 0);
        let alias = alias.ok_or(LambdaError::NotProvisioned)?;
        Ok(json!({
            "RequestedProvisionedConcurrentExecutions": alias.provisioned,
            "AllocatedProvisionedConcurrentExecutions": alias.provisioned,
            "AvailableProvisionedConcurrentExecutions": alias.provisioned,
            "Status": "READY",
        }))
    }

    async fn update_configuration(&self, function: &FunctionReference, body: &Value) -> Answer {
        let lambda = &self.0.lambda;
        let (mut changed, ..) = lambda.configuration(&unqualified(function))?;
        let reserved = lambda.details(&function.name)?.reserved;
        apply(&mut changed, body)?;
        if !body["Role"].is_null() && !self.0.iam.trusts(&changed.role, "lambda.amazonaws.com") {
            let message = "The role defined for the function cannot be assumed by Lambda.";
            return Err(LambdaError::InvalidParameter(message.to_owned()).into());
        }
        changed.modified_at = epoch_millis();
        lambda.update(changed, reserved).await?;
        Ok((StatusCode::OK, Some(self.described(&unqualified(function))?)))
    }

    async fn update_code(&self, function: &FunctionReference, body: &Value) -> Answer {
        let lambda = &self.0.lambda;
        let (mut changed, ..) = lambda.configuration(&unqualified(function))?;
        let reserved = lambda.details(&function.name)?.reserved;
        let zip = match (body["ZipFile"].as_str(), body["S3Bucket"].as_str(), body["S3Key"].as_str()) {
            (Some(encoded), None, None) => {
                BASE64_STANDARD.decode(encoded).map(Bytes::from).map_err(|_| {
                    LambdaError::InvalidParameter("Could not unzip uploaded file. It is not Base64.".into())
                })?
            }
            (None, Some(bucket), Some(key)) => super::code_from_s3(&self.0, bucket, key).await?,
            _ => {
                let message = "Please provide a source for function code: ZipFile, or S3Bucket and S3Key.";
                return Err(LambdaError::InvalidParameter(message.into()).into());
            }
        };
        changed.code = Code::new(zip);
        changed.modified_at = epoch_millis();
        if body["DryRun"].as_bool() != Some(true) {
            lambda.update(changed, reserved).await?;
        }
        if body["Publish"].as_bool() == Some(true) {
            let number = lambda.publish(&function.name, None, None, 0).await?;
            let published = FunctionReference { name: function.name.clone(), qualifier: Some(number) };
            return Ok((StatusCode::OK, Some(self.described(&published)?)));
        }
        Ok((StatusCode::OK, Some(self.described(&unqualified(function))?)))
    }

    async fn invoke(&self, route: &Route, request: &WireRequest) -> Result<WireResponse, ApiError> {
        let lambda = &self.0.lambda;
        // An empty body is an empty event.
        let payload = if request.body.is_empty() { Bytes::from_static(b"{}") } else { request.body.clone() };
        if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(&payload) {
            return Err(LambdaError::InvalidRequestContent(error.to_string()).into());
        }
        let (_, number, _) = lambda.configuration(&route.function)?;
        let client_context =
            request.header("x-amz-client-context").and_then(|text| BASE64_STANDARD.decode(text).ok());
        let mut options = InvokeOptions {
            log_tail: request.header("x-amz-log-type") == Some("Tail"),
            client_context: client_context.and_then(|bytes| String::from_utf8(bytes).ok()),
            trace_id: request.header("x-amzn-trace-id").map(str::to_owned),
            invoked_arn: None,
        };
        match request.header("x-amz-invocation-type").unwrap_or("RequestResponse") {
            "RequestResponse" => {}
            "DryRun" => return Ok(WireResponse::empty(StatusCode::NO_CONTENT)),
            "Event" => {
                options.log_tail = false;
                let (services, function) = (Arc::clone(&self.0), route.function.clone());
                self.0
                    .context
                    .tasks
                    .spawn(async move { invoke_event(&services, &function, payload, options).await });
                return Ok(WireResponse::empty(StatusCode::ACCEPTED));
            }
            other => {
                let message =
                    format!("InvocationType {other} is not allowed: RequestResponse, Event or DryRun");
                return Err(LambdaError::InvalidParameter(message).into());
            }
        }
        let invocation = lambda.invoke(&route.function, payload, options).await?;
        let version = if invocation.version.is_empty() { number } else { invocation.version };
        let mut response = WireResponse::with_body(StatusCode::OK, "application/json", invocation.payload)
            .with_header("x-amz-executed-version", &version);
        if let Some(kind) = &invocation.function_error {
            response = response.with_header("x-amz-function-error", kind);
        }
        if let Some(tail) = &invocation.log_tail {
            response = response.with_header("x-amz-log-result", &BASE64_STANDARD.encode(tail));
        }
        Ok(response)
    }
}

/// An asynchronous invocation is tried three times in all, one and two minutes apart, as AWS does.
///
/// <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>
async fn invoke_event(
    services: &Services,
    function: &FunctionReference,
    payload: Bytes,
    options: InvokeOptions,
) {
    for wait in [Some(60), Some(120), None] {
        match services.lambda.invoke(function, payload.clone(), options.clone()).await {
            Ok(invocation) if invocation.function_error.is_none() => return,
            Ok(_) | Err(LambdaError::Invoke(_)) => {}
            Err(error) => {
                tracing::debug!(%error, "an event found no function");
                return;
            }
        }
        let Some(seconds) = wait else { return };
        tokio::select! {
            () = services.context.stopping.cancelled() => return,
            () = tokio::time::sleep(Duration::from_secs(seconds)) => {}
        }
    }
}

fn unqualified(function: &FunctionReference) -> FunctionReference {
    FunctionReference { name: function.name.clone(), qualifier: None }
}

/// Applies the members of `UpdateFunctionConfiguration` that are honoured; an unknown one is refused.
fn apply(configuration: &mut Configuration, body: &Value) -> Result<(), LambdaError> {
    let refused =
        |name: &str, allowed: &str| LambdaError::InvalidParameter(format!("{name} must be {allowed}"));
    let number = |name: &str, value: &Value, least: u32, most: u32| {
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        number
            .filter(|number| (least..=most).contains(number))
            .ok_or_else(|| refused(name, &format!("a number from {least} to {most}")))
    };
    let text =
        |name: &str, value: &Value| value.as_str().map(str::to_owned).ok_or_else(|| refused(name, "text"));
    for (name, value) in body.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()) {
        match name.as_str() {
            "MemorySize" => configuration.memory_mb = number(name, value, 128, 10_240)?,
            "Timeout" => configuration.timeout = Duration::from_secs(number(name, value, 1, 900)?.into()),
            "Description" => configuration.description = text(name, value)?,
            "Handler" => configuration.handler = text(name, value)?,
            "Role" => configuration.role = text(name, value)?,
            "Runtime" => configuration.runtime = text(name, value)?,
            "Environment" => {
                let variables = serde_json::from_value(value["Variables"].clone());
                configuration.environment =
                    variables.map_err(|_| refused("Environment.Variables", "a map of texts"))?;
            }
            "TracingConfig" => configuration.tracing = value["Mode"] == "Active",
            "RevisionId" => {
                if Some(configuration.describe(LATEST, "")["RevisionId"].clone()) != Some(value.clone()) {
                    let message = "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id";
                    return Err(LambdaError::InvalidParameter(message.into()));
                }
            }
            other => {
                return Err(LambdaError::InvalidParameter(format!(
                    "{other} cannot be changed by this call here."
                )));
            }
        }
    }
    Ok(())
}
