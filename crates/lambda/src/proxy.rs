//! The events and answers of API Gateway's Lambda proxy integration, payload format 1.0.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html>

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::{HeaderMap, HeaderName};
use serde::{Deserialize, Serialize};

use crate::warm_up::{Event, WarmUp};

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
    multi_value_query_string_parameters: Option<BTreeMap<String, Option<Vec<String>>>>,
    request_context: Option<RequestContext>,
    body: Option<String>,
    is_base64_encoded: bool,
    warm_up: Option<WarmUp>,
}

impl Event for ProxyRequest {
    fn warm_up(&self) -> Option<WarmUp> {
        self.warm_up
    }
}

/// What API Gateway knows about a request.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
struct RequestContext {
    path: Option<String>,
    authorizer: Option<BTreeMap<String, serde_json::Value>>,
    identity: Option<Identity>,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
struct Identity {
    source_ip: Option<String>,
}

/// The most that a function may answer, as JSON.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const LARGEST_ANSWER: usize = 6 * 1024 * 1024;
/// A JSON text needs at most six bytes for one of a body's, and the head is small: below this it always fits.
const SURELY_FITS: usize = 900 * 1024;

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

    /// All headers with all of their values. What no header may hold is left out.
    #[must_use]
    pub fn headers(&self) -> HeaderMap {
        pairs(self.multi_value_headers.as_ref(), self.headers.as_ref())
            .into_iter()
            .filter_map(|(name, value)| Some((name.parse::<HeaderName>().ok()?, value.parse().ok()?)))
            .collect()
    }

    /// The parameters of the query string, decoded; those of one name stand together, in their order.
    #[must_use]
    pub fn query_pairs(&self) -> Vec<(String, String)> {
        pairs(self.multi_value_query_string_parameters.as_ref(), self.query_string_parameters.as_ref())
    }

    /// The address that the request came to API Gateway from.
    #[must_use]
    pub fn client(&self) -> Option<&str> {
        self.request_context.as_ref()?.identity.as_ref()?.source_ip.as_deref()
    }

    /// The bytes of the body, as the client sent them; `None` when they are said to be Base64 and are not.
    #[must_use]
    pub fn body(&self) -> Option<Vec<u8>> {
        let body = self.body.as_deref().unwrap_or_default();
        if self.is_base64_encoded { STANDARD.decode(body).ok() } else { Some(body.as_bytes().to_vec()) }
    }
}

