//! Templates on the wire: fetched from buckets, given back, validated, summarised.

use ::cloudformation::engine::{Engine, TemplateSummary};
use ::cloudformation::template::Parameter;
use bytes::Bytes;
use http::{HeaderMap, Method, Uri};

use super::input::template_source;
use super::wire::{invalid, refused};
use crate::services::RegionContext;
use crate::wire::{ApiError, Node, Params, WireRequest};

/// `GetTemplate`
pub(super) fn get(engine: &Engine, params: &Params) -> Result<Node, ApiError> {
    let processed = match params.get("TemplateStage") {
        None | Some("Original") => false,
        Some("Processed") => true,
        Some(other) => {
            return Err(invalid(format!("TemplateStage {other} is neither Original nor Processed")));
        }
    };
    let body = match (params.get("ChangeSetName"), params.get("StackName")) {
        (Some(change_set), stack) => engine.change_set_template(change_set, stack),
        (None, Some(stack)) => engine.template(stack, processed),
        (None, None) => return Err(invalid("Either StackName or ChangeSetName must be specified.")),
    };
    let stages = ["Original", "Processed"].map(Node::from).to_vec();
    Ok(Node::Struct(vec![
        ("TemplateBody", body.map_err(refused)?.into()),
        ("StagesAvailable", Node::List(stages)),
    ]))
}

/// `GetTemplateSummary`
pub(super) async fn summary(
    engine: &Engine,
    context: &RegionContext,
    params: &Params,
) -> Result<Node, ApiError> {
    let summary = match params.get("StackName") {
        Some(stack) => engine.summarize_stack(stack),
        None => engine.summarize(&template_source(context, params).await?),
    };
    let summary = summary.map_err(refused)?;
    let identifiers = summary.resource_types.iter().map(|resource_type| {
        let ids = summary.resources.iter().filter(|(_, other)| other == resource_type);
        Node::Struct(vec![
            ("ResourceType", resource_type.as_str().into()),
            ("LogicalResourceIds", Node::List(ids.map(|(id, _)| id.as_str().into()).collect())),
        ])
    });
    let identifiers = Node::List(identifiers.collect());
    let parameters = summary.parameters.iter().map(declaration).collect();
    let types = summary.resource_types.iter().map(|name| name.as_str().into()).collect();
    Ok(Node::members([
        ("Parameters", Some(Node::List(parameters))),
        ("Description", Some(summary.description.as_str().into())),
        ("Capabilities", Some(capabilities(&summary))),
        ("CapabilitiesReason", reason(&summary)),
        ("ResourceTypes", Some(Node::List(types))),
        ("Version", summary.version.as_deref().map(Node::from)),
        ("Metadata", summary.metadata.as_deref().map(Node::from)),
        ("DeclaredTransforms", Some(texts(&summary.transforms))),
        ("ResourceIdentifierSummaries", Some(identifiers)),
    ]))
}

/// `ValidateTemplate`
pub(super) async fn validate(
    engine: &Engine,
    context: &RegionContext,
    params: &Params,
) -> Result<Node, ApiError> {
    let summary = engine.summarize(&template_source(context, params).await?).map_err(refused)?;
    let parameters = summary.parameters.iter().map(|parameter| {
        Node::members([
            ("ParameterKey", Some(parameter.name.as_str().into())),
            ("DefaultValue", parameter.default.as_deref().map(Node::from)),
            ("NoEcho", Some(parameter.no_echo.into())),
            ("Description", parameter.description.as_deref().map(Node::from)),
        ])
    });
    let parameters = Node::List(parameters.collect());
    Ok(Node::members([
        ("Parameters", Some(parameters)),
        ("Description", Some(summary.description.as_str().into())),
        ("Capabilities", Some(capabilities(&summary))),
        ("CapabilitiesReason", reason(&summary)),
        ("DeclaredTransforms", Some(texts(&summary.transforms))),
    ]))
}

