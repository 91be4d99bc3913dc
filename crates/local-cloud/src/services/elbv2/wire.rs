use std::sync::Arc;

use async_trait::async_trait;
use data_plane::balancer::{HealthCheckPort, TargetState};

use super::{Action, Condition, ElbError, Listener, LoadBalancer, Rule, TargetGroup};
use crate::services::Service;
use crate::services::page::PageRequest;
use crate::wire::{ApiError, Node, Params, WireRequest, WireResponse, iso_millis};
use crate::{Inventory, Services};

const VERSION: &str = "2015-12-01";

/// The API of Elastic Load Balancing v2, as far as it describes.
pub struct ElasticLoadBalancingApi(pub Arc<Services>);

#[async_trait]
impl Service for ElasticLoadBalancingApi {
    fn name(&self) -> &'static str {
        "elasticloadbalancing"
    }

    async fn handle(&self, request: WireRequest) -> WireResponse {
        let operation = self.operation(&request);
        let params = request.params();
        // The API of classic load balancers has the same name in signatures, and another version.
        let result = if params.get("Version").is_none_or(|version| version == VERSION) {
            self.answer(&operation, &params, &request)
        } else {
            Err(ApiError::unknown_operation(&request, &operation))
        };
        WireResponse::of_query(&request, &operation, result)
    }

    fn inventory(&self, inventory: &mut Inventory) {
        let elb = &self.0.elbv2;
        inventory.ports.extend(elb.ports());
        inventory
            .others
            .extend(elb.load_balancers().iter().map(|balancer| format!("load-balancer {}", balancer.name)));
        inventory
            .others
            .extend(elb.target_groups().iter().map(|group| format!("target-group {}", group.name)));
    }

    async fn stop(&self) {
        self.0.elbv2.stop().await;
    }
}

impl From<ElbError> for ApiError {
    fn from(error: ElbError) -> Self {
        Self::sender(error.code(), error.to_string())
    }
}

impl ElasticLoadBalancingApi {
    fn answer(&self, operation: &str, params: &Params, request: &WireRequest) -> Result<Node, ApiError> {
        let elb = &self.0.elbv2;
        match operation {
            "DescribeLoadBalancers" => {
                let (arns, names) = (params.values("LoadBalancerArns.member"), params.values("Names.member"));
                for arn in &arns {
                    elb.load_balancer(arn)?;
                }
                let all = elb.load_balancers();
                if let Some(name) =
                    names.iter().find(|name| !all.iter().any(|balancer| balancer.name == **name))
                {
                    return Err(ElbError::LoadBalancerNotFound(name.clone()).into());
                }
                let wanted = all
                    .into_iter()
                    .filter(|balancer| selected(&arns, &balancer.arn) && selected(&names, &balancer.name));
                paged(params, "LoadBalancers", wanted.collect(), |balancer| &balancer.arn, load_balancer)
            }
            "DescribeTargetGroups" => self.target_groups(params),
            "DescribeTargetHealth" => {
                let group = elb.target_group(params.required("TargetGroupArn")?)?;
                let targets = group.handle.targets().into_iter().map(|target| {
                    let health = Node::members([
                        ("State", Some(state_name(target.state).into())),
                        ("Reason", target.reason.map(Node::from)),
                        ("Description", target.description.map(Node::from)),
                    ]);
                    let (id, port) = (target.address.ip().to_string(), target.address.port());
                    Node::Struct(vec![
                        ("Target", Node::Struct(vec![("Id", id.into()), ("Port", i64::from(port).into())])),
                        ("HealthCheckPort", port.to_string().into()),
                        ("TargetHealth", health),
                    ])
                });
                Ok(listed("TargetHealthDescriptions", targets))
            }
            "DescribeListeners" => {
                let arns = params.values("ListenerArns.member");
                let listeners = match params.get("LoadBalancerArn") {
                    Some(arn) => elb.listeners(&elb.load_balancer(arn)?.arn),
                    None => arns.iter().map(|arn| elb.listener(arn)).collect::<Result<_, _>>()?,
                };
                paged(params, "Listeners", listeners, |listener| &listener.arn, listener)
            }
            "DescribeRules" => {
                let arns = params.values("RuleArns.member");
                if arns.is_empty() {
                    let listener = elb.listener(params.required("ListenerArn")?)?;
                    let rules = elb.rules(&listener.arn).into_iter().map(|one| (one.arn.clone(), rule(&one)));
                    // The default rule, whose ARN is empty here, comes last.
                    let all = rules.chain([(String::new(), default_rule(&listener))]).collect();
                    return paged(params, "Rules", all, |(arn, _)| arn, |(_, node)| node.clone());
                }
                let rules: Vec<Rule> = arns.iter().map(|arn| elb.rule(arn)).collect::<Result<_, _>>()?;
                Ok(listed("Rules", rules.iter().map(rule)))
            }
            "DescribeTags" => {
                let arns = params.values("ResourceArns.member");
                let descriptions = arns.iter().map(|arn| {
                    let tags = self.tags(arn)?;
                    let tags = tags
                        .into_iter()
                        .map(|(key, value)| Node::Struct(vec![("Key", key.into()), ("Value", value.into())]));
                    Ok(Node::Struct(vec![
                        ("ResourceArn", arn.as_str().into()),
                        ("Tags", Node::List(tags.collect())),
                    ]))
                });
                Ok(listed("TagDescriptions", descriptions.collect::<Result<Vec<_>, ElbError>>()?))
            }
            "DescribeLoadBalancerAttributes" => {
                Ok(attributes(elb.load_balancer(params.required("LoadBalancerArn")?)?.attributes.iter()))
            }
            "DescribeTargetGroupAttributes" => {
                Ok(attributes(elb.target_group(params.required("TargetGroupArn")?)?.attributes.iter()))
            }
            other => Err(ApiError::unknown_operation(request, other)),
        }
    }

