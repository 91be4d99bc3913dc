//! Answers that must refuse.

use serde_json::Value;
use signed_http::Response;

use super::{excerpt, is_json};

/// How many characters of a body a difference shows.
const EXCERPT: usize = 120;

/// What was expected and what came, where they differ: one of the statuses, and `{"message":…}` with this message, or any where
/// it follows the status.
pub fn judge_refusal(
    statuses: &[u16],
    message: Option<&str>,
    answer: &Response,
) -> Result<(), (String, String)> {
    let told = only_member(&answer.body, "message");
    let right_words = match message {
        Some(message) => told.as_deref() == Some(message),
        None => told.is_some(),
    };
    if statuses.contains(&answer.status) && right_words && is_json(answer) {
        return Ok(());
    }
    let statuses: Vec<String> = statuses.iter().map(u16::to_string).collect();
    let message = message.map_or_else(|| "…".to_owned(), |message| format!("{message:?}"));
    let expected = format!("{} {{\"message\":{message}}} as application/json", statuses.join(" or "));
    Err((expected, seen(answer)))
}

/// The text of an object's only member, where it is not empty.
pub fn only_member(body: &[u8], name: &str) -> Option<String> {
    let value: Value = serde_json::from_slice(body).ok()?;
    let object = value.as_object().filter(|object| object.len() == 1)?;
    object.get(name)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

/// An answer in words.
pub fn seen(answer: &Response) -> String {
    let content_type = answer.header("content-type").unwrap_or("no content type");
    format!("{} {} as {content_type}", answer.status, excerpt(&answer.body, EXCERPT))
}
