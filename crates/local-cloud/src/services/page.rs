//! Long lists in pages.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::wire::{ApiError, Params, WireRequest};

/// Which page of a list a caller asks for.
#[derive(Clone, Debug, Default)]
pub struct PageRequest {
    token: Option<String>,
    /// As the caller wrote it.
    size: Option<String>,
}

/// A page, and the token of the next one where there is one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T> {
    pub items: Vec<T>,
    pub next: Option<String>,
}

/// Why there is no such page.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    #[error("The token {0:?} is not valid; ask for the first page again.")]
    Token(String),
    #[error("A page has 1 to {most} entries, not {given}.")]
    Size { given: String, most: usize },
}

impl PageError {
    /// The error of a service whose codes for the two cases these are.
    #[must_use]
    pub fn coded(self, token: &str, size: &str) -> ApiError {
        let code = if matches!(self, Self::Token(_)) { token } else { size };
        ApiError::sender(code, self.to_string())
    }
}

impl PageRequest {
    /// Reads the members of a JSON input that name the token and the size.
    #[must_use]
    pub fn of_json(input: &Value, token: &str, size: &str) -> Self {
        let text = |name: &str| match &input[name] {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        };
        Self::new(text(token), text(size))
    }

    /// Reads the parameters of a form that name the token and the size.
    #[must_use]
    pub fn of_form(params: &Params, token: &str, size: &str) -> Self {
        Self::new(params.get(token).map(str::to_owned), params.get(size).map(str::to_owned))
    }

    /// Reads the parts of a URL's query that name the token and the size.
    #[must_use]
    pub fn of_query(request: &WireRequest, token: &str, size: &str) -> Self {
        Self::new(request.query_param(token), request.query_param(size))
    }

    /// An empty token asks for the first page, as a missing one does.
    #[must_use]
    pub fn new(token: Option<String>, size: Option<String>) -> Self {
        Self { token: token.filter(|token| !token.is_empty()), size }
    }

    /// How many entries the page may have: `usual` where the caller does not say.
    ///
    /// # Errors
    /// The caller asked for none, or for more than `most`.
    pub fn size(&self, usual: usize, most: usize) -> Result<usize, PageError> {
        let Some(given) = &self.size else { return Ok(usual) };
        let size = given.parse().ok().filter(|size| (1..=most).contains(size));
        size.ok_or_else(|| PageError::Size { given: given.clone(), most })
    }

    /// Cuts the page out of the whole list.
    ///
    /// The token tells the key of the page's last entry and how many entries came before, so that neither what is added
    /// nor what is deleted between two pages, the last entry among it, stops the caller.
    ///
    /// # Errors
    /// The size is not allowed; the token is none of ours.
    pub fn of<T>(
        &self,
        mut items: Vec<T>,
        key: impl Fn(&T) -> &str,
        usual: usize,
        most: usize,
    ) -> Result<Page<T>, PageError> {
        let size = self.size(usual, most)?;
        let start = match &self.token {
            None => 0,
            Some(token) => {
                let (before, last) = decode(token).ok_or_else(|| PageError::Token(token.clone()))?;
                items.iter().position(|item| key(item) == last).map_or(before, |at| at + 1)
            }
        };
        let end = start.saturating_add(size).min(items.len());
        let next = (end < items.len()).then(|| encode(end, key(&items[end - 1])));
        Ok(Page { items: items.drain(start.min(end)..end).collect(), next })
    }
}

fn encode(before: usize, last: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{before}:{last}"))
}

fn decode(token: &str) -> Option<(usize, String)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let (before, last) = text.split_once(':')?;
    Some((before.parse().ok()?, last.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(
        items: &[&'static str],
        token: Option<&str>,
        size: &str,
    ) -> Result<Page<&'static str>, PageError> {
        let request = PageRequest::new(token.map(str::to_owned), Some(size.to_owned()));
        request.of(items.to_vec(), |item| item, 10, 5)
    }

    #[test]
    fn pages_follow_each_other_whatever_changes_between_them() {
        let first = page(&["a", "b", "c", "d"], None, "2").unwrap();
        assert_eq!(first.items, ["a", "b"]);
        let token = first.next.as_deref();
        assert_eq!(
            page(&["a", "b", "c", "d"], token, "2").unwrap(),
            Page { items: vec!["c", "d"], next: None }
        );
        assert_eq!(page(&["0", "a", "b", "c"], token, "2").unwrap().items, ["c"]);
        assert_eq!(page(&["a", "c", "d"], token, "2").unwrap().items, ["d"]);
        assert_eq!(page(&[], token, "2").unwrap().items, [""; 0]);
    }

    #[test]
    fn refuses_wrong_tokens_and_sizes() {
        assert_eq!(page(&["a"], Some("no token"), "2"), Err(PageError::Token("no token".into())));
        for size in ["0", "6", "-1", "x"] {
            assert_eq!(page(&["a"], None, size), Err(PageError::Size { given: size.into(), most: 5 }));
        }
        let input = serde_json::json!({"next": "", "max": 3});
        let request = PageRequest::of_json(&input, "next", "max");
        assert_eq!((request.token.as_deref(), request.size(10, 5)), (None, Ok(3)));
        assert_eq!(PageError::Token("x".into()).coded("BadToken", "BadSize").code, "BadToken");
    }
}
