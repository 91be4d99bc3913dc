//! `AWS::CertificateManager::*`

use std::collections::BTreeMap;

use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde::Deserialize;

use super::kind::{Call, Code, ResourceType, Tag, failed, resource, with};
use crate::services::acm::AcmError;

pub(super) struct Certificate;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Properties {
    domain_name: String,
    #[serde(default)]
    subject_alternative_names: Vec<String>,
    #[serde(default)]
    domain_validation_options: Vec<ValidationOption>,
    #[serde(default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ValidationOption {
    domain_name: String,
    hosted_zone_id: Option<String>,
}

fn refused(error: AcmError) -> Failure {
    let code = match &error {
        AcmError::NotFound(_) => Code::NotFound,
        AcmError::InUse { .. } => Code::ResourceConflict,
        AcmError::NoZone { .. } | AcmError::Zone(_) => Code::InvalidRequest,
        AcmError::Authority(_) => Code::GeneralServiceException,
    };
    failed(code, error)
}

#[async_trait]
impl ResourceType for Certificate {
    const SCHEMA: &'static str = include_str!("schemas/certificatemanager-certificate.yaml");
    type Properties = Properties;

    async fn create(call: Call<Properties>) -> Result<Resource, Failure> {
        let properties = &call.properties;
        let mut names = vec![properties.domain_name.to_ascii_lowercase()];
        for name in &properties.subject_alternative_names {
            let name = name.to_ascii_lowercase();
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let zones: BTreeMap<String, String> = properties
            .domain_validation_options
            .iter()
            .filter_map(|option| {
                Some((option.domain_name.to_ascii_lowercase(), option.hosted_zone_id.clone()?))
            })
            .collect();
        (call.request.progress)("Content of DNS Record is validated in the hosted zone");
        let tags = call.tags(&properties.tags);
        let certificate = call.services.acm.issue(&names, &zones, tags).map_err(refused)?;
        Ok(resource(certificate.arn, []))
    }

    async fn update(call: Call<Properties>, current: Resource, _: Properties) -> Result<Resource, Failure> {
        let tags = call.tags(&call.properties.tags);
        call.services.acm.tag(&current.physical_id, tags).map_err(with(Code::NotFound))?;
        Ok(current)
    }

    async fn delete(call: Call<Properties>, current: Resource) -> Result<(), Failure> {
        let users = call.services.users_of(&current.physical_id);
        call.services.acm.delete(&current.physical_id, users).map_err(refused)
    }
}
