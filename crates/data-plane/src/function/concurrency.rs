use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The account's concurrent executions, shared by all functions without a reservation.
#[derive(Debug, Clone)]
pub struct AccountConcurrency(Arc<Semaphore>);

impl AccountConcurrency {
    /// AWS gives 1,000 by default.
    #[must_use]
    pub fn new(executions: u32) -> Self {
        Self(Arc::new(Semaphore::new(executions as usize)))
    }
}

/// How many executions of one function may run at once.
/// <https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html>
pub(super) struct Concurrency {
    reserved: Option<u32>,
    executions: Arc<Semaphore>,
    /// What a reservation takes away from all other functions.
    _reservation: Option<OwnedSemaphorePermit>,
}

impl Concurrency {
    pub(super) fn new(reserved: Option<u32>, account: &AccountConcurrency) -> Self {
        let Some(count) = reserved else {
            return Self { reserved, executions: Arc::clone(&account.0), _reservation: None };
        };
        // When the account is too busy to give the reservation up at once, the function still gets it.
        let reservation = Arc::clone(&account.0).try_acquire_many_owned(count).ok();
        Self { reserved, executions: Arc::new(Semaphore::new(count as usize)), _reservation: reservation }
    }

    pub(super) fn reserved(&self) -> Option<u32> {
        self.reserved
    }

    /// The right to run once, or AWS's reason for a throttle.
    pub(super) fn acquire(&self) -> Result<OwnedSemaphorePermit, &'static str> {
        Arc::clone(&self.executions).try_acquire_owned().map_err(|_| {
            if self.reserved.is_some() {
                "ReservedFunctionConcurrentInvocationLimitExceeded"
            } else {
                "ConcurrentInvocationLimitExceeded"
            }
        })
    }
}
