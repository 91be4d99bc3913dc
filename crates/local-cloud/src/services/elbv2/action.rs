use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use data_plane::balancer;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::ElbError;

/// An action of a listener or rule, in the words of the API.
///
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Action.html>
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Action {
    #[serde(rename = "Type")]
    pub kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_group_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forward_config: Option<ForwardConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixed_response_config: Option<FixedResponseConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redirect_config: Option<RedirectConfig>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ForwardConfig {
    pub target_groups: Vec<TargetGroupTuple>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct TargetGroupTuple {
    pub target_group_arn: String,
    pub weight: Option<u32>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct FixedResponseConfig {
    pub status_code: String,
    pub content_type: Option<String>,
    pub message_body: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct RedirectConfig {
    pub status_code: String,
    pub protocol: Option<String>,
    pub host: Option<String>,
    pub port: Option<String>,
    pub path: Option<String>,
    pub query: Option<String>,
}

impl Action {
    /// The target groups it forwards to, with their weights.
    #[must_use]
    pub fn target_groups(&self) -> Vec<(String, u32)> {
        let tuples = self.forward_config.iter().flat_map(|config| &config.target_groups);
        let listed: Vec<_> =
            tuples.map(|tuple| (tuple.target_group_arn.clone(), tuple.weight.unwrap_or(1))).collect();
        if listed.is_empty() {
            self.target_group_arn.iter().map(|arn| (arn.clone(), 1)).collect()
        } else {
            listed
        }
    }

    /// What the data plane does for it.
    pub(super) fn compile(
        &self,
        groups: &BTreeMap<String, Arc<balancer::TargetGroup>>,
    ) -> Result<balancer::Action, ElbError> {
        match self.kind.as_str() {
            "forward" => {
                let wanted = self.target_groups();
                if wanted.is_empty() {
                    return Err(ElbError::Validation(
                        "A target group must be specified for a forward action".into(),
                    ));
                }
                let weighted = wanted.into_iter().map(|(arn, weight)| match groups.get(&arn) {
                    Some(group) => {
                        Ok(balancer::WeightedTargetGroup { target_group: Arc::clone(group), weight })
                    }
                    None => Err(ElbError::TargetGroupNotFound(arn)),
                });
                Ok(balancer::Action::Forward(weighted.collect::<Result<_, _>>()?))
            }
            "fixed-response" => {
                let config =
                    self.fixed_response_config.clone().ok_or_else(|| missing("FixedResponseConfig"))?;
                Ok(balancer::Action::FixedResponse(balancer::FixedResponse {
                    status: status(&config.status_code)?,
                    content_type: config.content_type,
                    body: config.message_body.unwrap_or_default(),
                }))
            }
            "redirect" => {
                let config = self.redirect_config.clone().ok_or_else(|| missing("RedirectConfig"))?;
                Ok(balancer::Action::Redirect(config.compile()?))
            }
            kind => Err(ElbError::Validation(format!("Action type '{kind}' is not offered here"))),
        }
    }
}

impl RedirectConfig {
    fn compile(self) -> Result<balancer::Redirect, ElbError> {
        let code = self.status_code.trim_start_matches("HTTP_").to_owned();
        let or = |value: Option<String>, default: &str| value.unwrap_or_else(|| default.to_owned());
        Ok(balancer::Redirect {
            status: status(&code)?,
            protocol: or(self.protocol, "#{protocol}"),
            host: or(self.host, "#{host}"),
            port: or(self.port, "#{port}"),
            path: or(self.path, "/#{path}"),
            query: or(self.query, "#{query}"),
        })
    }
}

/// A condition of a rule, in the words of the API. The older `Values` counts where the field's own list is empty.
///
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RuleCondition.html>
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Condition {
    pub field: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_header_config: Option<Values>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_header_config: Option<Values>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_request_method_config: Option<Values>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_pattern_config: Option<Values>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query_string_config: Option<QueryStringConfig>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_ip_config: Option<Values>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Values {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_header_name: Option<String>,
    pub values: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct QueryStringConfig {
    pub values: Vec<QueryStringPair>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct QueryStringPair {
    pub key: Option<String>,
    pub value: String,
}

impl Condition {
    pub(super) fn compile(&self) -> Result<balancer::Condition, ElbError> {
        let listed = |config: &Option<Values>| -> Result<Vec<String>, ElbError> {
            let values =
                config.as_ref().map(|config| config.values.clone()).filter(|values| !values.is_empty());
            let values = values.unwrap_or_else(|| self.values.clone());
            if values.is_empty() {
                let message = format!("A condition value must be specified for the field '{}'", self.field);
                return Err(ElbError::Validation(message));
            }
            Ok(values)
        };
        Ok(match self.field.as_str() {
            "path-pattern" => balancer::Condition::Path(listed(&self.path_pattern_config)?),
            "host-header" => balancer::Condition::Host(listed(&self.host_header_config)?),
            "http-request-method" => balancer::Condition::Method(listed(&self.http_request_method_config)?),
            "http-header" => balancer::Condition::Header(balancer::StringCondition {
                name: self
                    .http_header_config
                    .as_ref()
                    .and_then(|config| config.http_header_name.clone())
                    .ok_or_else(|| missing("HttpHeaderName"))?,
                values: listed(&self.http_header_config)?,
            }),
            "query-string" => {
                let config = self.query_string_config.as_ref().ok_or_else(|| missing("QueryStringConfig"))?;
                let pairs = config.values.iter().map(|pair| (pair.key.clone(), pair.value.clone()));
                balancer::Condition::Query(pairs.collect())
            }
            "source-ip" => {
                let blocks = listed(&self.source_ip_config)?;
                balancer::Condition::SourceIp(
                    blocks.iter().map(|text| block(text)).collect::<Result<_, _>>()?,
                )
            }
            field => {
                return Err(ElbError::Validation(format!(
                    "Condition field '{field}' must be one of '[path-pattern, host-header, http-header, http-request-method, query-string, source-ip]'"
                )));
            }
        })
    }
}

fn block(text: &str) -> Result<(IpAddr, u8), ElbError> {
    let parsed = text
        .split_once('/')
        .and_then(|(address, prefix)| Some((address.parse::<IpAddr>().ok()?, prefix.parse::<u8>().ok()?)));
    parsed.ok_or_else(|| ElbError::Validation(format!("The CIDR block '{text}' is not valid")))
}

fn status(code: &str) -> Result<StatusCode, ElbError> {
    code.parse().map_err(|_| ElbError::Validation(format!("The status code '{code}' is not valid")))
}

fn missing(name: &str) -> ElbError {
    ElbError::Validation(format!("{name} must be specified"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn actions_name_their_target_groups() {
        let action: Action =
            serde_json::from_value(json!({"Type": "forward", "TargetGroupArn": "a"})).unwrap();
        assert_eq!(action.target_groups(), vec![("a".to_owned(), 1)]);
        let weighted = json!({"Type": "forward", "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": "b", "Weight": 3}]}});
        let action: Action = serde_json::from_value(weighted).unwrap();
        assert_eq!(action.target_groups(), vec![("b".to_owned(), 3)]);
        assert_eq!(action.compile(&BTreeMap::new()).err(), Some(ElbError::TargetGroupNotFound("b".into())));
    }

    #[test]
    fn conditions_take_both_spellings() {
        for condition in [
            json!({"Field": "path-pattern", "Values": ["/a/*"]}),
            json!({"Field": "path-pattern", "PathPatternConfig": {"Values": ["/a/*"]}}),
        ] {
            let condition: Condition = serde_json::from_value(condition).unwrap();
            assert_eq!(condition.compile().unwrap(), balancer::Condition::Path(vec!["/a/*".into()]));
        }
        let empty: Condition = serde_json::from_value(json!({"Field": "host-header"})).unwrap();
        assert_eq!(
            empty.compile().unwrap_err().to_string(),
            "A condition value must be specified for the field 'host-header'"
        );
    }
}
