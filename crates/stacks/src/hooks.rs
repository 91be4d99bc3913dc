//! What the caller does before a stack is deleted.

use futures::future::BoxFuture;

/// Empties what CloudFormation does not delete while it holds something, such as a bucket.
pub trait DeletionHooks: Send + Sync {
    /// Called before each `DeleteStack` with the stack's name. An error does not stop the deletion, which then fails
    /// with CloudFormation's reason; its text is added to that.
    fn before_delete<'a>(&'a self, stack: &'a str) -> BoxFuture<'a, Result<(), String>>;
}

/// Nothing to empty.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHooks;

impl DeletionHooks for NoHooks {
    fn before_delete<'a>(&'a self, _stack: &'a str) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(std::future::ready(Ok(())))
    }
}
