//! Batches of which DynamoDB does a part.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html>

use bytes::Bytes;
use serde_json::{Map, Value};

const REQUESTS: &str = "RequestItems";
const LEFT: &str = "UnprocessedItems";

/// The first half of each table's requests as a batch of its own, and the rest as an answer's `UnprocessedItems` has it. `None`
/// where there is nothing to halve; what is wrong with such a batch, DynamoDB says.
pub(super) fn halves(request: &Bytes) -> Option<(Bytes, Value)> {
    let mut batch: Value = serde_json::from_slice(request).ok()?;
    let mut left = Map::new();
    for (table, requests) in batch.get_mut(REQUESTS)?.as_object_mut()? {
        let requests = requests.as_array_mut()?;
        let rest = requests.split_off(requests.len().div_ceil(2));
        if !rest.is_empty() {
            left.insert(table.clone(), rest.into());
        }
    }
    (!left.is_empty()).then(|| (batch.to_string().into(), left.into()))
}

/// The answer to the first half, which names the rest.
pub(super) fn with_left(answer: &Bytes, left: Value) -> Bytes {
    let mut answer: Value = serde_json::from_slice(answer).unwrap_or_default();
    answer[LEFT] = left;
    answer.to_string().into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_batch_is_halved_by_table() {
        let batch = json!({"RequestItems": {"a": [1, 2, 3], "b": [4]}, "ReturnConsumedCapacity": "NONE"});
        let (first, left) = halves(&batch.to_string().into()).unwrap();
        let first: Value = serde_json::from_slice(&first).unwrap();
        assert_eq!(first, json!({"RequestItems": {"a": [1, 2], "b": [4]}, "ReturnConsumedCapacity": "NONE"}));
        assert_eq!(left, json!({"a": [3]}));
        let answer = with_left(&Bytes::from_static(br#"{"UnprocessedItems":{}}"#), left);
        assert_eq!(answer, r#"{"UnprocessedItems":{"a":[3]}}"#);
    }

    #[test]
    fn what_has_no_halves_stays_whole() {
        for batch in
            [json!({"RequestItems": {"a": [1]}}), json!({}), json!({"RequestItems": {"a": 1}}), json!(1)]
        {
            assert_eq!(halves(&batch.to_string().into()), None, "{batch}");
        }
    }
}
