//! Lambda authorizers and IAM.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html>

use std::collections::HashMap;
use std::sync::Arc;

use fancy_regex::Regex;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::backends::{Backends, FunctionCall, IamDecision};
use super::compiled::CompiledMethod;
use super::exchange::MethodRequest;
use super::facts::Facts;
use super::failure::{Failure, Kind};
use super::parameter::{Side, Source};
use super::proxy_event;
use super::{Authorization, Authorizer, AuthorizerKind};
use crate::mutex::Mutex;

/// Decisions kept at most; beyond it, all that have expired go.
const MOST_KEPT: usize = 10_000;

/// An authorizer with its cache of decisions.
pub(super) struct CompiledAuthorizer {
    id: String,
    spec: Authorizer,
    function: String,
    sources: Vec<Source>,
    validation: Option<Regex>,
    cache: Mutex<Cache>,
}

/// Decisions by the values of the identity sources, each with its end.
type Cache = HashMap<Vec<String>, (Instant, Arc<Decision>)>;

/// What an authorizer's function answered.
struct Decision {
    statements: Vec<Statement>,
    /// `principalId` and the values of `context`.
    context: Map<String, Value>,
}

struct Statement {
    allows: bool,
    actions: Vec<String>,
    resources: Vec<String>,
}

impl CompiledAuthorizer {
    pub(super) fn new(id: &str, spec: &Authorizer) -> Result<Self, String> {
        let function = function_arn(&spec.uri)
            .ok_or_else(|| format!("\"{}\" is not the URI of a Lambda function", spec.uri))?;
        let sources = spec.identity_sources.iter().map(|source| Source::parse(source, Side::Request));
        let validation = spec.identity_validation.as_deref().filter(|pattern| !pattern.is_empty());
        let validation = validation
            .map(|pattern| {
                Regex::new(&format!("\\A(?:{pattern})\\z"))
                    .map_err(|error| format!("identity validation: {error}"))
            })
            .transpose()?;
        Ok(Self {
            id: id.to_owned(),
            spec: spec.clone(),
            function: function.to_owned(),
            sources: sources.collect::<Result<_, _>>()?,
            validation,
            cache: Mutex::default(),
        })
    }

    async fn authorize(
        &self,
        backends: &Backends,
        request: &MethodRequest<'_>,
        facts: &mut Facts,
    ) -> Result<(), Failure> {
        let identity = {
            let view = request.view(facts);
            let value =
                |source: &Source| source.values(&view).into_iter().next().map(std::borrow::Cow::into_owned);
            self.sources.iter().map(value).collect::<Option<Vec<String>>>()
        };
        let caches = !self.spec.result_ttl.is_zero() && !self.sources.is_empty();
        let unauthorized = || Failure::new(Kind::Unauthorized, "Unauthorized");
        let identity = match identity {
            Some(identity) if identity.iter().all(|value| !value.is_empty()) => identity,
            // Without a cache, an authorizer of the request decides about missing values itself.
            _ if self.spec.kind == AuthorizerKind::Request && !caches => Vec::new(),
            _ => return Err(unauthorized()),
        };
        let token = identity.first().map(String::as_str).unwrap_or_default();
        if let Some(validation) = &self.validation
            && !validation.is_match(token).unwrap_or(false)
        {
            return Err(unauthorized());
        }
        let kept = if caches { self.cached(&identity) } else { None };
        let decision = if let Some(decision) = kept {
            decision
        } else {
            let decision = Arc::new(self.ask(backends, request, facts, token).await?);
            if caches {
                self.keep(identity, &decision);
            }
            decision
        };
        facts.authorizer = Some(decision.context.clone());
        decision.check(&facts.arn(request.parts.method.as_str(), request.path))
    }

    fn cached(&self, identity: &[String]) -> Option<Arc<Decision>> {
        let cache = self.cache.lock();
        let (until, decision) = cache.get(identity)?;
        (*until > Instant::now()).then(|| Arc::clone(decision))
    }

    fn keep(&self, identity: Vec<String>, decision: &Arc<Decision>) {
        let mut cache = self.cache.lock();
        let now = Instant::now();
        if cache.len() >= MOST_KEPT {
            cache.retain(|_, (until, _)| *until > now);
        }
        if cache.len() < MOST_KEPT {
            cache.insert(identity, (now + self.spec.result_ttl, Arc::clone(decision)));
        }
    }

    async fn ask(
        &self,
        backends: &Backends,
        request: &MethodRequest<'_>,
        facts: &Facts,
        token: &str,
    ) -> Result<Decision, Failure> {
        let arn = facts.arn(request.parts.method.as_str(), request.path);
        let event = match self.spec.kind {
            AuthorizerKind::Token => json!({"type": "TOKEN", "authorizationToken": token, "methodArn": arn}),
            AuthorizerKind::Request => {
                let mut event = proxy_event::event(request, facts);
                if let Some(object) = event.as_object_mut() {
                    object.retain(|name, _| name != "body" && name != "isBase64Encoded");
                    object.insert("type".to_owned(), "REQUEST".into());
                    object.insert("methodArn".to_owned(), arn.into());
                }
                event
            }
        };
        let failed = |cause: String| Failure::internal(Kind::AuthorizerFailure, cause);
        let call = FunctionCall {
            arn: self.function.clone(),
            payload: event.to_string().into(),
            trace_id: facts.trace_id.clone(),
            source_arn: facts.authorizer_arn(&self.id),
            credentials: self.spec.credentials.clone(),
        };
        let invocation = match backends.functions.invoke(call).await {
            None => return Err(failed(format!("no permission to invoke {}", self.function))),
            Some(Err(error)) => return Err(failed(error.to_string())),
            Some(Ok(invocation)) => invocation,
        };
        let answer: Value = serde_json::from_slice(&invocation.payload).unwrap_or_default();
        if invocation.function_error.is_some() {
            // A function says "Unauthorized" by failing with exactly this message.
            return Err(match answer["errorMessage"].as_str() {
                Some("Unauthorized") => Failure::new(Kind::Unauthorized, "Unauthorized"),
                _ => failed(answer.to_string()),
            });
        }
        Decision::read(&answer).ok_or_else(|| {
            Failure::internal(Kind::AuthorizerConfigurationError, "the authorizer gave no valid policy")
        })
    }
}

