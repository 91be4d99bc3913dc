use std::sync::Arc;

use async_trait::async_trait;
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::{
    Api, ApiDeployment, ApiGatewayError, ApiResource, AuthorizerProperties, MethodProperties, Stage, VpcLink,
};
use crate::services::Service;
use crate::services::page::PageRequest;
use crate::wire::{ApiError, WireRequest, WireResponse, iso_seconds};
use crate::{Inventory, Services};

/// The API of API Gateway, as far as it describes REST APIs.
///
/// <https://docs.aws.amazon.com/apigateway/latest/api/API_Operations.html>
pub struct ApiGatewayApi(pub Arc<Services>);

#[async_trait]
impl Service for ApiGatewayApi {
    fn name(&self) -> &'static str {
        "apigateway"
    }

    fn operation(&self, request: &WireRequest) -> String {
        let path = request.uri.path().trim_matches('/');
        let parts: Vec<&str> = path.split('/').collect();
        let name = match (&request.method, parts.as_slice()) {
            (&Method::GET, ["v2", "vpclinks"]) => "GetVpcLinks",
            (&Method::GET, ["v2", "vpclinks", _]) => "GetVpcLink",
            (&Method::GET, ["domainnames"]) => "GetDomainNames",
            (&Method::GET, ["domainnames", _]) => "GetDomainName",
            (&Method::GET, ["domainnames", _, "basepathmappings"]) => "GetBasePathMappings",
            (&Method::GET, ["domainnames", _, "basepathmappings", _]) => "GetBasePathMapping",
            (&Method::GET, ["restapis"]) => "GetRestApis",
            (&Method::GET, ["restapis", _]) => "GetRestApi",
            (&Method::GET, ["restapis", _, "resources"]) => "GetResources",
            (&Method::GET, ["restapis", _, "resources", _]) => "GetResource",
            (&Method::GET, ["restapis", _, "resources", _, "methods", _]) => "GetMethod",
            (&Method::GET, ["restapis", _, "authorizers"]) => "GetAuthorizers",
            (&Method::GET, ["restapis", _, "authorizers", _]) => "GetAuthorizer",
            (&Method::GET, ["restapis", _, "stages"]) => "GetStages",
            (&Method::GET, ["restapis", _, "stages", _]) => "GetStage",
            (&Method::GET, ["restapis", _, "deployments"]) => "GetDeployments",
            (&Method::GET, ["restapis", _, "deployments", _]) => "GetDeployment",
            (method, _) => return format!("{method} {}", request.uri.path()),
        };
        name.to_owned()
    }

    async fn handle(&self, request: WireRequest) -> WireResponse {
        let answer = self.answer(&request).map(|value| (StatusCode::OK, Some(value)));
        WireResponse::of_rest_json(&request, answer)
    }

    fn inventory(&self, inventory: &mut Inventory) {
        for api in self.0.apigateway.all() {
            inventory.ports.push(api.server.address().port());
            inventory.others.push(format!("rest-api {}", api.name));
        }
        for domain in self.0.apigateway.all_domains() {
            inventory.ports.push(domain.server.address().port());
            inventory.others.push(format!("domain-name {}", domain.name));
        }
        let links = self.0.apigateway.all_links();
        inventory.others.extend(links.iter().map(|link| format!("vpc-link {}", link.name)));
    }

    async fn stop(&self) {
        self.0.apigateway.stop().await;
    }
}