    fn target_groups(&self, params: &Params) -> Result<Node, ApiError> {
        let elb = &self.0.elbv2;
        let (arns, names) = (params.values("TargetGroupArns.member"), params.values("Names.member"));
        for arn in &arns {
            elb.target_group(arn)?;
        }
        let all = elb.target_groups();
        if let Some(name) = names.iter().find(|name| !all.iter().any(|group| group.name == **name)) {
            return Err(ElbError::TargetGroupNotFound(name.clone()).into());
        }
        let balancer = params.get("LoadBalancerArn");
        let owner = |group: &TargetGroup| elb.load_balancer_of(&group.arn);
        let wanted = all.into_iter().filter(|group| {
            selected(&arns, &group.arn)
                && selected(&names, &group.name)
                && balancer.is_none_or(|wanted| owner(group).as_deref() == Some(wanted))
        });
        let node = |group: &TargetGroup| target_group(group, owner(group));
        paged(params, "TargetGroups", wanted.collect(), |group| &group.arn, node)
    }

    fn tags(&self, arn: &str) -> Result<std::collections::BTreeMap<String, String>, ElbError> {
        let elb = &self.0.elbv2;
        Ok(match arn.rsplit(':').next().and_then(|resource| resource.split('/').next()) {
            Some("loadbalancer") => elb.load_balancer(arn)?.tags,
            Some("targetgroup") => elb.target_group(arn)?.tags,
            Some("listener") => elb.listener(arn)?.tags,
            Some("listener-rule") => elb.rule(arn)?.tags,
            _ => return Err(ElbError::Validation(format!("'{arn}' is not a valid load balancing ARN"))),
        })
    }
}

fn listed(name: &'static str, items: impl IntoIterator<Item = Node>) -> Node {
    Node::Struct(vec![(name, Node::List(items.into_iter().collect()))])
}

/// A page of a list.
fn paged<T>(
    params: &Params,
    name: &'static str,
    items: Vec<T>,
    key: impl Fn(&T) -> &str,
    node: impl Fn(&T) -> Node,
) -> Result<Node, ApiError> {
    let page = PageRequest::of_form(params, "Marker", "PageSize")
        .of(items, key, 400, 400)
        .map_err(|error| error.coded("ValidationError", "ValidationError"))?;
    let listed = listed(name, page.items.iter().map(node));
    Ok(match page.next {
        Some(marker) => listed.with("NextMarker", marker),
        None => listed,
    })
}

