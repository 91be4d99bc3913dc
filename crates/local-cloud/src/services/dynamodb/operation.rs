//! The operations by name, and how each reads its request and writes its answer.

use bytes::Bytes;
use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::DynamoDbError;
use super::arn::Arns;
use super::engine::Access;
use super::streams;

macro_rules! operations {
    ($($name:ident $method:ident $access:ident;)+) => {
        /// An operation of DynamoDB or of DynamoDB Streams.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Operation {
            $($name,)+
        }

        impl Operation {
            /// The operation of an API name, such as `Query`.
            pub fn named(name: &str) -> Option<Self> {
                match name {
                    $(stringify!($name) => Some(Self::$name),)+
                    _ => None,
                }
            }

            /// What the operation does to the database.
            pub fn access(self) -> Access {
                match self {
                    $(Self::$name => Access::$access,)+
                }
            }

            fn answer(self, database: &Database, request: &str) -> Result<String, DynoxideError> {
                match self {
                    $(Self::$name => write(&database.$method(read(request)?)?),)+
                }
            }
        }
    };
}

operations! {
    BatchExecuteStatement batch_execute_statement Write;
    BatchGetItem batch_get_item Read;
    BatchWriteItem batch_write_item Write;
    CreateTable create_table Define;
    DeleteItem delete_item Write;
    DeleteTable delete_table Define;
    DescribeStream describe_stream Write;
    DescribeTable describe_table Read;
    DescribeTimeToLive describe_time_to_live Read;
    ExecuteStatement execute_statement Write;
    ExecuteTransaction execute_transaction Write;
    GetItem get_item Read;
    GetRecords get_records Write;
    GetShardIterator get_shard_iterator Write;
    ListStreams list_streams Write;
    ListTables list_tables Read;
    ListTagsOfResource list_tags_of_resource Read;
    PutItem put_item Write;
    Query query Read;
    Scan scan Read;
    TagResource tag_resource Define;
    TransactGetItems transact_get_items Write;
    TransactWriteItems transact_write_items Write;
    UntagResource untag_resource Define;
    UpdateItem update_item Write;
    UpdateTable update_table Define;
    UpdateTimeToLive update_time_to_live Define;
}

impl Operation {
    /// Answers one request.
    pub fn run(self, database: &Database, request: &Bytes, arns: &Arns) -> Result<Bytes, DynamoDbError> {
        let request = std::str::from_utf8(request)
            .map_err(|error| DynamoDbError::serialization(format!("the request is not UTF-8: {error}")))?;
        if self.is_of_items() {
            return self.answer(database, request).map(Bytes::from).map_err(|error| self.refusal(error));
        }
        if self.is_of_tags() {
            arns.check_own(&resource_arn(request)?)?;
        }
        if self == Self::ListStreams {
            streams::check_list(request)?;
        }
        let mut request = arns.store(request);
        if self == Self::GetShardIterator {
            request = streams::store(request.into_owned()).into();
        }
        let answer = self.answer(database, &request).map_err(|error| self.refusal(error))?;
        let mut answer = arns.present(answer);
        if self == Self::DescribeStream {
            answer = streams::present(answer);
        }
        if self != Self::GetRecords {
            return Ok(answer.into());
        }
        let stored = format!("\"awsRegion\":\"{}\"", dynoxide::streams::LOCAL_REGION);
        Ok(answer.replace(&stored, &format!("\"awsRegion\":\"{}\"", arns.region())).into())
    }

    /// Whether the operation is about items only, so that no ARN of a table can be in its answer.
    fn is_of_items(self) -> bool {
        matches!(
            self,
            Self::BatchExecuteStatement
                | Self::BatchGetItem
                | Self::BatchWriteItem
                | Self::DeleteItem
                | Self::ExecuteStatement
                | Self::ExecuteTransaction
                | Self::GetItem
                | Self::PutItem
                | Self::Query
                | Self::Scan
                | Self::TransactGetItems
                | Self::TransactWriteItems
                | Self::UpdateItem
        )
    }

    fn is_of_tags(self) -> bool {
        matches!(self, Self::TagResource | Self::UntagResource | Self::ListTagsOfResource)
    }

