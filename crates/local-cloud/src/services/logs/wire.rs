//! The wire handler of CloudWatch Logs: JSON 1.1.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Logs, operations};
use crate::Inventory;
use crate::services::Service;
use crate::wire::{ApiError, WireRequest, WireResponse};

/// CloudWatch Logs on the wire.
pub struct LogsService(pub Arc<Logs>);

#[async_trait]
impl Service for LogsService {
    fn name(&self) -> &'static str {
        "logs"
    }

    async fn handle(&self, request: WireRequest) -> WireResponse {
        let operation = request.target_operation().unwrap_or_default();
        let result = request.json().and_then(|input| {
            operations::run(&self.0, operation, &input)
                .unwrap_or_else(|| Err(ApiError::unknown_operation(&request, operation)))
        });
        WireResponse::of_aws_json(&request, result)
    }

    fn inventory(&self, inventory: &mut Inventory) {
        inventory.log_groups.extend(self.0.groups().iter().map(|group| group.name.clone()));
    }
}
