//! The data planes with real processes.

mod balancer;
mod function;
mod image;
mod launcher;
mod service;
mod support;
mod task;
