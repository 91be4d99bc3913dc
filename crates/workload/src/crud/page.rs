//! Pages of a list.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Serialize, Serializer};
use uuid::Uuid;

use super::{CrudError, Item};

const DEFAULT_LIMIT: u8 = 20;
const MOST: u8 = 100;

/// Which part of a subject's items is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// 1 to 100 items; 20 unless said.
    pub limit: u8,
    /// The last item that was seen. It need not exist any more.
    pub after: Option<Uuid>,
}

impl PageRequest {
    /// Reads the query parameters `limit` and `next`, decoded.
    ///
    /// # Errors
    /// [`CrudError::Limit`] and [`CrudError::Next`].
    pub fn read(limit: Option<&str>, next: Option<&str>) -> Result<PageRequest, CrudError> {
        let limit = match limit {
            None => DEFAULT_LIMIT,
            Some(text) => {
                let digits = text.bytes().all(|byte| byte.is_ascii_digit());
                let number = text.parse().ok().filter(|limit| digits && (1..=MOST).contains(limit));
                number.ok_or(CrudError::Limit)?
            }
        };
        let after = next.map(|text| decode(text).ok_or(CrudError::Next)).transpose()?;
        Ok(PageRequest { limit, after })
    }
}

/// A page, as it is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ItemPage {
    /// In the order of their IDs.
    pub items: Vec<Item>,
    /// Where the next page begins, if there is one.
    pub next: Option<Next>,
}

/// The last item of a page. It is answered as the ID's bytes: short, safe in a query, and of no use with another subject's
/// token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next(pub Uuid);

impl Serialize for Next {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(self.0.as_bytes()))
    }
}

fn decode(text: &str) -> Option<Uuid> {
    Uuid::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_page_is_the_beginning_of_the_next() {
        let id = Uuid::now_v7();
        let page = serde_json::to_value(ItemPage { items: Vec::new(), next: Some(Next(id)) }).unwrap();
        let next = page["next"].as_str().unwrap();
        assert_eq!(PageRequest::read(None, Some(next)), Ok(PageRequest { limit: 20, after: Some(id) }));
        let last = ItemPage { items: Vec::new(), next: None };
        assert_eq!(serde_json::to_string(&last).unwrap(), r#"{"items":[],"next":null}"#);
    }

    #[test]
    fn bad_parameters_are_told_apart() {
        assert_eq!(PageRequest::read(Some("100"), None).unwrap().limit, 100);
        for limit in ["", "0", "101", "-1", "+1", "1.0", "1e1", " 1", "x", "99999999999999999999"] {
            assert_eq!(PageRequest::read(Some(limit), None), Err(CrudError::Limit), "{limit}");
        }
        for next in ["", "x", "not a token", "AAAA", &"A".repeat(400)] {
            assert_eq!(PageRequest::read(None, Some(next)), Err(CrudError::Next), "{next:.20}");
        }
    }
}
