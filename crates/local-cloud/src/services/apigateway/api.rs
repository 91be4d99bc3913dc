use std::collections::BTreeMap;
use std::sync::Arc;

use data_plane::rest_api::{self, ApiDefinition, Deployment, RestApiServer};
use serde_json::Value;

use super::{ApiGatewayError, AuthorizerProperties, GatewayResponseProperties, MethodProperties, Stage};
use crate::services::{RegionContext, ids};
use crate::wire::epoch_millis;

/// A REST API as it is now, and its deployments as they were.
#[derive(Clone)]
pub struct Api {
    pub id: String,
    pub name: String,
    pub description: Option<String>,
    pub region: String,
    pub account: String,
    /// `{id}.execute-api.{region}.amazonaws.com`
    pub domain_name: String,
    pub endpoint_types: Vec<String>,
    pub binary_media_types: Vec<String>,
    pub disabled: bool,
    /// The resource policy.
    pub policy: Option<Value>,
    pub tags: BTreeMap<String, String>,
    /// Milliseconds since the epoch.
    pub created_at: i64,
    pub root: String,
    /// By ID; the root is among them.
    pub resources: BTreeMap<String, ApiResource>,
    /// By name.
    pub models: BTreeMap<String, Model>,
    /// By ID.
    pub validators: BTreeMap<String, Validator>,
    /// By ID.
    pub authorizers: BTreeMap<String, AuthorizerProperties>,
    /// By type.
    pub gateway_responses: BTreeMap<String, GatewayResponseProperties>,
    /// By ID.
    pub deployments: BTreeMap<String, ApiDeployment>,
    /// By name.
    pub stages: BTreeMap<String, Stage>,
    pub server: Arc<RestApiServer>,
}

/// A part of a path with its methods.
#[derive(Clone, Debug, Default)]
pub struct ApiResource {
    pub id: String,
    /// `None` for the root.
    pub parent: Option<String>,
    pub path_part: String,
    /// By verb.
    pub methods: BTreeMap<String, MethodProperties>,
}

/// A model.
#[derive(Clone, Debug)]
pub struct Model {
    pub id: String,
    pub content_type: String,
    pub description: Option<String>,
    pub schema: Value,
}

/// A request validator.
#[derive(Clone, Debug)]
pub struct Validator {
    pub name: Option<String>,
    pub checks: rest_api::RequestValidator,
}

/// A snapshot of the API.
#[derive(Clone)]
pub struct ApiDeployment {
    pub id: String,
    pub description: Option<String>,
    /// Milliseconds since the epoch.
    pub created_at: i64,
    pub snapshot: Arc<Deployment>,
}

impl Api {
    pub(super) fn new(id: String, context: &RegionContext, server: Arc<RestApiServer>) -> Self {
        let root = ids::letters_and_digits(10);
        let top = ApiResource { id: root.clone(), ..ApiResource::default() };
        Self {
            domain_name: format!("{id}.execute-api.{}.{}", context.region, RegionContext::URL_SUFFIX),
            id,
            name: String::new(),
            description: None,
            region: context.region.clone(),
            account: context.account.clone(),
            endpoint_types: vec!["EDGE".to_owned()],
            binary_media_types: Vec::new(),
            disabled: false,
            policy: None,
            tags: BTreeMap::new(),
            created_at: epoch_millis(),
            resources: [(root.clone(), top)].into(),
            root,
            models: BTreeMap::new(),
            validators: BTreeMap::new(),
            authorizers: BTreeMap::new(),
            gateway_responses: BTreeMap::new(),
            deployments: BTreeMap::new(),
            stages: BTreeMap::new(),
            server,
        }
    }

