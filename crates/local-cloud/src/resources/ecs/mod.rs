//! `AWS::ECS::*`

mod cluster;
mod express;
mod service;
mod steady;
mod task_definition;

pub(super) use cluster::Cluster;
pub(super) use express::ExpressGatewayService;
pub(super) use service::Service;
pub(super) use task_definition::TaskDefinition;

use cloudformation::handler::Failure;

use super::kind::{Code, failed};
use crate::services::ecs::EcsError;

/// ECS's refusal as a failure.
fn refused(error: EcsError) -> Failure {
    let code = match &error {
        EcsError::ClusterNotFound | EcsError::ServiceNotFound | EcsError::DefinitionNotFound => {
            Code::NotFound
        }
        EcsError::ClusterContainsServices => Code::ResourceConflict,
        EcsError::CannotStart(_) => Code::NotStabilized,
        _ => Code::InvalidRequest,
    };
    failed(code, error)
}
