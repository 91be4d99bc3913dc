//! Deploys and deletes stacks on any endpoint that speaks CloudFormation: schedule, poll, recover, sweep.
//!
//! The crate knows stacks, parameters and outputs; what the stacks are for is the caller's business. Nothing is
//! printed: every state change is an [`Event`].
//!
//! - [`apply`] creates or updates a set of stacks, each as soon as its inputs stand on the [`Blackboard`].
//! - [`delete`] deletes a set of stacks, each as soon as the stacks that use it are gone.
//! - [`inspect`] reads what is deployed.
//! - [`sweep`] looks for what a deletion left behind.

mod api;
mod apply;
mod blackboard;
mod cause;
mod delete;
mod deletion;
mod error;
mod event;
mod hooks;
pub mod inspect;
mod operation;
mod outcome;
mod pacing;
mod poller;
mod schedule;
mod spec;
mod status;
pub mod sweep;

pub use apply::{ApplyOptions, apply};
pub use blackboard::{Blackboard, Promise, Unavailable};
pub use delete::{DeleteOptions, delete};
pub use error::Error;
pub use event::{Event, Recovery, ResourceEvent};
pub use hooks::{DeletionHooks, NoHooks};
pub use inspect::DeployedStack;
pub use outcome::{Cause, Failure, Outcome, StackReport};
pub use pacing::Pacing;
pub use spec::{DeleteSpec, StackSpec};
pub use status::Sentiment;
