//! SigV4-signed HTTP to AWS services that are called too seldom to carry their SDK: S3, ECR, CloudWatch Logs, tagging, STS.
//!
//! [`Client`] signs, retries and reads errors; [`Transport`] is the plain HTTP and HTTPS below it, for servers that take no
//! AWS signature, such as an image registry. Credentials are never logged and never part of an error.

mod client;
mod endpoint;
mod error;
mod request;
mod retry;
mod signing;
mod transport;
pub mod xml;

pub use client::{Client, JsonVersion};
pub use error::{ServiceError, SignedHttpError};
pub use request::{Request, Response};
pub use signing::Signer;
pub use transport::{Transport, TransportError};
