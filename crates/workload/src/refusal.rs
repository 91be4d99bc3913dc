//! The answer to a request that is not served.

/// A status and a message that are safe to show to any client.
///
/// The message is the whole truth that a client gets; what went wrong inside is in the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The `message` of the JSON body.
    pub message: &'static str,
}

impl Refusal {
    /// No such path.
    pub const NOT_FOUND: Refusal = Refusal { status: 404, message: "Not found" };
    /// The path exists, the method does not.
    pub const METHOD_NOT_ALLOWED: Refusal = Refusal { status: 405, message: "Method not allowed" };
    /// The body ended before its announced end, or is not framed as HTTP wants it.
    pub const INCOMPLETE: Refusal = Refusal { status: 400, message: "The request body did not arrive whole" };
    /// The client took too long to send its request.
    pub const TIMED_OUT: Refusal = Refusal { status: 408, message: "The request took too long to arrive" };

    /// The body, `{"message":"…"}`, to be sent as `application/json`.
    #[must_use]
    pub fn body(&self) -> String {
        serde_json::json!({ "message": self.message }).to_string()
    }
}
