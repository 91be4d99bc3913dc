//! Turkeys in the order of the index, in a form that can be compared.

use serde_json::Value;
use signed_http::Response;
use workload::query::Turkey;

use crate::work::{canonical, is_json, seen};

/// Each turkey in canonical JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page(Vec<String>);

impl Page {
    /// What the table holds.
    pub fn of(turkeys: &[Turkey]) -> Option<Self> {
        Self::read(workload::query::page(turkeys).as_bytes())
    }

    /// An answer's body; `None` where it is no JSON array.
    pub fn read(body: &[u8]) -> Option<Self> {
        let Value::Array(rows) = serde_json::from_slice(body).ok()? else { return None };
        rows.iter().map(|row| canonical(row.to_string().as_bytes())).collect::<Option<_>>().map(Self)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn begins_with(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }

    /// At most the first `most` turkeys.
    pub fn first(&self, most: usize) -> Self {
        Self(self.0.iter().take(most).cloned().collect())
    }

    /// Whether an answer is 200 and this page; what was expected and what came, where it is not.
    pub fn judge(&self, answer: &Response) -> Result<(), (String, String)> {
        let got = Self::read(&answer.body);
        if answer.status == 200 && is_json(answer) && got.as_ref() == Some(self) {
            return Ok(());
        }
        let expected = format!("200 and {} as application/json", self.words());
        match got {
            Some(got) if answer.status == 200 && is_json(answer) => {
                let at = self.0.iter().zip(&got.0).take_while(|(wanted, came)| wanted == came).count();
                let [wanted, came] =
                    [self, &got].map(|page| page.0.get(at).map_or("no turkey", String::as_str));
                Err((
                    expected,
                    format!("{}, where number {} is {came} instead of {wanted}", got.words(), at + 1),
                ))
            }
            Some(_) => Err((expected, seen(answer))),
            None => Err((expected, format!("{}, which is no JSON array", seen(answer)))),
        }
    }

    fn words(&self) -> String {
        format!("an array of {} turkeys", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turkeys(count: usize) -> Vec<Turkey> {
        let turkey = |index| Turkey {
            id: format!("t-{index}"),
            name: format!("\"{index}\" é"),
            breed: "Slate".to_owned(),
            weight: "7.25".to_owned(),
        };
        (0..count).map(turkey).collect()
    }

    fn answer(status: u16, body: &str) -> Response {
        let mut headers = http::HeaderMap::new();
        headers.insert("content-type", "application/json".parse().unwrap());
        Response { status, headers, body: bytes::Bytes::copy_from_slice(body.as_bytes()) }
    }

    #[test]
    fn a_page_is_known_whatever_it_looks_like() {
        let page = Page::of(&turkeys(2)).unwrap();
        let other = "[ {\"weight\":7.250,\"breed\":\"Slate\",\"name\":\"\\u00220\\u0022 \\u00e9\",\"id\":\"t-0\"},\n\
                     {\"id\":\"t-1\",\"name\":\"\\\"1\\\" é\",\"breed\":\"Slate\",\"weight\":7.25} ]";
        assert_eq!(page.judge(&answer(200, other)), Ok(()));
        assert_eq!(Page::default().judge(&answer(200, "[]")), Ok(()));
    }

    #[test]
    fn what_is_wrong_with_a_page_is_told() {
        let page = Page::of(&turkeys(3)).unwrap();
        let right = workload::query::page(&turkeys(3));
        let told = |status, body: &str| page.judge(&answer(status, body)).unwrap_err().1;
        assert!(told(200, &right.replace("},{", "}{")).ends_with("which is no JSON array"));
        assert!(told(502, &right).starts_with("502 "));
        assert!(
            told(200, &right.replace("t-1", "t-9"))
                .contains("number 2 is {\"breed\":\"Slate\",\"id\":\"t-9\"")
        );
        assert!(told(200, &workload::query::page(&turkeys(2))).contains("number 3 is no turkey instead of"));
        assert!(told(200, &right.replace("7.25", "\"7.25\"")).contains("number 1"));
        assert!(told(200, &right.replace("\"id\"", "\"extra\":1,\"id\"")).contains("number 1"));
    }

    #[test]
    fn pages_of_any_size_begin_alike() {
        let all = Page::of(&turkeys(5)).unwrap();
        assert!(all.begins_with(&all.first(2)) && all.first(9) == all);
        assert!(!all.first(2).begins_with(&all));
    }
}
