//! Nothing that a definition or an input holds makes the parser or the interpreter panic or run on.

use asl::{Machine, Outcome};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world;

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        (-1e9..1e9).prop_map(Value::from),
        texts().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((names(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Names that definitions use, so that arbitrary objects come near to states.
fn names() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "Type",
            "Next",
            "End",
            "Resource",
            "Parameters",
            "Arguments",
            "Output",
            "InputPath",
            "OutputPath",
            "ResultPath",
            "ResultSelector",
            "Assign",
            "Choices",
            "Variable",
            "IsNull",
            "Not",
            "And",
            "Condition",
            "Default",
            "Retry",
            "Catch",
            "ErrorEquals",
            "Branches",
            "StartAt",
            "States",
            "ItemProcessor",
            "Items",
            "ItemBatcher",
            "MaxItemsPerBatch",
            "Seconds",
            "Timestamp",
            "QueryLanguage",
            "MaxConcurrency",
            "A",
            "a.$",
        ])
        .prop_map(str::to_owned),
        "[a-c]{1,2}",
    ]
}

/// Texts that are nearly paths, functions, expressions, and names of types.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "Pass",
            "Task",
            "Choice",
            "Wait",
            "Succeed",
            "Fail",
            "Parallel",
            "Map",
            "JSONata",
            "JSONPath",
            "A",
            "$",
            "$$",
            "$.a",
            "$.a[0]",
            "$..a",
            "States.ALL",
            "arn:aws:states:::sns:publish",
            "{% $states.input %}",
            "{% $states.result.a + 1 %}",
            "States.Format('{}', $.a)",
            "2024-01-01T00:00:00Z",
        ])
        .prop_map(str::to_owned),
        r"\$[$.a-c\[\]*?@()'0-9:,\\ -]{0,12}",
        r"States\.(Format|Array|StringSplit|MathAdd|ArrayRange)\([$.a-c\[\]*?@()'{}0-9:,\\ -]{0,12}\)?",
        r"\{%[$.a-c\[\]*?@()'{}0-9:,~=<>&|^%/\\ -]{0,16}%\}",
        any::<String>(),
    ]
}

fn run_if_sound(definition: &str, input: Value) {
    match Machine::parse(definition) {
        Ok(machine) => {
            let report = world::run(&machine, input, Vec::new(), 1.0);
            // Output that leaves an execution can be written and read again.
            if let Outcome::Succeeded(output) = report.outcome {
                assert!(serde_json::from_str::<Value>(&output.to_string()).is_ok());
            }
            assert!(report.events.len() < 600);
        }
        Err(problems) => {
            assert!(!problems.is_empty());
            let definition: Result<Value, _> = serde_json::from_str(definition);
            for problem in problems {
                if let Ok(definition) = &definition {
                    let mut parts: Vec<&str> = problem.location.split('/').collect();
                    parts.pop();
                    let parent = parts.join("/");
                    assert!(
                        definition
                            .pointer(&problem.location)
                            .or_else(|| definition.pointer(&parent))
                            .is_some(),
                        "{problem:?} points into {definition}"
                    );
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_text_is_refused_with_a_reason(text in any::<String>()) {
        run_if_sound(&text, json!({}));
    }

    #[test]
    fn arbitrary_json_is_taken_or_refused(value in values()) {
        run_if_sound(&value.to_string(), json!({}));
    }

    #[test]
    fn arbitrary_states_end(mut state in prop::collection::vec((names(), values()), 0..6), kind in texts(), input in values()) {
        state.push(("Type".to_owned(), kind.into()));
        let machine = json!({"StartAt": "A", "States": {"A": Value::Object(state.into_iter().collect())}});
        run_if_sound(&machine.to_string(), input);
    }

    #[test]
    fn arbitrary_paths_and_functions_end(text in texts(), input in values()) {
        let pass = json!({"Type": "Pass", "Parameters": {"v.$": text}, "End": true});
        run_if_sound(&json!({"StartAt": "A", "States": {"A": pass}}).to_string(), input);
    }

    #[test]
    fn arbitrary_expressions_end(text in texts(), input in values()) {
        let succeed = json!({"Type": "Succeed", "Output": text});
        let machine = json!({"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": succeed}});
        run_if_sound(&machine.to_string(), input);
    }
}

#[test]
fn deep_definitions_are_refused() {
    let mut scope = json!({"StartAt": "S", "States": {"S": {"Type": "Succeed"}}});
    for depth in 0..25 {
        let name = format!("P{depth}");
        scope = json!({"StartAt": name.as_str(), "States": {name.as_str(): {"Type": "Parallel", "Branches": [scope], "End": true}}});
    }
    assert!(!Machine::parse(&scope.to_string()).unwrap_err().is_empty());
}

#[test]
fn deep_expressions_are_refused_or_end() {
    for source in [
        "(".repeat(5_000),
        "[".repeat(5_000),
        "$states.input".to_owned() + &".a".repeat(5_000),
        "-".repeat(5_000),
    ] {
        let succeed = json!({"Type": "Succeed", "Output": format!("{{% {source} %}}")});
        run_if_sound(
            &json!({"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": succeed}}).to_string(),
            json!({}),
        );
    }
}

#[test]
fn an_expression_without_end_is_stopped() {
    let succeed = json!({"Type": "Succeed", "Output": "{% ($f := function($n) { $f($n + 1) }; $f(0)) %}"});
    let machine = json!({"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": succeed}});
    let machine = Machine::parse(&machine.to_string()).unwrap();
    let Outcome::Failed(failure) = world::run(&machine, json!({}), Vec::new(), 1.0).outcome else {
        panic!("it cannot end well");
    };
    assert_eq!(failure.error.as_deref(), Some("States.QueryEvaluationError"));
}
