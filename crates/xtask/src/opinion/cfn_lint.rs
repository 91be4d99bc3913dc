//! cfn-lint: resources, properties and references against CloudFormation's own schemas; its warnings count.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use crate::step::{Failed, answer, root};
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
    let folder = root().join("target/tools/opinions");
    let spoilt = folder.join("spoilt-for-cfn-lint.yaml");
    let wrong = |path: &PathBuf, action| {
        let path = path.clone();
        move |source| Failed::File { path, action, source }
    };
    fs::create_dir_all(&folder).map_err(wrong(&folder, "created"))?;
    fs::write(&spoilt, SPOILT).map_err(wrong(&spoilt, "written"))?;
    let said = lint(&[&spoilt.to_string_lossy()]);
    match said {
        Err(Failed::Answer { said, .. }) if said.contains(RULE) => {}
        _ => {
            return Err(Failed::Blind {
                tool: "cfn-lint",
                mutation: "a property that a topic does not have",
            });
        }
    }
    lint(&["templates/foundation/*.yaml", "templates/variants/*.yaml"])?;
    Ok("all templates clean, warnings included; an unknown property caught".into())
}

fn lint(templates: &[&str]) -> Result<String, Failed> {
    let program = python::program("cfn-lint").to_string_lossy().into_owned();
    let arguments: Vec<&str> =
        ["--non-zero-exit-code", "warning"].into_iter().chain(templates.iter().copied()).collect();
    answer(&program, &arguments, LIMIT)
}
