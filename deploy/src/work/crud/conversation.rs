//! The steps with one variant, in order.

use http::{HeaderValue, Method};
use serde_json::Value;
use signed_http::{Response, Transport};
use workload::crud::proof::{Bearer, Expect, Step, Tokens, Who};
use workload::crud::{PATH, Scope};

use super::{Kept, judge};
use crate::work::tokens::secret_header;
use crate::work::{Difference, Question, Subject, ask};

/// How often a list is asked for while cleaning up; each answer has up to 100 items.
const SWEEPS: usize = 10;

pub struct Conversation<'a> {
    transport: &'a Transport,
    subject: &'a Subject,
    tokens: Tokens,
    kept: Kept,
    /// The `next` of the latest page.
    next: String,
    /// IDs and names of the pages since the last one.
    seen: Vec<(String, String)>,
}

impl<'a> Conversation<'a> {
    pub fn new(transport: &'a Transport, subject: &'a Subject, tokens: Tokens) -> Self {
        Self { transport, subject, tokens, kept: Kept::new(), next: String::new(), seen: Vec::new() }
    }

    /// Takes all steps, deletes what they left, and tells what was not as expected.
    pub async fn hold(mut self, steps: &[Step]) -> Vec<Difference> {
        let mut differences = Vec::new();
        for step in steps {
            let answer = self.take(step).await;
            let verdict = answer.and_then(|answer| {
                self.judge(step, &answer).map_err(|expected| (expected, judge::seen(&answer)))
            });
            if let Err((expected, got)) = verdict {
                differences.push(self.difference(step.name, expected, got));
            }
        }
        for who in [Who::Owner, Who::Stranger] {
            if let Err(got) = self.clean(who).await {
                differences.push(self.difference("cleaning up", "every item to be deleted".to_owned(), got));
            }
        }
        differences
    }

    fn difference(&self, case: &str, expected: String, got: String) -> Difference {
        Difference { variant: self.subject.variant.clone(), case: case.to_owned(), expected, got }
    }

    /// Sends the request of a step; the error is what was expected and what went wrong.
    async fn take(&self, step: &Step) -> Result<Response, (String, String)> {
        let failed = |error: String| ("an answer".to_owned(), error);
        let method: Method = step.method.parse().map_err(|_| failed(format!("no method {}", step.method)))?;
        let path = self.filled(&step.path).map_err(failed)?;
        let mut question = Question::new(method, path)
            .header("accept", HeaderValue::from_static("application/json"))
            .body(step.body.clone());
        for (name, value) in &step.headers {
            question = question.header(name, HeaderValue::from_static(value));
        }
        let bearer = self.tokens.header(&step.bearer).map_err(|error| failed(error.to_string()))?;
        if let Some(bearer) = bearer {
            let value = secret_header(&bearer).map_err(|error| failed(error.message))?;
            question = question.header("authorization", value);
        }
        ask(self.transport, self.subject, &question).await.map_err(failed)
    }

    /// The path with what earlier steps kept.
    fn filled(&self, path: &str) -> Result<String, String> {
        let mut filled = path.replace("{next}", &self.next);
        for (name, id) in &self.kept {
            filled = filled.replace(&format!("{{{name}}}"), id);
        }
        if filled.contains('{') {
            return Err(format!("nothing to fill {filled} with, as an earlier step failed"));
        }
        Ok(filled)
    }

    /// Keeps what later steps need, and compares; the error is what was expected.
    fn judge(&mut self, step: &Step, answer: &Response) -> Result<(), String> {
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        match &step.expect {
            Expect::Created(name, draft) => {
                let id = judge::created(answer, &body, draft)?;
                self.kept.insert(name, id);
                Ok(())
            }
            Expect::Item(name, draft, version) => {
                let id = self.kept.get(name).map(String::as_str).unwrap_or_default();
                judge::item(answer, &body, id, (draft, *version))
            }
            Expect::Page(count) => {
                let (items, next) = judge::page(answer, &body, &self.seen)?;
                let right = items.len() == *count;
                self.seen.extend(items);
                self.next = next.unwrap_or_default();
                if right && !self.next.is_empty() {
                    Ok(())
                } else {
                    Err(format!("a page of {count} items with a next"))
                }
            }
            Expect::LastPage(names) => {
                let before = std::mem::take(&mut self.seen);
                let (items, next) = judge::page(answer, &body, &before)?;
                let mut all: Vec<String> = before.into_iter().chain(items).map(|(_, name)| name).collect();
                all.sort();
                if all == *names && next.is_none() {
                    Ok(())
                } else {
                    Err(format!("the last page of the items {names:?}, with {{\"next\":null}}"))
                }
            }
            Expect::Deleted => judge::deleted(answer),
            Expect::Refused(error) => judge::refused(answer, &body, *error),
        }
    }

    /// Deletes every item of a subject.
    async fn clean(&self, who: Who) -> Result<(), String> {
        let bearer = Bearer::Valid(who, Scope::ALL);
        let bearer = self.tokens.header(&bearer).map_err(|error| error.to_string())?.unwrap_or_default();
        let ask = async |method: Method, path: String| {
            let value = secret_header(&bearer).map_err(|error| error.message)?;
            let question = Question::new(method, path).header("authorization", value);
            ask(self.transport, self.subject, &question).await
        };
        for _ in 0..SWEEPS {
            let list = ask(Method::GET, format!("{PATH}?limit=100")).await?;
            let body: Value = serde_json::from_slice(&list.body).unwrap_or_default();
            let Some(items) = body["items"].as_array().filter(|_| list.status == 200) else {
                return Err(judge::seen(&list));
            };
            if items.is_empty() {
                return Ok(());
            }
            for id in items.iter().filter_map(|item| item["id"].as_str()) {
                let answer = ask(Method::DELETE, format!("{PATH}/{id}")).await?;
                if answer.status != 204 {
                    return Err(judge::seen(&answer));
                }
            }
        }
        Err("items without end".to_owned())
    }
}
