//! `POST /publish`: the body of the request, any UTF-8 text of 1 byte to 256 KiB, reaches an SNS topic byte for byte.
//!
//! The answer is 200 `{"messageId":"…"}`. A request that is refused, or that the topic does not take, is answered as
//! [`PublishError`] says.

mod cases;
mod error;
mod publisher;
mod request;

pub use cases::cases;
pub use error::PublishError;
pub use publisher::{Published, Publisher};
pub use request::check;

/// The path that serves the work.
pub const PATH: &str = "/publish";

/// The most bytes that a body may have: SNS takes messages of up to 256 KiB.
/// <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>
pub const MAX_BODY_BYTES: usize = 262_144;

/// The content types that are served; a request without one is served too. Parameters such as `charset` are ignored.
pub const CONTENT_TYPES: &[&str] = &["text/plain", "application/json", "application/x-www-form-urlencoded"];
