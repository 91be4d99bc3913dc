//! The language as a whole, through the crate's public interface.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod corpus;
mod properties;
mod spawn;
mod world;
