//! What exists: the tables by name, and their tags.

use std::collections::BTreeMap;

use dynoxide::Database;
use dynoxide::actions::list_tables::ListTablesRequest;
use dynoxide::actions::list_tags_of_resource::ListTagsOfResourceRequest;

use super::DynamoDbError;

/// The names of all tables, in order.
pub fn names(database: &Database) -> Result<Vec<String>, DynamoDbError> {
    let (mut names, mut last) = (Vec::new(), None);
    loop {
        let page =
            database.list_tables(ListTablesRequest { exclusive_start_table_name: last, limit: None })?;
        names.extend(page.table_names);
        last = page.last_evaluated_table_name;
        if last.is_none() {
            return Ok(names);
        }
    }
}

/// The tags of a table, of a name that [`names`] gave.
pub fn tags(database: &Database, name: &str) -> Result<BTreeMap<String, String>, DynamoDbError> {
    let arn = dynoxide::streams::table_arn(name);
    let answer = database.list_tags_of_resource(ListTagsOfResourceRequest { resource_arn: Some(arn) })?;
    Ok(answer.tags.into_iter().map(|tag| (tag.key, tag.value)).collect())
}
