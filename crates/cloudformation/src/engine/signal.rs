//! Signals that come through the API.

use super::{Engine, lock};
use crate::error::EngineError;
use crate::signals::Signal;

impl Engine {
    /// Passes a signal to a resource of a stack that waits for it.
    ///
    /// <https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_SignalResource.html>
    ///
    /// # Errors
    /// There is no such stack or resource, or it waits for no signal.
    pub fn signal_resource(&self, stack: &str, logical_id: &str, signal: Signal) -> Result<(), EngineError> {
        let status = self.resource(stack, logical_id)?.status;
        let name = lock(&self.inner.find(stack)?).name.clone();
        self.inner.options.signals.send(&name, logical_id, signal).map_err(|_| {
            EngineError::Validation(format!(
                "Resource {logical_id} is in {} state and cannot be signaled",
                status.as_str()
            ))
        })
    }
}
