//! The resource types of the cloud: handlers that glue CloudFormation to services and data planes.
//!
//! A type is a schema in `schemas/` and a [`kind::ResourceType`] beside it; [`registry`] lists them all.

mod apigateway;
mod apigatewayv2;
mod applicationautoscaling;
mod apprunner;
mod certificatemanager;
mod cloudformation;
mod dynamodb;
mod ec2;
mod ecr;
mod ecs;
mod elbv2;
mod iam;
mod kind;
mod lambda;
mod logs;
mod route53;
mod s3;
mod scheduler;
mod secretsmanager;
mod sns;
mod sqs;
mod ssm;
mod stepfunctions;

use std::sync::Arc;

use ::cloudformation::handler::Registry;
use ::cloudformation::schema::SchemaError;

use crate::Services;
use kind::Kind;

/// All resource types over a region's services.
///
/// # Errors
/// A schema is malformed, which a test rules out.
pub fn registry(services: &Arc<Services>) -> Result<Registry, SchemaError> {
    let mut registry = Registry::default();
    macro_rules! register {
        ($($kind:ty),+ $(,)?) => { $(registry.register(Kind::<$kind>::handler(services)?);)+ };
    }
    register!(
        apigateway::Authorizer,
        apigateway::BasePathMapping,
        apigateway::Deployment,
        apigateway::DomainName,
        apigateway::GatewayResponse,
        apigateway::Method,
        apigateway::Model,
        apigateway::RequestValidator,
        apigateway::Resource,
        apigateway::RestApi,
        apigateway::Stage,
        apigatewayv2::VpcLink,
        applicationautoscaling::ScalableTarget,
        applicationautoscaling::ScalingPolicy,
        apprunner::AutoScalingConfiguration,
        apprunner::Service,
        certificatemanager::Certificate,
        cloudformation::WaitConditionHandle,
        dynamodb::Table,
        ec2::Eip,
        ec2::EipAssociation,
        ec2::Instance,
        ec2::InternetGateway,
        ec2::LaunchTemplate,
        ec2::Route,
        ec2::RouteTable,
        ec2::SecurityGroup,
        ec2::SecurityGroupEgress,
        ec2::SecurityGroupIngress,
        ec2::Subnet,
        ec2::SubnetRouteTableAssociation,
        ec2::Vpc,
        ec2::VpcEndpoint,
        ec2::VpcGatewayAttachment,
        ecr::Repository,
        ecs::Cluster,
        ecs::ExpressGatewayService,
        ecs::Service,
        ecs::TaskDefinition,
        elbv2::Listener,
        elbv2::ListenerRule,
        elbv2::LoadBalancer,
        elbv2::TargetGroup,
        iam::InstanceProfile,
        iam::ManagedPolicy,
        iam::Policy,
        iam::Role,
        iam::RolePolicy,
        lambda::Alias,
        lambda::Function,
        lambda::Permission,
        lambda::Version,
        logs::LogGroup,
        route53::HostedZone,
        route53::RecordSet,
        s3::Bucket,
        s3::BucketPolicy,
        scheduler::Schedule,
        secretsmanager::Secret,
        sns::Subscription,
        sns::Topic,
        sns::TopicPolicy,
        sqs::Queue,
        sqs::QueuePolicy,
        ssm::Parameter,
        stepfunctions::StateMachine,
    );
    Ok(registry)
}

#[cfg(test)]
mod tests {
    use ::cloudformation::schema::Schema;

    /// Every file in `schemas/`, as it is on disk.
    fn files() -> Vec<(String, String)> {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/src/resources/schemas");
        let entries = std::fs::read_dir(directory).unwrap().map(Result::unwrap);
        let read = |entry: std::fs::DirEntry| {
            (entry.file_name().into_string().unwrap(), std::fs::read_to_string(entry.path()).unwrap())
        };
        entries.map(read).collect()
    }

    #[test]
    fn every_schema_can_be_read() {
        for (name, text) in files() {
            let schema = Schema::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
            let words = |text: &str| text.to_lowercase().replace(['-', ':'], "");
            let stem = words(name.trim_end_matches(".yaml")).replace("elbv2", "elasticloadbalancingv2");
            assert_eq!(words(schema.type_name.trim_start_matches("AWS::")), stem);
        }
    }
}
