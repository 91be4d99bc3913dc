use std::collections::BTreeMap;
use std::time::Duration;

use data_plane::rest_api;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::ApiGatewayError;

/// A method in the words of CloudFormation.
///
/// <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-apigateway-method.html>
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct MethodProperties {
    pub rest_api_id: String,
    pub resource_id: String,
    pub http_method: String,
    /// `NONE`, `AWS_IAM` or `CUSTOM`; `NONE` unless given.
    pub authorization_type: Option<String>,
    /// With `CUSTOM`.
    pub authorizer_id: Option<String>,
    pub operation_name: Option<String>,
    pub request_models: BTreeMap<String, String>,
    pub request_parameters: BTreeMap<String, Value>,
    pub request_validator_id: Option<String>,
    pub integration: Option<IntegrationProperties>,
    pub method_responses: Vec<MethodResponseProperties>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct MethodResponseProperties {
    pub status_code: String,
    pub response_models: BTreeMap<String, String>,
    pub response_parameters: BTreeMap<String, Value>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct IntegrationProperties {
    #[serde(rename = "Type")]
    pub kind: String,
    pub uri: Option<String>,
    pub integration_http_method: Option<String>,
    pub credentials: Option<String>,
    /// `INTERNET` or `VPC_LINK`; `INTERNET` unless given.
    pub connection_type: Option<String>,
    /// ID of the link.
    pub connection_id: Option<String>,
    /// ARN of the load balancer behind the link.
    pub integration_target: Option<String>,
    pub cache_key_parameters: Vec<String>,
    pub cache_namespace: Option<String>,
    pub content_handling: Option<String>,
    pub passthrough_behavior: Option<String>,
    pub request_parameters: BTreeMap<String, String>,
    pub request_templates: IndexMap<String, String>,
    pub timeout_in_millis: Option<u64>,
    pub integration_responses: Vec<IntegrationResponseProperties>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct IntegrationResponseProperties {
    pub status_code: String,
    pub selection_pattern: Option<String>,
    pub content_handling: Option<String>,
    pub response_parameters: BTreeMap<String, String>,
    pub response_templates: IndexMap<String, String>,
}

/// A gateway response in the words of CloudFormation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct GatewayResponseProperties {
    pub rest_api_id: String,
    pub response_type: String,
    pub status_code: Option<String>,
    pub response_parameters: BTreeMap<String, String>,
    pub response_templates: IndexMap<String, String>,
}

impl MethodProperties {
    /// An authorizer goes with `CUSTOM` and with nothing else.
    pub(super) fn check_authorization(&self) -> Result<(), ApiGatewayError> {
        let custom = self.authorization_type.as_deref() == Some("CUSTOM");
        if custom == self.authorizer_id.is_some() {
            return Ok(());
        }
        let message = if custom {
            "Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid authorizer."
        } else {
            "An AuthorizerId goes with AuthorizationType CUSTOM only"
        };
        Err(ApiGatewayError::BadRequest(message.into()))
    }

    fn authorization(&self) -> rest_api::Authorization {
        match (self.authorization_type.as_deref(), &self.authorizer_id) {
            (Some("CUSTOM"), Some(id)) => rest_api::Authorization::Custom(id.clone()),
            (Some("AWS_IAM"), _) => rest_api::Authorization::Iam,
            _ => rest_api::Authorization::None,
        }
    }

    /// The data plane's method; `validator` is what `request_validator_id` names.
    pub(super) fn compile(
        &self,
        validator: Option<rest_api::RequestValidator>,
    ) -> Result<rest_api::Method, ApiGatewayError> {
        let responses = self.method_responses.iter().map(|response| {
            Ok(rest_api::MethodResponse {
                status_code: status(&response.status_code)?,
                parameters: flags(&response.response_parameters),
                models: response.response_models.clone(),
            })
        });
        Ok(rest_api::Method {
            http_method: self.http_method.clone(),
            authorization: self.authorization(),
            operation_name: self.operation_name.clone(),
            request_parameters: flags(&self.request_parameters),
            request_models: self.request_models.clone(),
            request_validator: validator,
            responses: responses.collect::<Result<_, ApiGatewayError>>()?,
            integration: self.integration.as_ref().map(IntegrationProperties::compile).transpose()?,
            ..rest_api::Method::default()
        })
    }
}

impl IntegrationProperties {
    fn compile(&self) -> Result<rest_api::Integration, ApiGatewayError> {
        let kind = match self.kind.as_str() {
            "AWS" => rest_api::IntegrationKind::Aws,
            "AWS_PROXY" => rest_api::IntegrationKind::AwsProxy,
            "HTTP" => rest_api::IntegrationKind::Http,
            "HTTP_PROXY" => rest_api::IntegrationKind::HttpProxy,
            _ => rest_api::IntegrationKind::Mock,
        };
        let needs_uri = kind != rest_api::IntegrationKind::Mock;
        if needs_uri && self.uri.as_deref().is_none_or(str::is_empty) {
            return Err(ApiGatewayError::BadRequest(
                "Uri must be specified for this integration type".into(),
            ));
        }
        let backend = matches!(kind, rest_api::IntegrationKind::Aws | rest_api::IntegrationKind::AwsProxy);
        if backend && self.integration_http_method.is_none() {
            let message = "Enumeration value for HttpMethod must be non-empty";
            return Err(ApiGatewayError::BadRequest(message.into()));
        }
        self.check_connection(kind)?;
        let responses = self.integration_responses.iter().map(|response| {
            Ok(rest_api::IntegrationResponse {
                status_code: status(&response.status_code)?,
                selection_pattern: response.selection_pattern.clone().filter(|pattern| !pattern.is_empty()),
                content_handling: content_handling(response.content_handling.as_deref()),
                parameters: response.response_parameters.clone(),
                templates: response.response_templates.clone(),
            })
        });
        Ok(rest_api::Integration {
            kind,
            http_method: self.integration_http_method.clone(),
            uri: self.uri.clone(),
            vpc_link: self.connection_id.clone(),
            integration_target: self.integration_target.clone(),
            cache_key_parameters: self.cache_key_parameters.clone(),
            cache_namespace: self.cache_namespace.clone(),
            credentials: self.credentials.clone(),
            passthrough: match self.passthrough_behavior.as_deref() {
                Some("NEVER") => rest_api::Passthrough::Never,
                Some("WHEN_NO_TEMPLATES") => rest_api::Passthrough::WhenNoTemplates,
                _ => rest_api::Passthrough::WhenNoMatch,
            },
            content_handling: content_handling(self.content_handling.as_deref()),
            request_parameters: self.request_parameters.clone(),
            request_templates: self.request_templates.clone(),
            responses: responses.collect::<Result<_, ApiGatewayError>>()?,
            timeout: self.timeout_in_millis.map(Duration::from_millis),
        })
    }

    /// A link, its ID and its target go together, and with HTTP integrations only.
    fn check_connection(&self, kind: rest_api::IntegrationKind) -> Result<(), ApiGatewayError> {
        let bad = |message: &str| Err(ApiGatewayError::BadRequest(message.to_owned()));
        let http = matches!(kind, rest_api::IntegrationKind::Http | rest_api::IntegrationKind::HttpProxy);
        if self.connection_type.as_deref() != Some("VPC_LINK") {
            if self.connection_id.is_some() || self.integration_target.is_some() {
                return bad("ConnectionId and IntegrationTarget go with ConnectionType VPC_LINK only");
            }
            return Ok(());
        }
        if !http {
            return bad("ConnectionType VPC_LINK is only supported for HTTP and HTTP_PROXY integrations");
        }
        if self.connection_id.as_deref().is_none_or(str::is_empty) {
            return bad("ConnectionId must be specified for ConnectionType VPC_LINK");
        }
        if self.integration_target.is_none() {
            return bad(
                "IntegrationTarget, the ARN of the load balancer, must be specified: links of this cloud are of the second version",
            );
        }
        Ok(())
    }
}

impl GatewayResponseProperties {
    pub(super) fn compile(&self) -> Result<rest_api::GatewayResponse, ApiGatewayError> {
        Ok(rest_api::GatewayResponse {
            status_code: self.status_code.as_deref().map(status).transpose()?,
            parameters: self.response_parameters.clone(),
            templates: self.response_templates.clone(),
        })
    }
}

fn content_handling(name: Option<&str>) -> Option<rest_api::ContentHandling> {
    match name {
        Some("CONVERT_TO_BINARY") => Some(rest_api::ContentHandling::ConvertToBinary),
        Some("CONVERT_TO_TEXT") => Some(rest_api::ContentHandling::ConvertToText),
        _ => None,
    }
}

/// Whether parameters are required; templates write the flags as booleans or as texts.
fn flags(parameters: &BTreeMap<String, Value>) -> BTreeMap<String, bool> {
    let flag = |value: &Value| value.as_bool().unwrap_or_else(|| value.as_str() == Some("true"));
    parameters.iter().map(|(name, value)| (name.clone(), flag(value))).collect()
}

fn status(code: &str) -> Result<u16, ApiGatewayError> {
    code.parse().map_err(|_| ApiGatewayError::BadRequest(format!("The status code {code} is not a number")))
}
