use std::collections::BTreeMap;
use std::sync::Arc;

use data_plane::runner::Runner;

use super::{AutoScalingConfiguration, ServiceSettings};

/// A service with its instances.
#[derive(Clone)]
pub struct Service {
    pub arn: String,
    /// 32 hex digits.
    pub id: String,
    pub name: String,
    /// Its host, without a scheme.
    pub url: String,
    pub status: ServiceStatus,
    pub settings: ServiceSettings,
    pub configuration: AutoScalingConfiguration,
    pub tags: BTreeMap<String, String>,
    /// Milliseconds since the epoch.
    pub created_at: i64,
    pub updated_at: i64,
    /// Newest first.
    pub operations: Vec<Operation>,
    pub runner: Arc<Runner>,
}

impl Service {
    /// The log group of what the instances print, which App Runner makes and leaves behind.
    ///
    /// <https://docs.aws.amazon.com/apprunner/latest/dg/monitor-cwl.html>
    #[must_use]
    pub fn application_log(&self) -> String {
        format!("/aws/apprunner/{}/{}/application", self.name, self.id)
    }

    /// The log group of what App Runner does with the service.
    #[must_use]
    pub fn service_log(&self) -> String {
        format!("/aws/apprunner/{}/{}/service", self.name, self.id)
    }
}

/// `Status` of a service.
///
/// <https://docs.aws.amazon.com/apprunner/latest/api/API_Service.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceStatus {
    CreateFailed,
    Running,
    Paused,
    OperationInProgress,
}

impl ServiceStatus {
    /// `RUNNING`
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CreateFailed => "CREATE_FAILED",
            Self::Running => "RUNNING",
            Self::Paused => "PAUSED",
            Self::OperationInProgress => "OPERATION_IN_PROGRESS",
        }
    }
}

/// One change of a service.
///
/// <https://docs.aws.amazon.com/apprunner/latest/api/API_OperationSummary.html>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    pub id: String,
    /// `CREATE_SERVICE`
    pub kind: &'static str,
    pub status: OperationStatus,
    /// Milliseconds since the epoch.
    pub started_at: i64,
    pub ended_at: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationStatus {
    InProgress,
    Succeeded,
    Failed,
    RollbackSucceeded,
}

impl OperationStatus {
    /// `IN_PROGRESS`
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::RollbackSucceeded => "ROLLBACK_SUCCEEDED",
        }
    }
}