/// All values where the event has them, else the last ones.
fn pairs(
    all: Option<&BTreeMap<String, Option<Vec<String>>>>,
    last: Option<&BTreeMap<String, Option<String>>>,
) -> Vec<(String, String)> {
    if let Some(all) = all {
        let values = all
            .iter()
            .flat_map(|(name, values)| values.iter().flatten().map(|value| (name.clone(), value.clone())));
        return values.collect();
    }
    let values = last.into_iter().flatten();
    values.filter_map(|(name, value)| Some((name.clone(), value.clone()?))).collect()
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProxyResponse {
    status_code: u16,
    headers: BTreeMap<String, String>,
    /// Those with more than one value.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    multi_value_headers: BTreeMap<String, Vec<String>>,
    body: String,
    is_base64_encoded: bool,
}

impl ProxyResponse {
    /// An answer with a JSON body.
    #[must_use]
    pub fn json(status: u16, body: String) -> ProxyResponse {
        ProxyResponse::plain(status, body, false).with_header("content-type", "application/json")
    }

    /// An answer with any body: text goes as it is, other bytes go as Base64, which API Gateway turns back where the API
    /// has a matching binary media type.
    #[must_use]
    pub fn bytes(status: u16, content_type: &str, body: Vec<u8>) -> ProxyResponse {
        ProxyResponse::of_bytes(status, body).with_header("content-type", content_type)
    }

    /// The answer with one more header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> ProxyResponse {
        self.headers.insert(name.to_owned(), value.to_owned());
        self
    }

    fn plain(status: u16, body: String, is_base64_encoded: bool) -> ProxyResponse {
        let (headers, multi_value_headers) = (BTreeMap::new(), BTreeMap::new());
        ProxyResponse { status_code: status, headers, multi_value_headers, body, is_base64_encoded }
    }

    fn of_bytes(status: u16, body: Vec<u8>) -> ProxyResponse {
        match String::from_utf8(body) {
            Ok(text) => ProxyResponse::plain(status, text, false),
            Err(error) => ProxyResponse::plain(status, STANDARD.encode(error.as_bytes()), true),
        }
    }

    /// Whether Lambda can give this answer back.
    #[must_use]
    pub fn fits(&self) -> bool {
        self.body.len() <= SURELY_FITS
            || serde_json::to_vec(self).is_ok_and(|answer| answer.len() <= LARGEST_ANSWER)
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

/// Any answer, with all of its headers whose values are text.
impl From<http::Response<Bytes>> for ProxyResponse {
    fn from(answer: http::Response<Bytes>) -> ProxyResponse {
        let (parts, body) = answer.into_parts();
        let mut response = ProxyResponse::of_bytes(parts.status.as_u16(), body.into());
        for name in parts.headers.keys() {
            let values = parts.headers.get_all(name).iter();
            let mut values: Vec<String> =
                values.filter_map(|value| value.to_str().ok().map(str::to_owned)).collect();
            match (values.len(), values.pop()) {
                (1, Some(value)) => {
                    response.headers.insert(name.to_string(), value);
                }
                (_, Some(value)) => {
                    values.push(value);
                    response.multi_value_headers.insert(name.to_string(), values);
                }
                (_, None) => {}
            }
        }
        response
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
    fn all_values_of_headers_and_parameters_are_kept() {
        let request = request(json!({
            "headers": {"Accept": "b"}, "multiValueHeaders": {"Accept": ["a", "b"], "bad name": ["x"]},
            "queryStringParameters": {"q": "2"}, "multiValueQueryStringParameters": {"q": ["1", "2"], "e": [""]},
            "requestContext": {"identity": {"sourceIp": "10.0.0.1"}, "stage": "v1"}
        }));
        let accepted: Vec<_> = request.headers().get_all("accept").iter().cloned().collect();
        assert_eq!(
            (accepted, request.headers().len()),
            (vec!["a".parse().unwrap(), "b".parse().unwrap()], 2)
        );
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(request.query_pairs(), [pair("e", ""), pair("q", "1"), pair("q", "2")]);
        assert_eq!(request.client(), Some("10.0.0.1"));
        let single = self::request(json!({"headers": {"A": "b"}, "queryStringParameters": {"q": "2"}}));
        assert_eq!((single.headers().len(), single.query_pairs()), (1, vec![pair("q", "2")]));
    }

    #[test]
    fn any_answer_is_passed_back_and_a_large_one_noticed() {
        let answer = |body: Vec<u8>| {
            let builder = http::Response::builder().status(206).header("etag", "\"x\"");
            let builder = builder.header("set-cookie", "a=1").header("set-cookie", "b=2");
            ProxyResponse::from(builder.body(Bytes::from(body)).unwrap())
        };
        assert_eq!(
            serde_json::to_value(answer(vec![0xff, 0x00])).unwrap(),
            json!({
                "statusCode": 206, "headers": {"etag": "\"x\""},
                "multiValueHeaders": {"set-cookie": ["a=1", "b=2"]}, "body": "/wA=", "isBase64Encoded": true
            })
        );
        assert!(answer(vec![b'a'; 6_000_000]).fits());
        assert!(answer(vec![0xff; 4_500_000]).fits());
        assert!(!answer(vec![0xff; 5_000_000]).fits());
        assert!(!answer(vec![b'\n'; 4_000_000]).fits());
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
