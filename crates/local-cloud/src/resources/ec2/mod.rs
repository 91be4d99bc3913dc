//! `AWS::EC2::*`: the network that other resources name.

mod endpoint;
mod gateway;
mod group;
mod route;
mod subnet;
mod vpc;

pub(super) use endpoint::VpcEndpoint;
pub(super) use gateway::{InternetGateway, VpcGatewayAttachment};
pub(super) use group::{SecurityGroup, SecurityGroupEgress, SecurityGroupIngress};
pub(super) use route::{Route, RouteTable, SubnetRouteTableAssociation};
pub(super) use subnet::Subnet;
pub(super) use vpc::Vpc;

use cloudformation::handler::Failure;

use super::kind::{Code, failed};
use crate::services::ec2::Ec2Error;

/// EC2's refusal as a failure.
fn refused(error: Ec2Error) -> Failure {
    let code = match &error {
        Ec2Error::NotFound { .. } => Code::NotFound,
        Ec2Error::DuplicateGroup { .. } => Code::AlreadyExists,
        Ec2Error::DependencyViolation { .. } | Ec2Error::Dependent { .. } => Code::ResourceConflict,
        _ => Code::InvalidRequest,
    };
    failed(code, error)
}
