//! The event of a Lambda proxy integration, and the function's answer to it.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html>

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::StatusCode;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::exchange::{Answer, MethodRequest, decoded_path};
use super::facts::{Facts, header};
use super::headers::{insert_answer_header, is_binary, title_case};

/// The event, version 1.0. Names of headers are in title case, as HTTP/1.1 clients send them.
pub(super) fn event(request: &MethodRequest<'_>, facts: &Facts) -> Value {
    let mut headers: IndexMap<String, Vec<String>> = IndexMap::new();
    for (name, value) in &request.parts.headers {
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        headers.entry(title_case(name.as_str())).or_default().push(value);
    }
    headers.entry("X-Forwarded-For".to_owned()).or_default().push(facts.source_ip.clone());
    headers.entry("X-Forwarded-Port".to_owned()).or_insert_with(|| vec!["443".to_owned()]);
    headers.entry("X-Forwarded-Proto".to_owned()).or_insert_with(|| vec!["https".to_owned()]);
    headers.insert("X-Amzn-Trace-Id".to_owned(), vec![facts.trace_id.clone()]);
    if let Some(forwarded) = headers.get_mut("X-Forwarded-For") {
        *forwarded = vec![forwarded.join(", ")];
    }
    let mut query: IndexMap<String, Vec<String>> = IndexMap::new();
    for (name, value) in &request.query {
        query.entry(name.clone()).or_default().push(value.clone());
    }
    let path_parameters: Map<String, Value> =
        decoded_path(request).map(|(name, value)| (name, value.into())).collect();
    let variables: Map<String, Value> =
        facts.stage.variables.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    let (_, resource_path) = facts.resource.clone().unwrap_or_default();
    let (body, encoded) = body(request, facts);
    json!({
        "resource": resource_path,
        "path": super::tree::decode(request.path),
        "httpMethod": facts.http_method,
        "headers": last_values(&headers),
        "multiValueHeaders": all_values(&headers),
        "queryStringParameters": last_values(&query),
        "multiValueQueryStringParameters": all_values(&query),
        "pathParameters": non_empty(path_parameters),
        "stageVariables": non_empty(variables),
        "requestContext": request_context(facts),
        "body": body,
        "isBase64Encoded": encoded,
    })
}

fn body(request: &MethodRequest<'_>, facts: &Facts) -> (Value, bool) {
    let types = &facts.stage.deployment.definition.binary_media_types;
    if request.body.is_empty() {
        (Value::Null, false)
    } else if is_binary(types, &request.media_type()) {
        (STANDARD.encode(&request.body).into(), true)
    } else {
        (String::from_utf8_lossy(&request.body).into(), false)
    }
}

fn request_context(facts: &Facts) -> Value {
    let mut context = facts.to_value();
    let mut identity = Map::new();
    for name in [
        "cognitoIdentityPoolId",
        "accountId",
        "cognitoIdentityId",
        "caller",
        "sourceIp",
        "principalOrgId",
        "accessKey",
        "cognitoAuthenticationType",
        "cognitoAuthenticationProvider",
        "userArn",
        "userAgent",
        "user",
    ] {
        identity.insert(name.to_owned(), context["identity"][name].take());
    }
    context["identity"] = Value::Object(identity);
    context
}

fn last_values(values: &IndexMap<String, Vec<String>>) -> Value {
    let last = |(name, all): (&String, &Vec<String>)| Some((name.clone(), all.last()?.clone().into()));
    non_empty(values.iter().filter_map(last).collect())
}

fn all_values(values: &IndexMap<String, Vec<String>>) -> Value {
    non_empty(values.iter().map(|(name, all)| (name.clone(), json!(all))).collect())
}

fn non_empty(map: Map<String, Value>) -> Value {
    if map.is_empty() { Value::Null } else { Value::Object(map) }
}

/// Reads a function's answer.
///
/// # Errors
/// Why it is malformed.
pub(super) fn answer(payload: &[u8], request: &MethodRequest<'_>, facts: &Facts) -> Result<Answer, String> {
    let value: Value = serde_json::from_slice(payload).map_err(|error| error.to_string())?;
    let Value::Object(object) = value else { return Err("the answer is not an object".to_owned()) };
    let code = match object.get("statusCode") {
        Some(Value::Number(code)) => code.as_u64(),
        Some(Value::String(code)) => code.parse().ok(),
        _ => None,
    };
    let status = code.and_then(|code| StatusCode::from_u16(u16::try_from(code).ok()?).ok());
    let status = status.filter(|status| (100..600).contains(&status.as_u16()));
    let status = status.ok_or("statusCode is not an HTTP status")?;
    let mut headers = HeaderMap::new();
    read_headers(&object, &mut headers)?;
    let text = match object.get("body") {
        None | Some(Value::Null) => "",
        Some(Value::String(text)) => text.as_str(),
        Some(_) => return Err("body is not a string".to_owned()),
    };
    let encoded = match object.get("isBase64Encoded") {
        None | Some(Value::Null | Value::Bool(false)) => false,
        Some(Value::Bool(true)) => true,
        Some(_) => return Err("isBase64Encoded is not true or false".to_owned()),
    };
    let body = if encoded && wants_binary(&headers, request, facts) {
        STANDARD.decode(text).map_err(|error| format!("body is not base64: {error}"))?.into()
    } else {
        Bytes::copy_from_slice(text.as_bytes())
    };
    Ok(Answer { status, headers, body })
}

fn read_headers(object: &Map<String, Value>, headers: &mut HeaderMap) -> Result<(), String> {
    let map = |name: &'static str| match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(map)) => Ok(Some(map)),
        Some(_) => Err(format!("{name} is not an object")),
    };
    let mut all: Vec<(&String, &Value)> = Vec::new();
    let many = map("multiValueHeaders")?;
    for (name, values) in many.into_iter().flatten() {
        let values = values.as_array().ok_or_else(|| format!("multiValueHeaders {name} is not an array"))?;
        all.extend(values.iter().map(|value| (name, value)));
    }
    let repeated = |name: &str, value: &Value| {
        let same = |(other, values): (&String, &Value)| {
            other.eq_ignore_ascii_case(name) && values.as_array().is_some_and(|values| values.contains(value))
        };
        many.is_some_and(|many| many.iter().any(same))
    };
    let one = map("headers")?;
    all.extend(one.into_iter().flatten().filter(|(name, value)| !repeated(name, value)));
    for (name, value) in all {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            Value::Null => continue,
            _ => return Err(format!("header {name} is not a string")),
        };
        let parsed = HeaderName::try_from(name.as_str()).ok().zip(HeaderValue::from_str(&text).ok());
        let (name, value) = parsed.ok_or_else(|| format!("header {name} is not a valid header"))?;
        insert_answer_header(headers, name, value);
    }
    Ok(())
}

/// Whether the client takes bytes: it accepts a binary media type, or the answer is of one.
pub(super) fn wants_binary(headers: &HeaderMap, request: &MethodRequest<'_>, facts: &Facts) -> bool {
    let types = &facts.stage.deployment.definition.binary_media_types;
    let accepted = header(&request.parts.headers, ACCEPT.as_str()).unwrap_or_default();
    let first = super::compiled::media_type(accepted.split(',').next().unwrap_or_default());
    let own = super::compiled::media_type(header(headers, CONTENT_TYPE.as_str()).unwrap_or_default());
    is_binary(types, &first) || is_binary(types, &own)
}
