//! `AWS::EC2::*`: instances with their addresses, and the network that other resources name.

mod address;
mod endpoint;
mod gateway;
mod group;
mod instance;
mod launch_template;
mod route;
mod subnet;
mod vpc;

pub(super) use address::{Eip, EipAssociation};
pub(super) use endpoint::VpcEndpoint;
pub(super) use gateway::{InternetGateway, VpcGatewayAttachment};
pub(super) use group::{SecurityGroup, SecurityGroupEgress, SecurityGroupIngress};
pub(super) use instance::Instance;
pub(super) use launch_template::LaunchTemplate;
pub(super) use route::{Route, RouteTable, SubnetRouteTableAssociation};
pub(super) use subnet::Subnet;
pub(super) use vpc::Vpc;

use cloudformation::handler::Failure;

use super::kind::{Code, failed};
use crate::services::ec2::Ec2Error;

/// EC2's refusal as a failure.
fn refused(error: Ec2Error) -> Failure {
    let code = match &error {
        Ec2Error::NotFound { .. } | Ec2Error::NoTemplateVersion { .. } => Code::NotFound,
        Ec2Error::DuplicateGroup { .. } | Ec2Error::TemplateExists { .. } => Code::AlreadyExists,
        Ec2Error::DependencyViolation { .. } | Ec2Error::Dependent { .. } | Ec2Error::AddressInUse { .. } => {
            Code::ResourceConflict
        }
        Ec2Error::NoPort { .. } => Code::GeneralServiceException,
        _ => Code::InvalidRequest,
    };
    failed(code, error)
}
