//! The wire handler of EC2, as far as it describes: the query protocol in EC2's own shape.
//!
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Query-Requests.html>

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;

use super::{Address, Ec2Error, Instance, LaunchTemplate, public_dns};
use crate::services::Service;
use crate::services::iam::wildcard;
use crate::services::page::PageRequest;
use crate::wire::{ApiError, Node, Params, WireRequest, WireResponse, iso_millis};
use crate::{Inventory, Process, Services};

const NAMESPACE: &str = "http://ec2.amazonaws.com/doc/2016-11-15/";

/// The API of EC2 for instances, addresses and launch templates.
pub struct Ec2Api(pub Arc<Services>);

#[async_trait]
impl Service for Ec2Api {
    fn name(&self) -> &'static str {
        "ec2"
    }

    async fn handle(&self, request: WireRequest) -> WireResponse {
        let operation = self.operation(&request);
        match self.answer(&operation, &request.params(), &request) {
            Ok(node) => {
                let node = node.with("requestId", request.request_id.as_str());
                let document = node.to_xml(&format!("{operation}Response"), Some(NAMESPACE));
                WireResponse::xml(StatusCode::OK, document)
            }
            Err(error) => {
                let members =
                    vec![("Code", error.code.as_str().into()), ("Message", error.message.as_str().into())];
                let errors = Node::Struct(vec![("Error", Node::Struct(members))]);
                let document =
                    Node::Struct(vec![("Errors", errors), ("RequestID", request.request_id.as_str().into())]);
                WireResponse::xml(error.status, document.to_xml("Response", None))
            }
        }
    }

    fn inventory(&self, inventory: &mut Inventory) {
        let ec2 = &self.0.ec2;
        inventory.ports.extend(ec2.addresses.ports());
        for instance in ec2.instances.all() {
            let name = format!("{}/{}", instance.stack_name, instance.id);
            inventory.others.push(format!("instance {name}"));
            let processes = instance.host.processes().into_iter();
            inventory
                .processes
                .extend(processes.map(|(unit, pid)| Process { pid, name: format!("unit {name}/{unit}") }));
        }
        let addresses = ec2.addresses.all();
        let named = |address: &Address| format!("elastic-ip {}/{}", address.stack, address.public_ip);
        inventory.others.extend(addresses.iter().map(named));
        let templates = ec2.launch_templates.all();
        inventory
            .others
            .extend(templates.iter().map(|template| format!("launch-template {}", template.name)));
    }

    async fn stop(&self) {
        self.0.ec2.addresses.stop().await;
        self.0.ec2.instances.stop().await;
    }
}

impl From<Ec2Error> for ApiError {
    fn from(error: Ec2Error) -> Self {
        let code = match &error {
            Ec2Error::NotFound { kind: "instance", .. } => "InvalidInstanceID.NotFound",
            Ec2Error::NotFound { .. } => "InvalidParameterValue",
            _ => "InvalidRequest",
        };
        Self::sender(code, error.to_string())
    }
}

/// What filters are asked: the values of a name, or `None` for a name that is not known.
type Facts<'f> = &'f dyn Fn(&str) -> Option<Vec<String>>;

