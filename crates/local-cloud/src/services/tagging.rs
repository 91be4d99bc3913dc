//! The Resource Groups Tagging API: every tagged resource of a region.
//!
//! <https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html>

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::page::{PageError, PageRequest};
use super::{Service, Services};
use crate::wire::{ApiError, WireRequest, WireResponse};

/// Pages have 100 resources unless the caller asks for another size.
const PAGE: usize = 100;

/// A resource and its tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaggedResource {
    pub arn: String,
    pub tags: BTreeMap<String, String>,
}

/// The Tagging API on the wire.
pub struct TaggingService(pub Arc<Services>);

#[async_trait]
impl Service for TaggingService {
    fn name(&self) -> &'static str {
        "tagging"
    }

    async fn handle(&self, request: WireRequest) -> WireResponse {
        let operation = request.target_operation().unwrap_or_default();
        let resources = || tagged_resources(&self.0);
        let result = request.json().and_then(|input| match operation {
            "GetResources" => get_resources(resources(), &input),
            "GetTagKeys" => {
                let keys: BTreeSet<String> =
                    resources().into_iter().flat_map(|resource| resource.tags.into_keys()).collect();
                names(&input, "TagKeys", keys)
            }
            "GetTagValues" => {
                let key = input["Key"].as_str().unwrap_or_default();
                let values: BTreeSet<String> =
                    resources().into_iter().filter_map(|mut resource| resource.tags.remove(key)).collect();
                names(&input, "TagValues", values)
            }
            _ => Err(ApiError::unknown_operation(&request, operation)),
        });
        WireResponse::of_aws_json(&request, result)
    }
}

/// Every resource of the region that has tags. IAM roles are not covered, as with AWS.
fn tagged_resources(services: &Services) -> Vec<TaggedResource> {
    let mut all = Vec::new();
    let mut add = |arn: String, tags: BTreeMap<String, String>| all.push(TaggedResource { arn, tags });
    for topic in services.sns.topics() {
        add(topic.arn.to_string(), topic.tags());
    }
    for queue in services.sqs.queues() {
        add(queue.arn.clone(), queue.tags());
    }
    for bucket in services.s3.buckets() {
        if bucket.region == services.context.region {
            add(format!("arn:aws:s3:::{}", bucket.name), bucket.tags());
        }
    }
    for group in services.logs.groups() {
        add(group.arn.clone(), group.tags());
    }
    for repository in services.ecr.repositories() {
        add(repository.arn.clone(), repository.settings().tags);
    }
    let region = &services.context.region;
    for link in services.apigateway.all_links() {
        add(format!("arn:aws:apigateway:{region}::/vpclinks/{}", link.id), link.tags);
    }
    for api in services.apigateway.all() {
        add(format!("arn:aws:apigateway:{region}::/restapis/{}", api.id), api.tags);
    }
    let account = &services.context.account;
    for instance in services.ec2.instances.all() {
        add(format!("arn:aws:ec2:{region}:{account}:instance/{}", instance.id), instance.tags);
    }
    for address in services.ec2.addresses.all() {
        add(format!("arn:aws:ec2:{region}:{account}:elastic-ip/{}", address.allocation), address.tags);
    }
    for template in services.ec2.launch_templates.all() {
        add(format!("arn:aws:ec2:{region}:{account}:launch-template/{}", template.id), template.tags);
    }
    for domain in services.apigateway.all_domains() {
        add(domain.arn(&services.context), domain.tags);
    }
    for certificate in services.acm.all() {
        add(certificate.arn, certificate.tags);
    }
    // Zones belong to no region, and are told in this one.
    if region == "us-east-1" {
        for zone in services.route53.all() {
            add(format!("arn:aws:route53:::hostedzone/{}", zone.id), zone.tags);
        }
    }
    for secret in services.secrets.all() {
        add(secret.arn.clone(), secret.tags.clone());
    }
    for parameter in services.ssm.all() {
        add(parameter.arn.clone(), parameter.tags.clone());
    }
    for machine in services.states.machines() {
        add(machine.arn.clone(), machine.tags());
    }
    for (arn, tags) in services.dynamodb.tags() {
        add(arn, tags);
    }
    all.retain(|resource| !resource.tags.is_empty());
    all.sort_by(|one, other| one.arn.cmp(&other.arn));
    all
}

