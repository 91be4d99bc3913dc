//! Amazon DynamoDB: tables, items and their indexes.
//!
//! The engine is `dynoxide`, on one `SQLite` file for each region. Requests and answers are the bytes of the JSON protocol
//! throughout, so that a page of items is parsed and written once only.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/Welcome.html>

mod arn;
mod backups;
mod batch;
mod engine;
mod error;
mod operation;
mod permission;
mod streams;
mod tables;
mod wire;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

pub use error::DynamoDbError;
pub use permission::{Permission, permissions};
pub use wire::DynamoDbService;

use super::RegionContext;
use arn::Arns;
use backups::ContinuousBackups;
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
    backups: ContinuousBackups,
}

impl DynamoDb {
    pub(crate) fn new(context: Arc<RegionContext>) -> Self {
        let engine = Arc::new(Engine::new(context.work_dir.join("dynamodb")));
        let arns = Arc::new(Arns::new(&context.region, &context.account));
        Self { context, engine, arns, backups: ContinuousBackups::default() }
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

    /// Whether this call was planned to do a part of its work.
    fn is_partial(&self, operation: &str) -> bool {
        self.context.router().is_some_and(|router| router.faults().is_partial("dynamodb", operation))
    }

    /// The names of all tables, in order.
    #[must_use]
    pub fn table_names(&self) -> Vec<String> {
        self.engine.peek(tables::names).unwrap_or_default()
    }

    /// The ARN and the tags of every table.
    #[must_use]
    pub fn tags(&self) -> Vec<(String, BTreeMap<String, String>)> {
        let tagged = |database: &dynoxide::Database| {
            let arn = |name: &str| self.context.arn("dynamodb", &format!("table/{name}"));
            let names = tables::names(database)?.into_iter();
            names.map(|name| Ok((arn(&name), tables::tags(database, &name)?))).collect()
        };
        self.engine.peek(tagged).unwrap_or_default()
    }

    /// Runs an operation without looking for planned faults, which the router does for calls that come through it.
    pub(crate) async fn execute(&self, operation: &str, request: Bytes) -> Result<Bytes, DynamoDbError> {
        if request.len() > MAX_REQUEST {
            return Err(DynamoDbError::validation(format!(
                "The request has {} bytes; at most {MAX_REQUEST} are allowed",
                request.len()
            )));
        }
        match operation {
            "DescribeContinuousBackups" => {
                let table = self.existing_table(&request)?;
                Ok(self.backups.describe(&table))
            }
            "UpdateContinuousBackups" => {
                let table = self.existing_table(&request)?;
                self.backups.update(&table, &request)
            }
            "DeleteTable" => {
                let answer = self.run(Operation::DeleteTable, request.clone()).await?;
                if let Some(table) = table_name(&request) {
                    self.backups.forget(&table);
                }
                Ok(answer)
            }
            "BatchWriteItem" if self.is_partial(operation) => match batch::halves(&request) {
                Some((first, left)) => {
                    let answer = self.run(Operation::BatchWriteItem, first).await?;
                    Ok(batch::with_left(&answer, left))
                }
                None => self.run(Operation::BatchWriteItem, request).await,
            },
            name => {
                let operation = Operation::named(name).ok_or_else(|| DynamoDbError::unknown(name))?;
                self.run(operation, request).await
            }
        }
    }

    async fn run(&self, operation: Operation, request: Bytes) -> Result<Bytes, DynamoDbError> {
        let arns = Arc::clone(&self.arns);
        self.engine.run(operation.access(), move |database| operation.run(database, &request, &arns)).await
    }

    /// The table that a request names, or DynamoDB's error where there is none.
    fn existing_table(&self, request: &Bytes) -> Result<String, DynamoDbError> {
        let name = table_name(request).unwrap_or_default();
        if self.table_names().contains(&name) {
            return Ok(name);
        }
        Err(DynamoDbError::table_not_found(&name))
    }
}

fn table_name(request: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Named {
        table_name: String,
    }
    serde_json::from_slice::<Named>(request).ok().map(|named| named.table_name)
}
