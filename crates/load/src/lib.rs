//! The load generator: it knows addresses, not AWS.
//!
//! [`run`] sends a [`Plan`]'s requests to several [`Target`]s, interleaved in seeded random rounds, and gives one
//! [`Outcome`] for each. A closed loop keeps a number of connections or users busy; an open loop keeps a rate, whatever the
//! target does, and counts latency from the moment a request was meant to be sent, so that a stall is not hidden by the
//! requests that it kept back (<https://www.infoq.com/presentations/latency-response-time/>).
//!
//! The generator has one thread a processor. A thread owns its connections and its statistics; nothing is shared on the
//! hot path but two counters: what is left to send, and what ended. HTTP/2 is hyper's; HTTP/1.1 is spoken straight to the
//! socket, which takes half of the processor time that hyper's client takes (`cargo bench -p load`).

mod arrivals;
mod closed;
mod connection;
mod connector;
mod deadline;
mod error;
mod framing;
mod http1;
mod lanes;
mod open;
mod outcome;
mod pacer;
mod plan;
mod progress;
mod run;
mod tally;
mod target;
mod worker;

pub use arrivals::{Arrivals, Due, Spread, Step};
pub use error::LoadError;
pub use outcome::Outcome;
pub use plan::{ConnectionUse, Limit, Plan, Shape, Think};
pub use progress::Progress;
pub use run::run;
pub use tally::{FailureKind, Raw, Second, Tally};
pub use target::{Accepts, Choice, Predicate, Seal, Sealer, Target, TargetRequest};
