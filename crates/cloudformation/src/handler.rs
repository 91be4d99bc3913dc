//! What the engine asks of a cloud: how one resource type is made, changed and deleted.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use crate::schema::Schema;

/// The resource types that a cloud offers, by name (`AWS::SNS::Topic`).
#[derive(Clone, Default)]
pub struct Registry(BTreeMap<String, Arc<dyn Handler>>);

impl Registry {
    /// Adds a resource type under the name that its schema gives.
    pub fn register(&mut self, handler: Arc<dyn Handler>) {
        self.0.insert(handler.schema().type_name.clone(), handler);
    }

    /// The handler of a type, or `None` where the cloud does not offer it.
    #[must_use]
    pub fn get(&self, type_name: &str) -> Option<&Arc<dyn Handler>> {
        self.0.get(type_name)
    }

    /// All types in order of their names.
    pub fn handlers(&self) -> impl Iterator<Item = &Arc<dyn Handler>> {
        self.0.values()
    }
}

/// One resource type. A call returns when the resource is ready, as CloudFormation waits for it.
///
/// The engine validates properties against [`Handler::schema`] before any call, and calls `delete` then `create`
/// (in CloudFormation's order: create the new one first) where a changed property is create-only.
#[async_trait]
pub trait Handler: Send + Sync {
    /// Properties, attributes and create-only properties of the type.
    fn schema(&self) -> &Schema;

    /// Makes the resource and waits until it can be used.
    async fn create(&self, request: Request) -> Result<Resource, Failure>;

    /// Changes a resource in place. `current` is as `create` or the last `update` returned it, `previous` its properties.
    async fn update(
        &self,
        request: Request,
        current: Resource,
        previous: Map<String, Value>,
    ) -> Result<Resource, Failure>;

    /// Deletes the resource. One that is gone already is a success.
    async fn delete(&self, request: Request, current: Resource) -> Result<(), Failure>;
}

/// What a handler is told about the resource that it works on.
#[derive(Clone)]
pub struct Request {
    pub account: String,
    pub region: String,
    pub stack_id: String,
    pub stack_name: String,
    pub logical_id: String,
    /// The properties with every intrinsic evaluated and scalars coerced to the schema's types.
    pub properties: Map<String, Value>,
    /// The tags of the stack, which CloudFormation passes on to resources that can be tagged.
    pub tags: BTreeMap<String, String>,
    /// Reports what is waited for; each call becomes an `*_IN_PROGRESS` event with this text as its reason.
    pub progress: Arc<dyn Fn(&str) + Send + Sync>,
    /// Tells the engine that the resource exists although it cannot be used yet: its event then shows the physical ID, and a
    /// rollback can delete it even if the call never returns. Worth calling before every wait of `create`.
    pub initiated: Arc<dyn Fn(Resource) + Send + Sync>,
    /// Ends when nobody wants the result any more (a sibling failed, the user cancelled, the time is up). A handler that waits
    /// should return a [`Failure`] soon after; one that does not is dropped after a few seconds.
    pub cancelled: CancellationToken,
}

impl Request {
    /// A request outside any stack's operation, which nobody cancels and whose reports go nowhere; for tests of handlers.
    #[must_use]
    pub fn detached(stack_name: &str, logical_id: &str, properties: Map<String, Value>) -> Self {
        let (account, region) = ("000000000000", "us-east-1");
        Self {
            account: account.to_owned(),
            region: region.to_owned(),
            stack_id: format!(
                "arn:aws:cloudformation:{region}:{account}:stack/{stack_name}/{}",
                uuid::Uuid::new_v4()
            ),
            stack_name: stack_name.to_owned(),
            logical_id: logical_id.to_owned(),
            properties,
            tags: BTreeMap::new(),
            progress: Arc::new(|_| {}),
            initiated: Arc::new(|_| {}),
            cancelled: CancellationToken::new(),
        }
    }

    /// The name CloudFormation would give a resource without one: `<stack>-<logical id>-<random>`, cut to `max` characters.
    #[must_use]
    pub fn generated_name(&self, max: usize) -> String {
        const SUFFIX: usize = 12;
        let suffix: String =
            uuid::Uuid::new_v4().simple().to_string().to_uppercase().chars().take(SUFFIX).collect();
        let stem = format!("{}-{}", self.stack_name, self.logical_id);
        let keep = max.saturating_sub(SUFFIX + 1).min(stem.len());
        format!("{}-{suffix}", &stem[..keep])
    }
}

/// A resource that exists.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resource {
    /// The physical ID; it is also what `Ref` gives.
    pub physical_id: String,
    /// What `Fn::GetAtt` gives, by attribute name (`Arn`, `Endpoint.Address`).
    pub attributes: BTreeMap<String, Value>,
}

/// Why a resource could not be made, changed or deleted, in the words that the stack's event shows.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{reason}")]
pub struct Failure {
    pub reason: String,
    /// What exists although `create` failed, so that the rollback can delete it.
    pub left_behind: Option<Resource>,
}

impl Failure {
    /// A failure that left nothing behind.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), left_behind: None }
    }

    /// A failure after the resource came to exist.
    #[must_use]
    pub fn leaving(mut self, resource: Resource) -> Self {
        self.left_behind = Some(resource);
        self
    }
}
