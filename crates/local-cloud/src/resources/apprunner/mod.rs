//! `AWS::AppRunner::*`

mod configuration;
mod service;

pub(super) use configuration::AutoScalingConfiguration;
pub(super) use service::Service;

use cloudformation::handler::Failure;

use super::kind::{Code, failed};
use crate::services::apprunner::AppRunnerError;

/// App Runner's refusal as a failure.
fn refused(error: AppRunnerError) -> Failure {
    let code = match &error {
        AppRunnerError::InvalidRequest(_) => Code::InvalidRequest,
        AppRunnerError::NotFound(_) => Code::NotFound,
        AppRunnerError::InvalidState(_) => Code::NotStabilized,
        AppRunnerError::Exists(_) => Code::AlreadyExists,
        AppRunnerError::Refused { code, .. } if code.starts_with("AccessDenied") => Code::AccessDenied,
        AppRunnerError::Refused { .. } => Code::GeneralServiceException,
    };
    failed(code, error)
}
