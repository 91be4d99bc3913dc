//! What a client may say of an item.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::error::Category;

use super::{CrudError, MAX_BODY_BYTES};

const LONGEST_NAME: usize = 200;
const LONGEST_DESCRIPTION: usize = 2000;
/// The largest integer that every JSON reader has exactly.
/// <https://datatracker.ietf.org/doc/html/rfc8259#section-6>
const MOST: u64 = (1 << 53) - 1;

/// An item without its ID and version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Draft {
    /// 1 to 200 characters.
    pub name: String,
    /// At most 2,000 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// 0 to 2^53 - 1; 0 unless said.
    pub quantity: u64,
}

/// The members as they come, so that each mistake gets words of its own.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Members {
    #[serde(default)]
    name: Value,
    #[serde(default)]
    description: Value,
    #[serde(default)]
    quantity: Value,
}

impl Draft {
    /// Reads the body of a request. A member that is `null` counts as absent.
    ///
    /// # Errors
    /// [`CrudError::TooLarge`], [`CrudError::UnsupportedType`], [`CrudError::NotJson`], [`CrudError::NotADraft`],
    /// [`CrudError::Name`], [`CrudError::Description`] and [`CrudError::Quantity`], looked for in this order.
    pub fn read(content_type: Option<&str>, body: &[u8]) -> Result<Draft, CrudError> {
        if body.len() > MAX_BODY_BYTES {
            return Err(CrudError::TooLarge);
        }
        let media_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if !media_type.is_empty() && !media_type.eq_ignore_ascii_case("application/json") {
            return Err(CrudError::UnsupportedType);
        }
        // Two passes: what is wrong with a member must not hide that the text is no JSON at all, and a list of values would
        // be taken for the members.
        let value: Value = serde_json::from_slice(body).map_err(|_| CrudError::NotJson)?;
        if !value.is_object() {
            return Err(CrudError::NotADraft);
        }
        let members: Members = serde_json::from_slice(body).map_err(|error| match error.classify() {
            Category::Data => CrudError::NotADraft,
            Category::Io | Category::Syntax | Category::Eof => CrudError::NotJson,
        })?;
        Ok(Draft {
            name: name(members.name)?,
            description: description(members.description)?,
            quantity: quantity(&members.quantity)?,
        })
    }
}

fn name(value: Value) -> Result<String, CrudError> {
    match value {
        Value::String(text) if (1..=LONGEST_NAME).contains(&text.chars().count()) => Ok(text),
        _ => Err(CrudError::Name),
    }
}

fn description(value: Value) -> Result<Option<String>, CrudError> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) if text.chars().count() <= LONGEST_DESCRIPTION => Ok(Some(text)),
        _ => Err(CrudError::Description),
    }
}

fn quantity(value: &Value) -> Result<u64, CrudError> {
    match value {
        Value::Null => Ok(0),
        Value::Number(number) => number.as_u64().filter(|count| *count <= MOST).ok_or(CrudError::Quantity),
        _ => Err(CrudError::Quantity),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Draft, CrudError> {
        Draft::read(Some("application/json"), body.as_bytes())
    }

    #[test]
    fn members_that_are_absent_or_null_have_their_defaults() {
        let plain = Draft { name: "a".to_owned(), description: None, quantity: 0 };
        assert_eq!(read(r#"{"name":"a"}"#), Ok(plain.clone()));
        assert_eq!(read(r#"{"name":"a","description":null,"quantity":null}"#), Ok(plain.clone()));
        assert_eq!(Draft::read(None, br#" {"name":"a"} "#), Ok(plain));
        let full =
            read(r#"{"quantity":9007199254740991,"description":"","name":"\ud83e\udd83 \"x\""}"#).unwrap();
        assert_eq!(
            full,
            Draft { name: "🦃 \"x\"".to_owned(), description: Some(String::new()), quantity: MOST }
        );
    }

    #[test]
    fn every_mistake_has_its_words() {
        let deep = format!("{{\"name\":{}1{}}}", "[".repeat(500), "]".repeat(500));
        let long = |n: usize| format!("{{\"name\":\"{}\"}}", "é".repeat(n));
        assert!(read(&long(200)).is_ok(), "characters are counted, not bytes");
        for (body, error) in [
            ("", CrudError::NotJson),
            ("{", CrudError::NotJson),
            ("name=a", CrudError::NotJson),
            (r#"{"name":"a"} x"#, CrudError::NotJson),
            (r#"{"name":"\ud800"}"#, CrudError::NotJson),
            (r#"{"other":1,"name":"a""#, CrudError::NotJson),
            (&deep, CrudError::NotJson),
            ("[]", CrudError::NotADraft),
            ("\"a\"", CrudError::NotADraft),
            ("null", CrudError::NotADraft),
            (r#"{"name":"a","id":"b"}"#, CrudError::NotADraft),
            (r#"{"name":"a","name":"b"}"#, CrudError::NotADraft),
            ("{}", CrudError::Name),
            (r#"{"name":null}"#, CrudError::Name),
            (r#"{"name":""}"#, CrudError::Name),
            (r#"{"name":1}"#, CrudError::Name),
            (&long(201), CrudError::Name),
            (r#"{"name":"a","description":1}"#, CrudError::Description),
            (r#"{"name":"a","quantity":-1}"#, CrudError::Quantity),
            (r#"{"name":"a","quantity":1.5}"#, CrudError::Quantity),
            (r#"{"name":"a","quantity":"1"}"#, CrudError::Quantity),
            (r#"{"name":"a","quantity":9007199254740992}"#, CrudError::Quantity),
        ] {
            assert_eq!(read(body), Err(error), "{body:.60}");
        }
    }

    #[test]
    fn type_and_size_are_looked_at_first() {
        let body = br#"{"name":"a"}"#;
        assert_eq!(Draft::read(Some("text/plain"), body), Err(CrudError::UnsupportedType));
        assert!(Draft::read(Some("Application/JSON; charset=utf-8"), body).is_ok());
        let large = format!("{{\"name\":\"a\"{}}}", " ".repeat(MAX_BODY_BYTES));
        assert_eq!(Draft::read(Some("text/plain"), large.as_bytes()), Err(CrudError::TooLarge));
    }
}
