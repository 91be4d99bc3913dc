//! App Runner: instances of one image behind a port of their own, started on demand, each with a limit of requests at
//! a time.
//!
//! <https://docs.aws.amazon.com/apprunner/latest/dg/manage-autoscaling.html>

mod capacity;
mod door;
mod scaler;
mod service;
mod spec;

pub use service::Runner;
pub use spec::{RunnerSpec, RunnerStatus, Scaling};
