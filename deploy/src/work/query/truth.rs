//! What the table itself says, asked for without any variant.

use serde_json::{Value, json};
use signed_http::{Client, JsonVersion};
use workload::query::{MAX_BREED_BYTES, PageSize, Turkey};

use super::page::Page;
use crate::failure::{Failure, chain};

/// Reads the index by itself.
pub struct Truth<'a> {
    client: Client,
    table: &'a str,
    index: &'a str,
}

impl<'a> Truth<'a> {
    pub fn new(client: Client, table: &'a str, index: &'a str) -> Self {
        Self { client, table, index }
    }

    /// As many turkeys of a breed as the largest page has.
    pub async fn page(&self, breed: &str) -> Result<Page, Failure> {
        // DynamoDB refuses a key that is longer than any can be.
        if breed.len() > MAX_BREED_BYTES {
            return Ok(Page::default());
        }
        let input = json!({
            "TableName": self.table,
            "IndexName": self.index,
            "KeyConditionExpression": "breed = :breed",
            "ExpressionAttributeValues": {":breed": {"S": breed}},
            "Limit": PageSize::MOST,
        });
        let answer =
            self.client.json("dynamodb", "DynamoDB_20120810.Query", JsonVersion::V1_0, input).await.map_err(
                |error| Failure::new(format!("the table {} cannot be read: {}", self.table, chain(&error))),
            )?;
        let items = answer["Items"].as_array().map(Vec::as_slice).unwrap_or_default();
        let turkeys: Option<Vec<Turkey>> = items.iter().map(turkey).collect();
        turkeys.and_then(|turkeys| Page::of(&turkeys)).ok_or_else(|| {
            Failure::new(format!(
                "the table {} holds items that are no turkeys under the breed {breed:?}",
                self.table
            ))
            .hint("every item with a breed needs pk, name (texts) and weight (a number)")
        })
    }
}

fn turkey(item: &Value) -> Option<Turkey> {
    let attribute = |name: &str, kind: &str| item[name][kind].as_str().map(str::to_owned);
    Some(Turkey {
        id: attribute("pk", "S")?,
        name: attribute("name", "S")?,
        breed: attribute("breed", "S")?,
        weight: attribute("weight", "N")?,
    })
}