    /// Adds a resource below another one and gives its ID.
    pub fn add_resource(&mut self, parent: &str, path_part: &str) -> Result<String, ApiGatewayError> {
        if !self.resources.contains_key(parent) {
            return Err(ApiGatewayError::missing("Resource", ""));
        }
        let greedy = |part: &str| part.starts_with('{') && part.ends_with("+}");
        let plain = path_part.trim_start_matches('{').trim_end_matches('}').trim_end_matches('+');
        let allowed = |c: char| c.is_ascii_alphanumeric() || "._-:$".contains(c);
        let braced = path_part.starts_with('{') == path_part.ends_with('}');
        if plain.is_empty() || !plain.chars().all(allowed) || !braced {
            return Err(ApiGatewayError::BadRequest(
                "Resource's path part only allow a-zA-Z0-9._-: or a valid greedy path variable and curly braces at the beginning and the end.".into(),
            ));
        }
        if self.resources.get(parent).is_some_and(|parent| greedy(&parent.path_part)) {
            return Err(ApiGatewayError::BadRequest(format!(
                "Cannot create a child of a resource with a greedy path variable: {path_part}"
            )));
        }
        let mut siblings = self.resources.values().filter(|other| other.parent.as_deref() == Some(parent));
        if siblings.clone().any(|other| other.path_part == path_part) {
            return Err(ApiGatewayError::Conflict(format!(
                "Another resource with the same parent already has this name: {path_part}"
            )));
        }
        let variable = |part: &str| part.starts_with('{') && !greedy(part);
        if variable(path_part) && siblings.any(|other| variable(&other.path_part)) {
            return Err(ApiGatewayError::BadRequest(
                "A sibling ({…}) of this resource already has a variable path part -- only one is allowed"
                    .into(),
            ));
        }
        let id = ids::letters_and_digits(6);
        let resource = ApiResource {
            id: id.clone(),
            parent: Some(parent.to_owned()),
            path_part: path_part.to_owned(),
            methods: BTreeMap::new(),
        };
        self.resources.insert(id.clone(), resource);
        Ok(id)
    }

    /// Deletes a resource with all below it.
    pub fn remove_resource(&mut self, id: &str) {
        let children: Vec<String> = self
            .resources
            .values()
            .filter(|resource| resource.parent.as_deref() == Some(id))
            .map(|resource| resource.id.clone())
            .collect();
        for child in children {
            self.remove_resource(&child);
        }
        if id != self.root {
            self.resources.remove(id);
        }
    }

    /// Adds a method, or replaces one that is there where `new` is false.
    pub fn put_method(&mut self, method: MethodProperties, new: bool) -> Result<(), ApiGatewayError> {
        if let Some(validator) = method.request_validator_id.as_deref()
            && !self.validators.contains_key(validator)
        {
            return Err(ApiGatewayError::missing("Request Validator", ""));
        }
        method.check_authorization()?;
        if let Some(authorizer) = &method.authorizer_id
            && !self.authorizers.contains_key(authorizer)
        {
            return Err(ApiGatewayError::BadRequest("Invalid authorizer ID specified. Setting the authorization type to CUSTOM or COGNITO_USER_POOLS requires a valid authorizer.".into()));
        }
        for model in method.request_models.values() {
            if !self.models.contains_key(model) && !["Empty", "Error"].contains(&model.as_str()) {
                return Err(ApiGatewayError::missing("model name", model));
            }
        }
        // What cannot be deployed is refused where it stands, as AWS does.
        method.compile(None)?;
        let resource = self
            .resources
            .get_mut(&method.resource_id)
            .ok_or_else(|| ApiGatewayError::missing("Resource", ""))?;
        if new && resource.methods.contains_key(&method.http_method) {
            return Err(ApiGatewayError::Conflict("Method already exists for this resource".into()));
        }
        resource.methods.insert(method.http_method.clone(), method);
        Ok(())
    }

    /// The whole path of a resource, from `/`.
    #[must_use]
    pub fn path(&self, id: &str) -> String {
        let mut parts = Vec::new();
        let mut current = self.resources.get(id);
        while let Some(resource) = current {
            if resource.parent.is_some() {
                parts.push(resource.path_part.as_str());
            }
            current = resource.parent.as_ref().and_then(|parent| self.resources.get(parent));
        }
        parts.reverse();
        format!("/{}", parts.join("/"))
    }