fn selected(wanted: &[String], value: &str) -> bool {
    wanted.is_empty() || wanted.iter().any(|item| item == value)
}

fn attributes<'a>(all: impl Iterator<Item = (&'a str, &'a str)>) -> Node {
    listed(
        "Attributes",
        all.map(|(key, value)| Node::Struct(vec![("Key", key.into()), ("Value", value.into())])),
    )
}

fn load_balancer(balancer: &LoadBalancer) -> Node {
    let zones = balancer.subnets.iter().map(|(subnet, zone)| {
        Node::Struct(vec![("ZoneName", zone.as_str().into()), ("SubnetId", subnet.as_str().into())])
    });
    let groups = balancer.security_groups.iter().map(|group| group.as_str().into());
    Node::Struct(vec![
        ("LoadBalancerArn", balancer.arn.as_str().into()),
        ("DNSName", balancer.dns_name.as_str().into()),
        ("CanonicalHostedZoneId", LoadBalancer::HOSTED_ZONE.into()),
        ("CreatedTime", iso_millis(balancer.created_at).into()),
        ("LoadBalancerName", balancer.name.as_str().into()),
        ("Scheme", balancer.scheme.as_str().into()),
        ("VpcId", balancer.vpc.as_str().into()),
        ("State", Node::Struct(vec![("Code", "active".into())])),
        ("Type", "application".into()),
        ("AvailabilityZones", Node::List(zones.collect())),
        ("SecurityGroups", Node::List(groups.collect())),
        ("IpAddressType", "ipv4".into()),
    ])
}

fn target_group(group: &TargetGroup, balancer: Option<String>) -> Node {
    let check = &group.health_check;
    let port = match check.port {
        HealthCheckPort::Traffic => "traffic-port".to_owned(),
        HealthCheckPort::Port(port) => port.to_string(),
    };
    let seconds =
        |duration: std::time::Duration| Node::from(i64::try_from(duration.as_secs()).unwrap_or(i64::MAX));
    Node::members([
        ("TargetGroupArn", Some(group.arn.as_str().into())),
        ("TargetGroupName", Some(group.name.as_str().into())),
        ("Protocol", Some("HTTP".into())),
        ("ProtocolVersion", Some("HTTP1".into())),
        ("Port", Some(i64::from(group.port).into())),
        ("VpcId", group.vpc.as_deref().map(Node::from)),
        ("HealthCheckProtocol", Some("HTTP".into())),
        ("HealthCheckPort", Some(port.into())),
        ("HealthCheckEnabled", Some(true.into())),
        ("HealthCheckIntervalSeconds", Some(seconds(check.interval))),
        ("HealthCheckTimeoutSeconds", Some(seconds(check.timeout))),
        ("HealthyThresholdCount", Some(i64::from(check.healthy_threshold).into())),
        ("UnhealthyThresholdCount", Some(i64::from(check.unhealthy_threshold).into())),
        ("HealthCheckPath", Some(check.path.as_str().into())),
        ("Matcher", Some(Node::Struct(vec![("HttpCode", group.matcher.as_str().into())]))),
        ("LoadBalancerArns", Some(Node::List(balancer.into_iter().map(Node::from).collect()))),
        ("TargetType", Some("ip".into())),
        ("IpAddressType", Some("ipv4".into())),
    ])
}

fn listener(listener: &Listener) -> Node {
    let tls = listener.tls.as_ref();
    let certificates = tls.map(|tls| {
        // Those beside the default one are told by an operation of their own.
        let default = tls.certificates.iter().take(1);
        let default = default.map(|arn| Node::Struct(vec![("CertificateArn", arn.as_str().into())]));
        Node::List(default.collect())
    });
    Node::members([
        ("ListenerArn", Some(listener.arn.as_str().into())),
        ("LoadBalancerArn", Some(listener.balancer.as_str().into())),
        ("Port", Some(i64::from(listener.port).into())),
        ("Protocol", Some(if tls.is_some() { "HTTPS" } else { "HTTP" }.into())),
        ("SslPolicy", tls.map(|tls| tls.policy.as_str().into())),
        ("Certificates", certificates),
        ("DefaultActions", Some(Node::List(listener.default_actions.iter().map(action).collect()))),
    ])
}

