//! The work that every variant of a workload does, free of HTTP frameworks and of Lambda.
//!
//! - [`Workload`] finds a workload by its name.
//! - [`publish`] is the work behind `POST /publish`.
//! - [`query`] is the work behind `GET /turkeys/{breed}`.
//! - [`crud`] is the work behind `/items`.
//! - [`proxy`] is the work behind `GET /{path}`.
//! - [`proof`] is the shape of the requests that show whether two variants do the same work.
//! - [`trace`] sends traces of requests to X-Ray.
//! - [`aws`] is how the programs call AWS.
//! - [`Refusal`] is the one error answer: a status and a JSON body that leaks no internals.
//! - [`ConfigError`] says which part of the environment is missing and how to set it.

pub mod aws;
pub mod crud;
pub mod proof;
pub mod proxy;
pub mod publish;
pub mod query;
pub mod trace;

mod config;
mod kind;
mod refusal;

pub use config::ConfigError;
pub use kind::{UnknownWorkload, Workload};
pub use refusal::Refusal;

/// The header on the first answer of a function's environment. Its value is `1`; later answers do not have it.
pub const COLD_START_HEADER: &str = "x-cold-start";
