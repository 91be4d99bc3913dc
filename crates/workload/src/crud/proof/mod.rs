//! The conversation that proves that a variant does the work: steps in order, each with the one answer that is right.

mod bearer;
mod script;

use std::borrow::Cow;

pub use bearer::{Bearer, BearerError, Tokens, Who};
pub use script::script;

use super::{CrudError, Draft};

/// One request and its answer. `{a}` in path and headers stands for the ID of the item that a step kept as `a`, `{next}` for
/// the `next` of the latest page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Names the step in reports; unique.
    pub name: &'static str,
    /// The HTTP method.
    pub method: &'static str,
    /// The path below the variant's `Url`, percent-encoded, and the query string where there is one.
    pub path: Cow<'static, str>,
    /// What stands in `Authorization`.
    pub bearer: Bearer,
    /// Other headers.
    pub headers: Vec<(&'static str, &'static str)>,
    /// The body, byte for byte.
    pub body: Vec<u8>,
    /// The answer.
    pub expect: Expect,
}

/// The right answer to a [`Step`]. All but [`Expect::Deleted`] are JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expect {
    /// 201 with a new ID, version 1, `ETag` and `Location`; the ID is kept under the name.
    Created(&'static str, Draft),
    /// 200 with the item kept under the name, at this version, and `ETag`.
    Item(&'static str, Draft, u64),
    /// 200 with so many items, IDs ascending and beyond those of the pages before, and a `next`.
    Page(usize),
    /// 200 with the rest and no `next`; the names of all items since the last such page, sorted.
    LastPage(Vec<&'static str>),
    /// 204 without a body.
    Deleted,
    /// The refusal; with `WWW-Authenticate` where it is a 401.
    Refused(CrudError),
}
