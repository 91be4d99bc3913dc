//! How the programs call AWS: every wait bounded, few and quick retries, and a TLS library that starts fast.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader};
use aws_smithy_http_client::{Builder, tls};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// All attempts of a call together. API Gateway gives up after 29 s.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(10);
const ATTEMPTS: u32 = 3;
const FIRST_BACKOFF: Duration = Duration::from_millis(50);
const LONGEST_BACKOFF: Duration = Duration::from_millis(500);

/// The SDK's configuration; region, endpoint and credentials come from the AWS environment unless the caller sets them.
///
/// TLS is done by ring, which costs a cold start a third of what the SDK's default costs.
#[must_use]
pub fn loader() -> ConfigLoader {
    let ring = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT)
        .build();
    let retries = RetryConfig::standard()
        .with_max_attempts(ATTEMPTS)
        .with_initial_backoff(FIRST_BACKOFF)
        .with_max_backoff(LONGEST_BACKOFF);
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(Builder::new().tls_provider(ring).build_https())
        .timeout_config(timeouts)
        .retry_config(retries)
}
