//! What the engine's streams are not: shard IDs have the table's name in them there and can be shorter than what SDKs
//! accept, and a list may be of any length.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_streams_GetShardIterator.html>

use serde_json::Value;

use super::DynamoDbError;

/// A page of streams has no more.
const MOST_STREAMS: u64 = 100;

/// Refuses to list more streams at once than DynamoDB does. What cannot be read is left to the engine to refuse.
pub fn check_list(request: &str) -> Result<(), DynamoDbError> {
    let limit = serde_json::from_str::<Value>(request).ok().and_then(|value| value["Limit"].as_u64());
    match limit {
        Some(limit) if limit > MOST_STREAMS => Err(DynamoDbError::validation(format!(
            "1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: Member must have value less than or equal to {MOST_STREAMS}"
        ))),
        _ => Ok(()),
    }
}

/// The table in a stream's ARN, `…:table/NAME/stream/LABEL`.
fn table(stream: &Value) -> Option<&str> {
    stream.as_str()?.split_once(":table/")?.1.split('/').next()
}

/// The ID that callers see: a table has one shard, and the name's checksum tells it from those of other tables.
fn presented(table: &str) -> String {
    format!("shardId-{:020}-{:08x}", 1, crc32fast::hash(table.as_bytes()))
}

/// The answer of `DescribeStream` with the IDs that callers see.
pub fn present(answer: String) -> String {
    let Ok(mut value) = serde_json::from_str::<Value>(&answer) else { return answer };
    let described = &mut value["StreamDescription"];
    let Some(shown) = table(&described["StreamArn"]).map(presented) else { return answer };
    for shard in described["Shards"].as_array_mut().into_iter().flatten() {
        shard["ShardId"] = shown.clone().into();
    }
    value.to_string()
}

/// A request for an iterator in the engine's words; an ID that is none of ours stays, for the engine to refuse.
pub fn store(request: String) -> String {
    let Ok(mut value) = serde_json::from_str::<Value>(&request) else { return request };
    let Some(table) = table(&value["StreamArn"]).map(str::to_owned) else { return request };
    if value["ShardId"] != presented(&table) {
        return request;
    }
    value["ShardId"] = dynoxide::streams::shard_id(&table).into();
    value.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn ids_are_long_enough_and_lead_back() {
        let arn = "arn:aws:dynamodb:us-east-1:000000000000:table/abc/stream/2026-01-01";
        let answer =
            json!({"StreamDescription": {"StreamArn": arn, "Shards": [{"ShardId": "shardId-1-abc"}]}});
        let answer: Value = serde_json::from_str(&present(answer.to_string())).unwrap();
        let id = answer["StreamDescription"]["Shards"][0]["ShardId"].as_str().unwrap();
        assert!((28..=65).contains(&id.len()), "{id}");
        let asked = |id: &str| {
            let request = store(json!({"StreamArn": arn, "ShardId": id}).to_string());
            serde_json::from_str::<Value>(&request).unwrap()["ShardId"].clone()
        };
        assert_eq!(asked(id), dynoxide::streams::shard_id("abc"));
        assert_eq!(asked("shardId-other"), "shardId-other");
        assert_eq!(store("{".to_owned()), "{");
    }
}
