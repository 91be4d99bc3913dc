//! The wire handler of CloudFormation: the query protocol.

use std::sync::Arc;

use ::cloudformation::engine::Engine;
use ::cloudformation::signals::Signal;
use ::cloudformation::{EngineError, StackStatus};
use async_trait::async_trait;
use http::StatusCode;

use super::{change_set, describe, input, template};
use crate::Inventory;
use crate::services::{RegionContext, Service};
use crate::wire::{ApiError, Node, Params, WireRequest, WireResponse};

/// CloudFormation on the wire.
pub struct CloudFormationService {
    pub engine: Engine,
    pub context: Arc<RegionContext>,
}

#[async_trait]
impl Service for CloudFormationService {
    fn name(&self) -> &'static str {
        "cloudformation"
    }

    async fn handle(&self, request: WireRequest) -> WireResponse {
        let params = request.params();
        let action = params.get("Action").unwrap_or_default();
        let result = match self.run(action, &params).await {
            Some(result) => result,
            None => Err(ApiError::unknown_operation(&request, action)),
        };
        WireResponse::of_query(&request, action, result)
    }

    fn inventory(&self, inventory: &mut Inventory) {
        let stacks = self.engine.list_stacks(&[]).into_iter();
        inventory.stacks.extend(
            stacks.filter(|stack| stack.status != StackStatus::DeleteComplete).map(|stack| stack.name),
        );
    }

    async fn stop(&self) {
        self.engine.shutdown().await;
    }
}

impl CloudFormationService {
    async fn run(&self, action: &str, params: &Params) -> Option<Result<Node, ApiError>> {
        let engine = &self.engine;
        Some(match action {
            "CreateStack" => self.create_stack(params).await,
            "UpdateStack" => self.update_stack(params).await,
            "DeleteStack" => self.delete_stack(params),
            "CancelUpdateStack" => self.cancel_update(params),
            "ContinueUpdateRollback" => self.continue_update_rollback(params),
            "SignalResource" => self.signal_resource(params),
            "UpdateTerminationProtection" => self.termination_protection(params),
            "DescribeStacks" => describe::stacks(engine, params),
            "ListStacks" => describe::list_stacks(engine, params),
            "DescribeStackEvents" => describe::events(engine, params),
            "DescribeEvents" => describe::operation_events(engine, params),
            "DescribeStackResource" => describe::resource(engine, params),
            "DescribeStackResources" => describe::resources(engine, params),
            "ListStackResources" => describe::list_resources(engine, params),
            "ListExports" => describe::exports(engine, params),
            "ListImports" => describe::imports(engine, params),
            "GetTemplate" => template::get(engine, params),
            "GetTemplateSummary" => template::summary(engine, &self.context, params).await,
            "ValidateTemplate" => template::validate(engine, &self.context, params).await,
            "CreateChangeSet" => change_set::create(engine, &self.context, params).await,
            "DescribeChangeSet" => change_set::describe(engine, params),
            "ExecuteChangeSet" => change_set::execute(engine, params),
            "DeleteChangeSet" => change_set::delete(engine, params),
            "ListChangeSets" => change_set::list(engine, params),
            _ => return None,
        })
    }

    async fn create_stack(&self, params: &Params) -> Result<Node, ApiError> {
        let input = input::stack(&self.context, params, "ClientRequestToken").await?;
        Ok(stack_id(self.engine.create_stack(&input).map_err(refused)?))
    }

    async fn update_stack(&self, params: &Params) -> Result<Node, ApiError> {
        let input = input::stack(&self.context, params, "ClientRequestToken").await?;
        Ok(stack_id(self.engine.update_stack(&input).map_err(refused)?))
    }

    fn delete_stack(&self, params: &Params) -> Result<Node, ApiError> {
        self.engine.delete_stack(&input::delete(params)?).map_err(refused)?;
        Ok(Node::Null)
    }

    fn cancel_update(&self, params: &Params) -> Result<Node, ApiError> {
        let stack = params.required("StackName")?;
        self.engine.cancel_update_stack(stack, params.get("ClientRequestToken")).map_err(refused)?;
        Ok(Node::Null)
    }

    fn continue_update_rollback(&self, params: &Params) -> Result<Node, ApiError> {
        let skip = params.values("ResourcesToSkip.member");
        let token = params.get("ClientRequestToken");
        let stack = params.required("StackName")?;
        self.engine.continue_update_rollback(stack, &skip, token).map_err(refused)?;
        Ok(Node::Struct(Vec::new()))
    }

    fn signal_resource(&self, params: &Params) -> Result<Node, ApiError> {
        let status = params.required("Status")?;
        let success = match status {
            "SUCCESS" => true,
            "FAILURE" => false,
            _ => {
                return Err(invalid(format!(
                    "1 validation error detected: Value '{status}' at 'status' failed to satisfy constraint: Member must satisfy enum value set: [FAILURE, SUCCESS]"
                )));
            }
        };
        let signal = Signal { unique_id: params.required("UniqueId")?.to_owned(), success, detail: None };
        let (stack, logical_id) = (params.required("StackName")?, params.required("LogicalResourceId")?);
        self.engine.signal_resource(stack, logical_id, signal).map_err(refused)?;
        Ok(Node::Null)
    }

    fn termination_protection(&self, params: &Params) -> Result<Node, ApiError> {
        params.required("EnableTerminationProtection")?;
        let enabled = input::flag(params, "EnableTerminationProtection")?.unwrap_or(false);
        let stack = params.required("StackName")?;
        Ok(stack_id(self.engine.set_termination_protection(stack, enabled).map_err(refused)?))
    }
}

fn stack_id(id: String) -> Node {
    Node::Struct(vec![("StackId", id.into())])
}

/// An engine's refusal as the API states it.
#[allow(clippy::needless_pass_by_value, reason = "`map_err` hands the error over")]
pub(super) fn refused(error: EngineError) -> ApiError {
    let status = StatusCode::from_u16(error.http_status()).unwrap_or(StatusCode::BAD_REQUEST);
    ApiError::with_status(status, error.code(), error.to_string())
}

/// An error of the caller that the engine never saw.
pub(super) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::sender("ValidationError", message)
}
