//! Calls to DynamoDB.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/connect-ddb.html>

use asl::TaskError;
use serde_json::{Map, Value};

use super::{Names, Refusal, RoleTasks, Style, with_metadata};
use crate::services::RegionContext;
use crate::services::dynamodb::DynamoDbError;

/// What an optimized integration offers.
pub(super) const OPTIMIZED: [&str; 4] = ["GetItem", "PutItem", "UpdateItem", "DeleteItem"];

/// What the SDK's integration offers here: every operation on items whose resources the request names.
const OPERATIONS: [&str; 11] = [
    "BatchGetItem",
    "BatchWriteItem",
    "DeleteItem",
    "DescribeTable",
    "GetItem",
    "PutItem",
    "Query",
    "Scan",
    "TransactGetItems",
    "TransactWriteItems",
    "UpdateItem",
];

pub(super) const NAMES: Names =
    Names { optimized: "DynamoDB", optimized_other: "AmazonDynamoDBException", sdk: "DynamoDb" };

/// Exceptions that the API's model names; any other is the SDK's own.
///
/// <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html#API_Query_Errors>
const MODELLED: [&str; 12] = [
    "ConditionalCheckFailedException",
    "IdempotentParameterMismatchException",
    "InternalServerError",
    "ItemCollectionSizeLimitExceededException",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "ReplicatedWriteConflictException",
    "RequestLimitExceeded",
    "ResourceInUseException",
    "ResourceNotFoundException",
    "ThrottlingException",
    "TransactionCanceledException",
];

/// The operation of an action: `Query` of `query`.
pub(super) fn operation(action: &str) -> Option<&'static str> {
    OPERATIONS.into_iter().find(|name| {
        let (first, rest) = name.split_at(1);
        action.strip_prefix(first.to_ascii_lowercase().as_str()) == Some(rest)
    })
}

/// Runs an operation.
pub(super) async fn call(
    tasks: &RoleTasks,
    operation: &str,
    style: Style,
    arguments: &Value,
) -> Result<Value, TaskError> {
    let refuse = |refusal: Refusal| refusal.into_error(style, &NAMES);
    for (action, resource) in permissions(&tasks.services.context, operation, arguments) {
        tasks.may(&action, &resource).map_err(refuse)?;
    }
    let request = arguments.to_string().into();
    let answer =
        tasks.services.dynamodb.call(operation, request).await.map_err(|error| refuse(refusal(error)))?;
    let answer: Map<String, Value> = serde_json::from_slice(&answer)
        .map_err(|error| refuse(Refusal { code: None, message: error.to_string(), status: 500 }))?;
    Ok(match style {
        Style::Optimized => with_metadata(answer),
        Style::Sdk => Value::Object(answer),
    })
}

fn refusal(error: DynamoDbError) -> Refusal {
    let code = MODELLED.contains(&error.code()).then(|| error.code().to_owned());
    Refusal { code, status: error.status.as_u16(), message: error.message }
}

/// The actions that an operation needs, each with its resource.
///
/// <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html>
fn permissions(context: &RegionContext, operation: &str, arguments: &Value) -> Vec<(String, String)> {
    let need = |action: &str, resource: String| (format!("dynamodb:{action}"), resource);
    match operation {
        "BatchGetItem" | "BatchWriteItem" => {
            let tables = arguments["RequestItems"].as_object().into_iter().flat_map(Map::keys);
            tables.map(|table| need(operation, table_arn(context, table))).collect()
        }
        "TransactGetItems" | "TransactWriteItems" => {
            let items = arguments["TransactItems"].as_array().into_iter().flatten();
            let parts = items.filter_map(Value::as_object).flatten();
            parts
                .map(|(kind, part)| {
                    let action = match kind.as_str() {
                        "Get" => "GetItem",
                        "Put" => "PutItem",
                        "Update" => "UpdateItem",
                        "Delete" => "DeleteItem",
                        _ => "ConditionCheckItem",
                    };
                    need(action, table_arn(context, part["TableName"].as_str().unwrap_or_default()))
                })
                .collect()
        }
        _ => {
            let mut resource = table_arn(context, arguments["TableName"].as_str().unwrap_or_default());
            if let Some(index) = arguments["IndexName"].as_str() {
                resource = format!("{resource}/index/{index}");
            }
            vec![need(operation, resource)]
        }
    }
}

/// The ARN of a table that a request names by name or by ARN.
fn table_arn(context: &RegionContext, table: &str) -> String {
    if table.starts_with("arn:") {
        table.to_owned()
    } else {
        context.arn("dynamodb", &format!("table/{table}"))
    }
}