impl ApiGatewayApi {
    fn answer(&self, request: &WireRequest) -> Result<Value, ApiError> {
        let gateway = &self.0.apigateway;
        let path = request.uri.path().trim_matches('/').to_owned();
        let parts: Vec<&str> = path.split('/').collect();
        if request.method != Method::GET {
            return Err(ApiError::unknown_operation(request, &self.operation(request)));
        }
        let missing = |kind: &'static str| ApiError::from(ApiGatewayError::missing(kind, ""));
        let all = |items: Vec<Value>| paged(request, items);
        match parts.as_slice() {
            ["v2", "vpclinks"] => {
                let page = PageRequest::of_query(request, "nextToken", "maxResults")
                    .of(gateway.all_links(), |link| &link.id, 100, 100)
                    .map_err(|error| ApiGatewayError::BadRequest(error.to_string()))?;
                let links: Vec<Value> = page.items.iter().map(link).collect();
                Ok(without_nulls(json!({"items": links, "nextToken": page.next})))
            }
            ["v2", "vpclinks", id] => Ok(link(&gateway.link(id)?)),
            ["domainnames"] => {
                all(gateway.all_domains().iter().map(|domain| domain.described(&self.0.context)).collect())
            }
            ["domainnames", name] => Ok(gateway.domain(name)?.described(&self.0.context)),
            ["domainnames", name, "basepathmappings"] => all(gateway.domain(name)?.described_mappings()),
            ["domainnames", name, "basepathmappings", base] => {
                let base = crate::wire::percent_decode(base);
                gateway.domain(name)?.described_mapping(&base).ok_or_else(|| missing("base path mapping"))
            }
            ["restapis"] => all(gateway.all().iter().map(rest_api).collect()),
            ["restapis", id] => Ok(rest_api(&gateway.api(id)?)),
            ["restapis", id, "resources"] => {
                let api = gateway.api(id)?;
                let with_methods = request.uri.query().is_some_and(|query| query.contains("embed=methods"));
                all(api.resources.values().map(|item| resource(&api, item, with_methods)).collect())
            }
            ["restapis", id, "resources", item] => {
                let api = gateway.api(id)?;
                Ok(resource(&api, api.resources.get(*item).ok_or_else(|| missing("Resource"))?, true))
            }
            ["restapis", id, "resources", item, "methods", verb] => {
                let api = gateway.api(id)?;
                let found = api.resources.get(*item).ok_or_else(|| missing("Resource"))?;
                Ok(method(found.methods.get(*verb).ok_or_else(|| missing("Method"))?))
            }
            ["restapis", id, "authorizers"] => {
                all(gateway.api(id)?.authorizers.iter().map(|(id, item)| authorizer(id, item)).collect())
            }
            ["restapis", id, "authorizers", item] => {
                let api = gateway.api(id)?;
                Ok(authorizer(item, api.authorizers.get(*item).ok_or_else(|| missing("Authorizer"))?))
            }
            ["restapis", id, "stages"] => {
                // Stages come in one page.
                let wanted = request.query_param("deploymentId");
                let api = gateway.api(id)?;
                let stages = api
                    .stages
                    .values()
                    .filter(|stage| wanted.as_ref().is_none_or(|wanted| stage.deployment == *wanted));
                Ok(json!({"item": stages.map(stage).collect::<Vec<_>>()}))
            }
            ["restapis", id, "stages", name] => {
                Ok(stage(gateway.api(id)?.stages.get(*name).ok_or_else(|| missing("stage"))?))
            }
            ["restapis", id, "deployments"] => {
                all(gateway.api(id)?.deployments.values().map(deployment).collect())
            }
            ["restapis", id, "deployments", item] => {
                Ok(deployment(gateway.api(id)?.deployments.get(*item).ok_or_else(|| missing("Deployment"))?))
            }
            _ => Err(ApiError::unknown_operation(request, &self.operation(request))),
        }
    }
}

/// A page of a list; its position is where the next one begins.
fn paged(request: &WireRequest, items: Vec<Value>) -> Result<Value, ApiError> {
    let key = |item: &Value| {
        let names = ["id", "domainName", "basePath"];
        names.iter().find_map(|name| item[*name].as_str()).unwrap_or_default().to_owned()
    };
    let keyed = items.into_iter().map(|item| (key(&item), item)).collect();
    let page = PageRequest::of_query(request, "position", "limit")
        .of(keyed, |(key, _)| key, 25, 500)
        .map_err(|error| ApiGatewayError::BadRequest(error.to_string()))?;
    let items: Vec<Value> = page.items.into_iter().map(|(_, item)| item).collect();
    Ok(without_nulls(json!({"item": items, "position": page.next})))
}

fn link(link: &VpcLink) -> Value {
    json!({
        "vpcLinkId": link.id,
        "name": link.name,
        "subnetIds": link.subnets,
        "securityGroupIds": link.security_groups,
        "createdDate": iso_seconds(link.created_at),
        "vpcLinkStatus": "AVAILABLE",
        "vpcLinkVersion": "V2",
        "tags": link.tags,
    })
}

fn rest_api(api: &Api) -> Value {
    without_nulls(json!({
        "id": api.id,
        "name": api.name,
        "description": api.description,
        "createdDate": iso_seconds(api.created_at),
        "apiKeySource": "HEADER",
        "binaryMediaTypes": (!api.binary_media_types.is_empty()).then_some(&api.binary_media_types),
        "endpointConfiguration": {"types": api.endpoint_types, "ipAddressType": "ipv4"},
        "disableExecuteApiEndpoint": api.disabled,
        "policy": api.policy.as_ref().map(Value::to_string),
        "rootResourceId": api.root,
        "tags": api.tags,
    }))
}

fn resource(api: &Api, resource: &ApiResource, with_methods: bool) -> Value {
    let methods: Map<String, Value> = resource
        .methods
        .iter()
        .map(|(verb, properties)| (verb.clone(), if with_methods { method(properties) } else { json!({}) }))
        .collect();
    without_nulls(json!({
        "id": resource.id,
        "parentId": resource.parent,
        "pathPart": resource.parent.as_ref().map(|_| &resource.path_part),
        "path": api.path(&resource.id),
        "resourceMethods": (!methods.is_empty()).then_some(methods),
    }))
}