fn declaration(parameter: &Parameter) -> Node {
    let constraints = Node::members([(
        "AllowedValues",
        (!parameter.allowed_values.is_empty()).then(|| texts(&parameter.allowed_values)),
    )]);
    Node::members([
        ("ParameterKey", Some(parameter.name.as_str().into())),
        ("DefaultValue", parameter.default.as_deref().map(Node::from)),
        ("ParameterType", Some(parameter.kind.to_string().into())),
        ("NoEcho", Some(parameter.no_echo.into())),
        ("Description", parameter.description.as_deref().map(Node::from)),
        ("ParameterConstraints", Some(constraints)),
    ])
}

fn capabilities(summary: &TemplateSummary) -> Node {
    Node::List(summary.capability.iter().map(|one| one.as_str().into()).collect())
}

fn reason(summary: &TemplateSummary) -> Option<Node> {
    let types = summary.capability_types.join(", ");
    summary.capability.map(|_| format!("The following resource(s) require capabilities: [{types}]").into())
}

pub(super) fn texts(texts: &[String]) -> Node {
    Node::List(texts.iter().map(|text| text.as_str().into()).collect())
}

/// Reads the template that lies in a bucket of this cloud.
pub(super) async fn fetch(context: &RegionContext, url: &str) -> Result<String, ApiError> {
    let illegal = || {
        invalid(format!(
            "S3 error: {url} is no URL of an object, such as https://bucket.s3.amazonaws.com/key"
        ))
    };
    let parsed: Uri = url.parse().map_err(|_| illegal())?;
    let path = object_path(&parsed).ok_or_else(illegal)?;
    let router = context.router().ok_or_else(|| ApiError::internal("the cloud is stopping"))?;
    let uri: Uri = path.parse().map_err(|_| illegal())?;
    let request =
        WireRequest::new(Method::GET, uri, HeaderMap::new(), Bytes::new()).for_service("s3", &context.region);
    let response = router.call(request).await;
    if !response.status.is_success() {
        let code = String::from_utf8_lossy(&response.body).into_owned();
        let code = code
            .split("<Code>")
            .nth(1)
            .and_then(|rest| rest.split("</Code>").next())
            .unwrap_or("NoSuchKey")
            .to_owned();
        return Err(invalid(format!(
            "S3 error: {code}: {url} cannot be read\nFor more information check http://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html"
        )));
    }
    let limit = ::cloudformation::template::MAX_BYTES;
    if response.body.len() > limit {
        return Err(invalid(format!("Template may not exceed {limit} bytes in size.")));
    }
    String::from_utf8(response.body.to_vec()).map_err(|_| invalid(format!("{url} is not UTF-8 text")))
}

/// `/bucket/key` of a URL in path style or with the bucket in its host.
fn object_path(url: &Uri) -> Option<String> {
    let host = url.host()?;
    let path = url.path_and_query()?.as_str();
    let bucket = [".s3.", ".s3-"].iter().find_map(|mark| host.split_once(mark)).map(|(bucket, _)| bucket);
    let path = match bucket {
        Some(bucket) => format!("/{bucket}{path}"),
        None => path.to_owned(),
    };
    let (bucket, key) = path.strip_prefix('/')?.split_once('/')?;
    (!bucket.is_empty() && !key.is_empty()).then(|| path.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_stand_in_the_host_or_in_the_path() {
        let path = |url: &str| object_path(&url.parse().unwrap());
        let expected = Some("/b/k/a.yaml".to_owned());
        for url in [
            "https://b.s3.amazonaws.com/k/a.yaml",
            "https://b.s3.us-east-1.amazonaws.com/k/a.yaml",
            "https://b.s3-us-west-2.amazonaws.com/k/a.yaml",
            "https://s3.us-east-1.amazonaws.com/b/k/a.yaml",
            "http://127.0.0.1:4566/b/k/a.yaml",
        ] {
            assert_eq!(path(url), expected, "{url}");
        }
        assert_eq!(path("https://s3.amazonaws.com/b"), None);
    }
}
