//! The CloudFormation engine: templates, intrinsics, change sets, stacks and their events.

pub mod handler;
pub mod schema;
