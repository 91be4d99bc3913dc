//! The engine over a cloud in memory.
#![allow(
    clippy::unwrap_used,
    reason = "functions that only tests call are tests too, which clippy cannot see"
)]

mod change_sets;
mod signals;
mod stacks;
mod support;
mod templates;
