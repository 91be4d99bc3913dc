//! What is assumed of requests before any was measured.

use std::collections::BTreeMap;

use report::{FunctionUse, Usage};
use workload::Workload;

use super::{bill, resources};
use crate::context::Context;
use crate::failure::Failure;
use crate::work;

/// Lines of an access log, and what a function's platform writes about a call.
const ACCESS_LOG_BYTES: f64 = 550.0;
const CALL_LOG_BYTES: f64 = 500.0;
/// Clients that keep their connections open send about so many requests over one.
const REQUESTS_A_CONNECTION: f64 = 100.0;
/// How often an authorizer is asked, as what it says is remembered.
const AUTHORIZER_CALLS: f64 = 0.01;

/// What is assumed of a request to a variant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Assumption {
    /// Milliseconds that are billed for a call of a function.
    pub billed_ms: f64,
    /// Milliseconds that an execution of a state machine takes.
    pub execution_ms: f64,
}

impl Assumption {
    /// What a variant would be billed for, with certain parameters.
    pub fn bill(
        &self,
        context: &Context,
        variant: &catalog::Variant,
        parameters: &BTreeMap<String, String>,
        region: &str,
    ) -> Result<report::Bill, Failure> {
        let workload: Workload =
            variant.workload.parse().map_err(|error: workload::UnknownWorkload| Failure::of(&error))?;
        let mut usage = Usage {
            connections: 1.0 / REQUESTS_A_CONNECTION,
            execution_ms: Some(self.execution_ms),
            ..work::usage(workload, parameters)
        };
        for resource in resources(&variant.template, parameters, region)? {
            match resource.kind.as_str() {
                "AWS::Lambda::Function" => {
                    let calls = if resource.id.contains("Authorizer") { AUTHORIZER_CALLS } else { 1.0 };
                    usage.log_bytes += calls * CALL_LOG_BYTES;
                    usage.functions.insert(resource.id, FunctionUse { calls, billed_ms: self.billed_ms });
                }
                "AWS::ApiGateway::Stage" if resource.properties.get("AccessLogSetting").is_some() => {
                    usage.log_bytes += ACCESS_LOG_BYTES;
                }
                _ => {}
            }
        }
        bill(&context.catalog, variant, parameters, region, &usage)
    }
}
