//! Whole stacks over the cloud: the project's own templates and small ones, with real processes behind real ports.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic, and so may what it calls")]
#![allow(clippy::similar_names, reason = "a test and the text of its template are told apart well enough")]

mod apprunner;
mod attributes;
mod authorizer;
mod direct;
mod domain;
mod ec2;
mod express;
mod failures;
mod fargate;
mod foundation;
mod gateway;
mod lambda;
mod proxy;
mod query_stepfunctions;
mod secrets;
mod stepfunctions;
mod support;
mod table;
mod warm;
