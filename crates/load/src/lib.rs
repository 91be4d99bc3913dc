//! The load generator: it knows addresses, not AWS.
//!
//! [`run`] sends a [`Plan`]'s requests to several [`Target`]s, interleaved in seeded random rounds, and gives one
//! [`Outcome`] for each. A closed loop keeps a number of connections busy; an open loop keeps a rate, whatever the target
//! does, and counts latency from the moment a request was meant to be sent, so that a stall is not hidden by the
//! requests that it kept back (<https://www.infoq.com/presentations/latency-response-time/>).
//!
//! A worker owns one HTTP/1.1 connection and its statistics. Nothing is shared on the hot path but two counters: what is
//! left to send, and what ended.

mod closed;
mod connection;
mod connector;
mod crew;
mod deadline;
mod error;
mod open;
mod outcome;
mod plan;
mod progress;
mod run;
mod target;
mod worker;

pub use error::LoadError;
pub use outcome::{FailureKind, Outcome};
pub use plan::{Limit, Plan, Shape};
pub use progress::Progress;
pub use run::run;
pub use target::{BodyCheck, Predicate, Target};
