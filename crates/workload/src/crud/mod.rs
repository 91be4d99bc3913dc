//! `/items`: a small store behind bearer tokens. Items belong to the subject of the token, so subjects never see each
//! other's.
//!
//! | request | answer |
//! |---|---|
//! | `POST /items` with a [`Draft`] as JSON | 201, `Location: /items/{id}`, `ETag: "1"`, the item |
//! | `GET /items?limit=&next=` | 200 `{"items":[…],"next":"…"}`, `next` is `null` on the last page; by ID, which grows with time |
//! | `GET /items/{id}` | 200, `ETag`, the item |
//! | `PUT /items/{id}` with `If-Match` and a [`Draft`] | 200, the new `ETag`, the item |
//! | `DELETE /items/{id}`, `If-Match` as one likes | 204 |
//!
//! An item is `{"id":"…","name":"…","description":"…","quantity":0,"version":1}`, without `description` where there is none.
//! Its entity tag is its version in quotes.
//!
//! What is wrong is looked for in this order, and answered as `{"message":"…"}` by [`CrudError`]: no valid token 401, a token
//! without the scope 403 (`items:read` for GET and HEAD, `items:write` for all else), a path or ID that is none 404, a method
//! that is none 405, bad parameters or no `If-Match` 400 and 428, a body that is too large 413, of another type 415, or wrong
//! 400, an item that is not there 404 or has another version 412, and a table that throttles, fails or stays silent 429,
//! 502 and 504.
//!
//! [`Api`] is the whole work; [`token`] tells who asks. API Gateway variants ask an authorizer ([`policy`]) instead, which
//! hands subject and scopes on.

mod answer;
mod api;
mod caller;
mod draft;
mod error;
mod if_match;
mod item;
mod items;
mod page;
pub mod policy;
pub mod proof;
pub mod token;

pub use answer::Answer;
pub use api::{Api, Request};
pub use caller::{Caller, InvalidSubject, Scope};
pub use draft::Draft;
pub use error::CrudError;
pub use if_match::IfMatch;
pub use item::Item;
pub use items::Items;
pub use page::{ItemPage, Next, PageRequest};

/// The path of the collection; an item is one segment below it.
pub const PATH: &str = "/items";

/// The most bytes that a body may have.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// The value of `WWW-Authenticate` with a 401. API Gateway cannot tell a missing token from a bad one there, so no variant
/// does.
pub const CHALLENGE: &str = "Bearer";
