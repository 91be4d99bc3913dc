//! One look each at a service.

use http::Method;
use serde_json::{Value, json};
use signed_http::{Client, JsonVersion, Request, SignedHttpError, xml};

use super::{Leftover, Scope};

type Looked = Result<Vec<Leftover>, String>;

fn words(error: &SignedHttpError) -> String {
    error.to_string()
}

/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogGroups.html>
pub(super) async fn log_groups(signed: &Client, scope: &Scope) -> Looked {
    let mut found = Vec::new();
    // Services that make their own groups put the resource's name, which begins with the stack's, below these.
    for stem in ["", "/aws/lambda/", "/aws/vendedlogs/", "/aws/apprunner/", "/ecs/"] {
        let prefix = format!("{stem}{}", scope.prefix);
        let mut token: Option<String> = None;
        loop {
            let mut input = json!({"logGroupNamePrefix": prefix});
            if let Some(token) = token {
                input["nextToken"] = Value::from(token);
            }
            let target = "Logs_20140328.DescribeLogGroups";
            let answer =
                signed.json("logs", target, JsonVersion::V1_1, input).await.map_err(|error| words(&error))?;
            let groups = answer["logGroups"].as_array().into_iter().flatten();
            found.extend(
                groups.filter_map(|group| Some(Leftover::new("log group", group["logGroupName"].as_str()?))),
            );
            match answer["nextToken"].as_str() {
                Some(next) => token = Some(next.to_owned()),
                None => break,
            }
        }
    }
    Ok(found)
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html>
pub(super) async fn buckets(signed: &Client, scope: &Scope) -> Looked {
    let answer = signed.call(Request::new("s3", Method::GET, "/")).await.map_err(|error| words(&error))?;
    let text = String::from_utf8_lossy(&answer.body).into_owned();
    let root = xml::parse(&text).ok_or("the list of buckets is no XML")?;
    let buckets = root.child("Buckets").into_iter().flat_map(|buckets| buckets.children_named("Bucket"));
    let names = buckets.filter_map(|bucket| bucket.child_text("Name"));
    Ok(names
        .filter(|name| name.starts_with(&scope.prefix))
        .map(|name| Leftover::new("bucket", name))
        .collect())
}

/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ListQueues.html>
pub(super) async fn queues(signed: &Client, scope: &Scope) -> Looked {
    let input = json!({"QueueNamePrefix": scope.prefix, "MaxResults": 1000});
    let answer = signed
        .json("sqs", "AmazonSQS.ListQueues", JsonVersion::V1_0, input)
        .await
        .map_err(|error| words(&error))?;
    let urls = answer["QueueUrls"].as_array().into_iter().flatten();
    Ok(urls.filter_map(|url| Some(Leftover::new("queue", url.as_str()?))).collect())
}

/// <https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html>
pub(super) async fn tagged(signed: &Client, scope: &Scope) -> Looked {
    let filters: Vec<Value> =
        scope.tags.iter().map(|(key, value)| json!({"Key": key, "Values": [value]})).collect();
    let mut found = Vec::new();
    let mut token = String::new();
    loop {
        let input = json!({"TagFilters": filters, "ResourcesPerPage": 100, "PaginationToken": token});
        let target = "ResourceGroupsTaggingAPI_20170126.GetResources";
        let answer =
            signed.json("tagging", target, JsonVersion::V1_1, input).await.map_err(|error| words(&error))?;
        for resource in answer["ResourceTagMappingList"].as_array().into_iter().flatten() {
            let Some(arn) = resource["ResourceARN"].as_str() else { continue };
            found.push(Leftover::new(arn.split(':').nth(2).unwrap_or("resource"), arn));
        }
        match answer["PaginationToken"].as_str() {
            Some(next) if !next.is_empty() => next.clone_into(&mut token),
            _ => return Ok(found),
        }
    }
}

/// Instances, Elastic IP addresses and launch templates. The tagging API goes on listing an instance long after its end.
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html>
pub(super) async fn hosts(signed: &Client, scope: &Scope) -> Looked {
    let by_tag: Vec<(String, Vec<&str>)> =
        scope.tags.iter().map(|(key, value)| (format!("tag:{key}"), vec![value.as_str()])).collect();
    let mut found = Vec::new();
    if !by_tag.is_empty() {
        let mut alive = by_tag.clone();
        let states = vec!["pending", "running", "stopping", "stopped"];
        alive.push(("instance-state-name".to_owned(), states));
        found.extend(described(signed, "DescribeInstances", &alive, ("instance", "instanceId")).await?);
        let address = ("elastic IP address", "allocationId");
        found.extend(described(signed, "DescribeAddresses", &by_tag, address).await?);
    }
    // The tags of a stack do not reach its launch templates, which bear its name instead.
    let longer = format!("{}*", scope.prefix);
    let names = vec![longer.as_str(), scope.prefix.trim_end_matches('-')];
    let by_name = [("tag:Name".to_owned(), names)];
    let template = ("launch template", "launchTemplateName");
    found.extend(described(signed, "DescribeLaunchTemplates", &by_name, template).await?);
    Ok(found)
}

/// What an operation of EC2 lists under filters: the kind and the element that names it.
async fn described(
    signed: &Client,
    action: &str,
    filters: &[(String, Vec<&str>)],
    (kind, element): (&str, &str),
) -> Looked {
    let mut parameters = Vec::new();
    for (filter, (name, values)) in (1..).zip(filters) {
        parameters.push((format!("Filter.{filter}.Name"), name.as_str()));
        let values = (1..).zip(values);
        parameters.extend(values.map(|(at, value)| (format!("Filter.{filter}.Value.{at}"), *value)));
    }
    let parameters: Vec<(&str, &str)> =
        parameters.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let text = signed.query("ec2", "2016-11-15", action, &parameters).await.map_err(|error| words(&error))?;
    let root = xml::parse(&text).ok_or_else(|| format!("the answer to {action} is no XML"))?;
    let mut found = Vec::new();
    collect(&root, element, &mut |name| found.push(Leftover::new(kind, name)));
    Ok(found)
}

/// Calls `take` with the text of every element of a name, at any depth.
fn collect(element: &xml::Element, name: &str, take: &mut impl FnMut(&str)) {
    if let Some(text) = element.child_text(name) {
        take(text);
    }
    element.children.iter().for_each(|child| collect(child, name, take));
}
