//! A cloud for a test, and clients of it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]
#![allow(dead_code, reason = "each test file is a program of its own and uses its part")]

use aws_credential_types::Credentials;
use aws_smithy_http_client::Builder;
use bytes::Bytes;
use data_plane::launcher::Launcher;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use local_cloud::{Cloud, CloudOptions, Leftovers};

/// A running cloud with its directory.
pub struct TestCloud {
    pub cloud: Cloud,
    http: Client<HttpConnector, Full<Bytes>>,
    directory: tempfile::TempDir,
}

/// An answer to a raw request.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

impl TestCloud {
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub async fn start_with(change: impl FnOnce(&mut CloudOptions)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let launcher = Launcher::new(std::env::current_exe().unwrap(), Vec::new());
        let listener = CloudOptions::bind(0).await.unwrap();
        let mut options = CloudOptions::new(listener, directory.path().to_owned(), launcher);
        change(&mut options);
        let cloud = Cloud::start(options).await.unwrap();
        let http = Client::builder(TokioExecutor::new()).build_http();
        Self { cloud, http, directory }
    }

    /// Sends a raw request; the path begins with `/`.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.cloud.endpoint()));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = self.http.request(request.body(Full::new(body.into())).unwrap()).await.unwrap();
        let (head, body) = answer.into_parts();
        Answer { status: head.status, headers: head.headers, body: body.collect().await.unwrap().to_bytes() }
    }

    /// Calls an operation of a JSON protocol.
    pub async fn call(&self, target: &str, input: serde_json::Value) -> Answer {
        let headers = [("x-amz-target", target), ("content-type", "application/x-amz-json-1.1")];
        self.send("POST", "/", &headers, input.to_string()).await
    }

    /// Calls an operation of the query protocol with a form.
    pub async fn query(&self, form: &str) -> Answer {
        self.send("POST", "/", &[("content-type", "application/x-www-form-urlencoded")], form.to_owned())
            .await
    }

    pub fn sns(&self) -> aws_sdk_sns::Client {
        self.sns_as("test")
    }

    /// A client with another secret key.
    pub fn sns_as(&self, secret: &str) -> aws_sdk_sns::Client {
        let config = aws_sdk_sns::Config::builder()
            .behavior_version_latest()
            .endpoint_url(self.cloud.endpoint())
            .region(aws_sdk_sns::config::Region::new("us-east-1"))
            .credentials_provider(Credentials::new("test", secret, None, None, "test"))
            .retry_config(aws_sdk_sns::config::retry::RetryConfig::disabled())
            .http_client(Builder::new().build_http())
            .build();
        aws_sdk_sns::Client::from_conf(config)
    }

    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version_latest()
            .endpoint_url(self.cloud.endpoint())
            .region(aws_sdk_sqs::config::Region::new("us-east-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .retry_config(aws_sdk_sqs::config::retry::RetryConfig::disabled())
            .http_client(Builder::new().build_http())
            .build();
        aws_sdk_sqs::Client::from_conf(config)
    }

    pub fn dynamodb(&self) -> aws_sdk_dynamodb::Client {
        self.dynamodb_in("us-east-1")
    }

    pub fn dynamodb_in(&self, region: &'static str) -> aws_sdk_dynamodb::Client {
        Self::dynamodb_at(self.cloud.endpoint(), region)
    }

    pub fn dynamodb_at(endpoint: &str, region: &'static str) -> aws_sdk_dynamodb::Client {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version_latest()
            .endpoint_url(endpoint)
            .region(aws_sdk_dynamodb::config::Region::new(region))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .retry_config(aws_sdk_dynamodb::config::retry::RetryConfig::disabled())
            .http_client(Builder::new().build_http())
            .build();
        aws_sdk_dynamodb::Client::from_conf(config)
    }

    pub async fn stop(self) -> Leftovers {
        let leftovers = self.cloud.stop().await;
        drop(self.directory);
        leftovers
    }
}

/// A policy that lets any topic of the account send to any queue.
pub const OPEN_TO_SNS: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*"}]}"#;
