//! Who signs requests to methods with `AuthorizationType: AWS_IAM`.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/permissions.html>

use async_trait::async_trait;
use bytes::Bytes;
use data_plane::rest_api::{IamAuthorizer, IamCaller, IamRefusal, Verdict};
use http::request::Parts;
use time::{Duration, OffsetDateTime, PrimitiveDateTime};

use super::WeakServices;
use crate::Services;
use crate::services::iam;
use crate::signature;
use crate::wire::{Scope, WireRequest, epoch_millis};

/// How far the clock of a caller may be off.
const SKEW: Duration = Duration::minutes(5);

/// The callers of a region's APIs.
pub(super) struct Callers(pub(super) WeakServices);

#[async_trait]
impl IamAuthorizer for Callers {
    async fn authenticate(&self, request: &Parts, body: &Bytes) -> Result<IamCaller, IamRefusal> {
        let services = self.0.upgrade().ok_or(IamRefusal::Missing)?;
        let request = WireRequest::new(
            request.method.clone(),
            request.uri.clone(),
            request.headers.clone(),
            body.clone(),
        );
        authenticate(&services, &request)
    }

    fn verdict(&self, caller: &IamCaller, action: &str, resource: &str) -> Verdict {
        match (&caller.role_arn, self.0.upgrade()) {
            // The account's user is its administrator.
            (None, Some(_)) => Verdict::Allow,
            (Some(role), Some(services)) => match services.iam.verdict(role, action, Some(resource)) {
                iam::Verdict::Allow => Verdict::Allow,
                iam::Verdict::Deny => Verdict::Deny,
                iam::Verdict::Silent => Verdict::Silent,
            },
            (_, None) => Verdict::Silent,
        }
    }
}

fn authenticate(services: &Services, request: &WireRequest) -> Result<IamCaller, IamRefusal> {
    let invalid = |message: &str| IamRefusal::Invalid(message.to_owned());
    let Some(scope) = Scope::of(&request.headers, &request.uri) else {
        return Err(match request.header("authorization") {
            None => IamRefusal::Missing,
            Some(_) => invalid(
                "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
            ),
        });
    };
    if scope.service != "execute-api" {
        return Err(invalid("Credential should be scoped to correct service: 'execute-api'."));
    }
    if scope.region != services.context.region {
        return Err(invalid("Credential should be scoped to a valid region."));
    }
    let identity = services.sts.identity(&scope.access_key_id);
    let identity =
        identity.ok_or_else(|| invalid("The security token included in the request is invalid."))?;
    if identity.expires_at.is_some_and(|at| at <= epoch_millis()) {
        return Err(IamRefusal::Expired("The security token included in the request is expired".to_owned()));
    }
    let given = request.header("x-amz-security-token").map(str::to_owned);
    let given = given.or_else(|| request.query_param("X-Amz-Security-Token"));
    if identity.session_token.is_some() && given != identity.session_token {
        return Err(invalid("The security token included in the request is invalid."));
    }
    signature::verify(request, &scope.access_key_id, &identity.secret_access_key)
        .map_err(|error| IamRefusal::Invalid(error.message))?;
    check_date(request).map_err(IamRefusal::Invalid)?;
    Ok(IamCaller {
        account_id: services.context.account.clone(),
        access_key: scope.access_key_id,
        user_arn: identity.arn,
        user_id: identity.user_id,
        role_arn: identity.role_arn,
    })
}

/// A signature holds for five minutes, or as long as a presigned URL says.
fn check_date(request: &WireRequest) -> Result<(), String> {
    let format = time::macros::format_description!("[year][month][day]T[hour][minute][second]Z");
    let text = request.header("x-amz-date").map(str::to_owned);
    let text = text.or_else(|| request.query_param("X-Amz-Date")).unwrap_or_default();
    let signed = PrimitiveDateTime::parse(&text, format)
        .map_err(|_| format!("Date must be in ISO-8601 'basic format'. Got '{text}'."))?
        .assume_utc();
    let now = OffsetDateTime::now_utc();
    let shown = |at: OffsetDateTime| at.format(format).unwrap_or_default();
    let holds = request.query_param("X-Amz-Expires").and_then(|text| text.parse().ok());
    let holds = holds.map_or(SKEW, Duration::seconds);
    if signed + holds < now {
        return Err(format!(
            "Signature expired: {text} is now earlier than {} ({} - 5 min.)",
            shown(now - SKEW),
            shown(now)
        ));
    }
    if signed > now + SKEW {
        return Err(format!(
            "Signature not yet current: {text} is still later than {} ({} + 5 min.)",
            shown(now + SKEW),
            shown(now)
        ));
    }
    Ok(())
}
