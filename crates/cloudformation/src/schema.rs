//! The shape of a resource type, in the vocabulary of CloudFormation's resource provider schemas.
//!
//! <https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html>

use serde_json::Value;

/// One resource type's schema; see [`Schema::parse`].
#[derive(Clone, Debug)]
pub struct Schema {
    /// `AWS::SNS::Topic`
    pub type_name: String,
    /// The document: `properties`, `required`, `definitions`, `createOnlyProperties`, `readOnlyProperties`.
    pub document: Value,
}
