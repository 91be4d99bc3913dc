//! What exists: the tables by name.

use dynoxide::Database;
use dynoxide::actions::list_tables::ListTablesRequest;

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
