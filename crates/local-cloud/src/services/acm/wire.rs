use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::{AcmError, Authority, Certificate};
use crate::services::Service;
use crate::services::page::PageRequest;
use crate::wire::{ApiError, WireRequest, WireResponse};
use crate::{Inventory, Services};

/// Certificate Manager on the wire, as far as it describes: JSON 1.1.
///
/// <https://docs.aws.amazon.com/acm/latest/APIReference/API_Operations.html>
pub struct CertificateManagerApi(pub Arc<Services>);

#[async_trait]
impl Service for CertificateManagerApi {
    fn name(&self) -> &'static str {
        "acm"
    }

    async fn handle(&self, request: WireRequest) -> WireResponse {
        let operation = request.target_operation().unwrap_or_default();
        let acm = &self.0.acm;
        let certificate = |input: &Value| {
            let arn = input["CertificateArn"].as_str().unwrap_or_default();
            acm.certificate(arn).map_err(ApiError::from)
        };
        let result = request.json().and_then(|input| match operation {
            "ListCertificates" => {
                let wanted = input["CertificateStatuses"].as_array();
                let shown = wanted.is_none_or(|all| all.is_empty() || all.iter().any(|one| one == "ISSUED"));
                let all = if shown { acm.all() } else { Vec::new() };
                let page = PageRequest::of_json(&input, "NextToken", "MaxItems")
                    .of(all, |one| &one.arn, 1000, 1000)
                    .map_err(|error| error.coded("ValidationException", "ValidationException"))?;
                let summaries: Vec<Value> = page.items.iter().map(|one| self.summary(one)).collect();
                let mut answer = json!({"CertificateSummaryList": summaries});
                if let Some(token) = page.next {
                    answer["NextToken"] = token.into();
                }
                Ok(answer)
            }
            "DescribeCertificate" => Ok(json!({"Certificate": self.described(&certificate(&input)?)})),
            "GetCertificate" => {
                let found = certificate(&input)?;
                Ok(json!({"Certificate": found.pem, "CertificateChain": found.chain}))
            }
            "ListTagsForCertificate" => {
                let tags: Vec<Value> = certificate(&input)?
                    .tags
                    .iter()
                    .map(|(key, value)| json!({"Key": key, "Value": value}))
                    .collect();
                Ok(json!({"Tags": tags}))
            }
            _ => Err(ApiError::unknown_operation(&request, operation)),
        });
        WireResponse::of_aws_json(&request, result)
    }

    fn inventory(&self, inventory: &mut Inventory) {
        let all = self.0.acm.all();
        inventory.others.extend(all.iter().map(|one| format!("certificate {}", one.domain)));
    }
}

impl From<AcmError> for ApiError {
    fn from(error: AcmError) -> Self {
        let code = match &error {
            AcmError::NotFound(_) => "ResourceNotFoundException",
            AcmError::InUse { .. } => "ResourceInUseException",
            AcmError::NoZone { .. } | AcmError::Zone(_) => "InvalidDomainValidationOptionsException",
            AcmError::Authority(_) => "RequestFailedException",
        };
        Self::sender(code, error.to_string())
    }
}

impl CertificateManagerApi {
    fn summary(&self, certificate: &Certificate) -> Value {
        json!({
            "CertificateArn": certificate.arn,
            "DomainName": certificate.domain,
            "SubjectAlternativeNameSummaries": certificate.names,
            "HasAdditionalSubjectAlternativeNames": false,
            "Status": "ISSUED",
            "Type": "AMAZON_ISSUED",
            "KeyAlgorithm": KEY,
            "KeyUsages": ["DIGITAL_SIGNATURE"],
            "ExtendedKeyUsages": ["TLS_WEB_SERVER_AUTHENTICATION"],
            "InUse": !self.0.users_of(&certificate.arn).is_empty(),
            "RenewalEligibility": "INELIGIBLE",
            "CreatedAt": seconds(certificate.created_at),
            "IssuedAt": seconds(certificate.created_at),
            "NotBefore": seconds(certificate.not_before),
            "NotAfter": seconds(certificate.not_after),
        })
    }

    fn described(&self, certificate: &Certificate) -> Value {
        let validations: Vec<Value> = certificate
            .validations
            .iter()
            .map(|validation| {
                let (name, value) = &validation.record;
                json!({
                    "DomainName": validation.name,
                    "ValidationDomain": validation.name,
                    "ValidationStatus": "SUCCESS",
                    "ValidationMethod": "DNS",
                    "ResourceRecord": {"Name": name, "Type": "CNAME", "Value": value},
                })
            })
            .collect();
        json!({
            "CertificateArn": certificate.arn,
            "DomainName": certificate.domain,
            "SubjectAlternativeNames": certificate.names,
            "DomainValidationOptions": validations,
            "Serial": certificate.serial,
            "Subject": format!("CN={}", certificate.domain),
            "Issuer": Authority::NAME,
            "CreatedAt": seconds(certificate.created_at),
            "IssuedAt": seconds(certificate.created_at),
            "Status": "ISSUED",
            "NotBefore": seconds(certificate.not_before),
            "NotAfter": seconds(certificate.not_after),
            "KeyAlgorithm": KEY,
            "SignatureAlgorithm": "SHA256WITHECDSA",
            "InUseBy": self.0.users_of(&certificate.arn),
            "Type": "AMAZON_ISSUED",
            "KeyUsages": [{"Name": "DIGITAL_SIGNATURE"}],
            "ExtendedKeyUsages": [{"Name": "TLS_WEB_SERVER_AUTHENTICATION", "OID": "1.3.6.1.5.5.7.3.1"}],
            "RenewalEligibility": "INELIGIBLE",
            "Options": {"CertificateTransparencyLoggingPreference": "DISABLED"},
        })
    }
}

/// Keys are on the curve P-256, whatever a template leaves to the default.
const KEY: &str = "EC_prime256v1";

fn seconds(millis: i64) -> Value {
    json!(millis / 1000)
}
