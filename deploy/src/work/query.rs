//! `query`: each variant's page must be the page that the table itself gives for the breed.

mod page;
mod truth;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::StreamExt;
use http::Method;
use signed_http::Response;
use workload::proof::Case;
use workload::query::{BREEDS, Expect, PageSize};

use self::page::Page;
use self::truth::Truth;
use super::{
    Admission, Checked, Difference, Question, Sample, Subject, Surroundings, ask, judge_refusal, seen,
};
use crate::failure::Failure;

/// The output of a foundation stack that names the table, and the one that names its index.
pub const TABLE: &str = "TableName";
const INDEX: &str = "IndexName";
/// The parameter of a variant that says how many turkeys it gives without being asked for a number.
const PAGE_SIZE: &str = "PageSize";
/// What is asked for in a measurement.
const SAMPLE_BREED: &str = "Bronze";
/// How many requests are under way at once.
const CONCURRENT: usize = 8;
/// Bytes of a turkey in the table and in an answer, on average.
const TURKEY_IN_TABLE: f64 = 300.0;
const TURKEY_IN_ANSWER: f64 = 85.0;
/// How many bodies a measurement knows to be right; there are about as many as variants.
const KNOWN_BODIES: usize = 32;

/// A path that shows an answer.
pub const PATH: &str = "/turkeys/Bronze";

/// One page of one breed, or one of each.
pub async fn samples(surroundings: &Surroundings<'_>, every_breed: bool) -> Result<Vec<Sample>, Failure> {
    if !every_breed {
        return Ok(vec![sample(surroundings, SAMPLE_BREED).await?]);
    }
    let mut samples = Vec::new();
    for breed in BREEDS {
        samples.push(sample(surroundings, breed).await?);
    }
    Ok(samples)
}

/// One page of a breed. Any part of its turkeys that begins with the first is right: variants may have page sizes of their own.
async fn sample(surroundings: &Surroundings<'_>, breed: &str) -> Result<Sample, Failure> {
    let all = truth(surroundings)?.page(breed).await?;
    if all.is_empty() {
        return Err(Failure::new(format!("the table has no turkeys of the breed {breed} to be asked for"))
            .hint("`deploy seed` fills the table"));
    }
    // Each variant sends the same bytes over and over, so what was found right once need not be read again.
    let known: Mutex<Vec<Bytes>> = Mutex::new(Vec::new());
    Ok(Sample {
        question: Question::new(Method::GET, path(breed)),
        accepts: Arc::new(move |body| {
            let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
            if known.iter().any(|right| right == body) {
                return true;
            }
            let right = Page::read(body).is_some_and(|page| !page.is_empty() && all.begins_with(&page));
            if right && known.len() < KNOWN_BODIES {
                known.push(Bytes::copy_from_slice(body));
            }
            right
        }),
    })
}

/// What the request of [`sample`] uses: an eventually consistent read of one page, counted by the size of its items and rounded
/// up to 4 KB (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html>).
pub fn usage(parameters: &BTreeMap<String, String>) -> report::Usage {
    let page =
        parameters.get(PAGE_SIZE).and_then(|size| size.parse().ok()).unwrap_or(PageSize::DEFAULT.get());
    let page = f64::from(page);
    report::Usage {
        request_bytes: 200.0,
        response_bytes: 350.0 + page * TURKEY_IN_ANSWER,
        read_units: (page * TURKEY_IN_TABLE / 4096.0).ceil() / 2.0,
        ..report::Usage::default()
    }
}

/// Where a breed's turkeys are.
fn path(breed: &str) -> String {
    format!("/turkeys/{}", breed.replace(' ', "%20"))
}

/// The table that all variants are held against, wherever their own stands: that of their region, or else one elsewhere.
fn truth<'a>(surroundings: &Surroundings<'a>) -> Result<Truth<'a>, Failure> {
    let purpose = "what is right cannot be known";
    if let Some((Some(region), outputs)) = surroundings.outputs.with(TABLE).next()
        && let (Some(table), Some(index)) = (outputs.get(TABLE), outputs.get(INDEX))
    {
        return Ok(Truth::new(surroundings.target.at(region).signed, table, index));
    }
    let (table, index) = (surroundings.output(TABLE, purpose)?, surroundings.output(INDEX, purpose)?);
    Ok(Truth::new(surroundings.target.signed.clone(), table, index))
}

/// Gives every case to every subject and compares the answers with what the table says, and so with each other.
pub async fn check(subjects: &[Subject], surroundings: &Surroundings<'_>) -> Result<Checked, Failure> {
    let cases = workload::query::cases();
    let truth = truth(surroundings)?;
    let mut breeds: Vec<&str> = cases.iter().filter_map(breed).collect();
    breeds.sort_unstable();
    breeds.dedup();
    let pages: Vec<_> = futures::stream::iter(breeds.into_iter().map(|breed| {
        let truth = &truth;
        async move { truth.page(breed).await.map(|page| (breed, page)) }
    }))
    .buffer_unordered(CONCURRENT)
    .collect()
    .await;
    let pages: BTreeMap<&str, Page> = pages.into_iter().collect::<Result<_, _>>()?;

    let transport = surroundings.transport();
    let requests = subjects.iter().flat_map(|subject| cases.iter().map(move |case| (subject, case)));
    let judged: Vec<_> = futures::stream::iter(requests.map(|(subject, case)| async move {
        let answer = match Question::of(case) {
            Ok(question) => ask(transport, subject, &question).await,
            Err(error) => Err(error),
        };
        (subject, case, answer)
    }))
    .buffer_unordered(CONCURRENT)
    .collect()
    .await;
    let differences = judged.into_iter().filter_map(|(subject, case, answer)| {
        let outcome = match answer {
            Ok(answer) => judge(subject, case, breed(case).and_then(|breed| pages.get(breed)), &answer),
            Err(error) => Err(("an answer".to_owned(), error)),
        };
        let (expected, got) = outcome.err()?;
        Some(Difference { variant: subject.variant.clone(), case: case.name.to_owned(), expected, got })
    });
    Ok(Checked { differences: differences.collect(), inputs: cases.len() })
}

fn breed(case: &Case<Expect>) -> Option<&str> {
    match &case.expect {
        Expect::Page { breed, .. } => Some(breed),
        Expect::Refused { .. } => None,
    }
}

/// What was expected and what came, where they differ.
fn judge(
    subject: &Subject,
    case: &Case<Expect>,
    all: Option<&Page>,
    answer: &Response,
) -> Result<(), (String, String)> {
    match (&case.expect, all) {
        // API Gateway says the same of an unknown path as of an unsigned request.
        (Expect::Refused { statuses, .. }, _)
            if subject.admission() == Admission::Signers && statuses.contains(&404) =>
        {
            judge_refusal(&[403], Some("Not found, or not signed"), answer)
        }
        (Expect::Refused { statuses, message }, _) => judge_refusal(statuses, *message, answer),
        (Expect::Page { limit, .. }, Some(all)) => {
            all.first(limit.unwrap_or_else(|| page_size(subject)).into()).judge(answer)
        }
        (Expect::Page { .. }, None) => Err(("a page that is known".to_owned(), seen(answer))),
    }
}

fn page_size(subject: &Subject) -> u16 {
    let configured = subject.parameters.get(PAGE_SIZE).and_then(|text| text.parse().ok());
    configured.unwrap_or(PageSize::DEFAULT).get()
}
