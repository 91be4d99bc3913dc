use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;
use data_plane::function::{FunctionSpec, LogFormat};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The settings of a function or of one of its versions.
#[derive(Clone, Debug, PartialEq)]
pub struct Configuration {
    pub name: String,
    /// Without a qualifier.
    pub arn: String,
    pub role: String,
    pub description: String,
    pub handler: String,
    pub runtime: String,
    /// `x86_64` or `arm64`.
    pub architecture: String,
    pub memory_mb: u32,
    pub timeout: Duration,
    pub environment: BTreeMap<String, String>,
    pub ephemeral_storage_mb: u32,
    pub tracing: bool,
    pub logging: Logging,
    pub subnets: Vec<String>,
    pub security_groups: Vec<String>,
    pub code: Code,
    /// Milliseconds since the epoch.
    pub modified_at: i64,
}

/// `LoggingConfig`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logging {
    pub group: String,
    pub json: bool,
    pub application_level: Option<String>,
    pub system_level: Option<String>,
}

/// A zip with its hash.
#[derive(Clone, PartialEq, Eq)]
pub struct Code {
    pub zip: Bytes,
    /// Base64, as `CodeSha256` has it.
    pub sha256: String,
}

impl Code {
    /// Hashes a zip.
    #[must_use]
    pub fn new(zip: Bytes) -> Self {
        let sha256 = BASE64_STANDARD.encode(Sha256::digest(&zip));
        Self { zip, sha256 }
    }
}

/// Without the zip, which its hash stands for: written out it is tens of megabytes.
impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Code").field("sha256", &self.sha256).finish_non_exhaustive()
    }
}

impl Configuration {
    /// What the data plane runs as `version`.
    #[must_use]
    pub fn spec(&self, version: &str, reserved: Option<u32>, provisioned: u32) -> FunctionSpec {
        FunctionSpec {
            name: self.name.clone(),
            arn: self.arn.clone(),
            version: version.to_owned(),
            code: self.code.zip.clone(),
            handler: self.handler.clone(),
            runtime: self.runtime.clone(),
            environment: self.environment.clone(),
            memory_mb: self.memory_mb,
            timeout: self.timeout,
            log_group: self.logging.group.clone(),
            log_format: if self.logging.json { LogFormat::Json } else { LogFormat::Text },
            log_level: self.logging.application_level.clone(),
            reserved_concurrency: reserved,
            provisioned,
            tracing: self.tracing,
        }
    }

    /// The API's `FunctionConfiguration` of a version.
    ///
    /// <https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html>
    #[must_use]
    pub fn describe(&self, version: &str, qualified_arn: &str) -> Value {
        let mut logging = json!({
            "LogFormat": if self.logging.json { "JSON" } else { "Text" },
            "LogGroup": self.logging.group,
        });
        if self.logging.json {
            logging["ApplicationLogLevel"] =
                json!(self.logging.application_level.as_deref().unwrap_or("INFO"));
            logging["SystemLogLevel"] = json!(self.logging.system_level.as_deref().unwrap_or("INFO"));
        }
        let mut described = json!({
            "FunctionName": self.name,
            "FunctionArn": qualified_arn,
            "Runtime": self.runtime,
            "Role": self.role,
            "Handler": self.handler,
            "CodeSize": self.code.zip.len(),
            "Description": self.description,
            "Timeout": self.timeout.as_secs(),
            "MemorySize": self.memory_mb,
            "LastModified": last_modified(self.modified_at),
            "CodeSha256": self.code.sha256,
            "Version": version,
            "TracingConfig": {"Mode": if self.tracing { "Active" } else { "PassThrough" }},
            "RevisionId": revision(self),
            "State": "Active",
            "LastUpdateStatus": "Successful",
            "PackageType": "Zip",
            "Architectures": [self.architecture],
            "EphemeralStorage": {"Size": self.ephemeral_storage_mb},
            "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
            "LoggingConfig": logging,
        });
        if !self.environment.is_empty() {
            described["Environment"] = json!({"Variables": self.environment});
        }
        if !self.subnets.is_empty() {
            described["VpcConfig"] =
                json!({"SubnetIds": self.subnets, "SecurityGroupIds": self.security_groups});
        }
        described
    }
}

/// Lambda writes its times with a numeric zone: `2026-11-20T12:00:01.234+0000`.
fn last_modified(millis: i64) -> String {
    crate::wire::iso_millis(millis).replace('Z', "+0000")
}

/// A revision is told by what it holds, so it changes exactly when something does.
fn revision(configuration: &Configuration) -> String {
    let digest = Sha256::digest(format!("{configuration:?}"));
    let digest = hex::encode(&digest[..16]);
    format!("{}-{}-{}-{}-{}", &digest[..8], &digest[8..12], &digest[12..16], &digest[16..20], &digest[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_code(zip: &[u8]) -> Configuration {
        Configuration {
            name: "f".into(),
            arn: "arn:aws:lambda:us-east-1:000000000000:function:f".into(),
            role: String::new(),
            description: String::new(),
            handler: "bootstrap".into(),
            runtime: "provided.al2023".into(),
            architecture: "x86_64".into(),
            memory_mb: 128,
            timeout: Duration::from_secs(3),
            environment: BTreeMap::new(),
            ephemeral_storage_mb: 512,
            tracing: false,
            logging: Logging {
                group: "/aws/lambda/f".into(),
                json: false,
                application_level: None,
                system_level: None,
            },
            subnets: Vec::new(),
            security_groups: Vec::new(),
            code: Code::new(Bytes::copy_from_slice(zip)),
            modified_at: 0,
        }
    }

    #[test]
    fn a_revision_changes_with_the_code_and_with_settings() {
        let first = with_code(b"PK one");
        assert_eq!(revision(&first), revision(&with_code(b"PK one")));
        assert_ne!(revision(&first), revision(&with_code(b"PK two")));
        assert_ne!(revision(&first), revision(&Configuration { memory_mb: 256, ..first.clone() }));
    }

    #[test]
    fn a_configuration_is_written_out_without_its_zip() {
        let written = format!("{:?}", with_code(&vec![7; 100_000]));
        assert!(written.len() < 1000, "{} bytes", written.len());
    }
}
