//! Lambda authorizers and IAM.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html>

use std::collections::HashMap;
use std::sync::Arc;

use fancy_regex::Regex;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::backends::{Backends, FunctionCall, IamCaller, IamRefusal};
use super::compiled::CompiledMethod;
use super::exchange::MethodRequest;
use super::facts::Facts;
use super::failure::{Failure, Kind};
use super::parameter::{Side, Source};
use super::policy::{Access, INVOKE, Policy, Verdict};
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
    policy: Policy,
    /// `principalId` and the values of `context`.
    context: Map<String, Value>,
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
    ) -> Result<Verdict, Failure> {
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
        let resource = facts.arn(request.parts.method.as_str(), request.path);
        Ok(decision.policy.verdict(&access(facts, None, &resource)))
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
        let policy = Policy::read(&answer["policyDocument"], "").ok()?;
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
        Some(Self { policy, context })
    }
}

/// Whether an authorizer can be deployed: its URI is a function's, its identity sources and its pattern can be read.
///
/// # Errors
/// What is wrong with it.
pub fn check(authorizer: &Authorizer) -> Result<(), String> {
    CompiledAuthorizer::new("", authorizer).map(|_| ())
}

/// Lets a request pass that its method's authorization and the resource policy allow, and notes who it is from.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-authorization-flow.html>
pub(super) async fn authorize(
    backends: &Backends,
    method: &CompiledMethod,
    request: &MethodRequest<'_>,
    facts: &mut Facts,
) -> Result<(), Failure> {
    let stage = Arc::clone(&facts.stage);
    let deployment = &stage.deployment;
    let resource = facts.arn(request.parts.method.as_str(), request.path);
    let of_api = |facts: &Facts, principal: Option<&str>| {
        let policy = deployment.policy.as_ref();
        policy.map_or(Verdict::Silent, |policy| policy.verdict(&access(facts, principal, &resource)))
    };
    match &method.spec.authorization {
        Authorization::None if deployment.policy.is_none() => Ok(()),
        Authorization::None => match of_api(facts, None) {
            Verdict::Allow => Ok(()),
            verdict => Err(refused("anonymous", &resource, verdict)),
        },
        Authorization::Custom(id) => {
            let by_policy = of_api(facts, None);
            if by_policy == Verdict::Deny {
                return Err(refused("anonymous", &resource, by_policy));
            }
            let authorizer = deployment.authorizers.get(id).map(Arc::clone);
            let authorizer = authorizer.ok_or_else(|| {
                Failure::internal(Kind::AuthorizerConfigurationError, format!("there is no authorizer {id}"))
            })?;
            match (authorizer.authorize(backends, request, facts).await?, by_policy) {
                (Verdict::Deny, _) => {
                    let message = "User is not authorized to access this resource with an explicit deny";
                    Err(Failure::new(Kind::AccessDenied, message))
                }
                (Verdict::Silent, Verdict::Silent) => {
                    Err(Failure::new(Kind::AccessDenied, "User is not authorized to access this resource"))
                }
                _ => Ok(()),
            }
        }
        Authorization::Iam => {
            let caller = authenticate(backends, request).await?;
            note(&caller, facts);
            let own = backends.iam.verdict(&caller, INVOKE, &resource);
            match (own, of_api(facts, Some(&caller.user_arn))) {
                (Verdict::Deny, _) | (_, Verdict::Deny) => {
                    Err(refused(&caller.user_arn, &resource, Verdict::Deny))
                }
                (Verdict::Silent, Verdict::Silent) => {
                    Err(refused(&caller.user_arn, &resource, Verdict::Silent))
                }
                _ => {
                    let invalidate = "execute-api:InvalidateCache";
                    facts.may_invalidate =
                        backends.iam.verdict(&caller, invalidate, &resource) == Verdict::Allow;
                    Ok(())
                }
            }
        }
    }
}

async fn authenticate(backends: &Backends, request: &MethodRequest<'_>) -> Result<IamCaller, Failure> {
    backends.iam.authenticate(request.parts, &request.body).await.map_err(|refusal| match refusal {
        IamRefusal::Missing => Failure::new(Kind::MissingAuthenticationToken, "Missing Authentication Token"),
        IamRefusal::Expired(message) => Failure::new(Kind::ExpiredToken, message),
        IamRefusal::Invalid(message) => Failure::new(Kind::InvalidSignature, message),
    })
}

fn note(caller: &IamCaller, facts: &mut Facts) {
    let identity = [
        ("accountId", &caller.account_id),
        ("accessKey", &caller.access_key),
        ("userArn", &caller.user_arn),
        ("user", &caller.user_id),
        ("caller", &caller.user_id),
    ];
    facts.identity.extend(identity.map(|(name, value)| (name.to_owned(), value.clone().into())));
}

fn access<'a>(facts: &'a Facts, principal: Option<&'a str>, resource: &'a str) -> Access<'a> {
    Access {
        principal,
        action: INVOKE,
        resource,
        source_ip: &facts.source_ip,
        user_agent: facts.user_agent.as_deref(),
    }
}

/// AWS's words, which show the last four digits of the account only.
fn refused(who: &str, resource: &str, verdict: Verdict) -> Failure {
    let account = resource.split(':').nth(4).unwrap_or_default();
    let shown = format!("********{}", account.get(8..).unwrap_or_default());
    let resource = resource.replacen(account, &shown, 1);
    let deny = if verdict == Verdict::Deny { " with an explicit deny" } else { "" };
    let message = format!("User: {who} is not authorized to perform: {INVOKE} on resource: {resource}{deny}");
    Failure::new(Kind::AccessDenied, message)
}

/// The function in `arn:…:apigateway:…:lambda:path/2015-03-31/functions/{arn}/invocations`.
pub(super) fn function_arn(uri: &str) -> Option<&str> {
    uri.split_once(":lambda:path/2015-03-31/functions/")?.1.strip_suffix("/invocations")
}
