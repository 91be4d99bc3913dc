//! `publish`: what is sent to each variant must stand in the audit queue, byte for byte, under the ID that was answered.

mod answer;
mod audit;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use http::{HeaderValue, Method};
use signed_http::Transport;
use time::OffsetDateTime;
use workload::proof::{Case, Expect};

use self::answer::Judgement;
use self::audit::Audit;
use super::{Checked, Difference, Question, Sample, Subject, Surroundings, ask, excerpt};
use crate::failure::Failure;
use crate::settings::TargetKind;

/// The output of a foundation stack that names the audit queue.
const AUDIT_QUEUE: &str = "AuditQueueUrl";
/// How many requests are under way at once.
const CONCURRENT: usize = 8;
/// How many characters of a body a difference shows.
const EXCERPT: usize = 60;

/// A small message, or one of so many bytes.
pub fn sample(payload: Option<u32>) -> Sample {
    let (before, after) = (r#"{"message":"Hello"#, r#""}"#);
    let bytes = payload.map_or(0, |bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
    let filling = "o".repeat(bytes.saturating_sub(before.len() + after.len()));
    // Less than the frame takes is not JSON, and a message all the same.
    let mut body = format!("{before}{filling}{after}");
    if payload.is_some() {
        body.truncate(bytes);
    }
    Sample {
        question: Question::new(Method::POST, workload::publish::PATH)
            .header("content-type", HeaderValue::from_static("application/json"))
            .body(body),
        accepts: Arc::new(|body| answer::message_id(body).is_some()),
    }
}

/// What the request of [`sample`] uses: one message of less than 64 KB.
pub fn usage() -> report::Usage {
    report::Usage { request_bytes: 250.0, response_bytes: 400.0, publishes: 1.0, ..report::Usage::default() }
}

/// A message that must arrive.
struct Expected<'a> {
    variant: &'a str,
    case: &'a Case,
}

/// Sends every case to every subject, then compares what arrived with what was sent.
pub async fn check(subjects: &[Subject], surroundings: &Surroundings<'_>) -> Result<Checked, Failure> {
    let queue = surroundings.output(AUDIT_QUEUE, "what arrives cannot be seen")?;
    let transport = surroundings.transport();
    let begin = OffsetDateTime::now_utc();
    let cases = workload::publish::cases();
    let requests: Vec<_> = subjects
        .iter()
        .flat_map(|subject| cases.iter().map(move |case| (subject, case)))
        .map(|(subject, case)| async move { (subject, case, send(transport, subject, case).await) })
        .collect();
    let judged: Vec<_> = futures::stream::iter(requests).buffer_unordered(CONCURRENT).collect().await;

    let mut differences = Vec::new();
    let mut expected = BTreeMap::new();
    for (subject, case, judgement) in judged {
        let variant = subject.variant.as_str();
        match judgement {
            Judgement::Right(None) => {}
            Judgement::Right(Some(id)) => {
                if expected.insert(id.clone(), Expected { variant, case }).is_some() {
                    differences.push(difference(
                        variant,
                        case,
                        "a message ID of its own",
                        format!("{id} again"),
                    ));
                }
            }
            Judgement::Wrong { expected, got } => differences.push(difference(variant, case, &expected, got)),
        }
    }
    let patience = match surroundings.target.kind {
        TargetKind::Local => Duration::from_secs(15),
        TargetKind::Aws => Duration::from_mins(1),
    };
    let audit = Audit::new(&surroundings.target.sqs, queue, begin);
    let arrived = audit.collect(expected.keys().cloned().collect(), patience).await?;
    for (id, wanted) in &expected {
        let words = format!("{} to arrive", excerpt(&wanted.case.body, EXCERPT));
        match arrived.by_id.get(id) {
            Some(body) if body.as_bytes() == wanted.case.body.as_slice() => {}
            Some(body) => {
                let got = excerpt(body.as_bytes(), EXCERPT);
                differences.push(difference(
                    wanted.variant,
                    wanted.case,
                    &words,
                    at_first_change(&got, body, wanted.case),
                ));
            }
            None => {
                let got = format!("nothing within {} s under the ID {id}", patience.as_secs());
                differences.push(difference(wanted.variant, wanted.case, &words, got));
            }
        }
    }
    differences.extend(smuggled(&cases, &arrived.strangers));
    Ok(Checked { inputs: cases.len(), differences })
}

async fn send(transport: &Transport, subject: &Subject, case: &Case) -> Judgement {
    let answer = match Question::of(case) {
        Ok(question) => ask(transport, subject, &question).await,
        Err(error) => Err(error),
    };
    match answer {
        Ok(answer) => answer::judge(&case.expect, &answer),
        Err(error) => Judgement::wrong("an answer", error),
    }
}

fn difference(variant: &str, case: &Case, expected: &str, got: String) -> Difference {
    Difference { variant: variant.to_owned(), case: case.name.to_owned(), expected: expected.to_owned(), got }
}

/// Adds where a long body begins to differ, which its first characters may not show.
fn at_first_change(got: &str, body: &str, case: &Case) -> String {
    let at = body.bytes().zip(&case.body).take_while(|(got, sent)| got == *sent).count();
    format!("{got} of {} bytes, different from byte {at} on", body.len())
}

/// Messages that nobody was told an ID of, with a body that should have been refused.
fn smuggled(cases: &[Case], strangers: &[String]) -> Vec<Difference> {
    let refused =
        cases.iter().filter(|case| matches!(case.expect, Expect::Refused { .. }) && !case.body.is_empty());
    refused
        .filter(|case| strangers.iter().any(|body| body.as_bytes() == case.body.as_slice()))
        .map(|case| {
            difference("one of the variants", case, "nothing to arrive", excerpt(&case.body, EXCERPT))
        })
        .collect()
}
