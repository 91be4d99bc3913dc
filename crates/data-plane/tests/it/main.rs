//! The data planes with real processes.

mod function;
mod launcher;
mod support;
