//! The table of items: `subject` is its partition key, `id` its sort key.

use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use uuid::Uuid;

use super::item::{attribute, number};
use super::{CrudError, Draft, IfMatch, Item, ItemPage, Next, PageRequest};
use crate::{ConfigError, aws};

/// The codes with which DynamoDB says "slow down".
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html>
const THROTTLING_CODES: &[&str] = &[
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
];

/// Reads and writes items of one table. Reads see all writes before them.
#[derive(Clone, Debug)]
pub struct Items {
    client: Client,
    table: String,
}

/// Names and values of an expression: `name` and others are words of DynamoDB's own.
#[derive(Default)]
struct Terms {
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl Items {
    /// The table that `TABLE_NAME` names, with the region, endpoint and credentials of the AWS environment. No request is
    /// made.
    ///
    /// # Errors
    /// [`ConfigError`] when `TABLE_NAME` is missing.
    pub async fn from_env() -> Result<Items, ConfigError> {
        const MISSING: ConfigError = ConfigError::Missing {
            name: "TABLE_NAME",
            meaning: "the DynamoDB table that holds the items",
            example: "items",
        };
        let table = std::env::var("TABLE_NAME").ok().filter(|name| !name.trim().is_empty());
        Ok(Items::new(&aws::loader().load().await, table.ok_or(MISSING)?))
    }

    /// A table.
    #[must_use]
    pub fn new(config: &SdkConfig, table: String) -> Items {
        Items { client: Client::new(config), table }
    }

    /// Stores a new item.
    ///
    /// # Errors
    /// [`CrudError::Throttled`], [`CrudError::NoAnswer`] and [`CrudError::TimedOut`], as all of these functions have them.
    pub async fn create(&self, subject: &str, draft: Draft) -> Result<Item, CrudError> {
        let item = Item::new(draft);
        // No condition: the ID is new, and a second attempt after an answer that was lost must not fail.
        let call = self.client.put_item().table_name(&self.table);
        let call = call.set_item(Some(item.clone().into_attributes(subject)));
        call.send().await.map_err(|error| self.failed(&error))?;
        Ok(item)
    }

    /// Reads one item.
    ///
    /// # Errors
    /// [`CrudError::NotFound`].
    pub async fn read(&self, subject: &str, id: Uuid) -> Result<Item, CrudError> {
        let call = self.client.get_item().table_name(&self.table).consistent_read(true);
        let answer =
            call.set_key(Some(key(subject, id))).send().await.map_err(|error| self.failed(&error))?;
        self.item(answer.item.ok_or(CrudError::NotFound)?)
    }

    /// Reads a page.
    ///
    /// # Errors
    /// As all.
    pub async fn list(&self, subject: &str, page: PageRequest) -> Result<ItemPage, CrudError> {
        let mut terms = Terms::default();
        let condition = format!("{} = {}", terms.name(attribute::SUBJECT), terms.text("s", subject));
        let limit = usize::from(page.limit);
        let call = self.client.query().table_name(&self.table).consistent_read(true);
        // One more than wanted tells whether this is the last page; DynamoDB's own end may be followed by nothing.
        let call = call.key_condition_expression(condition).limit(i32::from(page.limit) + 1);
        let call = call
            .set_expression_attribute_names(Some(terms.names))
            .set_expression_attribute_values(Some(terms.values))
            .set_exclusive_start_key(page.after.map(|id| key(subject, id)));
        let answer = call.send().await.map_err(|error| self.failed(&error))?;
        let found = answer.items.unwrap_or_default();
        let more = found.len() > limit || answer.last_evaluated_key.is_some();
        let items =
            found.into_iter().take(limit).map(|item| self.item(item)).collect::<Result<Vec<_>, _>>()?;
        let next = items.last().filter(|_| more).map(|item| Next(item.id));
        Ok(ItemPage { items, next })
    }

    /// Replaces what the client may say of an item.
    ///
    /// # Errors
    /// [`CrudError::NotFound`] and [`CrudError::Conflict`].
    pub async fn update(
        &self,
        subject: &str,
        id: Uuid,
        draft: Draft,
        versions: &IfMatch,
    ) -> Result<Item, CrudError> {
        let mut terms = Terms::default();
        let condition = terms.condition(versions);
        let version = terms.name(attribute::VERSION);
        let mut set = vec![
            format!("{} = {}", terms.name(attribute::NAME), terms.text("name", &draft.name)),
            format!("{} = {}", terms.name(attribute::QUANTITY), terms.count("quantity", draft.quantity)),
            format!("{version} = {version} + {}", terms.count("one", 1)),
        ];
        let description = terms.name(attribute::DESCRIPTION);
        let remove = match &draft.description {
            Some(text) => {
                set.push(format!("{description} = {}", terms.text("description", text)));
                String::new()
            }
            None => format!(" REMOVE {description}"),
        };
        let call = self.client.update_item().table_name(&self.table).set_key(Some(key(subject, id)));
        let call = call
            .update_expression(format!("SET {}{remove}", set.join(", ")))
            .condition_expression(condition)
            .set_expression_attribute_names(Some(terms.names))
            .set_expression_attribute_values(Some(terms.values))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let answer = call.send().await.map_err(|error| {
            use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
            match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failure)) => denied(failure.item()),
                _ => self.failed(&error),
            }
        })?;
        self.item(answer.attributes.unwrap_or_default())
    }

    /// Deletes an item.
    ///
    /// # Errors
    /// [`CrudError::NotFound`] and [`CrudError::Conflict`].
    pub async fn delete(&self, subject: &str, id: Uuid, versions: &IfMatch) -> Result<(), CrudError> {
        let mut terms = Terms::default();
        let condition = terms.condition(versions);
        let call = self.client.delete_item().table_name(&self.table).set_key(Some(key(subject, id)));
        let call = call
            .condition_expression(condition)
            .set_expression_attribute_names(Some(terms.names))
            .set_expression_attribute_values(Some(terms.values).filter(|values| !values.is_empty()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        call.send().await.map(drop).map_err(|error| {
            use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
            match error.as_service_error() {
                Some(DeleteItemError::ConditionalCheckFailedException(failure)) => denied(failure.item()),
                _ => self.failed(&error),
            }
        })
    }

    fn item(&self, attributes: HashMap<String, AttributeValue>) -> Result<Item, CrudError> {
        Item::from_attributes(attributes).ok_or_else(|| {
            tracing::error!(table = self.table, "the table holds something that is no item");
            CrudError::NoAnswer
        })
    }

    fn failed<E>(&self, error: &SdkError<E>) -> CrudError
    where
        E: std::error::Error + ProvideErrorMetadata + 'static,
    {
        let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
        let refused = match error {
            SdkError::TimeoutError(_) => CrudError::TimedOut,
            SdkError::DispatchFailure(failure) if failure.is_timeout() => CrudError::TimedOut,
            _ if code.is_some_and(|code| THROTTLING_CODES.contains(&code)) => CrudError::Throttled,
            _ => CrudError::NoAnswer,
        };
        tracing::error!(
            table = self.table,
            status = refused.refusal().status,
            error = %DisplayErrorContext(error),
            "DynamoDB did not do as asked"
        );
        refused
    }
}

impl Terms {
    fn name(&mut self, attribute: &str) -> String {
        let placeholder = format!("#{attribute}");
        self.names.insert(placeholder.clone(), attribute.to_owned());
        placeholder
    }

    fn text(&mut self, placeholder: &str, value: &str) -> String {
        self.value(placeholder, AttributeValue::S(value.to_owned()))
    }

    fn count(&mut self, placeholder: &str, value: u64) -> String {
        self.value(placeholder, number(value))
    }

    fn value(&mut self, placeholder: &str, value: AttributeValue) -> String {
        let placeholder = format!(":{placeholder}");
        self.values.insert(placeholder.clone(), value);
        placeholder
    }

    /// An item that is there and has one of the versions.
    fn condition(&mut self, versions: &IfMatch) -> String {
        match versions {
            IfMatch::Any => format!("attribute_exists({})", self.name(attribute::ID)),
            // No version is 0.
            IfMatch::Versions(versions) => {
                let versions = if versions.is_empty() { &[0] } else { versions.as_slice() };
                let values = versions.iter().enumerate();
                let values: Vec<String> =
                    values.map(|(index, version)| self.count(&format!("v{index}"), *version)).collect();
                format!("{} IN ({})", self.name(attribute::VERSION), values.join(", "))
            }
        }
    }
}

fn key(subject: &str, id: Uuid) -> HashMap<String, AttributeValue> {
    HashMap::from([
        (attribute::SUBJECT.to_owned(), AttributeValue::S(subject.to_owned())),
        (attribute::ID.to_owned(), AttributeValue::S(id.to_string())),
    ])
}

/// Why a condition did not hold: without an item there is nothing that could have another version.
fn denied(item: Option<&HashMap<String, AttributeValue>>) -> CrudError {
    if item.is_some_and(|item| !item.is_empty()) { CrudError::Conflict } else { CrudError::NotFound }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_asks_for_the_item_and_its_version() {
        let mut terms = Terms::default();
        assert_eq!(terms.condition(&IfMatch::Any), "attribute_exists(#id)");
        assert_eq!(terms.names, HashMap::from([("#id".to_owned(), "id".to_owned())]));
        assert!(terms.values.is_empty(), "DynamoDB refuses values that no expression names");
        let mut terms = Terms::default();
        assert_eq!(terms.condition(&IfMatch::Versions(vec![3, 7])), "#version IN (:v0, :v1)");
        assert_eq!(terms.names.len(), 1, "and names");
        assert_eq!(terms.values[":v1"], AttributeValue::N("7".to_owned()));
        let mut terms = Terms::default();
        assert_eq!(terms.condition(&IfMatch::Versions(Vec::new())), "#version IN (:v0)");
        assert_eq!(terms.values[":v0"], AttributeValue::N("0".to_owned()));
    }
}
