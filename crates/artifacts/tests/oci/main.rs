//! The image that this project builds, in the hands of programs that others wrote: Debian's registry and skopeo.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on panics")]

mod debian;
mod disagreement;
mod embedded;
mod exchange;
mod skopeo;
mod tool;
