//! What a parameter may be, in words.

use cloudformation::template::{Parameter, ParameterKind};

/// A phrase such as `128 to 10240`, `x86_64 or arm64` or `at most 64 characters`.
pub(crate) fn phrase(parameter: &Parameter) -> String {
    if !parameter.allowed_values.is_empty() {
        return alternatives(&parameter.allowed_values);
    }
    if let Some(description) = &parameter.constraint_description {
        return description.clone();
    }
    if is_number(parameter) {
        let kind = if is_whole(parameter) { "whole numbers" } else { "numbers" };
        return match (parameter.min_value, parameter.max_value) {
            (Some(min), Some(max)) => format!("{min} to {max}"),
            (Some(min), None) => format!("{min} or more"),
            (None, Some(max)) => format!("{max} or less"),
            (None, None) => kind.to_owned(),
        };
    }
    if let Some(pattern) = &parameter.allowed_pattern {
        return format!("text that matches {pattern}");
    }
    match (parameter.min_length, parameter.max_length) {
        (Some(min), Some(max)) => format!("{min} to {max} characters"),
        (Some(min), None) => format!("at least {min} characters"),
        (None, Some(max)) => format!("at most {max} characters"),
        (None, None) => "any text of at most 4096 bytes".to_owned(),
    }
}

/// `a, b or c`
pub(crate) fn alternatives(values: &[String]) -> String {
    match values.split_last() {
        None => "nothing".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}

/// Whether a value suits the parameter. CloudFormation takes any number where a service then wants a whole one, so a
/// number must be whole where everything that the template says about it is.
pub(crate) fn suits(parameter: &Parameter, value: &str) -> bool {
    parameter.check(value).is_ok() && (!is_whole(parameter) || value.parse::<i64>().is_ok())
}

fn is_number(parameter: &Parameter) -> bool {
    parameter.kind == ParameterKind::Number
}

fn is_whole(parameter: &Parameter) -> bool {
    is_number(parameter)
        && parameter.default.iter().chain(&parameter.allowed_values).all(|text| text.parse::<i64>().is_ok())
        && [parameter.min_value, parameter.max_value].iter().flatten().all(|bound| bound.fract() == 0.0)
}
