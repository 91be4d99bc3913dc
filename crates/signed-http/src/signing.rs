//! AWS Signature Version 4 in the headers of a request.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html>

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use bytes::Bytes;

/// What a signature is made for, beside the request.
pub(crate) struct Scope<'a> {
    pub(crate) service: &'a str,
    pub(crate) region: &'a str,
    pub(crate) time: SystemTime,
}

/// Adds `authorization`, `x-amz-date`, the session token if there is one and, for S3, the hash of the payload.
///
/// # Errors
/// The reason, when the request cannot be put into canonical form.
pub(crate) fn add_signature(
    request: &mut http::Request<Bytes>,
    credentials: &Credentials,
    scope: &Scope<'_>,
) -> Result<(), String> {
    let body = request.body().clone();
    sign_request(request, &body, credentials, scope)
}

/// Signs a request to whoever its address or, where that is a path alone, its `Host` names.
fn sign_request<B>(
    request: &mut http::Request<B>,
    body: &[u8],
    credentials: &Credentials,
    scope: &Scope<'_>,
) -> Result<(), String> {
    let identity = credentials.clone().into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(scope.region)
        .name(scope.service)
        .time(scope.time)
        .settings(settings(scope.service))
        .build()
        .map_err(|error| error.to_string())?
        .into();
    let mut headers = Vec::with_capacity(request.headers().len());
    for (name, value) in request.headers() {
        let value = value.to_str().map_err(|_| format!("the header {name} is not text"))?;
        headers.push((name.as_str(), value));
    }
    let address = address(request)?;
    let signable = SignableRequest::new(
        request.method().as_str(),
        address,
        headers.into_iter(),
        SignableBody::Bytes(body),
    )
    .map_err(|error| error.to_string())?;
    let (instructions, _signature) = sign(signable, &params).map_err(|error| error.to_string())?.into_parts();
    instructions.apply_to_request_http1x(request);
    Ok(())
}

/// The scheme is not signed.
fn address<B>(request: &http::Request<B>) -> Result<String, String> {
    let uri = request.uri();
    if uri.authority().is_some() {
        return Ok(uri.to_string());
    }
    let host = request.headers().get(http::header::HOST).and_then(|host| host.to_str().ok());
    host.map(|host| format!("http://{host}{uri}")).ok_or_else(|| "the request names no host".to_owned())
}

/// Signs requests that somebody else sends, such as those to a REST API whose methods have `AuthorizationType: AWS_IAM`.
/// It keeps the credentials that it was made with, so it is made anew for each use.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html>
#[derive(Clone, Debug)]
pub struct Signer {
    /// `Credentials` redacts itself when it is formatted.
    pub(crate) credentials: Credentials,
    pub(crate) service: String,
    pub(crate) region: String,
}

impl Signer {
    /// Adds the headers of the signature. All headers that the request has are signed, so none may change afterwards.
    ///
    /// # Errors
    /// The reason, when the request cannot be put into canonical form: it names no host, or a header is not text.
    pub fn sign<B>(&self, request: &mut http::Request<B>, body: &[u8]) -> Result<(), String> {
        let scope = Scope { service: &self.service, region: &self.region, time: SystemTime::now() };
        sign_request(request, body, &self.credentials, &scope)
    }
}

