//! The wire handler of DynamoDB and DynamoDB Streams: JSON 1.0.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::StatusCode;

use super::DynamoDb;
use crate::Inventory;
use crate::services::Service;
use crate::wire::{WireRequest, WireResponse};

/// DynamoDB on the wire.
pub struct DynamoDbService(pub Arc<DynamoDb>);

#[async_trait]
impl Service for DynamoDbService {
    fn name(&self) -> &'static str {
        "dynamodb"
    }

    async fn handle(&self, request: WireRequest) -> WireResponse {
        let operation = request.target_operation().unwrap_or_default();
        let (status, body) = match self.0.execute(operation, request.body.clone()).await {
            Ok(body) => (StatusCode::OK, body),
            Err(error) => (error.status, error.body),
        };
        respond(status, body, &request.request_id)
    }

    fn inventory(&self, inventory: &mut Inventory) {
        let tables = self.0.table_names();
        inventory.others.extend(tables.into_iter().map(|name| format!("table {name}")));
    }
}

/// An answer with the checksum that SDKs compare.
fn respond(status: StatusCode, body: Bytes, request_id: &str) -> WireResponse {
    let checksum = crc32fast::hash(&body).to_string();
    WireResponse::with_body(status, "application/x-amz-json-1.0", body)
        .with_header("x-amz-crc32", &checksum)
        .with_header("x-amzn-requestid", request_id)
}
