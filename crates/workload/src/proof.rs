//! Requests with a known outcome. Sent to every variant of a workload, they show whether the variants do the same work.

use std::borrow::Cow;

/// One request and what must come of it; `E` is what the workload can expect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case<E = Expect> {
    /// Names the case in reports; unique within a workload.
    pub name: &'static str,
    /// The HTTP method.
    pub method: &'static str,
    /// The path below the variant's `Url` with its leading slash, percent-encoded, and the query string where there is one.
    pub path: Cow<'static, str>,
    /// The `Content-Type` header; none is sent when this is `None`.
    pub content_type: Option<&'static str>,
    /// The body, byte for byte.
    pub body: Vec<u8>,
    /// What must happen.
    pub expect: E,
}

/// The outcome of a [`Case`] of `publish`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    /// 200 with `{"messageId":"…"}`, and a message with that ID and exactly this body reaches the topic.
    Published,
    /// One of the statuses, a JSON body with a `message`, and nothing reaches the topic.
    Refused {
        /// The statuses that count; more than one where architectures cannot answer alike.
        statuses: &'static [u16],
        /// The text of `message`; `None` where it follows the status.
        message: Option<&'static str>,
    },
}
