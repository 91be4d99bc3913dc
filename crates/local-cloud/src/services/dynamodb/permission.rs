//! The IAM permissions that a request needs: actions on tables and indexes.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html>

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

/// An action, and the ARN it is wanted on; without one the request does not say, and only a grant on everything will do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// `dynamodb:Query`
    pub action: String,
    pub resource: Option<String>,
}

/// The parts of requests that name tables; the rest is passed over.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Named<'a> {
    #[serde(borrow)]
    table_name: Option<std::borrow::Cow<'a, str>>,
    #[serde(borrow)]
    index_name: Option<std::borrow::Cow<'a, str>>,
    resource_arn: Option<String>,
    #[expect(
        clippy::zero_sized_map_values,
        reason = "the names of the tables matter; what is asked of them is passed over"
    )]
    request_items: BTreeMap<String, IgnoredAny>,
    transact_items: Vec<BTreeMap<String, OfTable>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OfTable {
    table_name: Option<String>,
}

/// What an operation with this request needs. Operations on several tables need each; a transaction needs the actions
/// of its items. `prefix` is `arn:aws:dynamodb:<region>:<account>:`.
#[must_use]
pub fn permissions(operation: &str, request: &[u8], prefix: &str) -> Vec<Permission> {
    let named: Named = serde_json::from_slice(request).unwrap_or_default();
    let of = |action: &str, resource: Option<String>| Permission {
        action: format!("dynamodb:{action}"),
        resource,
    };
    let table = |name: &str| {
        if name.starts_with("arn:") { name.to_owned() } else { format!("{prefix}table/{name}") }
    };
    let mut needed: Vec<Permission> =
        named.request_items.keys().map(|name| of(operation, Some(table(name)))).collect();
    for (action, item) in named.transact_items.iter().flatten() {
        let action = match action.as_str() {
            "Get" => "GetItem",
            "Put" => "PutItem",
            "Update" => "UpdateItem",
            "Delete" => "DeleteItem",
            "ConditionCheck" => "ConditionCheckItem",
            other => other,
        };
        needed.push(of(action, item.table_name.as_deref().map(table)));
    }
    if let Some(name) = &named.table_name {
        let resource = match &named.index_name {
            Some(index) => format!("{}/index/{index}", table(name)),
            None => table(name),
        };
        needed.push(of(operation, Some(resource)));
    }
    if needed.is_empty() {
        needed.push(of(operation, named.resource_arn));
    }
    needed
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREFIX: &str = "arn:aws:dynamodb:us-east-1:000000000000:";

    fn needed(operation: &str, request: &str) -> Vec<String> {
        let all = permissions(operation, request.as_bytes(), PREFIX);
        let text = |permission: Permission| {
            let resource = permission.resource.unwrap_or_else(|| "?".to_owned());
            format!("{} {}", permission.action, resource.replace(PREFIX, ""))
        };
        all.into_iter().map(text).collect()
    }

    #[test]
    fn requests_need_permissions_on_what_they_name() {
        for (operation, request, expected) in [
            ("GetItem", r#"{"TableName":"t\u0031","Key":{}}"#, vec!["dynamodb:GetItem table/t1"]),
            ("Query", r#"{"TableName":"t","IndexName":"i"}"#, vec!["dynamodb:Query table/t/index/i"]),
            (
                "BatchGetItem",
                r#"{"RequestItems":{"a":{"Keys":[]},"b":{}}}"#,
                vec!["dynamodb:BatchGetItem table/a", "dynamodb:BatchGetItem table/b"],
            ),
            (
                "TransactWriteItems",
                r#"{"TransactItems":[{"Put":{"TableName":"t"}},{"ConditionCheck":{"TableName":"u"}}]}"#,
                vec!["dynamodb:PutItem table/t", "dynamodb:ConditionCheckItem table/u"],
            ),
            (
                "TagResource",
                r#"{"ResourceArn":"arn:aws:dynamodb:us-east-1:000000000000:table/t"}"#,
                vec!["dynamodb:TagResource table/t"],
            ),
            ("ListTables", "{}", vec!["dynamodb:ListTables ?"]),
            ("Query", "no JSON", vec!["dynamodb:Query ?"]),
        ] {
            assert_eq!(needed(operation, request), expected, "{operation} {request}");
        }
    }
}
