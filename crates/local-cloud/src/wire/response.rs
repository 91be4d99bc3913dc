//! An answer as services give it.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::{ApiError, Node, Protocol, WireRequest};

/// A whole answer.
#[derive(Clone, Debug)]
pub struct WireResponse {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl WireResponse {
    /// An answer without body.
    #[must_use]
    pub fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::new() }
    }

    /// An answer with a body of a given media type.
    pub fn with_body(status: StatusCode, content_type: &str, body: impl Into<Bytes>) -> Self {
        Self { status, headers: HeaderMap::new(), body: body.into() }
            .with_header("content-type", content_type)
    }

    /// A JSON answer.
    #[must_use]
    pub fn json(status: StatusCode, value: &Value) -> Self {
        Self::with_body(status, "application/json", value.to_string())
    }

    /// An XML answer.
    #[must_use]
    pub fn xml(status: StatusCode, document: String) -> Self {
        Self::with_body(status, "text/xml", document)
    }

    /// Sets a header; one whose name or value HTTP does not allow is left out.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_bytes(value.as_bytes()))
        {
            self.headers.insert(name, value);
        }
        self
    }

    /// The answer of a query operation: `<OpResponse><OpResult>…</OpResult><ResponseMetadata>…`, or the same in JSON.
    ///
    /// A result of [`Node::Null`] has no `OpResult` element, as operations without output have none.
    #[must_use]
    pub fn of_query(request: &WireRequest, operation: &str, result: Result<Node, ApiError>) -> Self {
        let protocol = Protocol::query(request);
        let node = match result {
            Ok(node) => node,
            Err(error) => return error.into_response(protocol, request),
        };
        let id = request.request_id.as_str();
        let response = if protocol == Protocol::QueryJson {
            let mut inner = serde_json::Map::new();
            if node != Node::Null {
                inner.insert(format!("{operation}Result"), node.to_json());
            }
            inner.insert("ResponseMetadata".into(), json!({"RequestId": id}));
            let mut outer = serde_json::Map::new();
            outer.insert(format!("{operation}Response"), Value::Object(inner));
            Self::json(StatusCode::OK, &Value::Object(outer))
        } else {
            let metadata = format!("<ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata>");
            let mut document = match node {
                Node::Null => Node::Null.to_xml(&format!("{operation}Response"), request.xml_namespace()),
                node => {
                    let root = format!("{operation}Response");
                    let result_name = format!("{operation}Result");
                    let whole = node.to_xml(&result_name, None);
                    let inner = whole.split_once('\n').map_or(whole.as_str(), |(_, rest)| rest);
                    let mut document = Node::Null.to_xml(&root, request.xml_namespace());
                    let end = document.len() - root.len() - 3;
                    document.insert_str(end, inner);
                    document
                }
            };
            let end = document.len() - operation.len() - "</Response>".len();
            document.insert_str(end, &metadata);
            Self::xml(StatusCode::OK, document)
        };
        response.with_header("x-amzn-requestid", id)
    }

    /// The answer of an awsJson1.0 or awsJson1.1 operation, in the version that the request had.
    #[must_use]
    pub fn of_aws_json(request: &WireRequest, result: Result<Value, ApiError>) -> Self {
        let (protocol, media) = match Protocol::of(request) {
            Protocol::AwsJson10 => (Protocol::AwsJson10, "application/x-amz-json-1.0"),
            _ => (Protocol::AwsJson11, "application/x-amz-json-1.1"),
        };
        match result {
            Ok(value) => Self::with_body(StatusCode::OK, media, value.to_string())
                .with_header("x-amzn-requestid", &request.request_id),
            Err(error) => error.into_response(protocol, request),
        }
    }

    /// The answer of a restJson1 operation with its status on success.
    #[must_use]
    pub fn of_rest_json(
        request: &WireRequest,
        result: Result<(StatusCode, Option<Value>), ApiError>,
    ) -> Self {
        match result {
            Ok((status, Some(value))) => Self::json(status, &value),
            Ok((status, None)) => Self::empty(status),
            Err(error) => return error.into_response(Protocol::RestJson, request),
        }
        .with_header("x-amzn-requestid", &request.request_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{Method, Uri};

    fn request(accept: Option<&str>) -> WireRequest {
        let mut headers = HeaderMap::new();
        if let Some(accept) = accept {
            headers.insert("accept", accept.parse().unwrap());
        }
        let mut request = WireRequest::new(Method::POST, Uri::from_static("/"), headers, Bytes::new())
            .for_service("sns", "us-east-1");
        request.request_id = "id".into();
        request
    }

    #[test]
    fn query_answers_have_result_and_metadata() {
        let node = Node::Struct(vec![("MessageId", "m".into())]);
        let response = WireResponse::of_query(&request(None), "Publish", Ok(node));
        assert_eq!(
            String::from_utf8_lossy(&response.body),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">\
             <PublishResult><MessageId>m</MessageId></PublishResult>\
             <ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></PublishResponse>"
        );
        let response = WireResponse::of_query(&request(None), "TagResource", Ok(Node::Null));
        assert!(response.body.ends_with(
            b"2010-03-31/\"><ResponseMetadata><RequestId>id</RequestId></ResponseMetadata></TagResourceResponse>"
        ));
    }

    #[test]
    fn query_answers_in_json_when_accepted() {
        let node = Node::Struct(vec![("MessageId", "m".into()), ("SequenceNumber", Node::Null)]);
        let response = WireResponse::of_query(&request(Some("application/json")), "Publish", Ok(node));
        assert_eq!(
            String::from_utf8_lossy(&response.body),
            r#"{"PublishResponse":{"PublishResult":{"MessageId":"m","SequenceNumber":null},"ResponseMetadata":{"RequestId":"id"}}}"#
        );
        let error = ApiError::sender("InvalidParameter", "Invalid parameter: Empty message");
        let response = WireResponse::of_query(&request(Some("application/json")), "Publish", Err(error));
        assert_eq!(response.status, StatusCode::BAD_REQUEST);
        assert_eq!(
            String::from_utf8_lossy(&response.body),
            r#"{"Error":{"Code":"InvalidParameter","Message":"Invalid parameter: Empty message","Type":"Sender"},"RequestId":"id"}"#
        );
    }

    #[test]
    fn errors_have_each_protocols_shape() {
        let error = ApiError::with_status(StatusCode::NOT_FOUND, "NotFound", "no <it>");
        let xml = error.clone().into_response(Protocol::Query, &request(None));
        assert!(String::from_utf8_lossy(&xml.body).contains(
            "<Error><Type>Sender</Type><Code>NotFound</Code><Message>no &lt;it&gt;</Message></Error><RequestId>id</RequestId>"
        ));
        let rest = error.clone().into_response(Protocol::RestJson, &request(None));
        assert_eq!(rest.headers["x-amzn-errortype"], "NotFound");
        let json = error.into_response(Protocol::AwsJson11, &request(None));
        let body: Value = serde_json::from_slice(&json.body).unwrap();
        assert_eq!((body["__type"].as_str(), body["message"].as_str()), (Some("NotFound"), Some("no <it>")));
    }
}
