//! `AWS::Lambda::*`

mod alias;
mod function;
mod permission;
mod version;

pub(super) use alias::Alias;
pub(super) use function::Function;
pub(super) use permission::Permission;
pub(super) use version::Version;

use cloudformation::handler::Failure;
use serde::Deserialize;

use super::kind::{Code, failed};
use crate::services::lambda::LambdaError;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ProvisionedConcurrency {
    provisioned_concurrent_executions: u32,
}

fn provisioned(config: Option<&ProvisionedConcurrency>) -> u32 {
    config.map_or(0, |config| config.provisioned_concurrent_executions)
}

/// Lambda's refusal as a failure.
fn refused(error: LambdaError) -> Failure {
    let code = match &error {
        LambdaError::FunctionNotFound { .. } | LambdaError::AliasNotFound(_) | LambdaError::NoPolicy => {
            Code::NotFound
        }
        LambdaError::FunctionExists(_) | LambdaError::AliasExists(_) => Code::AlreadyExists,
        LambdaError::StatementExists(_) => Code::ResourceConflict,
        LambdaError::Start(_) => Code::NotStabilized,
        _ => Code::InvalidRequest,
    };
    failed(code, error)
}
