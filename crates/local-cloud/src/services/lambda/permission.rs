use serde_json::{Value, json};

use crate::services::iam::wildcard;

/// A statement of a function's resource policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    pub id: String,
    /// `lambda:InvokeFunction`
    pub action: String,
    /// A service such as `apigateway.amazonaws.com`, an account or `*`.
    pub principal: String,
    pub source_arn: Option<String>,
    pub source_account: Option<String>,
    /// The version or alias it is for; `None` is the function without a qualifier.
    pub qualifier: Option<String>,
}

impl Permission {
    /// Whether it lets `principal` invoke the function under `qualifier` on behalf of `source_arn`.
    #[must_use]
    pub fn admits(&self, principal: &str, qualifier: Option<&str>, source_arn: &str) -> bool {
        let account = source_arn.split(':').nth(4).unwrap_or_default();
        self.qualifier.as_deref() == qualifier
            && (self.principal == principal || self.principal == "*")
            && wildcard(&self.action, "lambda:InvokeFunction")
            && self.source_arn.as_deref().is_none_or(|pattern| wildcard(pattern, source_arn))
            && self.source_account.as_deref().is_none_or(|wanted| wanted == account)
    }

    /// The statement as `GetPolicy` shows it.
    #[must_use]
    pub fn statement(&self, function_arn: &str) -> Value {
        let principal = if self.principal == "*" {
            json!("*")
        } else if self.principal.bytes().all(|byte| byte.is_ascii_digit()) {
            json!({"AWS": format!("arn:aws:iam::{}:root", self.principal)})
        } else if self.principal.starts_with("arn:") {
            json!({"AWS": self.principal})
        } else {
            json!({"Service": self.principal})
        };
        let resource = match &self.qualifier {
            Some(qualifier) => format!("{function_arn}:{qualifier}"),
            None => function_arn.to_owned(),
        };
        let mut statement = json!({
            "Sid": self.id, "Effect": "Allow", "Principal": principal, "Action": self.action, "Resource": resource,
        });
        if let Some(source) = &self.source_arn {
            statement["Condition"]["ArnLike"] = json!({"AWS:SourceArn": source});
        }
        if let Some(account) = &self.source_account {
            statement["Condition"]["StringEquals"] = json!({"AWS:SourceAccount": account});
        }
        statement
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permission_admits_its_source_only() {
        let permission = Permission {
            id: "p".into(),
            action: "lambda:InvokeFunction".into(),
            principal: "apigateway.amazonaws.com".into(),
            source_arn: Some("arn:aws:execute-api:us-east-1:000000000000:abc/*/POST/publish".into()),
            source_account: None,
            qualifier: Some("live".into()),
        };
        let source = "arn:aws:execute-api:us-east-1:000000000000:abc/v1/POST/publish";
        assert!(permission.admits("apigateway.amazonaws.com", Some("live"), source));
        assert!(!permission.admits("apigateway.amazonaws.com", None, source));
        assert!(!permission.admits("sns.amazonaws.com", Some("live"), source));
        assert!(!permission.admits("apigateway.amazonaws.com", Some("live"), &source.replace("abc", "xyz")));
        assert_eq!(permission.statement("arn:f")["Resource"], "arn:f:live");
    }
}
