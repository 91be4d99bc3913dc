use std::time::Duration;

use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use data_plane::balancer::{self, HealthCheck, HealthCheckPort, HealthCheckProtocol};
use serde::Deserialize;
use serde_json::json;

use super::{Attribute, pairs, refused};
use crate::resources::kind::{Call, Code, ResourceType, Tag, failed, resource, with};
use crate::services::elbv2::{Attributes, TargetGroup as Stored, name_in};
use crate::services::ids;

pub(in crate::resources) struct TargetGroup;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::resources) struct Properties {
    name: Option<String>,
    port: Option<u16>,
    protocol: Option<String>,
    target_type: Option<String>,
    vpc_id: Option<String>,
    health_check_enabled: Option<bool>,
    health_check_interval_seconds: Option<u64>,
    health_check_path: Option<String>,
    health_check_port: Option<String>,
    health_check_timeout_seconds: Option<u64>,
    healthy_threshold_count: Option<u32>,
    unhealthy_threshold_count: Option<u32>,
    matcher: Option<Matcher>,
    #[serde(default)]
    target_group_attributes: Vec<Attribute>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Matcher {
    http_code: Option<String>,
}

impl Properties {
    /// The health check, and its matcher as it is written.
    fn health_check(&self) -> Result<(HealthCheck, String), Failure> {
        let invalid = |message: &str| failed(Code::InvalidRequest, message);
        if self.health_check_enabled == Some(false) {
            return Err(invalid("Health check enabled must be true for target groups with target type 'ip'"));
        }
        let defaults = HealthCheck::default();
        let seconds = |given: Option<u64>, default: Duration| given.map_or(default, Duration::from_secs);
        let interval = seconds(self.health_check_interval_seconds, defaults.interval);
        let timeout = seconds(self.health_check_timeout_seconds, defaults.timeout);
        if timeout >= interval {
            return Err(invalid(&format!(
                "Health check timeout '{}' must be smaller than or equal to the interval '{}'",
                timeout.as_secs(),
                interval.as_secs()
            )));
        }
        let matcher = self
            .matcher
            .as_ref()
            .and_then(|matcher| matcher.http_code.clone())
            .unwrap_or_else(|| "200".into());
        let port = match self.health_check_port.as_deref() {
            None | Some("traffic-port") => HealthCheckPort::Traffic,
            Some(port) => HealthCheckPort::Port(
                port.parse()
                    .map_err(|_| invalid(&format!("Health check port '{port}' must be from 1 to 65535")))?,
            ),
        };
        let path = self.health_check_path.clone().unwrap_or(defaults.path);
        if !path.starts_with('/') {
            return Err(invalid(&format!("Health check path '{path}' must begin with a '/' character")));
        }
        let check = HealthCheck {
            protocol: HealthCheckProtocol::Http,
            path,
            port,
            interval,
            timeout,
            healthy_threshold: self.healthy_threshold_count.unwrap_or(defaults.healthy_threshold),
            unhealthy_threshold: self.unhealthy_threshold_count.unwrap_or(defaults.unhealthy_threshold),
            matcher: matcher.parse().map_err(with(Code::InvalidRequest))?,
        };
        Ok((check, matcher))
    }
}

fn described(call: &Call<Properties>, arn: &str, name: &str) -> Resource {
    let balancers: Vec<String> = call.services.elbv2.load_balancer_of(arn).into_iter().collect();
    resource(
        arn,
        [
            ("TargetGroupArn", json!(arn)),
            ("TargetGroupName", json!(name)),
            ("TargetGroupFullName", json!(format!("targetgroup/{}", name_in(arn)))),
            ("LoadBalancerArns", json!(balancers)),
        ],
    )
}

#[async_trait]
impl ResourceType for TargetGroup {
    const SCHEMA: &'static str = include_str!("../schemas/elbv2-target-group.yaml");
    type Properties = Properties;

    async fn create(call: Call<Properties>) -> Result<Resource, Failure> {
        let properties = &call.properties;
        let invalid = |message: &str| Err(failed(Code::InvalidRequest, message));
        if properties.target_type.as_deref() != Some("ip") {
            return invalid(
                "TargetType must be ip: tasks are registered by their address, and there are no instances here",
            );
        }
        let (Some(port), Some(_)) = (properties.port, &properties.protocol) else {
            return invalid("A protocol and a port must be specified");
        };
        let Some(vpc) = &properties.vpc_id else { return invalid("A VPC ID must be specified") };
        call.services.ec2.get(vpc).map_err(with(Code::NotFound))?;
        let name = call.name(properties.name.as_ref(), 32);
        let (health_check, matcher) = properties.health_check()?;
        let attributes =
            Attributes::of_target_group(&pairs(&properties.target_group_attributes)).map_err(refused)?;
        let arn = call.arn("elasticloadbalancing", &format!("targetgroup/{name}/{}", ids::hex(16)));
        let handle = balancer::TargetGroup::start(Stored::spec_of(&name, &health_check, &attributes));
        let group = Stored {
            arn: arn.clone(),
            name: name.clone(),
            vpc: properties.vpc_id.clone(),
            port,
            health_check,
            matcher,
            attributes,
            tags: call.tags(&properties.tags),
            handle: handle.clone(),
        };
        if let Err(error) = call.services.elbv2.create_target_group(group) {
            handle.stop().await;
            return Err(refused(error));
        }
        Ok(described(&call, &arn, &name))
    }

    async fn update(call: Call<Properties>, current: Resource, _: Properties) -> Result<Resource, Failure> {
        let elb = &call.services.elbv2;
        let before = elb.target_group(&current.physical_id).map_err(refused)?;
        let (health_check, matcher) = call.properties.health_check()?;
        let attributes =
            Attributes::of_target_group(&pairs(&call.properties.target_group_attributes)).map_err(refused)?;
        let tags = call.tags(&call.properties.tags);
        let (arn, name) = (before.arn.clone(), before.name.clone());
        elb.update_target_group(Stored { health_check, matcher, attributes, tags, ..before });
        Ok(described(&call, &arn, &name))
    }

    async fn delete(call: Call<Properties>, current: Resource) -> Result<(), Failure> {
        call.services.elbv2.delete_target_group(&current.physical_id).await.map_err(refused)
    }
}
