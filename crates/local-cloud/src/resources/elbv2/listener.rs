use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde::Deserialize;
use serde_json::json;

use super::refused;
use crate::resources::kind::{Call, Code, ResourceType, Tag, failed, resource, with};
use crate::services::elbv2::{Action, Condition, ListenerSettings, ListenerTls, Rule, SECURITY_POLICIES};

pub(in crate::resources) struct Listener;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::resources) struct ListenerProperties {
    load_balancer_arn: String,
    port: Option<u16>,
    protocol: Option<String>,
    #[serde(default)]
    certificates: Vec<Certificate>,
    ssl_policy: Option<String>,
    default_actions: Vec<Action>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Certificate {
    certificate_arn: String,
}

/// What a listener has that names no policy. It speaks TLS 1.0, which is not offered here.
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html>
const DEFAULT_POLICY: &str = "ELBSecurityPolicy-2016-08";

fn settings(call: &Call<ListenerProperties>) -> Result<ListenerSettings, Failure> {
    let properties = &call.properties;
    let wrong = |message: &str| failed(Code::InvalidRequest, message);
    let (Some(port), Some(protocol)) = (properties.port, &properties.protocol) else {
        return Err(wrong("A protocol and a port must be specified"));
    };
    let tls = match (protocol.as_str(), properties.certificates.as_slice()) {
        ("HTTPS", [certificate]) => Some(tls(call, &certificate.certificate_arn)?),
        ("HTTPS", []) => return Err(wrong("A certificate must be specified for HTTPS listeners")),
        ("HTTPS", _) => return Err(wrong("Up to one certificate can be specified")),
        (_, []) if properties.ssl_policy.is_none() => None,
        _ => return Err(wrong("Certificates and SslPolicy cannot be specified for HTTP listeners")),
    };
    let default_actions = properties.default_actions.clone();
    Ok(ListenerSettings { port, tls, default_actions, tags: call.tags(&properties.tags) })
}

fn tls(call: &Call<ListenerProperties>, certificate: &str) -> Result<ListenerTls, Failure> {
    let policy = call.properties.ssl_policy.as_deref().unwrap_or(DEFAULT_POLICY);
    let known = SECURITY_POLICIES.iter().find(|(name, _)| *name == policy);
    let Some((_, least)) = known else {
        let offered: Vec<&str> = SECURITY_POLICIES.iter().map(|(name, _)| *name).collect();
        let message = format!("SSL policy '{policy}' is not offered here, only {}", offered.join(", "));
        return Err(failed(Code::InvalidRequest, message));
    };
    let certificates = vec![certificate.to_owned()];
    let spec = call.services.acm.tls(&certificates, *least).map_err(with(Code::NotFound))?;
    Ok(ListenerTls { certificates, policy: policy.to_owned(), spec })
}

#[async_trait]
impl ResourceType for Listener {
    const SCHEMA: &'static str = include_str!("../schemas/elbv2-listener.yaml");
    type Properties = ListenerProperties;

    async fn create(call: Call<ListenerProperties>) -> Result<Resource, Failure> {
        let settings = settings(&call)?;
        let balancer = &call.properties.load_balancer_arn;
        let listener = call.services.elbv2.create_listener(balancer, settings).await.map_err(refused)?;
        Ok(resource(listener.arn.clone(), [("ListenerArn", json!(listener.arn))]))
    }

    async fn update(
        call: Call<ListenerProperties>,
        current: Resource,
        _: ListenerProperties,
    ) -> Result<Resource, Failure> {
        let settings = settings(&call)?;
        call.services.elbv2.update_listener(&current.physical_id, settings).map_err(refused)?;
        Ok(current)
    }

    async fn delete(call: Call<ListenerProperties>, current: Resource) -> Result<(), Failure> {
        call.services.elbv2.delete_listener(&current.physical_id).await;
        Ok(())
    }
}

pub(in crate::resources) struct ListenerRule;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::resources) struct RuleProperties {
    listener_arn: String,
    priority: u32,
    conditions: Vec<Condition>,
    actions: Vec<Action>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[async_trait]
impl ResourceType for ListenerRule {
    const SCHEMA: &'static str = include_str!("../schemas/elbv2-listener-rule.yaml");
    type Properties = RuleProperties;

    async fn create(call: Call<RuleProperties>) -> Result<Resource, Failure> {
        let tags = call.tags(&call.properties.tags);
        let RuleProperties { listener_arn, priority, conditions, actions, .. } = call.properties;
        let elb = &call.services.elbv2;
        let rule = elb.create_rule(&listener_arn, priority, conditions, actions, tags).map_err(refused)?;
        Ok(resource(rule.arn.clone(), [("RuleArn", json!(rule.arn)), ("IsDefault", json!(false))]))
    }

    async fn update(
        call: Call<RuleProperties>,
        current: Resource,
        _: RuleProperties,
    ) -> Result<Resource, Failure> {
        let tags = call.tags(&call.properties.tags);
        let RuleProperties { listener_arn: listener, priority, conditions, actions, .. } = call.properties;
        let arn = current.physical_id.clone();
        call.services
            .elbv2
            .update_rule(Rule { arn, listener, priority, conditions, actions, tags })
            .map_err(refused)?;
        Ok(current)
    }

    async fn delete(call: Call<RuleProperties>, current: Resource) -> Result<(), Failure> {
        call.services.elbv2.delete_rule(&current.physical_id).map_err(refused)
    }
}
