//! What a client gets.

use serde::Serialize;

use super::{CHALLENGE, CrudError, Item, ItemPage, PATH};

/// An HTTP answer, free of frameworks. A body is `application/json`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Headers beside `Content-Type`; names are lower case.
    pub headers: Vec<(&'static str, String)>,
    /// Empty with 204 only.
    pub body: String,
}

impl Answer {
    pub(super) fn created(item: &Item) -> Answer {
        let mut answer = Answer { status: 201, ..Answer::item(item) };
        answer.headers.push(("location", format!("{PATH}/{}", item.id)));
        answer
    }

    pub(super) fn item(item: &Item) -> Answer {
        Answer { status: 200, headers: vec![("etag", item.etag())], body: json(item) }
    }

    pub(super) fn page(page: &ItemPage) -> Answer {
        Answer { status: 200, headers: Vec::new(), body: json(page) }
    }

    pub(super) fn deleted() -> Answer {
        Answer { status: 204, headers: Vec::new(), body: String::new() }
    }
}

impl From<CrudError> for Answer {
    fn from(error: CrudError) -> Answer {
        let refusal = error.refusal();
        let headers = match error {
            CrudError::Unauthorized => vec![("www-authenticate", CHALLENGE.to_owned())],
            _ => Vec::new(),
        };
        Answer { status: refusal.status, headers, body: refusal.body() }
    }
}

/// Texts and whole numbers under texts always have a JSON form, so there is nothing to report.
fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
