//! Runs every case of `tests/corpus`, which is plain data: a machine, its input, what tasks answer, what must come out.

use std::path::Path;

use asl::{Details, Machine, Outcome, TaskError};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::world::{self, Act};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Group {
    /// The page that documents the behaviour.
    source: String,
    #[serde(rename = "case")]
    cases: Vec<Case>,
}

/// Exactly one of `machine`, `state`, `rule`, `value` and `expression` says what is run.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    /// Another page than the group's.
    source: Option<String>,
    /// A whole definition.
    machine: Option<String>,
    /// The one state of a machine; `"End": true` is added where it says nothing of what follows.
    state: Option<String>,
    /// A rule of a Choice state; the output is whether it holds.
    rule: Option<String>,
    /// A path or an intrinsic function; the output is its value.
    value: Option<String>,
    /// A JSONata expression; the output is its value.
    expression: Option<String>,
    language: Option<String>,
    #[serde(default = "empty")]
    input: String,
    #[serde(default)]
    tasks: Vec<TaskData>,
    jitter: Option<f64>,

    /// The output of an execution that succeeds.
    expect: Option<String>,
    /// The error of one that fails; empty for none.
    error: Option<String>,
    /// What the cause contains.
    cause: Option<String>,
    #[serde(default)]
    timed_out: bool,
    /// Where the definition is wrong.
    problems: Option<Vec<String>>,
    /// What a problem's message contains.
    message: Option<String>,
    /// How long it took, in seconds.
    elapsed: Option<f64>,
    /// What the tasks were called with, in order.
    calls: Option<String>,
    /// The types of the events.
    events: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TaskData {
    ok: Option<String>,
    error: Option<String>,
    #[serde(default)]
    cause: String,
    #[serde(default)]
    seconds: u64,
    beat: Option<u64>,
}

fn empty() -> String {
    "{}".to_owned()
}

fn read(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{error} in {json}"))
}

fn definition(case: &Case) -> String {
    let mut machine = match (&case.machine, &case.state, &case.rule, &case.value, &case.expression) {
        (Some(machine), None, None, None, None) => return machine.clone(),
        (None, Some(state), None, None, None) => {
            let mut state = read(state);
            let kind = state["Type"].as_str().unwrap_or_default().to_owned();
            if !["Choice", "Succeed", "Fail"].contains(&kind.as_str()) && state.get("Next").is_none() {
                state["End"] = json!(true);
            }
            json!({"StartAt": "X", "States": {"X": state}})
        }
        (None, None, Some(rule), None, None) => {
            let mut rule = read(rule);
            rule["Next"] = json!("Yes");
            let (yes, no) = if case.language.as_deref() == Some("JSONata") {
                (json!({"Type": "Succeed", "Output": true}), json!({"Type": "Succeed", "Output": false}))
            } else {
                let pass = |result: bool| json!({"Type": "Pass", "Result": result, "End": true});
                (pass(true), pass(false))
            };
            let choice = json!({"Type": "Choice", "Choices": [rule], "Default": "No"});
            json!({"StartAt": "X", "States": {"X": choice, "Yes": yes, "No": no}})
        }
        (None, None, None, Some(value), None) => {
            let pass =
                json!({"Type": "Pass", "Parameters": {"v.$": value}, "OutputPath": "$.v", "End": true});
            json!({"StartAt": "X", "States": {"X": pass}})
        }
        (None, None, None, None, Some(expression)) => {
            let output = format!("{{% {expression} %}}");
            json!({"QueryLanguage": "JSONata", "StartAt": "X", "States": {"X": {"Type": "Succeed", "Output": output}}})
        }
        _ => panic!("{}: exactly one thing is run", case.name),
    };
    if let Some(language) = &case.language {
        machine["QueryLanguage"] = json!(language);
    }
    machine.to_string()
}

