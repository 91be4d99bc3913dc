//! The events and answers of API Gateway's Lambda proxy integration, payload format 1.0.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html>

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// A request, as far as the functions look at it. Whatever a caller leaves out, as one that invokes the function directly
/// does, is empty.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct ProxyRequest {
    http_method: Option<String>,
    path: Option<String>,
    headers: Option<BTreeMap<String, Option<String>>>,
    multi_value_headers: Option<BTreeMap<String, Option<Vec<String>>>>,
    query_string_parameters: Option<BTreeMap<String, Option<String>>>,
    request_context: Option<RequestContext>,
    body: Option<String>,
    is_base64_encoded: bool,
}

impl ProxyRequest {
    /// The HTTP method, upper case; empty when there is none.
    #[must_use]
    pub fn method(&self) -> &str {
        self.http_method.as_deref().unwrap_or_default()
    }

    /// The path below the stage; empty when there is none.
    #[must_use]
    pub fn path(&self) -> &str {
        self.path.as_deref().unwrap_or_default()
    }

    /// The path as the client sent it, percent-encoded, with the stage before it; the decoded one below the stage where the
    /// caller says nothing else. Its last part is the same in both.
    #[must_use]
    pub fn raw_path(&self) -> &str {
        let context = self.request_context.as_ref();
        context.and_then(|context| context.path.as_deref()).unwrap_or(self.path())
    }

    /// The last value of a parameter of the query string, decoded.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query_string_parameters.as_ref()?.get(name)?.as_deref()
    }

    /// The last value of a header. API Gateway keeps the letter case that the client chose, so names are compared without.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let single = self.headers.iter().flatten().find(|(key, _)| key.eq_ignore_ascii_case(name));
        let multiple =
            || self.multi_value_headers.iter().flatten().find(|(key, _)| key.eq_ignore_ascii_case(name));
        single
            .and_then(|(_, value)| value.as_deref())
            .or_else(|| multiple().and_then(|(_, values)| values.as_ref()?.last().map(String::as_str)))
    }

    /// A value of the context that the method's Lambda authorizer gave; API Gateway hands all of them on as text.
    #[must_use]
    pub fn authorized(&self, name: &str) -> Option<&str> {
        self.request_context.as_ref()?.authorizer.as_ref()?.get(name)?.as_str()
    }

    /// The bytes of the body, as the client sent them; `None` when they are said to be Base64 and are not.
    #[must_use]
    pub fn body(&self) -> Option<Vec<u8>> {
        let body = self.body.as_deref().unwrap_or_default();
        if self.is_base64_encoded { STANDARD.decode(body).ok() } else { Some(body.as_bytes().to_vec()) }
    }
}

/// What API Gateway knows about a request.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
struct RequestContext {
    path: Option<String>,
    authorizer: Option<BTreeMap<String, serde_json::Value>>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProxyResponse {
    status_code: u16,
    headers: BTreeMap<String, String>,
    body: String,
    is_base64_encoded: bool,
}

impl ProxyResponse {
    /// An answer with a JSON body.
    #[must_use]
    pub fn json(status: u16, body: String) -> ProxyResponse {
        ProxyResponse { status_code: status, headers: BTreeMap::new(), body, is_base64_encoded: false }
            .with_header("content-type", "application/json")
    }

    /// An answer with any body: text goes as it is, other bytes go as Base64, which API Gateway turns back where the API
    /// has a matching binary media type.
    #[must_use]
    pub fn bytes(status: u16, content_type: &str, body: Vec<u8>) -> ProxyResponse {
        let (body, is_base64_encoded) = match String::from_utf8(body) {
            Ok(text) => (text, false),
            Err(error) => (STANDARD.encode(error.as_bytes()), true),
        };
        ProxyResponse { status_code: status, headers: BTreeMap::new(), body, is_base64_encoded }
            .with_header("content-type", content_type)
    }

    /// The answer with one more header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> ProxyResponse {
        self.headers.insert(name.to_owned(), value.to_owned());
        self
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status_code
    }
}

impl crate::start::Reply for ProxyResponse {
    fn status(&self) -> u16 {
        self.status_code
    }
}

