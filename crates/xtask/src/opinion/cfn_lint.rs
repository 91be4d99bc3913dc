//! cfn-lint: resources, properties and references against CloudFormation's own schemas; its warnings count.

use std::time::Duration;

use super::script::keep;
use crate::step::{Failed, answer};
use crate::tools::python;

/// It reads all its schemas at each start, and all templates take it ten seconds on two cores.
const LIMIT: Duration = Duration::from_mins(3);

/// A template that names a property which its type does not have.
const SPOILT: &str = "\
AWSTemplateFormatVersion: \"2010-09-09\"
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties: {TopicColour: blue}
";
/// The rule that such a template breaks.
const RULE: &str = "E3002";

pub fn ask() -> Result<String, Failed> {
    let spoilt = keep("spoilt-for-cfn-lint.yaml", SPOILT)?;
    match lint(&[&spoilt.to_string_lossy()]) {
        Err(Failed::Answer { said, .. }) if said.contains(RULE) => {}
        Err(Failed::Answer { .. }) | Ok(_) => {
            return Err(Failed::Blind {
                tool: "cfn-lint",
                mutation: "a property that a topic does not have",
            });
        }
        Err(other) => return Err(other),
    }
    lint(&["templates/foundation/*.yaml", "templates/variants/*.yaml", "deploy/tests/own_variant/*.yaml"])?;
    Ok("all templates clean, warnings included, and no rule set aside; an unknown property caught".into())
}

fn lint(templates: &[&str]) -> Result<String, Failed> {
    let program = python::program("cfn-lint").to_string_lossy().into_owned();
    // Mandatory are the rules that no template and no configuration file can set aside.
    let strict = ["--non-zero-exit-code", "warning", "--mandatory-checks", "E", "W", "--"];
    let arguments: Vec<&str> = strict.into_iter().chain(templates.iter().copied()).collect();
    answer(&program, &arguments, LIMIT)
}
