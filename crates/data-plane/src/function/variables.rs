use super::{FunctionSpec, LogFormat};

/// The environment variables that Lambda sets for every runtime and that cannot be overridden.
/// <https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime>
pub(super) fn reserved(spec: &FunctionSpec, region: &str) -> Vec<(&'static str, String)> {
    let mut variables = vec![
        ("_HANDLER", spec.handler.clone()),
        ("AWS_REGION", region.to_owned()),
        ("AWS_DEFAULT_REGION", region.to_owned()),
        ("AWS_LAMBDA_FUNCTION_NAME", spec.name.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", spec.version.clone()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", spec.memory_mb.to_string()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", spec.log_group.clone()),
        ("LAMBDA_RUNTIME_DIR", "/var/runtime".to_owned()),
        ("LANG", "en_US.UTF-8".to_owned()),
        ("PATH", "/usr/local/bin:/usr/bin:/bin:/opt/bin".to_owned()),
        ("TZ", ":UTC".to_owned()),
    ];
    match spec.log_format {
        LogFormat::Text => variables.push(("AWS_LAMBDA_LOG_FORMAT", "Text".to_owned())),
        LogFormat::Json => {
            variables.push(("AWS_LAMBDA_LOG_FORMAT", "JSON".to_owned()));
            let level = spec.log_level.clone().unwrap_or_else(|| "INFO".to_owned());
            variables.push(("AWS_LAMBDA_LOG_LEVEL", level));
        }
    }
    variables
}
