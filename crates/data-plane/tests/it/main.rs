//! The data planes with real processes.
#![allow(clippy::unwrap_used, reason = "helpers of tests fail as tests do, and are not known as such")]

mod balancer;
mod function;
mod image;
mod launcher;
mod rest_api;
mod rest_cache;
mod rest_gateway;
mod rest_integration;
mod rest_policy;
mod runner;
mod service;
mod support;
mod task;
mod tls;
