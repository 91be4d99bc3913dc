//! The gate of addresses: one request of each, as it will be measured, must have the same answer.

use std::sync::{Arc, Mutex, PoisonError};

use load::{Accepts, Limit, Shape, Target};
use tokio_util::sync::CancellationToken;

use super::args::RequestArgs;
use crate::failure::Failure;
use crate::measurement::{Group, refused};
use crate::work::{canonical, excerpt};

/// How many characters of a body a difference shows.
const EXCERPT: usize = 60;

/// What one address answered.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Answer {
    /// The status, or why there is none.
    status: Result<u16, String>,
    /// The body of an answer with a 2xx status.
    body: Option<Vec<u8>>,
}

/// Asks each address once, and finds what differs from the answer of the first.
pub async fn probe(
    group: &Group,
    plan: &load::Plan,
    args: &RequestArgs,
    cancel: &CancellationToken,
) -> Result<report::Check, Failure> {
    let one = load::Plan {
        shape: Shape::Closed { connections: 1, limit: Limit::Requests(1) },
        trials: 1,
        warm_up: 0,
        ..plan.clone()
    };
    let mut answers: Vec<(&str, Answer)> = Vec::new();
    for contestant in &group.contestants {
        answers.push((&contestant.target.name, ask(&contestant.target, &one, cancel).await?));
    }
    Ok(report::Check {
        workload: group.name.clone(),
        variants: answers.iter().map(|(name, _)| (*name).to_owned()).collect(),
        inputs: 1,
        differences: differences(&answers, args.any_body),
    })
}

async fn ask(target: &Target, plan: &load::Plan, cancel: &CancellationToken) -> Result<Answer, Failure> {
    let kept: Arc<Mutex<Option<Vec<u8>>>> = Arc::default();
    let mut target = target.clone();
    for request in &mut target.requests {
        let kept = Arc::clone(&kept);
        request.accepts = Some(Accepts(Arc::new(move |body| {
            *kept.lock().unwrap_or_else(PoisonError::into_inner) = Some(body.to_vec());
            true
        })));
    }
    let outcomes = load::run(&[target], plan, cancel.clone(), &|_| {}).await;
    let tally = outcomes.map_err(|error| refused(&error))?.pop().and_then(|mut outcome| outcome.trials.pop());
    let tally = tally.ok_or_else(|| Failure::interrupted("interrupted while asking"))?;
    let said = || {
        let failure = tally.failures.keys().next().map(ToString::to_string).unwrap_or_default();
        tally.examples.values().next().map_or(failure.clone(), |example| format!("{failure}: {example}"))
    };
    let status = tally.statuses.keys().next().copied().ok_or_else(said);
    let body = kept.lock().unwrap_or_else(PoisonError::into_inner).take();
    Ok(Answer { status, body })
}

fn differences(answers: &[(&str, Answer)], any_body: bool) -> Vec<String> {
    let mut differences = Vec::new();
    let mut rest = answers.iter();
    let Some((first, expected)) = rest.next() else { return differences };
    if let Err(reason) = &expected.status {
        differences.push(format!("{first}: expected an answer, got none ({reason})"));
    }
    for (name, answer) in rest {
        match (&expected.status, &answer.status) {
            (_, Err(reason)) => {
                differences.push(format!("{name}: expected an answer, got none ({reason})"));
            }
            (Ok(wanted), Ok(status)) if wanted != status => {
                differences.push(format!("{name}: expected {wanted} as from {first}, got {status}"));
            }
            (Ok(_), Ok(_)) if !any_body => {
                let (wanted, body) = (expected.body.as_deref(), answer.body.as_deref());
                differences.extend(
                    difference(wanted.unwrap_or_default(), body.unwrap_or_default())
                        .map(|words| format!("{name}: expected the answer of {first}, {words}")),
                );
            }
            _ => {}
        }
    }
    differences
}

/// What differs between two bodies: JSON by what it says, all else by its bytes.
fn difference(wanted: &[u8], body: &[u8]) -> Option<String> {
    let same = match (canonical(wanted), canonical(body)) {
        (Some(wanted), Some(body)) => wanted == body,
        _ => wanted == body,
    };
    if same {
        return None;
    }
    let note =
        if canonical(wanted).is_some() && canonical(body).is_none() { ", which is no JSON" } else { "" };
    Some(format!("{}, got {}{note}", excerpt(wanted, EXCERPT), excerpt(body, EXCERPT)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status: Ok(status), body: Some(body.as_bytes().to_vec()) }
    }

    #[test]
    fn json_is_compared_by_what_it_says_and_all_else_by_its_bytes() {
        let equal = [("a", answer(200, r#"{"a":1,"b":2}"#)), ("b", answer(200, r#"{ "b": 2, "a": 1.0 }"#))];
        assert_eq!(differences(&equal, false).len(), 1, "1 and 1.0 are different numbers in JSON texts");
        let equal = [("a", answer(200, r#"{"a":1,"b":2}"#)), ("b", answer(200, r#"{ "b": 2, "a": 1 }"#))];
        assert_eq!(differences(&equal, false), Vec::<String>::new());
        let text = [("a", answer(200, "one")), ("b", answer(200, "one "))];
        assert_eq!(differences(&text, false).len(), 1);
        assert_eq!(differences(&text, true), Vec::<String>::new());
    }

    #[test]
    fn what_differs_is_said_with_the_name() {
        let none = Answer { status: Err("connect: refused".to_owned()), body: None };
        let answers = [
            ("a", answer(200, "[1,2]")),
            ("b", answer(200, "[1 2]")),
            ("c", answer(500, "")),
            ("d", none.clone()),
        ];
        assert_eq!(
            differences(&answers, false),
            [
                "b: expected the answer of a, \"[1,2]\", got \"[1 2]\", which is no JSON",
                "c: expected 200 as from a, got 500",
                "d: expected an answer, got none (connect: refused)",
            ]
        );
        assert_eq!(
            differences(&[("d", none)], false),
            ["d: expected an answer, got none (connect: refused)"]
        );
    }
}
