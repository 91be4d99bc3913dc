//! Runs every case of `tests/corpus`, which is plain data: a template, a request, and what must come out.

use std::path::Path;

use indexmap::IndexMap;
use serde::Deserialize;
use vtl::{Params, RenderError, Request, Template, Undefined};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    /// The page that documents the behaviour.
    source: String,
    #[serde(default)]
    undefined: Policy,
    #[serde(rename = "case")]
    cases: Vec<Case>,
}

#[derive(Deserialize, Clone, Copy, Default)]
#[serde(rename_all = "lowercase")]
enum Policy {
    #[default]
    Empty,
    Source,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    template: String,
    #[serde(default)]
    body: String,
    #[serde(default)]
    params: ParamsData,
    #[serde(default)]
    context: serde_json::Value,
    #[serde(default)]
    stage_variables: IndexMap<String, String>,
    expect: Option<String>,
    #[serde(default)]
    overrides: OverridesData,
    /// `parse LINE:COLUMN` or the kind of a render error.
    error: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct ParamsData {
    path: IndexMap<String, String>,
    querystring: IndexMap<String, String>,
    header: IndexMap<String, String>,
}

#[derive(Deserialize, Default, PartialEq, Debug)]
#[serde(deny_unknown_fields, default)]
struct OverridesData {
    request_header: IndexMap<String, Vec<String>>,
    request_querystring: IndexMap<String, Vec<String>>,
    request_path: IndexMap<String, String>,
    response_status: Option<u16>,
    response_header: IndexMap<String, Vec<String>>,
}

#[derive(PartialEq, Debug)]
enum Outcome {
    Text(String, Box<OverridesData>),
    Error(String),
}

fn outcome(case: &Case, policy: Policy) -> Outcome {
    let template = match Template::parse(&case.template) {
        Ok(template) => template,
        Err(error) => return Outcome::Error(format!("parse {}:{}", error.line, error.column)),
    };
    let template = template.with_undefined(match policy {
        Policy::Empty => Undefined::Empty,
        Policy::Source => Undefined::Source,
    });
    let params = Params {
        path: case.params.path.clone(),
        querystring: case.params.querystring.clone(),
        header: case.params.header.clone(),
    };
    let request = Request {
        body: &case.body,
        params: &params,
        context: &case.context,
        stage_variables: &case.stage_variables,
    };
    match template.render(&request) {
        Ok(rendered) => {
            let overrides = OverridesData {
                request_header: rendered.overrides.request_header,
                request_querystring: rendered.overrides.request_querystring,
                request_path: rendered.overrides.request_path,
                response_status: rendered.overrides.response_status,
                response_header: rendered.overrides.response_header,
            };
            Outcome::Text(rendered.body, Box::new(overrides))
        }
        Err(error) => Outcome::Error(
            match error {
                RenderError::BodyIsNotJson { .. } => "body is not JSON",
                RenderError::OverrideSetTwice { .. } => "override set twice",
                RenderError::InvalidOverride { .. } => "invalid override",
                RenderError::Call { .. } => "call",
                RenderError::LimitExceeded { .. } => "limit",
                _ => "another error",
            }
            .to_owned(),
        ),
    }
}

#[test]
fn every_case_of_the_corpus_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut failures = Vec::new();
    let mut count = 0;
    for file in std::fs::read_dir(&folder).unwrap() {
        let path = file.unwrap().path();
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        let group: Group = toml::from_str(&std::fs::read_to_string(&path).unwrap())
            .unwrap_or_else(|error| panic!("{stem}: {error}"));
        assert!(group.source.starts_with("https://"), "{stem}: the source is a page");
        let mut names = std::collections::HashSet::new();
        for case in group.cases {
            assert!(names.insert(case.name.clone()), "{stem}: two cases are named {}", case.name);
            count += 1;
            let found = outcome(&case, group.undefined);
            let expected = match (case.expect, case.error) {
                (Some(text), None) => Outcome::Text(text, Box::new(case.overrides)),
                (None, Some(error)) => Outcome::Error(error),
                _ => panic!("{stem}: {} expects either text or an error", case.name),
            };
            if found != expected {
                failures
                    .push(format!("{stem}: {}\n  expected {expected:?}\n  found    {found:?}", case.name));
            }
        }
    }
    assert!(failures.is_empty(), "{} of {count} cases fail\n{}", failures.len(), failures.join("\n"));
    assert!(count >= 180, "the corpus has only {count} cases");
}
