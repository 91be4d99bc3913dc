//! Calls: signed, tried again when that may help, errors read.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use bytes::Bytes;
use http::Method;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::request::form;
use crate::signing::{Scope, Signer, add_signature};
use crate::{Request, Response, ServiceError, SignedHttpError, Transport, TransportError, endpoint, retry};

/// How long before they expire credentials are had anew.
const EXPIRY_MARGIN: Duration = Duration::from_mins(1);

/// The version of AWS's JSON protocol that a service speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonVersion {
    /// `application/x-amz-json-1.0`
    V1_0,
    /// `application/x-amz-json-1.1`: CloudWatch Logs, ECR, the tagging API.
    V1_1,
}

impl JsonVersion {
    fn content_type(self) -> &'static str {
        match self {
            JsonVersion::V1_0 => "application/x-amz-json-1.0",
            JsonVersion::V1_1 => "application/x-amz-json-1.1",
        }
    }
}

/// Calls AWS services with the region, endpoint and credentials of an SDK configuration. Clones share connections and
/// credentials.
#[derive(Clone, Debug)]
pub struct Client {
    transport: Transport,
    region: Option<String>,
    endpoint: Option<String>,
    provider: Option<SharedCredentialsProvider>,
    /// `Credentials` redacts itself when it is formatted.
    credentials: Arc<Mutex<Option<Credentials>>>,
}

