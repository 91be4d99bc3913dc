//! The CloudFormation engine: templates, intrinsics, change sets, stacks and their events.

mod check;
pub mod engine;
mod error;
mod evaluate;
mod function;
pub mod handler;
mod outline;
mod references;
pub mod schema;
pub mod signals;
mod status;
mod substitution;
pub mod template;

pub use check::CheckError;
pub use engine::{Engine, EngineOptions};
pub use error::EngineError;
pub use handler::{Failure, Handler, Registry, Request, Resource};
pub use outline::PlannedResource;
pub use schema::Schema;
pub use status::{ResourceStatus, StackStatus};
pub use template::Template;
