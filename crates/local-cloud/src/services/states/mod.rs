//! AWS Step Functions: state machines, and executions that are kept (Standard) or pass (Express).
//!
//! <https://docs.aws.amazon.com/step-functions/latest/apireference/Welcome.html>

mod arn;
mod error;
mod execution;
mod history;
mod integration;
mod logging;
mod machine;
mod operations;
mod run;
mod wire;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

pub use error::StatesError;
pub use execution::{Execution, Progress, Status};
pub use logging::{LogLevel, Logging};
pub use machine::{MachineType, Revision, Settings, StateMachine};
pub use operations::start_execution;
pub use wire::StatesApi;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Services;
use execution::Executions;

/// Tags that a resource may have.
const MAX_TAGS: usize = 50;

/// Executions that may run at once.
///
/// AWS allows a million; here each takes memory of this process.
const MAX_RUNNING: usize = 4096;

/// The state machines of a region.
pub struct States {
    machines: RwLock<BTreeMap<String, Arc<StateMachine>>>,
    executions: Executions,
    running: Arc<Semaphore>,
}

impl Default for States {
    fn default() -> Self {
        Self {
            machines: RwLock::default(),
            executions: Executions::default(),
            running: Arc::new(Semaphore::new(MAX_RUNNING)),
        }
    }
}

impl States {
    /// Leave for one execution to run.
    fn permit(&self) -> Result<OwnedSemaphorePermit, StatesError> {
        let running = Arc::clone(&self.running);
        running.try_acquire_owned().map_err(|_| StatesError::ExecutionLimit { limit: MAX_RUNNING })
    }

    /// Makes a state machine. One that exists with the same settings is given back as it is.
    ///
    /// # Errors
    /// An invalid name or definition, a role that Step Functions may not assume, a log group that is not there, and a
    /// machine of that name that differs.
    pub fn create(
        &self,
        services: &Services,
        name: &str,
        kind: MachineType,
        settings: Settings,
    ) -> Result<Arc<StateMachine>, StatesError> {
        arn::check_name(name)?;
        let arn = arn::machine(&services.context, name);
        let revision = Revision::check(services, name, kind, settings)?;
        let mut machines = self.machines.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(existing) = machines.get(name) {
            let current = existing.revision();
            let same = existing.kind == kind
                && current.settings.definition == revision.settings.definition
                && current.settings.logging == revision.settings.logging
                && current.settings.tracing == revision.settings.tracing;
            return if same { Ok(Arc::clone(existing)) } else { Err(StatesError::MachineExists { arn }) };
        }
        let machine = Arc::new(StateMachine::new(name, arn, kind, revision));
        machines.insert(name.to_owned(), Arc::clone(&machine));
        Ok(machine)
    }

    /// Gives a machine new settings; executions that run keep theirs.
    pub fn update(
        &self,
        services: &Services,
        arn: &str,
        settings: Settings,
    ) -> Result<Arc<Revision>, StatesError> {
        let machine = self.machine(arn)?;
        machine.replace(Revision::check(services, &machine.name, machine.kind, settings)?);
        Ok(machine.revision())
    }

    /// Deletes a machine with its executions. One that does not exist is a success, as with AWS.
    pub fn delete(&self, arn: &str) -> Result<(), StatesError> {
        let name = arn::machine_name(arn)?;
        let removed = self.machines.write().unwrap_or_else(PoisonError::into_inner).remove(name);
        if let Some(machine) = removed {
            self.executions.forget(&machine.arn);
        }
        Ok(())
    }

    /// A machine by its ARN.
    pub fn machine(&self, arn: &str) -> Result<Arc<StateMachine>, StatesError> {
        let name = arn::machine_name(arn)?;
        let machines = self.machines.read().unwrap_or_else(PoisonError::into_inner);
        let found = machines.get(name).filter(|machine| machine.arn == arn).cloned();
        found.ok_or_else(|| StatesError::no_machine(arn))
    }

    /// All machines in order of their names.
    #[must_use]
    pub fn machines(&self) -> Vec<Arc<StateMachine>> {
        self.machines.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}