    /// Freezes the API as it is now and gives the deployment's ID.
    ///
    /// # Errors
    /// It has no method, or one without integration, or something in it cannot be compiled.
    pub fn deploy(&mut self, description: Option<String>) -> Result<String, ApiGatewayError> {
        let bad = |message: &str| ApiGatewayError::BadRequest(message.to_owned());
        let methods: Vec<&MethodProperties> =
            self.resources.values().flat_map(|resource| resource.methods.values()).collect();
        if methods.is_empty() {
            return Err(bad("The REST API doesn't contain any methods"));
        }
        if methods.iter().any(|method| method.integration.is_none()) {
            return Err(bad("No integration defined for method"));
        }
        let snapshot = Deployment::compile(self.definition()?)
            .map_err(|error| ApiGatewayError::BadRequest(error.to_string()))?;
        let id = ids::letters_and_digits(6);
        let deployment = ApiDeployment { id: id.clone(), description, created_at: epoch_millis(), snapshot };
        self.deployments.insert(id.clone(), deployment);
        Ok(id)
    }

    fn definition(&self) -> Result<ApiDefinition, ApiGatewayError> {
        let resources = self.resources.values().map(|resource| {
            let methods = resource.methods.values().map(|method| {
                let validator = method.request_validator_id.as_ref().and_then(|id| self.validators.get(id));
                method.compile(validator.map(|validator| validator.checks))
            });
            let methods = methods.collect::<Result<_, _>>()?;
            Ok(rest_api::Resource { id: resource.id.clone(), path: self.path(&resource.id), methods })
        });
        let authorizers = self
            .authorizers
            .iter()
            .map(|(id, authorizer)| Ok((id.clone(), authorizer.compile()?)))
            .collect::<Result<_, ApiGatewayError>>()?;
        let gateway_responses = self
            .gateway_responses
            .iter()
            .map(|(kind, response)| Ok((kind.clone(), response.compile()?)))
            .collect::<Result<_, ApiGatewayError>>()?;
        Ok(ApiDefinition {
            id: self.id.clone(),
            name: self.name.clone(),
            region: self.region.clone(),
            account_id: self.account.clone(),
            domain_name: self.domain_name.clone(),
            binary_media_types: self.binary_media_types.clone(),
            policy: self.policy.clone(),
            resources: resources.collect::<Result<_, ApiGatewayError>>()?,
            models: self.models.iter().map(|(name, model)| (name.clone(), model.schema.clone())).collect(),
            authorizers,
            gateway_responses,
        })
    }

    /// Deletes a deployment; one that is gone already is a success.
    ///
    /// # Errors
    /// A stage serves it.
    pub fn remove_deployment(&mut self, id: &str) -> Result<(), ApiGatewayError> {
        if self.stages.values().any(|stage| stage.deployment == id) {
            let message = "Active stages pointing to this deployment must be moved or deleted";
            return Err(ApiGatewayError::BadRequest(message.into()));
        }
        self.deployments.remove(id);
        Ok(())
    }

    /// Serves a stage from the next request on.
    pub fn put_stage(&mut self, stage: Stage) -> Result<(), ApiGatewayError> {
        let deployment = self
            .deployments
            .get(&stage.deployment)
            .ok_or_else(|| ApiGatewayError::missing("Deployment", ""))?;
        self.server
            .set_stage(stage.spec(), Arc::clone(&deployment.snapshot))
            .map_err(|error| ApiGatewayError::BadRequest(error.to_string()))?;
        self.stages.insert(stage.name.clone(), stage);
        Ok(())
    }

    /// Serves a stage no longer.
    pub fn remove_stage(&mut self, name: &str) {
        self.server.remove_stage(name);
        self.stages.remove(name);
    }
}
