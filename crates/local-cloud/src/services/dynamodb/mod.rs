//! Amazon DynamoDB: tables, items and their indexes.
//!
//! The engine is `dynoxide`, on one SQLite file for each region. Requests and answers are the bytes of the JSON protocol
//! throughout, so that a page of items is parsed and written once only.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/Welcome.html>

mod arn;
mod engine;
mod error;
mod operation;
mod tables;
mod wire;

use std::sync::Arc;

use bytes::Bytes;

pub use error::DynamoDbError;
pub use wire::DynamoDbService;

use super::RegionContext;
use arn::Arns;
use engine::Engine;
use operation::Operation;

/// The longest request in bytes.
///
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html>
const MAX_REQUEST: usize = 16 * 1024 * 1024;

/// The tables of a region.
pub struct DynamoDb {
    context: Arc<RegionContext>,
    engine: Arc<Engine>,
    arns: Arc<Arns>,
}

impl DynamoDb {
    pub(crate) fn new(context: Arc<RegionContext>) -> Self {
        let engine = Arc::new(Engine::new(context.work_dir.join("dynamodb")));
        let arns = Arc::new(Arns::new(&context.region, &context.account));
        Self { context, engine, arns }
    }

    /// Runs an operation (`Query`, `PutItem`, …): JSON in, JSON out, as on the wire. For callers inside the cloud: it meets
    /// the faults that are planned for `dynamodb`, like calls from outside.
    ///
    /// # Errors
    /// What DynamoDB answers with a status other than 200: its code, its message and the whole answer.
    pub async fn call(&self, operation: &str, request: Bytes) -> Result<Bytes, DynamoDbError> {
        let planned = self.context.router().and_then(|router| router.faults().strike("dynamodb", operation));
        match planned {
            Some(fault) => Err(fault.into()),
            None => self.execute(operation, request).await,
        }
    }

    /// The names of all tables, in order.
    #[must_use]
    pub fn table_names(&self) -> Vec<String> {
        self.engine.peek(tables::names).unwrap_or_default()
    }

    /// Runs an operation without looking for planned faults, which the router does for calls that come through it.
    pub(crate) async fn execute(&self, operation: &str, request: Bytes) -> Result<Bytes, DynamoDbError> {
        let operation = Operation::named(operation).ok_or_else(|| DynamoDbError::unknown(operation))?;
        if request.len() > MAX_REQUEST {
            return Err(DynamoDbError::validation(format!(
                "The request has {} bytes; at most {MAX_REQUEST} are allowed",
                request.len()
            )));
        }
        let arns = Arc::clone(&self.arns);
        self.engine.run(operation.access(), move |database| operation.run(database, &request, &arns)).await
    }
}
