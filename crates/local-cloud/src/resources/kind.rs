use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use cloudformation::handler::{Failure, Handler, Request, Resource};
use cloudformation::schema::{Schema, SchemaError};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::Services;

/// A resource type in terms of its own properties. [`Kind`] makes a [`Handler`] of it.
#[async_trait]
pub(super) trait ResourceType: Send + Sync + Sized + 'static {
    /// The schema, in YAML.
    const SCHEMA: &'static str;
    /// The properties that the schema describes.
    type Properties: DeserializeOwned + Send + Sync + 'static;

    async fn create(call: Call<Self::Properties>) -> Result<Resource, Failure>;

    /// Changes in place; `before` are the properties that `current` has.
    async fn update(
        call: Call<Self::Properties>,
        current: Resource,
        before: Self::Properties,
    ) -> Result<Resource, Failure>;

    async fn delete(call: Call<Self::Properties>, current: Resource) -> Result<(), Failure>;
}

/// One call of a handler.
pub(super) struct Call<P> {
    pub services: Arc<Services>,
    pub request: Request,
    pub properties: P,
}

impl<P> Call<P> {
    /// An ARN in the stack's region and account.
    pub fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.request.region, self.request.account)
    }

    /// The name that the template gives, or a generated one of at most `max` characters.
    pub fn name(&self, given: Option<&String>, max: usize) -> String {
        given.cloned().unwrap_or_else(|| self.request.generated_name(max))
    }

    /// The tags of the stack, and over them those of the resource.
    pub fn tags(&self, own: &[Tag]) -> BTreeMap<String, String> {
        let mut tags = self.request.tags.clone();
        tags.extend(own.iter().map(|tag| (tag.key.clone(), tag.value.clone())));
        tags
    }
}

/// A tag as most types write it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tag {
    pub key: String,
    #[serde(default)]
    pub value: String,
}

/// Makes a [`Handler`] of a resource type.
pub(super) struct Kind<T> {
    schema: Schema,
    services: Arc<Services>,
    of: std::marker::PhantomData<fn() -> T>,
}

impl<T: ResourceType> Kind<T> {
    pub fn handler(services: &Arc<Services>) -> Result<Arc<dyn Handler>, SchemaError> {
        let schema = Schema::parse(T::SCHEMA)?;
        Ok(Arc::new(Self { schema, services: Arc::clone(services), of: std::marker::PhantomData }))
    }

    fn call(&self, request: Request) -> Result<Call<T::Properties>, Failure> {
        let properties = read(&self.schema.type_name, request.properties.clone())?;
        Ok(Call { services: Arc::clone(&self.services), request, properties })
    }
}

fn read<P: DeserializeOwned>(type_name: &str, properties: Map<String, Value>) -> Result<P, Failure> {
    serde_json::from_value(Value::Object(properties))
        .map_err(|error| Failure::new(format!("The properties of {type_name} cannot be read: {error}")))
}

#[async_trait]
impl<T: ResourceType> Handler for Kind<T> {
    fn schema(&self) -> &Schema {
        &self.schema
    }

    async fn create(&self, request: Request) -> Result<Resource, Failure> {
        T::create(self.call(request)?).await
    }

    async fn update(
        &self,
        request: Request,
        current: Resource,
        previous: Map<String, Value>,
    ) -> Result<Resource, Failure> {
        let before = read(&self.schema.type_name, previous)?;
        T::update(self.call(request)?, current, before).await
    }

    async fn delete(&self, request: Request, current: Resource) -> Result<(), Failure> {
        T::delete(self.call(request)?, current).await
    }
}

/// A resource with its attributes.
pub(super) fn resource<const N: usize>(
    physical_id: impl Into<String>,
    attributes: [(&str, Value); N],
) -> Resource {
    Resource {
        physical_id: physical_id.into(),
        attributes: attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
    }
}

/// `HandlerErrorCode` of a failure.
///
/// <https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-test-contract-errors.html>
#[derive(Clone, Copy, Debug)]
pub(super) enum Code {
    AccessDenied,
    AlreadyExists,
    GeneralServiceException,
    InvalidRequest,
    NotFound,
    NotStabilized,
    ResourceConflict,
}

/// A failure in the words in which CloudFormation passes on those of a service.
pub(super) fn failed(code: Code, message: impl std::fmt::Display) -> Failure {
    Failure::new(format!("Resource handler returned message: \"{message}\" (HandlerErrorCode: {code:?})"))
}

/// The failure of a resource whose name is taken.
pub(super) fn exists(type_name: &str, name: &str) -> Failure {
    failed(
        Code::AlreadyExists,
        format!("Resource of type '{type_name}' with identifier '{name}' already exists."),
    )
}

/// Turns a service's error into a failure with the given code.
pub(super) fn with<E: std::fmt::Display>(code: Code) -> impl Fn(E) -> Failure {
    move |error| failed(code, error)
}