fn acts(case: &Case) -> Vec<Act> {
    let act = |task: &TaskData| Act {
        seconds: task.seconds,
        beat: task.beat,
        answer: match (&task.ok, &task.error) {
            (Some(ok), None) => Ok(read(ok)),
            (None, Some(error)) => Err(TaskError { error: error.clone(), cause: task.cause.clone() }),
            _ => panic!("{}: a task either answers or fails", case.name),
        },
    };
    case.tasks.iter().map(act).collect()
}

/// What differs from what is expected.
fn differences(case: &Case) -> Vec<String> {
    let mut differences = Vec::new();
    let mut expect = |what: &str, found: String, expected: String| {
        if found != expected {
            differences.push(format!("{what}\n  expected {expected}\n  found    {found}"));
        }
    };
    let machine = match (Machine::parse(&definition(case)), &case.problems) {
        (Err(problems), Some(expected)) => {
            let locations: Vec<&String> = problems.iter().map(|problem| &problem.location).collect();
            expect("problems", format!("{locations:?}"), format!("{expected:?}"));
            if let Some(message) = &case.message
                && !problems.iter().any(|problem| problem.message.contains(message))
            {
                differences.push(format!("no message contains {message:?}: {problems:#?}"));
            }
            return differences;
        }
        (Ok(machine), None) => machine,
        (Err(problems), None) => return vec![format!("refused: {problems:#?}")],
        (Ok(_), Some(expected)) => return vec![format!("taken, though wrong at {expected:?}")],
    };
    let report = world::run(&machine, read(&case.input), acts(case), case.jitter.unwrap_or(1.0));
    let failure = match (&report.outcome, &case.expect, &case.error, case.timed_out) {
        (Outcome::Succeeded(output), Some(expected), None, false) => {
            expect("output", output.to_string(), read(expected).to_string());
            None
        }
        (Outcome::Failed(failure), None, Some(error), false) => {
            expect("error", failure.error.clone().unwrap_or_default(), error.clone());
            Some(failure)
        }
        (Outcome::TimedOut(failure), None, None, true) => Some(failure),
        (outcome, ..) => return vec![format!("the outcome is {outcome:?}")],
    };
    if let Some(cause) = &case.cause {
        let found = failure.and_then(|failure| failure.cause.clone()).unwrap_or_default();
        if !found.contains(cause) {
            differences.push(format!("the cause {found:?} does not contain {cause:?}"));
        }
    }
    let mut expect = |what: &str, found: String, expected: String| {
        if found != expected {
            differences.push(format!("{what}\n  expected {expected}\n  found    {found}"));
        }
    };
    if let Some(elapsed) = case.elapsed {
        // The timer of the test counts whole milliseconds.
        expect("elapsed", format!("{:.2}", report.elapsed.as_secs_f64()), format!("{elapsed:.2}"));
    }
    if let Some(calls) = &case.calls {
        expect("calls", json!(report.calls).to_string(), read(calls).to_string());
    }
    if let Some(events) = &case.events {
        let found: Vec<String> = report.events.iter().map(|event| event.details.type_name()).collect();
        expect("events", format!("{found:#?}"), format!("{events:#?}"));
    }
    let is_first = |details: &Details| matches!(details, Details::ExecutionStarted { .. });
    let counts = report.events.iter().enumerate().all(|(at, event)| event.id == at as u64 + 1);
    assert!(
        counts && report.events.first().is_some_and(|event| is_first(&event.details)),
        "events count from 1"
    );
    differences
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
        let mut names = std::collections::HashSet::new();
        for case in group.cases {
            assert!(names.insert(case.name.clone()), "{stem}: two cases are named {}", case.name);
            let source = case.source.as_ref().unwrap_or(&group.source);
            assert!(source.starts_with("https://"), "{stem}: the source is a page");
            count += 1;
            for difference in differences(&case) {
                failures.push(format!("{stem}: {}: {difference}", case.name));
            }
        }
    }
    assert!(failures.is_empty(), "{} of {count} cases fail\n{}", failures.len(), failures.join("\n"));
    assert!(count >= 350, "the corpus has only {count} cases");
}
