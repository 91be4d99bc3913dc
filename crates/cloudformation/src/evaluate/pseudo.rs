//! The pseudo parameters.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html>

use serde_json::Value;

/// The pseudo parameter that drops what it is given to.
pub(crate) const NO_VALUE: &str = "AWS::NoValue";

const NAMES: [&str; 8] = [
    "AWS::AccountId",
    "AWS::NotificationARNs",
    NO_VALUE,
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
];

/// Whether a name is one of a pseudo parameter.
pub(crate) fn is_pseudo(name: &str) -> bool {
    NAMES.contains(&name)
}

/// The values of the pseudo parameters of one stack.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Pseudo {
    pub account: String,
    pub notification_arns: Vec<String>,
    pub partition: String,
    pub region: String,
    pub stack_id: String,
    pub stack_name: String,
    pub url_suffix: String,
}

impl Pseudo {
    /// The value of a pseudo parameter other than `AWS::NoValue`.
    pub(crate) fn value(&self, name: &str) -> Option<Value> {
        Some(match name {
            "AWS::AccountId" => Value::from(self.account.as_str()),
            "AWS::NotificationARNs" => Value::from(self.notification_arns.clone()),
            "AWS::Partition" => Value::from(self.partition.as_str()),
            "AWS::Region" => Value::from(self.region.as_str()),
            "AWS::StackId" => Value::from(self.stack_id.as_str()),
            "AWS::StackName" => Value::from(self.stack_name.as_str()),
            "AWS::URLSuffix" => Value::from(self.url_suffix.as_str()),
            _ => return None,
        })
    }
}