impl Decision {
    fn read(answer: &Value) -> Option<Self> {
        let principal = answer["principalId"].as_str()?;
        let words = |value: &Value| -> Vec<String> {
            match value {
                Value::String(one) => vec![one.clone()],
                Value::Array(many) => many.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect(),
                _ => Vec::new(),
            }
        };
        let statements = &answer["policyDocument"]["Statement"];
        let statements = statements.as_array().cloned().unwrap_or_else(|| vec![statements.clone()]);
        let statements = statements
            .iter()
            .map(|statement| {
                let allows = match statement["Effect"].as_str()? {
                    "Allow" => true,
                    "Deny" => false,
                    _ => return None,
                };
                Some(Statement {
                    allows,
                    actions: words(&statement["Action"]),
                    resources: words(&statement["Resource"]),
                })
            })
            .collect::<Option<_>>()?;
        let mut context = Map::from_iter([("principalId".to_owned(), principal.into())]);
        for (name, value) in answer["context"].as_object().into_iter().flatten() {
            // Only text, numbers and truth values are allowed, and all of them arrive as text.
            let value = match value {
                Value::String(text) => text.clone(),
                Value::Number(_) | Value::Bool(_) => value.to_string(),
                Value::Null => continue,
                Value::Array(_) | Value::Object(_) => return None,
            };
            context.insert(name.clone(), value.into());
        }
        Some(Self { statements, context })
    }

    fn check(&self, arn: &str) -> Result<(), Failure> {
        let concerns = |statement: &&Statement| {
            statement
                .actions
                .iter()
                .any(|action| wildcard(&action.to_ascii_lowercase(), "execute-api:invoke"))
                && statement.resources.iter().any(|resource| wildcard(resource, arn))
        };
        let mut allowed = false;
        for statement in self.statements.iter().filter(concerns) {
            if !statement.allows {
                let message = "User is not authorized to access this resource with an explicit deny";
                return Err(Failure::new(Kind::AccessDenied, message));
            }
            allowed = true;
        }
        if allowed {
            Ok(())
        } else {
            Err(Failure::new(Kind::AccessDenied, "User is not authorized to access this resource"))
        }
    }
}

/// Whether an authorizer can be deployed: its URI is a function's, its identity sources and its pattern can be read.
///
/// # Errors
/// What is wrong with it.
pub fn check(authorizer: &Authorizer) -> Result<(), String> {
    CompiledAuthorizer::new("", authorizer).map(|_| ())
}

/// Lets a request pass that its method's authorization allows, and notes who it is from.
pub(super) async fn authorize(
    backends: &Backends,
    method: &CompiledMethod,
    request: &MethodRequest<'_>,
    facts: &mut Facts,
) -> Result<(), Failure> {
    match &method.spec.authorization {
        Authorization::None => Ok(()),
        Authorization::Custom(id) => {
            let authorizer = facts.stage.deployment.authorizers.get(id).map(Arc::clone);
            let authorizer = authorizer.ok_or_else(|| {
                Failure::internal(Kind::AuthorizerConfigurationError, format!("there is no authorizer {id}"))
            })?;
            authorizer.authorize(backends, request, facts).await
        }
        Authorization::Iam => {
            let arn = facts.arn(request.parts.method.as_str(), request.path);
            match backends.iam.authorize(request.parts, &request.body, &arn).await {
                IamDecision::Allow { account_id, access_key, user_arn, user_id } => {
                    let identity = [
                        ("accountId", account_id),
                        ("accessKey", access_key),
                        ("userArn", user_arn),
                        ("user", user_id.clone()),
                        ("caller", user_id),
                    ];
                    facts.identity.extend(identity.map(|(name, value)| (name.to_owned(), value.into())));
                    Ok(())
                }
                IamDecision::Deny { message } if message == "Missing Authentication Token" => {
                    Err(Failure::new(Kind::MissingAuthenticationToken, message))
                }
                IamDecision::Deny { message } => Err(Failure::new(Kind::AccessDenied, message)),
            }
        }
    }
}

/// The function in `arn:…:apigateway:…:lambda:path/2015-03-31/functions/{arn}/invocations`.
pub(super) fn function_arn(uri: &str) -> Option<&str> {
    uri.split_once(":lambda:path/2015-03-31/functions/")?.1.strip_suffix("/invocations")
}

/// `*` stands for any text, `?` for one character.
fn wildcard(pattern: &str, text: &str) -> bool {
    crate::balancer::glob(pattern, text)
}
