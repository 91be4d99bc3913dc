use std::collections::BTreeMap;
use std::sync::Arc;

use data_plane::rest_api::{self, CustomDomain};
use data_plane::tls::TlsVersion;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{ApiGateway, ApiGatewayError};
use crate::Services;
use crate::services::acm::AcmError;
use crate::services::hosts::Place;
use crate::services::{RegionContext, ids};
use crate::wire::{epoch_millis, iso_seconds};

/// The base path of a mapping without one, as the API writes it.
const ROOT: &str = "(none)";

/// A custom domain name with the port it really has.
#[derive(Clone)]
pub struct DomainName {
    /// In lower case.
    pub name: String,
    /// ARN.
    pub certificate: String,
    pub security_policy: String,
    /// What records lead to: `d-…execute-api.{region}.amazonaws.com`.
    pub regional_name: String,
    pub tags: BTreeMap<String, String>,
    /// Milliseconds since the epoch.
    pub created_at: i64,
    /// By base path, which is empty for the whole domain.
    pub mappings: BTreeMap<String, Mapping>,
    pub server: Arc<CustomDomain>,
}

/// What a template says about a domain name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DomainSettings {
    pub certificate: String,
    pub security_policy: String,
    pub tags: BTreeMap<String, String>,
}

/// The stage that is served below a base path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// ID.
    pub api: String,
    /// Without one, the path names it.
    pub stage: Option<String>,
}

impl DomainName {
    /// The hosted zone of regional domain names in us-east-1, which alias records name.
    /// <https://docs.aws.amazon.com/general/latest/gr/apigateway.html>
    pub const HOSTED_ZONE: &str = "Z1UJRXOUMOOFQ8";

    /// `arn:aws:apigateway:{region}::/domainnames/{name}`
    #[must_use]
    pub fn arn(&self, context: &RegionContext) -> String {
        format!("arn:{}:apigateway:{}::/domainnames/{}", RegionContext::PARTITION, context.region, self.name)
    }

    pub(super) fn described(&self, context: &RegionContext) -> Value {
        json!({
            "domainName": self.name,
            "domainNameArn": self.arn(context),
            "domainNameStatus": "AVAILABLE",
            "regionalDomainName": self.regional_name,
            "regionalHostedZoneId": Self::HOSTED_ZONE,
            "regionalCertificateArn": self.certificate,
            "endpointConfiguration": {"types": ["REGIONAL"], "ipAddressType": "ipv4"},
            "securityPolicy": self.security_policy,
            "certificateUploadDate": iso_seconds(self.created_at),
            "tags": self.tags,
        })
    }

    pub(super) fn described_mappings(&self) -> Vec<Value> {
        self.mappings.iter().map(|(base, mapping)| described_mapping(base, mapping)).collect()
    }

    /// A mapping by its base path as the API writes it.
    pub(super) fn described_mapping(&self, base: &str) -> Option<Value> {
        let base = if base == ROOT { "" } else { base };
        self.mappings.get(base).map(|mapping| described_mapping(base, mapping))
    }
}

fn described_mapping(base: &str, mapping: &Mapping) -> Value {
    let base = if base.is_empty() { ROOT } else { base };
    let mut described = json!({"basePath": base, "restApiId": mapping.api});
    if let Some(stage) = &mapping.stage {
        described["stage"] = stage.as_str().into();
    }
    described
}

impl From<AcmError> for ApiGatewayError {
    fn from(error: AcmError) -> Self {
        Self::BadRequest(format!("Invalid certificate: {error}"))
    }
}

