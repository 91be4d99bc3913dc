//! The wire handler of Step Functions: JSON 1.0.

use std::sync::Arc;

use async_trait::async_trait;

use super::operations;
use crate::services::Service;
use crate::wire::{ApiError, WireRequest, WireResponse};
use crate::{Inventory, Services};

/// Step Functions on the wire. `StartSyncExecution` has a host of its own with AWS, `sync-states.…`; here the operation tells.
pub struct StatesApi(pub Arc<Services>);

#[async_trait]
impl Service for StatesApi {
    fn name(&self) -> &'static str {
        "states"
    }

    async fn handle(&self, request: WireRequest) -> WireResponse {
        let operation = request.target_operation().unwrap_or_default();
        let result = match operations::run(&self.0, operation, &request.body).await {
            Some(result) => result,
            None => Err(ApiError::unknown_operation(&request, operation)),
        };
        WireResponse::of_aws_json(&request, result)
    }

    fn inventory(&self, inventory: &mut Inventory) {
        let machines = self.0.states.machines();
        inventory.others.extend(machines.iter().map(|machine| format!("state-machine {}", machine.name)));
    }
}