impl From<workload::Refusal> for ProxyResponse {
    fn from(refusal: workload::Refusal) -> ProxyResponse {
        ProxyResponse::json(refusal.status, refusal.body())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn request(event: Value) -> ProxyRequest {
        serde_json::from_value(event).unwrap()
    }

    #[test]
    fn an_event_of_api_gateway_is_read() {
        let request = request(json!({
            "resource": "/publish", "path": "/publish", "httpMethod": "POST",
            "headers": {"Content-Type": "text/plain", "X-Forwarded-For": "127.0.0.1"},
            "multiValueHeaders": {"Content-Type": ["text/plain"]},
            "queryStringParameters": null, "pathParameters": null, "stageVariables": null,
            "requestContext": {"stage": "v1", "requestId": "r"},
            "body": "a\"b\n€", "isBase64Encoded": false
        }));
        assert_eq!((request.method(), request.path()), ("POST", "/publish"));
        assert_eq!(request.header("content-type"), Some("text/plain"));
        assert_eq!(request.body().unwrap(), "a\"b\n€".as_bytes());
    }

    #[test]
    fn the_raw_path_is_the_one_of_the_context() {
        let behind_a_stage = request(json!({
            "path": "/turkeys/a/b", "requestContext": {"path": "/v1/turkeys/a%2Fb"},
            "queryStringParameters": {"limit": "5", "none": null}
        }));
        assert_eq!(behind_a_stage.raw_path(), "/v1/turkeys/a%2Fb");
        assert_eq!((behind_a_stage.query("limit"), behind_a_stage.query("none")), (Some("5"), None));
        let bare = request(json!({"path": "/turkeys/a"}));
        assert_eq!((bare.raw_path(), bare.query("limit")), ("/turkeys/a", None));
    }

    #[test]
    fn header_names_have_no_case_and_lists_count_too() {
        let single = request(json!({"headers": {"cOnTeNt-TyPe": "a/b"}}));
        assert_eq!(single.header("Content-Type"), Some("a/b"));
        let multiple =
            request(json!({"headers": null, "multiValueHeaders": {"CONTENT-TYPE": ["a/b", "c/d"]}}));
        assert_eq!(multiple.header("content-type"), Some("c/d"));
        assert_eq!(multiple.header("accept"), None);
    }

    #[test]
    fn parameters_and_the_authorizers_context_are_found_by_name() {
        let request = request(json!({
            "queryStringParameters": {"limit": "5", "empty": "", "next": null},
            "requestContext": {"authorizer": {"principalId": "a", "subject": "alice", "latency": 3}},
        }));
        assert_eq!((request.query("limit"), request.query("empty")), (Some("5"), Some("")));
        assert_eq!((request.query("next"), request.query("other")), (None, None));
        assert_eq!(request.authorized("subject"), Some("alice"));
        assert_eq!((request.authorized("latency"), request.authorized("scopes")), (None, None));
        assert_eq!(
            self::request(json!({"requestContext": {"authorizer": null}})).authorized("subject"),
            None
        );
    }

    #[test]
    fn base64_is_decoded_and_nonsense_noticed() {
        let encoded = request(json!({"body": "4oKsAA==", "isBase64Encoded": true}));
        assert_eq!(encoded.body().unwrap(), "€\0".as_bytes());
        let nonsense = request(json!({"body": "€", "isBase64Encoded": true}));
        assert_eq!(nonsense.body(), None);
    }

    #[test]
    fn a_bare_event_is_an_empty_request() {
        let request = request(json!({"body": null, "headers": null}));
        assert_eq!(request, ProxyRequest::default());
        assert_eq!(request.body().unwrap(), b"");
    }

    #[test]
    fn answers_have_the_shape_that_api_gateway_wants() {
        let text = ProxyResponse::json(200, "{}".to_owned()).with_header("x-cold-start", "1");
        assert_eq!(
            serde_json::to_value(text).unwrap(),
            json!({
                "statusCode": 200, "headers": {"content-type": "application/json", "x-cold-start": "1"},
                "body": "{}", "isBase64Encoded": false
            })
        );
        let binary = ProxyResponse::bytes(200, "application/zip", vec![0xff, 0x00]);
        assert_eq!((binary.body.as_str(), binary.is_base64_encoded), ("/wA=", true));
    }
}