fn get_resources(mut resources: Vec<TaggedResource>, input: &Value) -> Result<Value, ApiError> {
    let list = |member: &str| input[member].as_array().map(Vec::as_slice).unwrap_or_default();
    let filters = list("TagFilters");
    let arns: Vec<&str> = list("ResourceARNList").iter().filter_map(Value::as_str).collect();
    let types: Vec<&str> = list("ResourceTypeFilters").iter().filter_map(Value::as_str).collect();
    resources.retain(|resource| {
        filters.iter().all(|filter| passes(resource, filter))
            && (arns.is_empty() || arns.contains(&resource.arn.as_str()))
            && (types.is_empty() || types.iter().any(|kind| is_of_type(&resource.arn, kind)))
    });
    if let Some(kind) = types.iter().find(|kind| !is_type_filter(kind)) {
        let message = format!("The resource type {kind:?} is not valid: write service or service:type.");
        return Err(ApiError::sender("InvalidParameterException", message));
    }
    let page = PageRequest::of_json(input, "PaginationToken", "ResourcesPerPage")
        .of(resources, |resource| &resource.arn, PAGE, PAGE)
        .map_err(refused)?;
    let listed: Vec<Value> = page
        .items
        .iter()
        .map(|resource| {
            let tags: Vec<Value> =
                resource.tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect();
            json!({"ResourceARN": resource.arn, "Tags": tags})
        })
        .collect();
    Ok(json!({"PaginationToken": page.next.unwrap_or_default(), "ResourceTagMappingList": listed}))
}

fn refused(error: PageError) -> ApiError {
    error.coded("PaginationTokenExpiredException", "InvalidParameterException")
}

/// A page of keys or values.
fn names(input: &Value, member: &str, all: BTreeSet<String>) -> Result<Value, ApiError> {
    let page = PageRequest::of_json(input, "PaginationToken", "")
        .of(all.into_iter().collect(), |name| name, PAGE, PAGE)
        .map_err(refused)?;
    Ok(json!({"PaginationToken": page.next.unwrap_or_default(), member: page.items}))
}

/// A filter without values admits any value of its key.
fn passes(resource: &TaggedResource, filter: &Value) -> bool {
    let Some(value) = resource.tags.get(filter["Key"].as_str().unwrap_or_default()) else { return false };
    match filter["Values"].as_array() {
        Some(values) if !values.is_empty() => values.iter().any(|wanted| wanted == value),
        _ => true,
    }
}

/// Letters, digits and hyphens, and one colon at most between service and type.
fn is_type_filter(kind: &str) -> bool {
    let legal = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_/".contains(&byte))
    };
    match kind.split_once(':') {
        None => legal(kind),
        Some((service, resource)) => legal(service) && legal(resource),
    }
}

/// `sqs`, or `logs:log-group`: the service, and the type where one is given.
fn is_of_type(arn: &str, kind: &str) -> bool {
    let mut parts = arn.splitn(6, ':').skip(2);
    let (service, resource) = (parts.next().unwrap_or_default(), parts.nth(2).unwrap_or_default());
    match kind.split_once(':') {
        None => service == kind,
        Some((wanted, "bucket" | "topic" | "queue")) => service == wanted,
        Some((wanted, resource_type)) => service == wanted && resource.starts_with(resource_type),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resources() -> Vec<TaggedResource> {
        let tags = |key: &str| BTreeMap::from([(key.to_owned(), "x".to_owned())]);
        vec![
            TaggedResource { arn: "arn:aws:logs:r:0:log-group:g".into(), tags: tags("a") },
            TaggedResource { arn: "arn:aws:sqs:r:0:q".into(), tags: tags("b") },
        ]
    }

    fn found(input: &Value) -> Vec<String> {
        let answer = get_resources(resources(), input).unwrap();
        let list = answer["ResourceTagMappingList"].as_array().unwrap();
        list.iter().map(|item| item["ResourceARN"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn filters_by_tag_and_type() {
        assert_eq!(found(&json!({})).len(), 2);
        assert_eq!(
            found(&json!({"TagFilters": [{"Key": "b", "Values": ["x", "y"]}]})),
            ["arn:aws:sqs:r:0:q"]
        );
        assert_eq!(found(&json!({"TagFilters": [{"Key": "b", "Values": ["y"]}]})).len(), 0);
        assert_eq!(found(&json!({"ResourceTypeFilters": ["logs:log-group"]})).len(), 1);
        let first = get_resources(resources(), &json!({"ResourcesPerPage": 1})).unwrap();
        let token = &first["PaginationToken"];
        assert_eq!(found(&json!({"ResourcesPerPage": 1, "PaginationToken": token})), ["arn:aws:sqs:r:0:q"]);
    }
}
