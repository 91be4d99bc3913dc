//! Empties the buckets of a stack before it is deleted.

use std::sync::Arc;

use futures::future::BoxFuture;
use stacks::DeletionHooks;

use crate::failure::chain;
use crate::target::Target;

/// CloudFormation deletes a bucket only when it is empty, and S3 cannot be told to empty it.
pub struct Emptying {
    cloudformation: aws_sdk_cloudformation::Client,
    signed: signed_http::Client,
}

impl Emptying {
    pub fn shared(target: &Target) -> Arc<dyn DeletionHooks> {
        Arc::new(Self { cloudformation: target.cloudformation.clone(), signed: target.signed.clone() })
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