impl ApiGateway {
    /// Makes a domain name and opens its port, which answers 403 until a stage is mapped to it.
    pub async fn create_domain(
        &self,
        services: &Services,
        name: &str,
        settings: DomainSettings,
    ) -> Result<DomainName, ApiGatewayError> {
        let name = name.to_ascii_lowercase();
        if self.domains().contains_key(&name) {
            return Err(ApiGatewayError::Conflict("The domain name you provided already exists.".into()));
        }
        let tls = services.acm.tls(std::slice::from_ref(&settings.certificate), TlsVersion::Tls12)?;
        let no_port = |error: &dyn std::fmt::Display| {
            ApiGatewayError::BadRequest(format!(
                "no loopback port could be opened for the domain name: {error}"
            ))
        };
        let socket = TcpListener::bind(("127.0.0.1", 0)).await.map_err(|error| no_port(&error))?;
        let server = CustomDomain::start(socket, &tls).map_err(|error| no_port(&error))?;
        let (region, suffix) = (&services.context.region, RegionContext::URL_SUFFIX);
        let domain = DomainName {
            name: name.clone(),
            certificate: settings.certificate,
            security_policy: settings.security_policy,
            regional_name: format!("d-{}.execute-api.{region}.{suffix}", ids::letters_and_digits(10)),
            tags: settings.tags,
            created_at: epoch_millis(),
            mappings: BTreeMap::new(),
            server,
        };
        let place = Place { address: domain.server.address(), tls: true };
        services.hosts.put(&domain.regional_name, 443, place);
        self.domains().insert(name, domain.clone());
        Ok(domain)
    }

    /// Changes a domain name in place.
    pub fn update_domain(
        &self,
        services: &Services,
        name: &str,
        settings: DomainSettings,
    ) -> Result<(), ApiGatewayError> {
        let tls = services.acm.tls(std::slice::from_ref(&settings.certificate), TlsVersion::Tls12)?;
        let mut domains = self.domains();
        let domain = domains.get_mut(name).ok_or_else(|| ApiGatewayError::missing("domain name", ""))?;
        domain.server.set_tls(&tls).map_err(|error| ApiGatewayError::BadRequest(error.to_string()))?;
        domain.certificate = settings.certificate;
        domain.security_policy = settings.security_policy;
        domain.tags = settings.tags;
        Ok(())
    }

    /// Deletes a domain name with its mappings and closes its port; one that is gone already is a success.
    pub async fn delete_domain(&self, services: &Services, name: &str) {
        let Some(domain) = self.domains().remove(name) else { return };
        services.hosts.remove(&domain.regional_name, 443);
        domain.server.stop().await;
    }

    /// A domain name.
    pub fn domain(&self, name: &str) -> Result<DomainName, ApiGatewayError> {
        let found = self.domains().get(&name.to_ascii_lowercase()).cloned();
        found.ok_or_else(|| ApiGatewayError::missing("domain name", ""))
    }

    /// All domain names.
    #[must_use]
    pub fn all_domains(&self) -> Vec<DomainName> {
        self.domains().values().cloned().collect()
    }

    /// Serves a stage below a base path, which is empty for the whole domain; one that is mapped is replaced unless it must
    /// be `new`.
    pub fn map(&self, domain: &str, base: &str, mapping: Mapping, new: bool) -> Result<(), ApiGatewayError> {
        let api = self.api(&mapping.api)?;
        if let Some(stage) = &mapping.stage
            && !api.stages.contains_key(stage)
        {
            return Err(ApiGatewayError::missing("stage", ""));
        }
        self.remap(domain, |mappings| {
            if new && mappings.contains_key(base) {
                return Err(ApiGatewayError::Conflict(
                    "Base path already exists for this domain name".into(),
                ));
            }
            mappings.insert(base.to_owned(), mapping);
            Ok(())
        })
    }

    /// Serves nothing below a base path; what is gone already is a success.
    pub fn unmap(&self, domain: &str, base: &str) {
        // Only a domain name that is gone refuses.
        let _gone = self.remap(domain, |mappings| {
            mappings.remove(base);
            Ok(())
        });
    }

    fn remap(
        &self,
        domain: &str,
        change: impl FnOnce(&mut BTreeMap<String, Mapping>) -> Result<(), ApiGatewayError>,
    ) -> Result<(), ApiGatewayError> {
        let mut domains = self.domains();
        let domain = domains
            .get_mut(&domain.to_ascii_lowercase())
            .ok_or_else(|| ApiGatewayError::missing("domain name", ""))?;
        change(&mut domain.mappings)?;
        let apis = self.apis();
        let served = domain.mappings.iter().filter_map(|(base, mapping)| {
            Some(rest_api::BasePathMapping {
                base_path: base.clone(),
                api: Arc::clone(&apis.get(&mapping.api)?.server),
                stage: mapping.stage.clone(),
            })
        });
        domain.server.set_mappings(served.collect());
        Ok(())
    }
}