/// S3 wants the payload's hash as a header and takes paths as they are; other services encode paths twice.
fn settings(service: &str) -> SigningSettings {
    let mut settings = SigningSettings::default();
    if service == "s3" {
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    }
    settings
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn authorization(
        request: http::request::Builder,
        body: &'static str,
        credentials: &Credentials,
        scope: &Scope<'_>,
    ) -> http::Request<Bytes> {
        let mut request = request.body(Bytes::from_static(body.as_bytes())).unwrap();
        add_signature(&mut request, credentials, scope).unwrap();
        request
    }

    fn header<'a>(request: &'a http::Request<Bytes>, name: &str) -> &'a str {
        request.headers()[name].to_str().unwrap()
    }

    /// The vectors `get-vanilla` and `post-x-www-form-urlencoded` of AWS's Signature Version 4 test suite.
    #[test]
    fn the_vectors_of_the_signature_test_suite_are_met() {
        let credentials =
            Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None, None, "test");
        let time = datetime!(2015-08-30 12:36:00 UTC).into();
        let scope = Scope { service: "service", region: "us-east-1", time };
        let get =
            authorization(http::Request::get("https://example.amazonaws.com/"), "", &credentials, &scope);
        assert_eq!(
            header(&get, "authorization"),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders=host;x-amz-date, \
             Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
        );
        let post = authorization(
            http::Request::post("https://example.amazonaws.com/")
                .header("content-type", "application/x-www-form-urlencoded"),
            "Param1=value1",
            &credentials,
            &scope,
        );
        assert_eq!(
            header(&post, "authorization"),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date, \
             Signature=ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"
        );
    }

    /// The example requests of
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>.
    #[test]
    fn the_examples_of_the_s3_documentation_are_met() {
        let credentials = Credentials::new(
            "AKIAIOSFODNN7EXAMPLE",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            None,
            None,
            "test",
        );
        let time = datetime!(2013-05-24 00:00:00 UTC).into();
        let scope = Scope { service: "s3", region: "us-east-1", time };
        let get = authorization(
            http::Request::get("https://examplebucket.s3.amazonaws.com/test.txt")
                .header("range", "bytes=0-9"),
            "",
            &credentials,
            &scope,
        );
        assert!(
            header(&get, "authorization")
                .ends_with("Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
        );
        let put = authorization(
            http::Request::put("https://examplebucket.s3.amazonaws.com/test%24file.text")
                .header("date", "Fri, 24 May 2013 00:00:00 GMT")
                .header("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            "Welcome to Amazon S3.",
            &credentials,
            &scope,
        );
        assert!(
            header(&put, "authorization")
                .ends_with("Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd")
        );
        assert_eq!(
            header(&put, "x-amz-content-sha256"),
            "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072"
        );
    }

    #[test]
    fn a_path_is_signed_for_the_host_that_the_header_names() {
        let credentials = Credentials::new("AKID", "secret", None, None, "test");
        let scope = Scope { service: "execute-api", region: "us-east-1", time: SystemTime::UNIX_EPOCH };
        let signature = |uri: &str, host: Option<&str>| {
            let mut request = http::Request::get(uri).body("any kind of body").unwrap();
            if let Some(host) = host {
                request.headers_mut().insert("host", host.parse().unwrap());
            }
            sign_request(&mut request, b"", &credentials, &scope)
                .map(|()| request.headers()["authorization"].to_str().unwrap().to_owned())
        };
        let whole = signature("http://127.0.0.1:1/v1/turkeys/a%2Fb?limit=1", None).unwrap();
        let path = signature("/v1/turkeys/a%2Fb?limit=1", Some("127.0.0.1:1")).unwrap();
        assert_eq!(whole, path);
        assert_ne!(whole, signature("/v1/turkeys/a%2Fb?limit=1", Some("127.0.0.1:2")).unwrap());
        assert!(signature("/", None).unwrap_err().contains("no host"));
    }

    #[test]
    fn a_session_token_is_sent_and_signed() {
        let credentials = Credentials::new("AKID", "secret", Some("token".to_owned()), None, "test");
        let scope = Scope { service: "logs", region: "us-east-1", time: SystemTime::UNIX_EPOCH };
        let signed = authorization(http::Request::post("http://127.0.0.1:1/"), "{}", &credentials, &scope);
        assert_eq!(header(&signed, "x-amz-security-token"), "token");
        assert!(
            header(&signed, "authorization").contains("SignedHeaders=host;x-amz-date;x-amz-security-token")
        );
        assert!(signed.headers()["x-amz-security-token"].is_sensitive());
    }
}
