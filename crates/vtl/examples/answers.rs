//! Renders the cases that stand under `templates` in a JSON file, and writes what came of each to stdout, as a JSON array in the
//! same order: so that programs in other languages can compare their answers with ours.

use std::error::Error;
use std::io::Write;
use std::process::ExitCode;

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Value, json};
use vtl::{Params, RenderError, Rendered, Request, Template};

#[derive(Deserialize)]
struct File {
    templates: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    template: String,
    #[serde(default)]
    body: String,
    #[serde(default)]
    params: Parameters,
    #[serde(default)]
    context: Value,
    #[serde(default)]
    stage_variables: IndexMap<String, String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Parameters {
    path: IndexMap<String, String>,
    querystring: IndexMap<String, String>,
    header: IndexMap<String, String>,
}

fn main() -> ExitCode {
    match answer_all() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where stderr is closed there is nobody to tell.
            let _ = writeln!(std::io::stderr(), "{error}");
            ExitCode::FAILURE
        }
    }
}

fn answer_all() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("name the file of cases")?;
    let file: File = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    let answers: Vec<Value> = file.templates.iter().map(answer).collect();
    serde_json::to_writer(std::io::stdout(), &answers)?;
    Ok(())
}

/// The text and the overrides, or the error.
fn answer(case: &Case) -> Value {
    let template = match Template::parse(&case.template) {
        Ok(template) => template,
        Err(error) => return json!({"error": error.to_string()}),
    };
    match render(&template, case) {
        Ok(rendered) => {
            let overrides = &rendered.overrides;
            json!({"text": rendered.body, "overrides": {
                "request_header": overrides.request_header,
                "request_querystring": overrides.request_querystring,
                "request_path": overrides.request_path,
                "response_status": overrides.response_status,
                "response_header": overrides.response_header,
            }})
        }
        Err(error) => json!({"error": error.to_string()}),
    }
}

fn render(template: &Template, case: &Case) -> Result<Rendered, RenderError> {
    let params = Params {
        path: case.params.path.clone(),
        querystring: case.params.querystring.clone(),
        header: case.params.header.clone(),
    };
    template.render(&Request {
        body: &case.body,
        params: &params,
        context: &case.context,
        stage_variables: &case.stage_variables,
    })
}