impl Ec2Api {
    fn answer(&self, operation: &str, params: &Params, request: &WireRequest) -> Result<Node, ApiError> {
        let ec2 = &self.0.ec2;
        match operation {
            "DescribeInstances" => {
                let found = self.instances(params)?;
                let node = |instance: &Instance| self.reservation(instance);
                paged(params, "reservationSet", found, |instance| &instance.id, node)
            }
            "DescribeInstanceStatus" => {
                let found = self.instances(params)?;
                paged(params, "instanceStatusSet", found, |instance| &instance.id, status)
            }
            "DescribeAddresses" => {
                let wanted = params.values("AllocationId");
                let mut found = ec2.addresses.all();
                if let Some(id) = wanted.iter().find(|id| !found.iter().any(|one| one.allocation == **id)) {
                    let message = format!("The allocation ID '{id}' does not exist");
                    return Err(ApiError::sender("InvalidAllocationID.NotFound", message));
                }
                found.retain(|one| wanted.is_empty() || wanted.contains(&one.allocation));
                let found = filtered(params, found, &|address: &Address, name: &str| match name {
                    "allocation-id" => Some(vec![address.allocation.clone()]),
                    "public-ip" => Some(vec![address.public_ip.to_string()]),
                    "instance-id" => {
                        Some(address.association.iter().map(|one| one.instance.clone()).collect())
                    }
                    name => of_tags(&address.tags, name),
                })?;
                Ok(set("addressesSet", found.iter().map(|address| self.address(address))))
            }
            "DescribeLaunchTemplates" => {
                let wanted = params.values("LaunchTemplateId");
                let mut found = ec2.launch_templates.all();
                if let Some(id) = wanted.iter().find(|id| !found.iter().any(|one| one.id == **id)) {
                    let message =
                        format!("The specified launch template, with template ID {id}, does not exist.");
                    return Err(ApiError::sender("InvalidLaunchTemplateId.NotFound", message));
                }
                found.retain(|one| wanted.is_empty() || wanted.contains(&one.id));
                let found = filtered(params, found, &|template: &LaunchTemplate, name: &str| match name {
                    "launch-template-name" => Some(vec![template.name.clone()]),
                    name => of_tags(&template.tags, name),
                })?;
                paged(params, "launchTemplates", found, |template| &template.id, launch_template)
            }
            "GetConsoleOutput" => {
                let instance = ec2.instances.get(params.required("InstanceId")?)?;
                Ok(Node::Struct(vec![
                    ("instanceId", instance.id.as_str().into()),
                    ("timestamp", iso_millis(instance.launched_at).into()),
                    ("output", STANDARD.encode(instance.host.console()).into()),
                ]))
            }
            _ => Err(ApiError::unknown_operation(request, operation)),
        }
    }

    fn instances(&self, params: &Params) -> Result<Vec<Instance>, ApiError> {
        let wanted = params.values("InstanceId");
        for id in &wanted {
            self.0.ec2.instances.get(id)?;
        }
        let mut found = self.0.ec2.instances.all();
        found.retain(|instance| wanted.is_empty() || wanted.contains(&instance.id));
        filtered(params, found, &|instance: &Instance, name: &str| match name {
            "instance-id" => Some(vec![instance.id.clone()]),
            "instance-state-name" => Some(vec!["running".to_owned()]),
            "instance-type" => Some(vec![instance.kind.name.to_owned()]),
            "subnet-id" => Some(vec![instance.subnet.clone()]),
            "vpc-id" => Some(vec![instance.vpc.clone()]),
            name => of_tags(&instance.tags, name),
        })
    }

    fn reservation(&self, instance: &Instance) -> Node {
        let context = &self.0.context;
        let groups = || {
            let one = |group: &String| Node::Struct(vec![("groupId", group.as_str().into())]);
            items(instance.groups.iter().map(one))
        };
        let elastic = self.0.ec2.addresses.all().into_iter().find(|address| {
            address.association.as_ref().is_some_and(|association| association.instance == instance.id)
        });
        let public_ip = elastic.map(|address| address.public_ip).or(instance.public_ip);
        let profile = instance
            .profile
            .as_ref()
            .map(|(arn, id)| Node::Struct(vec![("arn", arn.as_str().into()), ("id", id.as_str().into())]));
        let placement = Node::Struct(vec![
            ("availabilityZone", instance.zone.as_str().into()),
            ("tenancy", "default".into()),
        ]);
        let metadata = Node::Struct(vec![
            ("state", "applied".into()),
            ("httpTokens", "required".into()),
            ("httpPutResponseHopLimit", 1_i64.into()),
            ("httpEndpoint", "enabled".into()),
        ]);
        let described = Node::members([
            ("instanceId", Some(instance.id.as_str().into())),
            ("imageId", Some(instance.image.as_str().into())),
            ("instanceState", Some(running())),
            ("privateDnsName", Some(instance.private_dns(&context.region).into())),
            ("dnsName", public_ip.map(|ip| public_dns(ip, &context.region).into())),
            ("instanceType", Some(instance.kind.name.into())),
            ("launchTime", Some(iso_millis(instance.launched_at).into())),
            ("placement", Some(placement)),
            ("monitoring", Some(Node::Struct(vec![("state", "disabled".into())]))),
            ("subnetId", Some(instance.subnet.as_str().into())),
            ("vpcId", Some(instance.vpc.as_str().into())),
            ("privateIpAddress", Some(instance.private_ip.to_string().into())),
            ("ipAddress", public_ip.map(|ip| ip.to_string().into())),
            ("groupSet", Some(groups())),
            ("architecture", Some("x86_64".into())),
            ("iamInstanceProfile", profile),
            ("metadataOptions", Some(metadata)),
            ("tagSet", Some(tags(&instance.tags))),
        ]);
        Node::Struct(vec![
            ("reservationId", instance.id.replacen("i-", "r-", 1).into()),
            ("ownerId", context.account.as_str().into()),
            ("groupSet", items([])),
            ("instancesSet", items([described])),
        ])
    }

