//! Long lists in pages.

use super::wire::invalid;
use crate::wire::{ApiError, Node, Params};

/// How many items a page has.
const PAGE: usize = 100;

/// One page of a list: its items, and the token of the next page where there is one.
///
/// A token is the key of the last item, so that items which come in front, as new events do, move nothing.
pub(super) fn page<T>(
    params: &Params,
    items: Vec<T>,
    key: impl Fn(&T) -> &str,
) -> Result<(Vec<T>, Option<Node>), ApiError> {
    let start = match params.get("NextToken").filter(|token| !token.is_empty()) {
        None => 0,
        Some(token) => {
            let last = items.iter().position(|item| key(item) == token);
            last.ok_or_else(|| {
                invalid(format!("The NextToken {token} is not valid; ask for the first page again"))
            })? + 1
        }
    };
    let more = items.len() > start + PAGE;
    let page: Vec<T> = items.into_iter().skip(start).take(PAGE).collect();
    let next = page.last().filter(|_| more).map(|last| key(last).into());
    Ok((page, next))
}
