//! AWS STS: who is calling, and roles taken on.
//!
//! <https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html>

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use http::StatusCode;

use super::iam::Iam;
use super::{RegionContext, Service};
use crate::wire::{ApiError, Node, Params, Scope, WireRequest, WireResponse, epoch_millis, iso_seconds};

/// The ID of the one user of the account.
const USER_ID: &str = "AIDALOCALCLOUDUSER000";
/// The most sessions that are remembered; the oldest access key goes first.
const MAX_SESSIONS: usize = 10_000;

/// Who has an access key. It has no `Debug`, because it holds the secret.
#[derive(Clone)]
pub struct Identity {
    pub arn: String,
    pub user_id: String,
    pub secret_access_key: String,
    /// The role, its session's token and its end in milliseconds since the epoch; none of them for a user.
    pub role_arn: Option<String>,
    pub session_token: Option<String>,
    pub expires_at: Option<i64>,
}

/// STS, with the sessions that it gave out.
pub struct Sts {
    context: Arc<RegionContext>,
    iam: Arc<Iam>,
    /// Keys of the account's user.
    access_key_id: String,
    secret_access_key: String,
    /// By access key.
    sessions: Mutex<BTreeMap<String, Identity>>,
}

impl Sts {
    pub(crate) fn new(context: Arc<RegionContext>, iam: Arc<Iam>, keys: (String, String)) -> Self {
        let (access_key_id, secret_access_key) = keys;
        Self { context, iam, access_key_id, secret_access_key, sessions: Mutex::default() }
    }

    /// Whose access key it is: a session's, or that of the account's user.
    #[must_use]
    pub fn identity(&self, access_key_id: &str) -> Option<Identity> {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let user = || Identity {
            arn: format!("arn:aws:iam::{}:user/local", self.context.account),
            user_id: USER_ID.to_owned(),
            secret_access_key: self.secret_access_key.clone(),
            role_arn: None,
            session_token: None,
            expires_at: None,
        };
        sessions.get(access_key_id).cloned().or_else(|| (access_key_id == self.access_key_id).then(user))
    }

    /// ARN and user ID of whoever calls with an access key: a session of a role, or the user of the account.
    #[must_use]
    pub fn caller(&self, access_key_id: &str) -> (String, String) {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let user = || (format!("arn:aws:iam::{}:user/local", self.context.account), USER_ID.to_owned());
        sessions
            .get(access_key_id)
            .map_or_else(user, |session| (session.arn.clone(), session.user_id.clone()))
    }

    /// Gives temporary credentials of a role that exists.
    fn assume_role(&self, caller: &str, params: &Params) -> Result<Node, ApiError> {
        let arn = params.required("RoleArn")?;
        let session = params.required("RoleSessionName")?;
        let seconds: i64 = params.get("DurationSeconds").and_then(|text| text.parse().ok()).unwrap_or(3600);
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte);
        if !(2..=64).contains(&session.len()) || !session.bytes().all(legal) {
            let message = format!(
                "1 validation error detected: Value '{session}' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]{{2,64}}"
            );
            return Err(ApiError::sender("ValidationError", message));
        }
        let role = self.iam.role_by_arn(arn).ok_or_else(|| {
            let message =
                format!("User: {caller} is not authorized to perform: sts:AssumeRole on resource: {arn}");
            ApiError::with_status(StatusCode::FORBIDDEN, "AccessDenied", message)
        })?;
        if !(900..=43_200).contains(&seconds) {
            let message = format!("DurationSeconds is {seconds}; it must be 900 to 43200.");
            return Err(ApiError::sender("ValidationError", message));
        }
        let random = || uuid::Uuid::new_v4().simple().to_string();
        let access_key = format!("ASIA{}", &random().to_uppercase()[..16]);
        let assumed = format!("arn:aws:sts::{}:assumed-role/{}/{session}", self.context.account, role.name);
        let id = format!("{}:{session}", role.id);
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if sessions.len() >= MAX_SESSIONS {
            sessions.pop_first();
        }
        let (secret, token) = (format!("{}{}", random(), &random()[..8]), random());
        let expires_at = epoch_millis() + seconds * 1000;
        let session = Identity {
            arn: assumed.clone(),
            user_id: id.clone(),
            secret_access_key: secret.clone(),
            role_arn: Some(role.arn),
            session_token: Some(token.clone()),
            expires_at: Some(expires_at),
        };
        sessions.insert(access_key.clone(), session);
        Ok(Node::Struct(vec![
            (
                "Credentials",
                Node::Struct(vec![
                    ("AccessKeyId", access_key.into()),
                    ("SecretAccessKey", secret.into()),
                    ("SessionToken", token.into()),
                    ("Expiration", iso_seconds(expires_at).into()),
                ]),
            ),
            ("AssumedRoleUser", Node::Struct(vec![("AssumedRoleId", id.into()), ("Arn", assumed.into())])),
        ]))
    }
}

/// STS on the wire.
pub struct StsService(pub Arc<Sts>);

#[async_trait]
impl Service for StsService {
    fn name(&self) -> &'static str {
        "sts"
    }

    async fn handle(&self, request: WireRequest) -> WireResponse {
        let params = request.params();
        let action = params.get("Action").unwrap_or_default();
        let access_key = Scope::of(&request.headers, &request.uri).map(|scope| scope.access_key_id);
        let (arn, id) = self.0.caller(access_key.as_deref().unwrap_or_default());
        let result = match action {
            "GetCallerIdentity" => Ok(Node::Struct(vec![
                ("Arn", arn.into()),
                ("UserId", id.into()),
                ("Account", self.0.context.account.as_str().into()),
            ])),
            "AssumeRole" => self.0.assume_role(&arn, &params),
            _ => Err(ApiError::unknown_operation(&request, action)),
        };
        WireResponse::of_query(&request, action, result)
    }
}