    /// The error as the operation words it: some refusals of requests carry a preamble on writes of single items.
    fn refusal(self, error: DynoxideError) -> DynamoDbError {
        match error {
            DynoxideError::EnvelopedValidation(message) => DynamoDbError::validation(match self {
                Self::PutItem | Self::UpdateItem | Self::DeleteItem => {
                    format!("1 validation error detected: {message}")
                }
                _ => message,
            }),
            DynoxideError::SqliteError(error) => DynamoDbError::internal(error),
            other => other.into(),
        }
    }
}

fn resource_arn(request: &str) -> Result<String, DynamoDbError> {
    #[derive(serde::Deserialize)]
    struct Resource {
        #[serde(rename = "ResourceArn", default)]
        arn: String,
    }
    let resource: Resource = read(request)?;
    Ok(resource.arn)
}

fn write<T: Serialize>(answer: &T) -> Result<String, DynoxideError> {
    serde_json::to_string(answer).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

/// Makes an exception of its message.
type Exception = fn(String) -> DynoxideError;

/// The marks that the engine's request types put before a message to say which exception it is, and that exception.
/// The longer of two marks that begin alike comes first.
const MARKS: [(&str, Exception); 5] = [
    ("SERIALIZATION_AS_READ:", DynoxideError::SerializationException),
    ("VALIDATION_AS_READ:", DynoxideError::ValidationException),
    ("SERIALIZATION:", DynoxideError::SerializationException),
    ("VALIDATION_REQUEST:", DynoxideError::EnvelopedValidation),
    ("VALIDATION:", DynoxideError::ValidationException),
];

/// Messages of requests that are well formed and incomplete, which DynamoDB calls invalid and not unreadable.
const INCOMPLETE: [&str; 4] =
    ["missing field", "unknown variant", "invalid type: null", "Supplied AttributeValue"];

fn read<T: DeserializeOwned>(request: &str) -> Result<T, DynoxideError> {
    // The reader takes an array for an object whose members come in order, which DynamoDB does not.
    if request.trim_start().starts_with('[') {
        return Err(DynoxideError::SerializationException(
            "Start of structure or map found where not expected".to_owned(),
        ));
    }
    serde_json::from_str(request).map_err(|error| {
        let message = error.to_string();
        let bare = without_position(&message);
        if let Some((exception, text)) =
            MARKS.iter().find_map(|(mark, exception)| Some((exception, bare.strip_prefix(mark)?)))
        {
            return exception(text.to_owned());
        }
        if bare.starts_with("empty AttributeValue object") {
            let text =
                "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes";
            return DynoxideError::ValidationException(text.to_owned());
        }
        if error.is_data() && INCOMPLETE.iter().any(|part| message.contains(part)) {
            return DynoxideError::ValidationException(bare.to_owned());
        }
        DynoxideError::SerializationException(bare.to_owned())
    })
}

/// A message of the JSON parser without ` at line 1 column 42`.
fn without_position(message: &str) -> &str {
    match message.rsplit_once(" at line ") {
        Some((text, position)) if position.split(" column ").all(|part| part.parse::<u64>().is_ok()) => text,
        _ => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unreadable_requests_get_dynamodbs_exceptions() {
        let told = |request: &str| {
            let database = Database::memory().unwrap();
            let arns = Arns::new("us-east-1", "000000000000");
            let error = Operation::PutItem.run(&database, &Bytes::copy_from_slice(request.as_bytes()), &arns);
            let error = error.unwrap_err();
            (error.code().to_owned(), error.message)
        };
        assert_eq!(told("{").0, "SerializationException");
        assert_eq!(told("[]").0, "SerializationException");
        let (code, message) = told(r#"{"TableName":"abc","Item":{"pk":{}}}"#);
        assert_eq!(code, "ValidationException", "{message}");
        assert!(message.contains("must contain exactly one of the supported datatypes"), "{message}");
        let (code, message) = told(r#"{"TableName":"a b","Item":{"pk":{"S":"x"}}}"#);
        assert_eq!(code, "ValidationException", "{message}");
        assert!(message.starts_with("1 validation error detected: "), "{message}");
        let (code, message) = told(r#"{"TableName":"abc","Item":{"pk":{"S":7}}}"#);
        assert_eq!(code, "SerializationException", "{message}");
        assert!(!message.contains("column"), "{message}");
    }
}