    fn address(&self, address: &Address) -> Node {
        let association = address.association.as_ref();
        let instance =
            association.and_then(|association| self.0.ec2.instances.get(&association.instance).ok());
        Node::members([
            ("publicIp", Some(address.public_ip.to_string().into())),
            ("allocationId", Some(address.allocation.as_str().into())),
            ("domain", Some("vpc".into())),
            ("instanceId", association.map(|association| association.instance.as_str().into())),
            ("associationId", association.map(|association| association.id.as_str().into())),
            ("privateIpAddress", instance.map(|instance| instance.private_ip.to_string().into())),
            ("tagSet", Some(tags(&address.tags))),
        ])
    }
}

fn items(nodes: impl IntoIterator<Item = Node>) -> Node {
    Node::Named("item", nodes.into_iter().collect())
}

fn set(name: &'static str, nodes: impl IntoIterator<Item = Node>) -> Node {
    Node::Struct(vec![(name, items(nodes))])
}

/// A page of a set.
fn paged<T>(
    params: &Params,
    name: &'static str,
    all: Vec<T>,
    key: impl Fn(&T) -> &str,
    node: impl Fn(&T) -> Node,
) -> Result<Node, ApiError> {
    let page = PageRequest::of_form(params, "NextToken", "MaxResults")
        .of(all, key, 1000, 1000)
        .map_err(|error| error.coded("InvalidPaginationToken", "InvalidParameterValue"))?;
    let set = set(name, page.items.iter().map(node));
    Ok(match page.next {
        Some(token) => set.with("nextToken", token),
        None => set,
    })
}

fn tags(tags: &BTreeMap<String, String>) -> Node {
    items(tags.iter().map(|(key, value)| {
        Node::Struct(vec![("key", key.as_str().into()), ("value", value.as_str().into())])
    }))
}

fn running() -> Node {
    Node::Struct(vec![("code", 16_i64.into()), ("name", "running".into())])
}

fn status(instance: &Instance) -> Node {
    let summary = || Node::Struct(vec![("status", "ok".into())]);
    Node::Struct(vec![
        ("instanceId", instance.id.as_str().into()),
        ("availabilityZone", instance.zone.as_str().into()),
        ("instanceState", running()),
        ("systemStatus", summary()),
        ("instanceStatus", summary()),
    ])
}

fn launch_template(template: &LaunchTemplate) -> Node {
    Node::Struct(vec![
        ("launchTemplateId", template.id.as_str().into()),
        ("launchTemplateName", template.name.as_str().into()),
        ("createTime", iso_millis(template.created_at).into()),
        ("defaultVersionNumber", 1_i64.into()),
        ("latestVersionNumber", template.versions.len().into()),
        ("tagSet", tags(&template.tags)),
    ])
}

/// What the filters `tag:KEY` and `tag-key` are asked.
fn of_tags(tags: &BTreeMap<String, String>, name: &str) -> Option<Vec<String>> {
    if name == "tag-key" {
        return Some(tags.keys().cloned().collect());
    }
    let key = name.strip_prefix("tag:")?;
    Some(tags.get(key).into_iter().cloned().collect())
}

/// What passes all filters, of which each passes where one of its values does; `*` and `?` stand for other characters.
fn filtered<T>(
    params: &Params,
    all: Vec<T>,
    facts: &dyn Fn(&T, &str) -> Option<Vec<String>>,
) -> Result<Vec<T>, ApiError> {
    let filters: Vec<(String, Vec<String>)> = params
        .structures("Filter")
        .into_iter()
        .map(|filter| (filter.get("Name").unwrap_or_default().to_owned(), filter.values("Value")))
        .collect();
    let mut passed = Vec::new();
    for one in all {
        let ask: Facts<'_> = &|name| facts(&one, name);
        if passes(&filters, ask)? {
            passed.push(one);
        }
    }
    Ok(passed)
}

fn passes(filters: &[(String, Vec<String>)], facts: Facts<'_>) -> Result<bool, ApiError> {
    for (name, values) in filters {
        let Some(own) = facts(name) else {
            let message = format!("The filter '{name}' is invalid");
            return Err(ApiError::sender("InvalidParameterValue", message));
        };
        if !own.iter().any(|own| values.iter().any(|wanted| wildcard(wanted, own))) {
            return Ok(false);
        }
    }
    Ok(true)
}
