//! The call to DynamoDB.

use std::collections::HashMap;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::query::QueryError as DynamoError;
use aws_sdk_dynamodb::types::AttributeValue;

use super::{Breed, PageSize, QueryError, Turkey};
use crate::{ConfigError, aws};

/// The codes with which DynamoDB says "slow down".
/// <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html>
const THROTTLING_CODES: &[&str] = &[
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "Throttling",
];

/// Where the turkeys are, and how many are read without being asked for a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableConfig {
    /// The table.
    pub table: String,
    /// The region of the table; `None` for the program's own.
    pub region: Option<String>,
    /// The index with the breed as its partition key.
    pub index: String,
    /// The page size of requests without `limit`.
    pub page_size: PageSize,
}

impl TableConfig {
    /// What `TABLE_NAME`, `TABLE_REGION` (the program's own unless set), `INDEX_NAME` and `PAGE_SIZE` (115 unless set) say.
    ///
    /// # Errors
    /// [`ConfigError`] when one of the names is missing, or the page size is none.
    pub fn from_env() -> Result<TableConfig, ConfigError> {
        TableConfig::read(|name| std::env::var(name).ok().filter(|value| !value.trim().is_empty()))
    }

    fn read(variable: impl Fn(&str) -> Option<String>) -> Result<TableConfig, ConfigError> {
        let required =
            |name, meaning, example| variable(name).ok_or(ConfigError::Missing { name, meaning, example });
        let page_size = match variable("PAGE_SIZE") {
            None => PageSize::DEFAULT,
            Some(value) => value.parse().map_err(|_| ConfigError::Invalid {
                name: "PAGE_SIZE",
                value,
                meaning: "an integer from 1 to 1000",
                example: "115",
            })?,
        };
        Ok(TableConfig {
            table: required("TABLE_NAME", "the DynamoDB table that holds the turkeys", "turkeys")?,
            region: variable("TABLE_REGION"),
            index: required("INDEX_NAME", "the index of the table whose partition key is breed", "breed")?,
            page_size,
        })
    }
}

/// Reads pages of one index.
#[derive(Clone, Debug)]
pub struct Table {
    client: aws_sdk_dynamodb::Client,
    config: TableConfig,
}

impl Table {
    /// The table that the environment names ([`TableConfig::from_env`]), with the region, endpoint and credentials of the AWS
    /// environment. No request is made.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub async fn from_env() -> Result<Table, ConfigError> {
        let config = TableConfig::from_env()?;
        Ok(Table::new(&aws::loader().load().await, config))
    }

    /// A table of a configuration.
    #[must_use]
    pub fn new(sdk: &SdkConfig, config: TableConfig) -> Table {
        let mut client = aws_sdk_dynamodb::config::Builder::from(sdk);
        if let Some(region) = &config.region {
            client = client.region(aws_config::Region::new(region.clone()));
        }
        Table { client: aws_sdk_dynamodb::Client::from_conf(client.build()), config }
    }

    /// The page that a request asks for: the raw path of its URL, whose last part is the breed, and the decoded `limit` of
    /// its query string.
    ///
    /// A call that fails in a way that may pass is tried up to three times within ten seconds in all.
    ///
    /// # Errors
    /// [`QueryError`]; what DynamoDB said goes to the log only.
    pub async fn page(&self, path: &str, limit: Option<&str>) -> Result<Vec<Turkey>, QueryError> {
        let limit = limit.map_or(Ok(self.config.page_size), str::parse)?;
        let breed = Breed::in_path(path);
        if !breed.can_be_key() {
            return Ok(Vec::new());
        }
        let query = self
            .client
            .query()
            .table_name(&self.config.table)
            .index_name(&self.config.index)
            .key_condition_expression("breed = :breed")
            .projection_expression("pk, #name, breed, weight")
            .expression_attribute_names("#name", "name")
            .expression_attribute_values(":breed", AttributeValue::S(breed.as_str().to_owned()))
            .limit(limit.get().into());
        match query.send().await {
            Ok(output) => output.items.unwrap_or_default().into_iter().map(turkey).collect(),
            Err(error) => {
                let refused = classify(&error);
                tracing::error!(
                    table = self.config.table,
                    status = refused.refusal().status,
                    error = %DisplayErrorContext(&error),
                    "DynamoDB did not answer the query"
                );
                Err(refused)
            }
        }
    }
}

fn turkey(mut item: HashMap<String, AttributeValue>) -> Result<Turkey, QueryError> {
    let mut attribute = |name: &str, number: bool| match (item.remove(name), number) {
        (Some(AttributeValue::S(text)), false) | (Some(AttributeValue::N(text)), true) => Ok(text),
        (other, _) => {
            tracing::error!(attribute = name, found = ?other, "an item is no turkey");
            Err(QueryError::Failed)
        }
    };
    Ok(Turkey {
        id: attribute("pk", false)?,
        name: attribute("name", false)?,
        breed: attribute("breed", false)?,
        weight: attribute("weight", true)?,
    })
}

fn classify(error: &SdkError<DynamoError>) -> QueryError {
    match error {
        SdkError::TimeoutError(_) => QueryError::TimedOut,
        SdkError::DispatchFailure(failure) if failure.is_timeout() => QueryError::TimedOut,
        _ => {
            let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
            if code.is_some_and(|code| THROTTLING_CODES.contains(&code)) {
                QueryError::Throttled
            } else {
                QueryError::Failed
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<TableConfig, ConfigError> {
        TableConfig::read(|name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_environment_names_table_index_and_page_size() {
        let names = [("TABLE_NAME", "t"), ("INDEX_NAME", "i")];
        assert_eq!(read(&names).unwrap().page_size, PageSize::DEFAULT);
        assert_eq!(read(&names).unwrap().region, None);
        let all = [names[0], names[1], ("PAGE_SIZE", "20"), ("TABLE_REGION", "us-west-2")];
        let config = read(&all).unwrap();
        assert_eq!((config.page_size.get(), config.region.as_deref()), (20, Some("us-west-2")));
        let told = read(&[names[0]]).unwrap_err().to_string();
        assert!(told.starts_with("INDEX_NAME is not set: set it to the index"), "{told}");
        let told = read(&[names[0], names[1], ("PAGE_SIZE", "0")]).unwrap_err().to_string();
        assert!(told.contains("PAGE_SIZE is \"0\", which is not an integer from 1 to 1000"), "{told}");
    }

    #[test]
    fn items_that_are_no_turkeys_are_a_failure() {
        let text = |value: &str| AttributeValue::S(value.to_owned());
        let mut item: HashMap<_, _> = [
            ("pk", text("a")),
            ("name", text("Tom")),
            ("breed", text("Slate")),
            ("weight", AttributeValue::N("7.5".to_owned())),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        assert_eq!(turkey(item.clone()).unwrap().weight, "7.5");
        item.insert("weight".to_owned(), text("7.5"));
        assert_eq!(turkey(item), Err(QueryError::Failed));
    }
}
