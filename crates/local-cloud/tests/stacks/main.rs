//! Whole stacks over the cloud: the project's own templates and small ones, with real processes behind real ports.

mod attributes;
mod direct;
mod failures;
mod fargate;
mod foundation;
mod lambda;
mod support;
