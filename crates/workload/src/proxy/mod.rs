//! `GET /{path}`: what an nginx behind it answers, byte for byte.
//!
//! Method, path, query string, headers and body are passed on, and so are status, headers and body of the answer; only
//! what belongs to one connection stays behind. A request that the origin does not answer is refused as [`ProxyError`]
//! says. The origin's pages are known ([`pages`]), because they are generated from a fixed sequence of numbers.

mod cases;
mod error;
mod forward;
mod header;
mod pages;
mod random;

pub use cases::{Case, Expect, cases};
pub use error::ProxyError;
pub use forward::{ForwardRequest, Origin};
pub use pages::{LAST_MODIFIED, Page, pages};

/// The path of the page that stands for the others.
pub const PATH: &str = "/child/random.txt";
