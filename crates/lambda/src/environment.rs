//! What Lambda gives to a function's process.

use thiserror::Error;

/// What the runtime cannot do without.
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime>
const REQUIRED: [&str; 4] = [
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
];

/// The process was not started by Lambda, or by something that acts like it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{name} is not set: this program is a Lambda function and is started by Lambda, which sets it")]
pub struct EnvironmentError {
    /// The missing variable.
    pub name: &'static str,
}

/// Looks for the variables without which the runtime would panic.
pub(crate) fn check() -> Result<(), EnvironmentError> {
    match REQUIRED.into_iter().find(|name| std::env::var_os(name).is_none()) {
        Some(name) => Err(EnvironmentError { name }),
        None => Ok(()),
    }
}
