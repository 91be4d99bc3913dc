//! The operations of the API.

mod executions;
mod machines;
mod tags;

use std::sync::Arc;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::StatesError;
use crate::Services;
use crate::wire::ApiError;

pub use executions::start_execution;

type Answer = Result<Value, ApiError>;

/// Runs an operation; `None` for one that is not offered.
pub(super) async fn run(services: &Arc<Services>, operation: &str, body: &Bytes) -> Option<Answer> {
    Some(match operation {
        "CreateStateMachine" => read(body).and_then(|input| machines::create(services, input)),
        "UpdateStateMachine" => read(body).and_then(|input| machines::update(services, input)),
        "DeleteStateMachine" => read(body).and_then(|input| machines::delete(services, &input)),
        "DescribeStateMachine" => read(body).and_then(|input| machines::describe(services, &input)),
        "ListStateMachines" => read(body).and_then(|input| machines::list(services, &input)),
        "ValidateStateMachineDefinition" => read(body).and_then(|input| machines::validate(&input)),
        "StartExecution" => read(body).and_then(|input| executions::start(services, input)),
        "StartSyncExecution" => match read(body) {
            Ok(input) => executions::start_sync(services, input).await,
            Err(error) => Err(error),
        },
        "DescribeExecution" => read(body).and_then(|input| executions::describe(services, &input)),
        "DescribeStateMachineForExecution" => {
            read(body).and_then(|input| executions::describe_machine(services, &input))
        }
        "ListExecutions" => read(body).and_then(|input| executions::list(services, &input)),
        "GetExecutionHistory" => read(body).and_then(|input| executions::history(services, &input)),
        "StopExecution" => read(body).and_then(|input| executions::stop(services, input)),
        "ListTagsForResource" => read(body).and_then(|input| tags::list(services, &input)),
        "TagResource" => read(body).and_then(|input| tags::add(services, input)),
        "UntagResource" => read(body).and_then(|input| tags::remove(services, &input)),
        _ => return None,
    })
}

/// Reads a request; members that the operation has not are refused.
fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, ApiError> {
    let body: &[u8] = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| {
        if error.is_data() {
            StatesError::validation(error.to_string()).into()
        } else {
            ApiError::sender("SerializationException", error.to_string())
        }
    })
}

/// Whether inputs, outputs and definitions are in the answer.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum IncludedData {
    #[default]
    AllData,
    MetadataOnly,
}

/// `maxResults` and `nextToken`.
#[derive(Clone, Debug, Default)]
struct Page {
    start: usize,
    size: usize,
}

impl Page {
    /// Pages have 100 entries unless the caller asks for another size, up to 1,000.
    fn new(size: Option<usize>, token: Option<&str>) -> Result<Self, StatesError> {
        let size = match size.unwrap_or_default() {
            0 => 100,
            size @ 1..=1000 => size,
            size => {
                return Err(StatesError::validation(format!("maxResults is {size}; it must be 0 to 1000.")));
            }
        };
        let start = match token {
            None => 0,
            Some(token) => {
                token.parse().map_err(|_| StatesError::InvalidToken { token: token.to_owned() })?
            }
        };
        Ok(Self { start, size })
    }

    /// The entries of the page, and the token of the next one.
    fn cut<T>(&self, all: Vec<T>) -> (Vec<T>, Option<String>) {
        let end = self.start.saturating_add(self.size);
        let token = (end < all.len()).then(|| end.to_string());
        (all.into_iter().skip(self.start).take(self.size).collect(), token)
    }
}

/// An answer with a list and the token of the next page.
fn listed(name: &str, entries: Vec<Value>, token: Option<String>) -> Value {
    let mut answer = serde_json::Map::new();
    answer.insert(name.to_owned(), Value::Array(entries));
    if let Some(token) = token {
        answer.insert("nextToken".to_owned(), token.into());
    }
    Value::Object(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_cut() {
        let page = |size, token| Page::new(size, token).unwrap().cut(vec![1, 2, 3, 4, 5]);
        assert_eq!(page(Some(2), None), (vec![1, 2], Some("2".to_owned())));
        assert_eq!(page(Some(2), Some("4")), (vec![5], None));
        assert_eq!(page(None, None), (vec![1, 2, 3, 4, 5], None));
        assert!(Page::new(Some(1001), None).is_err());
        assert_eq!(
            Page::new(None, Some("x")).unwrap_err(),
            StatesError::InvalidToken { token: "x".to_owned() }
        );
    }
}
