//! Checks of Signature Version 4, for clouds that are told to verify who calls.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use std::fmt::Write as _;

use http::{StatusCode, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};

use crate::wire::{ApiError, Scope, WireRequest, percent_decode};

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const BLOCK: usize = 64;

/// Checks a request's signature against the one secret key of the cloud.
///
/// # Errors
/// `MissingAuthenticationToken` for a request without signature, `InvalidClientTokenId` for another access key,
/// `SignatureDoesNotMatch` otherwise; all with status 403.
pub fn verify(request: &WireRequest, access_key_id: &str, secret: &str) -> Result<(), ApiError> {
    let refuse = |code: &str, message: &str| Err(ApiError::with_status(StatusCode::FORBIDDEN, code, message));
    let Some(scope) = Scope::of(&request.headers, &request.uri) else {
        return refuse("MissingAuthenticationToken", "Missing Authentication Token");
    };
    if scope.access_key_id != access_key_id {
        return refuse("InvalidClientTokenId", "The security token included in the request is invalid.");
    }
    let Some((signed_headers, signature, presigned)) = signature_parts(request) else {
        return refuse("IncompleteSignature", "The request signature does not conform to AWS standards.");
    };
    let Some(date) =
        request.header("x-amz-date").map(str::to_owned).or_else(|| request.query_param("X-Amz-Date"))
    else {
        return refuse("IncompleteSignature", "The request must contain X-Amz-Date.");
    };
    let canonical = canonical_request(request, &signed_headers, presigned, &scope.service);
    let scope_text = format!("{}/{}/{}/aws4_request", scope.date, scope.region, scope.service);
    let hashed = hex::encode(Sha256::digest(canonical.as_bytes()));
    let to_sign = format!("AWS4-HMAC-SHA256\n{date}\n{scope_text}\n{hashed}");
    let mut key = hmac(format!("AWS4{secret}").as_bytes(), scope.date.as_bytes());
    for part in [scope.region.as_str(), scope.service.as_str(), "aws4_request"] {
        key = hmac(&key, part.as_bytes());
    }
    if hex::encode(hmac(&key, to_sign.as_bytes())) != signature {
        return refuse(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.",
        );
    }
    if !presigned && !body_matches(request) {
        return refuse(
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        );
    }
    Ok(())
}

/// Signed header names, the signature, and whether they stood in the query string.
fn signature_parts(request: &WireRequest) -> Option<(Vec<String>, String, bool)> {
    let split = |names: &str| names.split(';').map(str::to_owned).collect();
    if let Some(text) = request.header(header::AUTHORIZATION.as_str()) {
        let part = |name: &str| text.split(name).nth(1)?.split([',', ' ']).next().map(str::to_owned);
        return Some((split(&part("SignedHeaders=")?), part("Signature=")?, false));
    }
    let names = request.query_param("X-Amz-SignedHeaders")?;
    Some((split(&names), request.query_param("X-Amz-Signature")?, true))
}

fn canonical_request(request: &WireRequest, signed: &[String], presigned: bool, service: &str) -> String {
    let encode = |text: &str| utf8_percent_encode(text, UNRESERVED).to_string();
    // S3 signs the path as it is sent; all others encode it once more.
    let path = if service == "s3" {
        request.uri.path().split('/').map(|part| encode(&percent_decode(part))).collect::<Vec<_>>().join("/")
    } else {
        request.uri.path().split('/').map(encode).collect::<Vec<_>>().join("/")
    };
    let mut query: Vec<(String, String)> = request
        .uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .filter(|(key, _)| !(presigned && *key == "X-Amz-Signature"))
        .map(|(key, value)| (encode(&percent_decode(key)), encode(&percent_decode(value))))
        .collect();
    query.sort();
    let query: Vec<String> = query.into_iter().map(|(key, value)| format!("{key}={value}")).collect();
    let mut headers = String::new();
    for name in signed {
        let values: Vec<String> = request
            .headers
            .get_all(name.as_str())
            .iter()
            .map(|value| {
                let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
                text.split_whitespace().collect::<Vec<_>>().join(" ")
            })
            .collect();
        let value = if name == "host" && values.is_empty() {
            request.uri.authority().map(ToString::to_string).unwrap_or_default()
        } else {
            values.join(",")
        };
        let _infallible = writeln!(headers, "{name}:{value}");
    }
    let payload = match request.header("x-amz-content-sha256") {
        Some(hash) => hash.to_owned(),
        None if presigned => "UNSIGNED-PAYLOAD".to_owned(),
        None => hex::encode(Sha256::digest(&request.body)),
    };
    let (method, names) = (request.method.as_str(), signed.join(";"));
    format!("{method}\n{path}\n{}\n{headers}\n{names}\n{payload}", query.join("&"))
}

fn body_matches(request: &WireRequest) -> bool {
    match request.header("x-amz-content-sha256") {
        Some(hash) if hash.len() == BLOCK => hash == hex::encode(Sha256::digest(&request.body)),
        _ => true,
    }
}

/// HMAC-SHA256, RFC 2104.
pub fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0_u8; BLOCK];
    if key.len() > BLOCK {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http::{HeaderMap, Method, Uri};

    /// The worked example of the AWS documentation: `ListUsers` of IAM on 30 August 2015.
    #[test]
    fn agrees_with_the_documented_example() {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", "application/x-www-form-urlencoded; charset=utf-8".parse().unwrap());
        headers.insert("host", "iam.amazonaws.com".parse().unwrap());
        headers.insert("x-amz-date", "20150830T123600Z".parse().unwrap());
        let signature = "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7";
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, Signature={signature}"
        );
        headers.insert("authorization", authorization.parse().unwrap());
        let uri = Uri::from_static("/?Action=ListUsers&Version=2010-05-08");
        let request = WireRequest::new(Method::GET, uri, headers, Bytes::new());
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        assert_eq!(verify(&request, "AKIDEXAMPLE", secret), Ok(()));
        let wrong = verify(&request, "AKIDEXAMPLE", "other").unwrap_err();
        assert_eq!((wrong.code.as_str(), wrong.status), ("SignatureDoesNotMatch", StatusCode::FORBIDDEN));
        assert_eq!(verify(&request, "AKIDOTHER", secret).unwrap_err().code, "InvalidClientTokenId");
    }
}
