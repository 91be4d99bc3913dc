//! Which service a request is for.

use super::{Scope, WireRequest};

/// The signing name of the service that a request is for: told from its host, its signature's scope, its path, its target or
/// its form. `None` where a target or an action is nobody's.
#[must_use]
pub fn service_of(request: &WireRequest, scope: Option<&Scope>) -> Option<String> {
    let host = request.header("host").or_else(|| request.uri.host()).unwrap_or_default();
    if host.contains(".execute-api.") {
        return Some("execute-api".into());
    }
    if host.contains(".elb.amazonaws.com") || host.contains(".elb.localhost") {
        return Some("load-balancer".into());
    }
    if let Some(scope) = scope {
        return Some(scope.service.clone());
    }
    let path = request.uri.path();
    if path == "/v2" || path.starts_with("/v2/") {
        return Some("ecr-registry".into());
    }
    if let Some(target) = request.header("x-amz-target") {
        return service_of_target(target).map(str::to_owned);
    }
    let content_type = request.header("content-type").unwrap_or_default();
    let is_form = content_type.starts_with("application/x-www-form-urlencoded");
    if is_form || request.uri.query().is_some_and(|query| query.contains("Action=")) {
        let params = request.params();
        if let Some(action) = params.get("Action") {
            return service_of_action(action, params.get("Version")).map(str::to_owned);
        }
    }
    if path.starts_with("/2015-03-31/") {
        return Some("lambda".into());
    }
    // What is left unsigned is an anonymous or virtual-hosted S3 request.
    Some("s3".into())
}

fn service_of_target(target: &str) -> Option<&'static str> {
    let (prefix, _) = target.rsplit_once('.')?;
    match prefix {
        "AmazonSQS" => Some("sqs"),
        "Logs_20140328" => Some("logs"),
        "AmazonEC2ContainerRegistry_V20150921" => Some("ecr"),
        "AmazonEC2ContainerServiceV20141113" => Some("ecs"),
        "ResourceGroupsTaggingAPI_20170126" => Some("tagging"),
        "AnyScaleFrontendService" => Some("application-autoscaling"),
        "AppRunner" => Some("apprunner"),
        "AWSStepFunctions" => Some("states"),
        "secretsmanager" => Some("secretsmanager"),
        "AmazonSSM" => Some("ssm"),
        "CertificateManager" => Some("acm"),
        "DynamoDB_20120810" | "DynamoDBStreams_20120810" => Some("dynamodb"),
        _ => None,
    }
}

/// The version of an API is unique to its service; the links that SNS mails to subscribers come without one.
fn service_of_action(action: &str, version: Option<&str>) -> Option<&'static str> {
    match (version, action) {
        (Some("2010-03-31"), _) | (None, "ConfirmSubscription" | "Unsubscribe") => Some("sns"),
        (Some("2012-11-05"), _) => Some("sqs"),
        (Some("2011-06-15"), _) => Some("sts"),
        (Some("2010-05-08"), _) => Some("iam"),
        (Some("2010-05-15"), _) => Some("cloudformation"),
        (Some("2015-12-01"), _) => Some("elasticloadbalancing"),
        (Some("2016-11-15"), _) => Some("ec2"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::{HeaderMap, Method};

    use super::*;

    fn told(headers: &[(&'static str, &str)], uri: &str, body: &'static str) -> Option<String> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        let request = WireRequest::new(Method::POST, uri.parse().unwrap(), map, Bytes::from(body));
        service_of(&request, Scope::of(&request.headers, &request.uri).as_ref())
    }

    #[test]
    fn tells_the_service() {
        let form = ("content-type", "application/x-www-form-urlencoded");
        assert_eq!(told(&[form], "/", "Action=Publish&Version=2010-03-31").as_deref(), Some("sns"));
        assert_eq!(told(&[], "/?Action=ConfirmSubscription&Token=t", "").as_deref(), Some("sns"));
        assert_eq!(told(&[form], "/", "Action=DescribeInstances&Version=2016-11-15").as_deref(), Some("ec2"));
        assert_eq!(told(&[form], "/", "Action=DescribeInstances&Version=1"), None);
        assert_eq!(told(&[("x-amz-target", "AmazonSQS.SendMessage")], "/", "{}").as_deref(), Some("sqs"));
        assert_eq!(told(&[], "/v2/", "").as_deref(), Some("ecr-registry"));
        assert_eq!(told(&[], "/bucket/key", "").as_deref(), Some("s3"));
        let host = ("host", "abc.execute-api.us-east-1.amazonaws.com");
        assert_eq!(told(&[host], "/v1/publish", "").as_deref(), Some("execute-api"));
        let signed = ("authorization", "AWS4-HMAC-SHA256 Credential=a/1/r/apigateway/aws4_request, x");
        assert_eq!(told(&[signed], "/v2/apis", "").as_deref(), Some("apigateway"));
    }
}
