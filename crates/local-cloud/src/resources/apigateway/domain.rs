use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde::Deserialize;
use serde_json::json;

use super::refused;
use crate::resources::kind::{Call, Code, ResourceType, Tag, exists, failed, resource};
use crate::services::apigateway::{self, ApiGatewayError, DomainSettings, Mapping};

pub(in crate::resources) struct DomainName;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::resources) struct DomainProperties {
    domain_name: String,
    regional_certificate_arn: Option<String>,
    endpoint_configuration: Option<EndpointConfiguration>,
    security_policy: Option<String>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EndpointConfiguration {
    types: Option<Vec<String>>,
}

fn settings(call: &Call<DomainProperties>) -> Result<DomainSettings, Failure> {
    let properties = &call.properties;
    let types = properties.endpoint_configuration.as_ref().and_then(|config| config.types.as_deref());
    let regional = types.is_some_and(|types| types.len() == 1);
    let (true, Some(certificate)) = (regional, &properties.regional_certificate_arn) else {
        let message = "Only regional domain names are offered here: EndpointConfiguration must have the type REGIONAL, and RegionalCertificateArn must name the certificate";
        return Err(failed(Code::InvalidRequest, message));
    };
    Ok(DomainSettings {
        certificate: certificate.clone(),
        security_policy: properties.security_policy.clone().unwrap_or_else(|| "TLS_1_2".to_owned()),
        tags: call.tags(&properties.tags),
    })
}

#[async_trait]
impl ResourceType for DomainName {
    const SCHEMA: &'static str = include_str!("../schemas/apigateway-domain-name.yaml");
    type Properties = DomainProperties;

    async fn create(call: Call<DomainProperties>) -> Result<Resource, Failure> {
        let (settings, name) = (settings(&call)?, &call.properties.domain_name);
        let domain = match call.services.apigateway.create_domain(&call.services, name, settings).await {
            Ok(domain) => domain,
            Err(ApiGatewayError::Conflict(_)) => return Err(exists("AWS::ApiGateway::DomainName", name)),
            Err(error) => return Err(refused(error)),
        };
        let attributes = [
            ("DomainNameArn", json!(domain.arn(&call.services.context))),
            ("RegionalDomainName", json!(domain.regional_name)),
            ("RegionalHostedZoneId", json!(apigateway::DomainName::HOSTED_ZONE)),
        ];
        Ok(resource(domain.name, attributes))
    }

    async fn update(
        call: Call<DomainProperties>,
        current: Resource,
        _: DomainProperties,
    ) -> Result<Resource, Failure> {
        let settings = settings(&call)?;
        let gateway = &call.services.apigateway;
        gateway.update_domain(&call.services, &current.physical_id, settings).map_err(refused)?;
        Ok(current)
    }

    async fn delete(call: Call<DomainProperties>, current: Resource) -> Result<(), Failure> {
        call.services.apigateway.delete_domain(&call.services, &current.physical_id).await;
        Ok(())
    }
}

pub(in crate::resources) struct BasePathMapping;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(in crate::resources) struct MappingProperties {
    domain_name: String,
    #[serde(default)]
    base_path: String,
    rest_api_id: String,
    stage: Option<String>,
}

impl MappingProperties {
    fn put(&self, call: &Call<Self>, new: bool) -> Result<(), Failure> {
        let mapping = Mapping { api: self.rest_api_id.clone(), stage: self.stage.clone() };
        call.services.apigateway.map(&self.domain_name, &self.base_path, mapping, new).map_err(refused)
    }
}

#[async_trait]
impl ResourceType for BasePathMapping {
    const SCHEMA: &'static str = include_str!("../schemas/apigateway-base-path-mapping.yaml");
    type Properties = MappingProperties;

    async fn create(call: Call<MappingProperties>) -> Result<Resource, Failure> {
        call.properties.put(&call, true)?;
        Ok(resource(format!("{}|{}", call.properties.domain_name, call.properties.base_path), []))
    }

    async fn update(
        call: Call<MappingProperties>,
        current: Resource,
        _: MappingProperties,
    ) -> Result<Resource, Failure> {
        call.properties.put(&call, false)?;
        Ok(current)
    }

    async fn delete(call: Call<MappingProperties>, _: Resource) -> Result<(), Failure> {
        call.services.apigateway.unmap(&call.properties.domain_name, &call.properties.base_path);
        Ok(())
    }
}
