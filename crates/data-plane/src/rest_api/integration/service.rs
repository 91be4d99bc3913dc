use http::Method;

use super::super::backends::{Backends, ServiceCall, ServiceOperation};
use super::super::compiled::CompiledMethod;
use super::super::exchange::MethodRequest;
use super::super::facts::{Facts, header};
use super::super::failure::Failure;
use super::outgoing::Outgoing;
use super::{Reply, Selector, with_stage_variables};

/// An integration with an AWS service.
/// <https://docs.aws.amazon.com/apigateway/latest/api/API_PutIntegration.html#apigw-PutIntegration-request-uri>
pub(super) async fn call(
    backends: &Backends,
    method: &CompiledMethod,
    request: &MethodRequest<'_>,
    facts: &mut Facts,
) -> Result<Reply, Failure> {
    let outgoing = Outgoing::mapped(method, request, facts)?;
    let spec = &method.integration.spec;
    let uri = with_stage_variables(spec.uri.as_deref().unwrap_or_default(), facts);
    let target = Target::parse(&uri)
        .ok_or_else(|| Failure::configuration(format!("\"{uri}\" is not the URI of a service")))?;
    let verb = spec.http_method.as_deref().unwrap_or("POST");
    let verb = if verb == "ANY" { request.parts.method.as_str() } else { verb };
    let verb = Method::from_bytes(verb.as_bytes())
        .map_err(|_| Failure::configuration(format!("\"{verb}\" is not an HTTP method")))?;
    let operation = match target.operation {
        ServiceOperation::Action(action) => ServiceOperation::Action(action),
        ServiceOperation::Path(path) => ServiceOperation::Path(outgoing.fill(&path)),
    };
    let response = backends
        .services
        .call(ServiceCall {
            service: target.service,
            subdomain: target.subdomain,
            region: target.region,
            operation,
            method: verb,
            headers: outgoing.headers,
            query: outgoing.query,
            body: outgoing.body,
            credentials: spec.credentials.clone(),
        })
        .await;
    let (parts, body) = response.into_parts();
    facts.integration_status = Some(parts.status.as_u16());
    facts.endpoint_request_id = header(&parts.headers, "x-amzn-requestid").map(str::to_owned);
    let selector = Selector::Text(parts.status.as_u16().to_string());
    Ok(Reply { selector, headers: parts.headers, body })
}

/// `arn:{partition}:apigateway:{region}:[{subdomain}.]{service}:{action|path}/…`
struct Target {
    region: String,
    subdomain: Option<String>,
    service: String,
    operation: ServiceOperation,
}

impl Target {
    fn parse(uri: &str) -> Option<Self> {
        let mut parts = uri.splitn(6, ':');
        if (parts.next(), parts.nth(1)) != (Some("arn"), Some("apigateway")) {
            return None;
        }
        let (region, service, operation) = (parts.next()?, parts.next()?, parts.next()?);
        let (subdomain, service) = match service.rsplit_once('.') {
            Some((subdomain, service)) => (Some(subdomain.to_owned()), service),
            None => (None, service),
        };
        let operation = match operation.split_once('/')? {
            ("action", action) => ServiceOperation::Action(action.to_owned()),
            ("path", path) => ServiceOperation::Path(format!("/{}", path.trim_matches('/'))),
            _ => return None,
        };
        Some(Self { region: region.to_owned(), subdomain, service: service.to_owned(), operation })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_are_taken_apart() {
        let sns = Target::parse("arn:aws:apigateway:us-east-1:sns:action/Publish").unwrap();
        assert_eq!((sns.service.as_str(), sns.region.as_str(), sns.subdomain), ("sns", "us-east-1", None));
        assert_eq!(sns.operation, ServiceOperation::Action("Publish".to_owned()));
        let path = Target::parse("arn:aws:apigateway:eu-west-1:abc.s3:path/{bucket}/{key}").unwrap();
        assert_eq!((path.service.as_str(), path.subdomain.as_deref()), ("s3", Some("abc")));
        assert_eq!(path.operation, ServiceOperation::Path("/{bucket}/{key}".to_owned()));
        let root = Target::parse("arn:aws:apigateway:us-east-1:sns:path//").unwrap();
        assert_eq!(root.operation, ServiceOperation::Path("/".to_owned()));
        assert!(Target::parse("arn:aws:lambda:us-east-1:sns:action/Publish").is_none());
        assert!(Target::parse("https://example.com").is_none());
    }
}