impl Client {
    /// A client for the target that the configuration describes. Nothing is sent.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Client {
        Client {
            transport: Transport::new(),
            region: config.region().map(ToString::to_string),
            endpoint: config.endpoint_url().map(str::to_owned),
            provider: config.credentials_provider(),
            credentials: Arc::default(),
        }
    }

    /// The same client over other connections.
    #[must_use]
    pub fn with_transport(self, transport: Transport) -> Client {
        Client { transport, ..self }
    }

    /// The connections below, for servers that take no AWS signature.
    #[must_use]
    pub fn transport(&self) -> &Transport {
        &self.transport
    }

    /// The configured region.
    ///
    /// # Errors
    /// [`SignedHttpError::NoRegion`].
    pub fn region(&self) -> Result<&str, SignedHttpError> {
        self.region.as_deref().ok_or(SignedHttpError::NoRegion)
    }

    /// Makes a call and returns its answer of status 200 to 299.
    ///
    /// Throttling, statuses 500, 502, 503 and 504, and broken connections are tried again, five times in all, with
    /// jittered waits; so a call may take effect more than once, as it may with the SDKs.
    ///
    /// # Errors
    /// [`SignedHttpError::Service`] for any other status, with the code and message of the service.
    pub async fn call(&self, request: Request) -> Result<Response, SignedHttpError> {
        let region = self.region()?;
        let endpoint = endpoint::resolve(self.endpoint.as_deref(), &request.service, region);
        let mut attempt = 1;
        loop {
            let signed = self.sign(&request, &endpoint, region).await?;
            let outcome = self.transport.send(signed).await;
            let (error, again) = match outcome {
                Ok(answer) if (200..300).contains(&answer.status) => return Ok(answer),
                Ok(answer) => {
                    let error =
                        ServiceError::parse(&request.service, answer.status, &answer.headers, &answer.body);
                    let again = error.is_throttling() || retry::may_pass(error.status);
                    (SignedHttpError::Service(error), again)
                }
                Err(source) => (unreachable(&request, &endpoint, source), true),
            };
            if !again || attempt >= retry::ATTEMPTS {
                return Err(error);
            }
            let wait = retry::backoff(attempt);
            tracing::debug!(service = request.service, path = request.path, attempt, ?wait, %error, "trying again");
            tokio::time::sleep(wait).await;
            attempt += 1;
        }
    }

    /// Calls an operation of a JSON 1.0 or 1.1 service. `target` is the `X-Amz-Target`, such as
    /// `Logs_20140328.FilterLogEvents`. An empty answer is an empty object.
    ///
    /// # Errors
    /// As [`Client::call`]; [`SignedHttpError::Unreadable`] when the answer is not JSON.
    pub async fn json(
        &self,
        service: &str,
        target: &str,
        version: JsonVersion,
        input: Value,
    ) -> Result<Value, SignedHttpError> {
        let request = Request::new(service, Method::POST, "/")
            .header("content-type", version.content_type())
            .header("x-amz-target", target)
            .body(input.to_string());
        let answer = self.call(request).await?;
        if answer.body.is_empty() {
            return Ok(Value::Object(serde_json::Map::new()));
        }
        serde_json::from_slice(&answer.body).map_err(|error| SignedHttpError::Unreadable {
            service: service.to_owned(),
            operation: target.to_owned(),
            reason: error.to_string(),
        })
    }

    /// Calls an operation of a query service, such as STS or IAM: a form of `Action`, `Version` and the parameters. The
    /// answer is the XML document, to be read with [`crate::xml`].
    ///
    /// # Errors
    /// As [`Client::call`]; [`SignedHttpError::Unreadable`] when the answer is not text.
    pub async fn query(
        &self,
        service: &str,
        version: &str,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Result<String, SignedHttpError> {
        let mut pairs =
            vec![("Action".to_owned(), action.to_owned()), ("Version".to_owned(), version.to_owned())];
        pairs.extend(parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let request = Request::new(service, Method::POST, "/")
            .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
            .body(form(&pairs));
        let answer = self.call(request).await?;
        String::from_utf8(answer.body.to_vec()).map_err(|error| SignedHttpError::Unreadable {
            service: service.to_owned(),
            operation: action.to_owned(),
            reason: error.to_string(),
        })
    }

    /// Signs requests to a service that are sent by other means, with the credentials of now.
    ///
    /// # Errors
    /// [`SignedHttpError::NoRegion`], [`SignedHttpError::Credentials`].
    pub async fn signer(&self, service: &str) -> Result<Signer, SignedHttpError> {
        let region = endpoint::signing_region(service, self.region()?).to_owned();
        Ok(Signer { credentials: self.credentials().await?, service: service.to_owned(), region })
    }

    async fn sign(
        &self,
        request: &Request,
        endpoint: &str,
        region: &str,
    ) -> Result<http::Request<Bytes>, SignedHttpError> {
        let uri = format!("{endpoint}{}", request.path_and_query());
        let invalid = |reason: String| SignedHttpError::InvalidRequest {
            method: request.method.to_string(),
            uri: uri.clone(),
            reason,
        };
        let mut builder = http::Request::builder().method(request.method.clone()).uri(&uri);
        for (name, value) in &request.headers {
            builder = builder.header(name, value);
        }
        let mut signed = builder.body(request.body.clone()).map_err(|error| invalid(error.to_string()))?;
        let credentials = self.credentials().await?;
        let scope = Scope {
            service: &request.service,
            region: endpoint::signing_region(&request.service, region),
            time: SystemTime::now(),
        };
        add_signature(&mut signed, &credentials, &scope).map_err(invalid)?;
        Ok(signed)
    }

    async fn credentials(&self) -> Result<Credentials, SignedHttpError> {
        let mut kept = self.credentials.lock().await;
        if let Some(credentials) =
            kept.as_ref().filter(|credentials| is_fresh(credentials, SystemTime::now()))
        {
            return Ok(credentials.clone());
        }
        let provider = self.provider.as_ref().ok_or_else(|| SignedHttpError::Credentials {
            reason: "the configuration has no credentials provider".to_owned(),
        })?;
        let fresh = provider
            .provide_credentials()
            .await
            .map_err(|error| SignedHttpError::Credentials { reason: error.to_string() })?;
        Ok(kept.insert(fresh).clone())
    }
}

fn is_fresh(credentials: &Credentials, now: SystemTime) -> bool {
    credentials.expiry().is_none_or(|expiry| expiry > now + EXPIRY_MARGIN)
}

fn unreachable(request: &Request, endpoint: &str, source: TransportError) -> SignedHttpError {
    SignedHttpError::Unreachable { service: request.service.clone(), endpoint: endpoint.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_had_anew_shortly_before_they_expire() {
        let now = SystemTime::now();
        let expiring =
            |after| Credentials::new("a", "s", None, Some(now + Duration::from_secs(after)), "test");
        assert!(is_fresh(&expiring(120), now));
        assert!(!is_fresh(&expiring(30), now));
        assert!(is_fresh(&Credentials::new("a", "s", None, None, "test"), now));
    }
}
