//! The credential scope of a signed request, which names the region and the service that the caller means.

use http::{HeaderMap, Uri, header};

use super::percent_decode;

/// `AKID/20261120/us-east-1/sns/aws4_request`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    pub access_key_id: String,
    /// `YYYYMMDD`
    pub date: String,
    pub region: String,
    /// The signing name: `sns`, `s3`, `elasticloadbalancing`, …
    pub service: String,
}

impl Scope {
    /// The scope in the `Authorization` header, or in `X-Amz-Credential` of a presigned URL.
    #[must_use]
    pub fn of(headers: &HeaderMap, uri: &Uri) -> Option<Self> {
        let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        if let Some(text) = authorization.filter(|text| text.starts_with("AWS4-HMAC-SHA256")) {
            let credential = text.split("Credential=").nth(1)?.split([',', ' ']).next()?;
            return Self::parse(credential);
        }
        let query = uri.query()?;
        let credential = query.split('&').find_map(|pair| pair.strip_prefix("X-Amz-Credential="))?;
        Self::parse(&percent_decode(credential))
    }

    fn parse(credential: &str) -> Option<Self> {
        // An access key may itself contain slashes with some tools, so the scope is read from its end.
        let mut parts = credential.rsplitn(5, '/');
        let (_terminator, service, region) = (parts.next()?, parts.next()?, parts.next()?);
        let (date, access_key_id) = (parts.next()?, parts.next()?);
        Some(Self {
            access_key_id: access_key_id.to_owned(),
            date: date.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_header_and_the_presigned_query() {
        let mut headers = HeaderMap::new();
        let value = "AWS4-HMAC-SHA256 Credential=test/20261120/eu-west-1/sns/aws4_request, SignedHeaders=host, Signature=0";
        headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        let scope = Scope::of(&headers, &Uri::from_static("/")).unwrap();
        assert_eq!((scope.region.as_str(), scope.service.as_str()), ("eu-west-1", "sns"));

        let uri = Uri::from_static(
            "/b/k?X-Amz-Credential=test%2F20261120%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Expires=60",
        );
        assert_eq!(Scope::of(&HeaderMap::new(), &uri).unwrap().service, "s3");
        assert_eq!(Scope::of(&HeaderMap::new(), &Uri::from_static("/?a=b")), None);
    }
}
