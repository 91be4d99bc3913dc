//! The events and answers of API Gateway's token authorizers.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html>

use lambda_runtime::Diagnostic;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::start::Reply;
use crate::warm_up::{Event, WarmUp};

/// A question: may who has this token call this method?
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", default)]
pub struct TokenEvent {
    /// The whole `Authorization` header.
    pub authorization_token: Option<String>,
    /// `arn:aws:execute-api:{region}:{account}:{api}/{stage}/{method}/{path}`
    pub method_arn: String,
    warm_up: Option<WarmUp>,
}

impl Event for TokenEvent {
    fn warm_up(&self) -> Option<WarmUp> {
        self.warm_up
    }
}

/// An answer that API Gateway understands: principal, policy and context.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Verdict(pub Value);

impl Reply for Verdict {
    /// Whether the policy lets a request pass is API Gateway's to say.
    fn status(&self) -> u16 {
        200
    }
}

/// The token is not valid. API Gateway turns exactly this error into a 401.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unauthorized;

impl From<Unauthorized> for Diagnostic {
    fn from(_: Unauthorized) -> Diagnostic {
        Diagnostic { error_type: "Unauthorized".to_owned(), error_message: "Unauthorized".to_owned() }
    }
}
