//! The CloudFormation engine: templates, intrinsics, change sets, stacks and their events.

mod evaluate;
mod function;
pub mod handler;
pub mod schema;
mod substitution;
pub mod template;

pub use handler::{Failure, Handler, Registry, Request, Resource};
pub use schema::Schema;
pub use template::Template;
