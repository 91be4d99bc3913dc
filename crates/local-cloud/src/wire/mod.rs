//! The AWS wire protocols: how requests are read and how answers and errors are written.
//!
//! <https://smithy.io/2.0/aws/protocols/index.html>

mod aws_chunked;
mod element;
mod error;
mod form;
mod node;
mod protocol;
mod request;
mod response;
mod scope;
mod service;
mod timestamp;

pub use aws_chunked::{ChunkedBody, decode_chunked};
pub use element::Element;
pub use error::{ApiError, Fault};
pub use form::Params;
pub use node::Node;
pub use protocol::Protocol;
pub use request::WireRequest;
pub use response::WireResponse;
pub use scope::Scope;
pub use service::service_of;
pub use timestamp::{epoch_millis, http_date, iso_millis, iso_seconds};

/// Percent-decodes a path segment or query value; bytes that are not UTF-8 are replaced.
#[must_use]
pub fn percent_decode(text: &str) -> String {
    percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned()
}