fn rule(rule: &Rule) -> Node {
    Node::Struct(vec![
        ("RuleArn", rule.arn.as_str().into()),
        ("Priority", rule.priority.to_string().into()),
        ("Conditions", Node::List(rule.conditions.iter().map(condition).collect())),
        ("Actions", Node::List(rule.actions.iter().map(action).collect())),
        ("IsDefault", false.into()),
    ])
}

fn default_rule(listener: &Listener) -> Node {
    Node::Struct(vec![
        ("RuleArn", format!("{}/default", listener.arn.replacen(":listener/", ":listener-rule/", 1)).into()),
        ("Priority", "default".into()),
        ("Conditions", Node::List(Vec::new())),
        ("Actions", Node::List(listener.default_actions.iter().map(action).collect())),
        ("IsDefault", true.into()),
    ])
}

fn condition(condition: &Condition) -> Node {
    let values = |config: &super::action::Values| {
        Node::members([
            ("HttpHeaderName", config.http_header_name.as_deref().map(Node::from)),
            ("Values", Some(texts(&config.values))),
        ])
    };
    let query = condition.query_string_config.as_ref().map(|config| {
        let pairs = config.values.iter().map(|pair| {
            Node::members([
                ("Key", pair.key.as_deref().map(Node::from)),
                ("Value", Some(pair.value.as_str().into())),
            ])
        });
        listed("Values", pairs)
    });
    Node::members([
        ("Field", Some(condition.field.as_str().into())),
        ("Values", Some(texts(&condition.values))),
        ("HostHeaderConfig", condition.host_header_config.as_ref().map(values)),
        ("HttpHeaderConfig", condition.http_header_config.as_ref().map(values)),
        ("HttpRequestMethodConfig", condition.http_request_method_config.as_ref().map(values)),
        ("PathPatternConfig", condition.path_pattern_config.as_ref().map(values)),
        ("QueryStringConfig", query),
        ("SourceIpConfig", condition.source_ip_config.as_ref().map(values)),
    ])
}

fn texts(values: &[String]) -> Node {
    Node::List(values.iter().map(|value| value.as_str().into()).collect())
}

fn action(action: &Action) -> Node {
    let forward = (action.kind == "forward").then(|| {
        let groups = action.target_groups().into_iter().map(|(arn, weight)| {
            Node::Struct(vec![("TargetGroupArn", arn.into()), ("Weight", i64::from(weight).into())])
        });
        listed("TargetGroups", groups)
    });
    let fixed = action.fixed_response_config.as_ref().map(|config| {
        Node::members([
            ("MessageBody", config.message_body.as_deref().map(Node::from)),
            ("StatusCode", Some(config.status_code.as_str().into())),
            ("ContentType", config.content_type.as_deref().map(Node::from)),
        ])
    });
    let redirect = action.redirect_config.as_ref().map(|config| {
        Node::members([
            ("Protocol", config.protocol.as_deref().map(Node::from)),
            ("Port", config.port.as_deref().map(Node::from)),
            ("Host", config.host.as_deref().map(Node::from)),
            ("Path", config.path.as_deref().map(Node::from)),
            ("Query", config.query.as_deref().map(Node::from)),
            ("StatusCode", Some(config.status_code.as_str().into())),
        ])
    });
    let single = action.target_groups().first().map(|(arn, _)| Node::from(arn.as_str()));
    Node::members([
        ("Type", Some(action.kind.as_str().into())),
        ("TargetGroupArn", single),
        ("ForwardConfig", forward),
        ("FixedResponseConfig", fixed),
        ("RedirectConfig", redirect),
    ])
}

fn state_name(state: TargetState) -> &'static str {
    match state {
        TargetState::Initial => "initial",
        TargetState::Healthy => "healthy",
        TargetState::Unhealthy => "unhealthy",
        TargetState::Draining => "draining",
        TargetState::Unused => "unused",
    }
}
