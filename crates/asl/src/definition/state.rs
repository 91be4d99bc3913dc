use serde_json::Value;

use super::fields::{Fields, shown};
use super::scope::Reader;
use super::templates::Templates;
use super::{Kind, Language, ResultPath, Selection, State, catch, choice, map, work};
use crate::jsonata::Available;
use crate::path::{Path, is_variable_name};
use crate::problem::below;
use crate::template::Template;

const TYPES: [&str; 8] = ["Pass", "Task", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map"];

/// Reads one state. What is wrong with it goes to the reader's problems.
pub(super) fn state(name: &str, value: &Value, location: &str, reader: &Reader<'_>) -> Option<State> {
    let fields = Fields::new(value, location, reader.problems)?;
    let kind = fields.required_text("Type")?;
    if !TYPES.contains(&kind) {
        fields.add("Type", format!("`{kind}` must be one of {}", TYPES.join(", ")));
        return None;
    }
    fields.text("Comment");
    let language = reader.language(&fields);
    let templates = Templates { language, problems: reader.problems, available: Available::default() };
    let has_result = matches!(kind, "Task" | "Parallel" | "Map");
    let after = if has_result { templates.with_result() } else { templates };
    let mut state = State {
        name: name.to_owned(),
        language,
        kind: Kind::Succeed,
        input: Selection::All,
        parameters: None,
        result_selector: None,
        result_path: ResultPath::Whole,
        selected: Selection::All,
        output: None,
        assign: Vec::new(),
        retry: Vec::new(),
        catch: Vec::new(),
        next: None,
    };
    if kind != "Fail" {
        match language {
            Language::JsonPath => {
                state.input = selection(&fields, "InputPath");
                state.selected = selection(&fields, "OutputPath");
            }
            Language::Jsonata => state.output = after.field(&fields, "Output"),
        }
    }
    if !matches!(kind, "Fail" | "Succeed") {
        state.assign = assignments(after, &fields);
    }
    if language == Language::JsonPath && (has_result || kind == "Pass") {
        state.result_path = result_path(&fields);
    }
    match (language, kind) {
        (Language::JsonPath, "Pass" | "Task" | "Parallel") => {
            state.parameters = templates.object_field(&fields, "Parameters");
        }
        (Language::Jsonata, "Task" | "Parallel") => state.parameters = templates.field(&fields, "Arguments"),
        _ => {}
    }
    if has_result {
        if language == Language::JsonPath {
            state.result_selector = templates.object_field(&fields, "ResultSelector");
        }
        state.retry = catch::retriers(templates, &fields);
        state.catch = catch::catchers(templates, &fields);
    }
    if !matches!(kind, "Choice" | "Succeed" | "Fail") {
        state.next = transition(&fields);
    }
    state.kind = match kind {
        "Pass" if language == Language::JsonPath => Kind::Pass { result: fields.take("Result").cloned() },
        "Pass" => Kind::Pass { result: None },
        "Task" => Kind::Task(Box::new(work::task(templates, &fields))),
        "Choice" => Kind::Choice(choice::choice(templates, &fields)),
        "Wait" => Kind::Wait(work::pause(templates, &fields)?),
        "Fail" => Kind::Fail {
            error: templates.text_or_path(&fields, "Error", true),
            cause: templates.text_or_path(&fields, "Cause", true),
        },
        "Parallel" => Kind::Parallel { branches: branches(&fields, reader) },
        "Map" => Kind::Map(Box::new(map::map(templates, &fields, reader)?)),
        _ => Kind::Succeed,
    };
    fields.finish(language);
    Some(state)
}

fn branches(fields: &Fields<'_>, reader: &Reader<'_>) -> Vec<super::Scope> {
    fields.require("Branches");
    let Some(entries) = fields.array("Branches") else { return Vec::new() };
    if entries.is_empty() {
        fields.add("Branches", "must have at least one branch");
    }
    let location = fields.at("Branches");
    entries
        .iter()
        .enumerate()
        .filter_map(|(at, entry)| reader.nested(entry, &below(&location, at), &[]))
        .collect()
}

/// `Next`, or nothing for `"End": true`.
fn transition(fields: &Fields<'_>) -> Option<String> {
    let next = fields.text("Next").map(str::to_owned);
    let end = fields.take("End");
    let is_end = match end {
        None => false,
        Some(Value::Bool(flag)) => *flag,
        Some(other) => {
            fields.add("End", format!("{} must be true or false", shown(other)));
            true
        }
    };
    match (fields.has("Next"), is_end) {
        (true, true) => fields.add("End", "`End` and `Next` exclude each other"),
        (false, false) => {
            fields.problems.add(&fields.location, "either `Next` or `\"End\": true` is missing");
        }
        _ => {}
    }
    next
}

fn selection(fields: &Fields<'_>, name: &str) -> Selection {
    match fields.take(name) {
        None => Selection::All,
        Some(Value::Null) => Selection::Nothing,
        Some(Value::String(text)) => match Path::parse(text) {
            Ok(path) => Selection::Part(path),
            Err(message) => {
                fields.add(name, message);
                Selection::All
            }
        },
        Some(other) => {
            fields.add(name, format!("{} must be a path or null", shown(other)));
            Selection::All
        }
    }
}

/// `ResultPath`: a reference path into the state's input.
pub(super) fn result_path(fields: &Fields<'_>) -> ResultPath {
    let text = match fields.take("ResultPath") {
        None => return ResultPath::Whole,
        Some(Value::Null) => return ResultPath::Discard,
        Some(Value::String(text)) if text == "$" => return ResultPath::Whole,
        Some(Value::String(text)) => text,
        Some(other) => {
            fields.add("ResultPath", format!("{} must be a reference path or null", shown(other)));
            return ResultPath::Whole;
        }
    };
    let place = Path::parse(text).map(Path::into_reference);
    match place {
        Ok(Some(place)) if !place.counts_from_the_end() => return ResultPath::Place(place, text.clone()),
        Ok(_) => fields.add(
            "ResultPath",
            format!(
                "`{text}` must be a reference path into the input: it starts with `$`, and has no operators"
            ),
        ),
        Err(message) => fields.add("ResultPath", message),
    }
    ResultPath::Whole
}

/// `Assign`: the variables to set.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html>
pub(super) fn assignments(templates: Templates<'_>, fields: &Fields<'_>) -> Vec<(String, Template)> {
    let Some(value) = fields.take("Assign") else { return Vec::new() };
    let location = fields.at("Assign");
    let Some(members) = value.as_object() else {
        fields.add("Assign", format!("{} must be an object", shown(value)));
        return Vec::new();
    };
    let mut assigned = Vec::new();
    for (key, value) in members {
        let location = below(&location, key);
        let (name, template) = match key.strip_suffix(".$") {
            Some(name) if templates.language == Language::JsonPath => {
                (name, templates.dynamic(value, &location, key))
            }
            _ => (key.as_str(), templates.value(value, &location, &format!("Assign/{key}"), 0)),
        };
        if name == "states" {
            fields.problems.add(&location, "`states` is reserved");
        } else if !is_variable_name(name) {
            fields.problems.add(
                &location,
                format!(
                    "`{name}` must be a variable's name: a letter, then letters, digits or `_`, at most 80"
                ),
            );
        }
        assigned.push((name.to_owned(), template));
    }
    assigned
}
