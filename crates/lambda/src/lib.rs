//! What the Lambda functions share: starting ([`start`], [`start_authorizer`]), API Gateway's proxy events ([`proxy`])
//! and questions to authorizers ([`authorizer`]), and calls that keep environments alive ([`warm_up`]).
//!
//! Each program in `src/bin` is one function for the runtimes `provided.*`: it names the work and leaves the rest to
//! [`start`]. A function has one environment, one request at a time, so one thread serves it.

pub mod authorizer;
pub mod proxy;
pub mod warm_up;

mod environment;
mod log;
mod start;

pub use environment::EnvironmentError;
pub use start::{StartError, start, start_authorizer};
pub use workload::COLD_START_HEADER;
