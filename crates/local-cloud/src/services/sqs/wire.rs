//! The wire handler of SQS: JSON 1.0 for today's SDKs, the query protocol for older ones.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Sqs, operations, query};
use crate::Inventory;
use crate::services::Service;
use crate::wire::{ApiError, Protocol, WireRequest, WireResponse};

/// SQS on the wire.
pub struct SqsService(pub Arc<Sqs>);

#[async_trait]
impl Service for SqsService {
    fn name(&self) -> &'static str {
        "sqs"
    }

    async fn handle(&self, request: WireRequest) -> WireResponse {
        if let Some(operation) = request.target_operation() {
            let result = match request.json() {
                Ok(input) => operations::run(&self.0, operation, &input)
                    .await
                    .unwrap_or_else(|| Err(ApiError::unknown_operation(&request, operation))),
                Err(error) => Err(error),
            };
            return WireResponse::of_aws_json(&request, result);
        }
        let params = request.params();
        let operation = params.get("Action").unwrap_or_default();
        let input = query::input(&request, operation, &params);
        match operations::run(&self.0, operation, &input).await {
            Some(Ok(answer)) => {
                WireResponse::of_query(&request, operation, Ok(query::output(operation, &answer)))
            }
            Some(Err(error)) => error.into_response(Protocol::query(&request), &request),
            None => ApiError::unknown_operation(&request, operation)
                .into_response(Protocol::query(&request), &request),
        }
    }

    fn inventory(&self, inventory: &mut Inventory) {
        inventory.queues.extend(self.0.queues().iter().map(|queue| queue.name.clone()));
    }
}
