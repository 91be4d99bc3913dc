//! `AWS::ElasticLoadBalancingV2::*`

mod balancer;
mod group;
mod listener;

pub(super) use balancer::LoadBalancer;
pub(super) use group::TargetGroup;
pub(super) use listener::{Listener, ListenerRule};

use cloudformation::handler::Failure;
use serde::Deserialize;

use super::kind::{Code, failed};
use crate::services::elbv2::ElbError;

/// An attribute as templates write it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Attribute {
    key: String,
    value: String,
}

fn pairs(attributes: &[Attribute]) -> Vec<(String, String)> {
    attributes.iter().map(|attribute| (attribute.key.clone(), attribute.value.clone())).collect()
}

/// Elastic Load Balancing's refusal as a failure.
fn refused(error: impl Into<ElbError>) -> Failure {
    let error = error.into();
    let code = match &error {
        ElbError::DuplicateLoadBalancer(_)
        | ElbError::DuplicateTargetGroup(_)
        | ElbError::DuplicateListener(_) => Code::AlreadyExists,
        ElbError::LoadBalancerNotFound(_)
        | ElbError::TargetGroupNotFound(_)
        | ElbError::ListenerNotFound(_)
        | ElbError::RuleNotFound(_) => Code::NotFound,
        ElbError::PriorityInUse(_) | ElbError::ResourceInUse(_) => Code::ResourceConflict,
        _ => Code::InvalidRequest,
    };
    failed(code, error)
}
