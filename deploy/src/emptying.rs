//! Empties the buckets of a stack before it is deleted, and clears away what its services leave behind.

use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;
use serde_json::json;
use signed_http::JsonVersion;
use stacks::DeletionHooks;

use crate::failure::chain;
use crate::target::Target;

/// CloudFormation deletes a bucket only when it is empty, and S3 cannot be told to empty it.
pub struct Emptying {
    cloudformation: aws_sdk_cloudformation::Client,
    signed: signed_http::Client,
    /// What the names of log groups begin with that outlive the stacks seen so far.
    leavings: Mutex<Vec<String>>,
}

impl Emptying {
    pub fn shared(target: &Target) -> Arc<Self> {
        Arc::new(Self {
            cloudformation: target.cloudformation.clone(),
            signed: target.signed.clone(),
            leavings: Mutex::default(),
        })
    }

    /// Deletes the log groups that the deleted stacks' services made and left behind.
    ///
    /// # Errors
    /// CloudWatch Logs refuses; what is left is found by the sweep.
    pub async fn clear_leavings(&self) -> Result<(), String> {
        let prefixes = std::mem::take(&mut *self.leavings.lock().unwrap_or_else(PoisonError::into_inner));
        for prefix in prefixes {
            let found = self.logs("DescribeLogGroups", json!({"logGroupNamePrefix": prefix})).await?;
            for group in found["logGroups"].as_array().into_iter().flatten() {
                self.logs("DeleteLogGroup", json!({"logGroupName": group["logGroupName"]})).await?;
            }
        }
        Ok(())
    }

    async fn logs(&self, operation: &str, input: serde_json::Value) -> Result<serde_json::Value, String> {
        let target = format!("Logs_20140328.{operation}");
        let answer = self.signed.json("logs", &target, JsonVersion::V1_1, input).await;
        answer.map_err(|error| chain(&error))
    }

    async fn empty(&self, stack: &str) -> Result<(), String> {
        let answer = self.cloudformation.describe_stack_resources().stack_name(stack).send().await.map_err(
            |error| {
                format!(
                    "the resources of {stack} cannot be listed: {}",
                    aws_sdk_cloudformation::error::DisplayErrorContext(error)
                )
            },
        )?;
        for resource in answer.stack_resources() {
            let physical_id = resource.physical_resource_id().unwrap_or_default();
            if resource.resource_type() == Some("AWS::AppRunner::Service") {
                let prefix = app_runner_logs(physical_id);
                self.leavings.lock().unwrap_or_else(PoisonError::into_inner).extend(prefix);
            }
            let is_bucket = resource.resource_type() == Some("AWS::S3::Bucket");
            if let Some(bucket) = resource.physical_resource_id().filter(|id| is_bucket && !id.is_empty()) {
                artifacts::bucket::empty(&self.signed, bucket).await.map_err(|error| chain(&error))?;
            }
        }
        Ok(())
    }
}

impl DeletionHooks for Emptying {
    fn before_delete<'a>(&'a self, stack: &'a str) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(self.empty(stack))
    }
}

/// What the names of an App Runner service's log groups begin with; App Runner makes them, and they outlive it.
///
/// <https://docs.aws.amazon.com/apprunner/latest/dg/monitor-cwl.html>
fn app_runner_logs(arn: &str) -> Option<String> {
    let (_, name_and_id) = arn.split_once(":service/")?;
    let whole = name_and_id.split_once('/').is_some_and(|(name, id)| !name.is_empty() && !id.is_empty());
    whole.then(|| format!("/aws/apprunner/{name_and_id}/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logs_of_an_app_runner_service_follow_from_its_arn() {
        let arn = "arn:aws:apprunner:us-east-1:000000000000:service/web/0a1b";
        assert_eq!(app_runner_logs(arn).as_deref(), Some("/aws/apprunner/web/0a1b/"));
        for incomplete in
            ["", "arn:aws:apprunner:us-east-1:0:service/", "arn:aws:apprunner:us-east-1:0:service/web/"]
        {
            assert_eq!(app_runner_logs(incomplete), None);
        }
    }
}