fn method(properties: &MethodProperties) -> Value {
    let integration = properties.integration.as_ref().map(|integration| {
        let responses: Map<String, Value> = integration
            .integration_responses
            .iter()
            .map(|response| {
                let described = without_nulls(json!({
                    "statusCode": response.status_code,
                    "selectionPattern": response.selection_pattern,
                    "contentHandling": response.content_handling,
                    "responseParameters": response.response_parameters,
                    "responseTemplates": response.response_templates,
                }));
                (response.status_code.clone(), described)
            })
            .collect();
        without_nulls(json!({
            "type": integration.kind,
            "httpMethod": integration.integration_http_method,
            "uri": integration.uri,
            "credentials": integration.credentials,
            "contentHandling": integration.content_handling,
            "passthroughBehavior": integration.passthrough_behavior.as_deref().unwrap_or("WHEN_NO_MATCH"),
            "requestParameters": integration.request_parameters,
            "requestTemplates": integration.request_templates,
            "timeoutInMillis": integration.timeout_in_millis.unwrap_or(29_000),
            "connectionType": integration.connection_type.as_deref().unwrap_or("INTERNET"),
            "connectionId": integration.connection_id,
            "integrationTarget": integration.integration_target,
            "cacheNamespace": integration.cache_namespace.as_ref().unwrap_or(&properties.resource_id),
            "cacheKeyParameters": integration.cache_key_parameters,
            "integrationResponses": responses,
        }))
    });
    let responses: Map<String, Value> = properties
        .method_responses
        .iter()
        .map(|response| {
            let described = json!({
                "statusCode": response.status_code,
                "responseParameters": response.response_parameters,
                "responseModels": response.response_models,
            });
            (response.status_code.clone(), described)
        })
        .collect();
    without_nulls(json!({
        "httpMethod": properties.http_method,
        "authorizationType": properties.authorization_type.as_deref().unwrap_or("NONE"),
        "authorizerId": properties.authorizer_id,
        "apiKeyRequired": false,
        "operationName": properties.operation_name,
        "requestValidatorId": properties.request_validator_id,
        "requestParameters": properties.request_parameters,
        "requestModels": properties.request_models,
        "methodResponses": responses,
        "methodIntegration": integration,
    }))
}

fn authorizer(id: &str, authorizer: &AuthorizerProperties) -> Value {
    without_nulls(json!({
        "id": id,
        "name": authorizer.name,
        "type": authorizer.kind,
        "authType": authorizer.auth_type,
        "authorizerUri": authorizer.authorizer_uri,
        "authorizerCredentials": authorizer.authorizer_credentials,
        "identitySource": authorizer.identity_source,
        "identityValidationExpression": authorizer.identity_validation_expression,
        "authorizerResultTtlInSeconds": authorizer.ttl(),
    }))
}

fn stage(stage: &Stage) -> Value {
    let settings: Map<String, Value> = stage
        .method_settings
        .iter()
        .map(|setting| {
            let path = setting.resource_path.trim_start_matches('/').replace('/', "~1");
            let described = json!({
                "throttlingRateLimit": setting.throttle.map(|throttle| throttle.rate),
                "throttlingBurstLimit": setting.throttle.map(|throttle| throttle.burst),
                "metricsEnabled": false, "dataTraceEnabled": false, "loggingLevel": "OFF",
                "cachingEnabled": setting.cache.enabled.unwrap_or_default(),
                "cacheTtlInSeconds": setting.cache.ttl.map_or(300, |ttl| ttl.as_secs()),
                "cacheDataEncrypted": setting.cache.encrypted.unwrap_or_default(),
                "requireAuthorizationForCacheControl": true,
                "unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITH_RESPONSE_HEADER",
            });
            (format!("{path}/{}", setting.http_method), without_nulls(described))
        })
        .collect();
    let access_log =
        stage.access_log.as_ref().map(|log| json!({"destinationArn": log.log_group, "format": log.format}));
    without_nulls(json!({
        "stageName": stage.name,
        "deploymentId": stage.deployment,
        "description": stage.description,
        "variables": (!stage.variables.is_empty()).then_some(&stage.variables),
        "methodSettings": settings,
        "accessLogSettings": access_log,
        "cacheClusterEnabled": stage.cache_size.is_some(),
        "cacheClusterSize": stage.cache_size,
        "cacheClusterStatus": if stage.cache_size.is_some() { "AVAILABLE" } else { "NOT_AVAILABLE" },
        "tracingEnabled": stage.tracing,
        "createdDate": iso_seconds(stage.created_at),
        "tags": stage.tags,
    }))
}

fn deployment(deployment: &ApiDeployment) -> Value {
    without_nulls(json!({
        "id": deployment.id,
        "description": deployment.description,
        "createdDate": iso_seconds(deployment.created_at),
    }))
}

/// Members without value are left out of answers.
fn without_nulls(mut value: Value) -> Value {
    if let Some(members) = value.as_object_mut() {
        members.retain(|_, member| !member.is_null());
    }
    value
}
