//! `AWS::DynamoDB::*`

mod changes;
mod table;

pub(super) use table::Table;
