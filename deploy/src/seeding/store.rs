//! The calls to DynamoDB that a seeding makes.

use std::time::Duration;

use serde_json::{Value, json};
use signed_http::{Client, JsonVersion};
use workload::query::Flock;

use crate::failure::{Failure, chain};

/// The most items that DynamoDB takes in one batch.
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html>
pub const BATCH: usize = 25;
/// How often what DynamoDB left unprocessed is sent again.
const ATTEMPTS: u32 = 10;
const FIRST_BACKOFF: Duration = Duration::from_millis(50);
const LONGEST_BACKOFF: Duration = Duration::from_secs(5);

/// How far a seeding has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    pub flock: Flock,
    /// All items with a smaller index are written.
    pub written: u32,
    /// No item with this index or a larger one was ever written.
    pub most: u32,
}

impl Progress {
    /// Whether nothing is left to write or to delete.
    pub fn is_complete(&self) -> bool {
        self.written >= self.flock.items && self.most <= self.flock.items
    }

    /// The item in which it is recorded. Without a breed it stands in no index.
    fn item(&self) -> Value {
        let mut item = key();
        for (name, number) in [
            ("items", u64::from(self.flock.items)),
            ("seed", self.flock.seed),
            ("written", u64::from(self.written)),
            ("most", u64::from(self.most)),
        ] {
            item[name] = json!({ "N": number.to_string() });
        }
        item
    }

    fn read(item: &Value) -> Option<Self> {
        let text = |name: &str| item[name]["N"].as_str();
        let number = |name| text(name)?.parse().ok();
        Some(Self {
            flock: Flock { items: number("items")?, seed: text("seed")?.parse().ok()? },
            written: number("written")?,
            most: number("most")?,
        })
    }
}

fn key() -> Value {
    json!({ "pk": {"S": "seed"}, "sk": {"S": "progress"} })
}

/// One table.
pub struct Store<'a> {
    client: &'a Client,
    table: &'a str,
}

impl<'a> Store<'a> {
    pub fn new(client: &'a Client, table: &'a str) -> Self {
        Self { client, table }
    }

    /// What is recorded; `None` where no seeding was begun.
    pub async fn progress(&self) -> Result<Option<Progress>, Failure> {
        let input = json!({ "TableName": self.table, "Key": key(), "ConsistentRead": true });
        let answer = self.call("GetItem", input).await?;
        Ok(Progress::read(&answer["Item"]))
    }

    pub async fn record(&self, progress: &Progress) -> Result<(), Failure> {
        self.call("PutItem", json!({ "TableName": self.table, "Item": progress.item() })).await.map(drop)
    }

    pub async fn is_empty(&self) -> Result<bool, Failure> {
        let input = json!({ "TableName": self.table, "Limit": 1, "ConsistentRead": true });
        let answer = self.call("Scan", input).await?;
        Ok(answer["Items"].as_array().is_none_or(Vec::is_empty))
    }

    /// Writes one batch, and what is left unprocessed again until nothing is. Says how many requests that were.
    pub async fn write(&self, requests: &[Value]) -> Result<u32, Failure> {
        let mut left = json!({ self.table: requests });
        let mut wait = FIRST_BACKOFF;
        for _ in 0..ATTEMPTS {
            let answer = self.call("BatchWriteItem", json!({ "RequestItems": left })).await?;
            let unprocessed = &answer["UnprocessedItems"];
            if unprocessed.as_object().is_none_or(serde_json::Map::is_empty) {
                return Ok(u32::try_from(requests.len()).unwrap_or(u32::MAX));
            }
            left = unprocessed.clone();
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST_BACKOFF);
        }
        Err(Failure::new(format!("the table {} left items unprocessed {ATTEMPTS} times", self.table))
            .hint("`deploy seed` goes on where this stopped; DynamoDB takes more after some minutes of load"))
    }

    async fn call(&self, operation: &str, input: Value) -> Result<Value, Failure> {
        let target = format!("DynamoDB_20120810.{operation}");
        self.client.json("dynamodb", &target, JsonVersion::V1_0, input).await.map_err(|error| {
            Failure::new(format!("the table {}: {operation}: {}", self.table, chain(&error)))
                .hint("`deploy seed` goes on where this stopped")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_recorded_is_read() {
        let progress = Progress { flock: Flock { items: 500, seed: u64::MAX }, written: 25, most: 10_000 };
        assert_eq!(Progress::read(&progress.item()), Some(progress));
        assert_eq!(Progress::read(&Value::Null), None);
        assert!(progress.item().get("breed").is_none());
    }

    #[test]
    fn a_seeding_is_complete_once_nothing_is_left_over() {
        let progress = |written, most| Progress { flock: Flock { items: 100, seed: 1 }, written, most };
        assert!(progress(100, 100).is_complete());
        assert!(!progress(99, 100).is_complete());
        assert!(!progress(100, 200).is_complete());
    }
}
