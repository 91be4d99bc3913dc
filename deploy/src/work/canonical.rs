//! Answers in one form, so that those that say the same are equal.

use serde_json::Value;
use signed_http::Response;

/// A JSON text without insignificant white space, its objects' members sorted by name, its arrays in their order, and each
/// number and text in one spelling; `None` where the bytes are not one JSON value.
pub fn canonical(body: &[u8]) -> Option<String> {
    let mut value: Value = serde_json::from_slice(body).ok()?;
    value.sort_all_objects();
    Some(value.to_string())
}

/// Whether an answer says that it is JSON.
pub fn is_json(answer: &Response) -> bool {
    answer.header("content-type").is_some_and(|text| {
        text.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
    })
}

/// At most the first `most` characters of a text, for messages.
pub fn excerpt(bytes: &[u8], most: usize) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut characters = text.chars();
    let begin: String = characters.by_ref().take(most).collect();
    if characters.next().is_some() {
        format!("{begin:?}… ({} bytes)", bytes.len())
    } else {
        format!("{begin:?}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_the_same_is_equal() {
        let plain = canonical(br#"[{"a":1.5,"b":"\u00e9/"},{}]"#).unwrap();
        assert_eq!(canonical("[ {\"b\" : \"é\\/\",\n\"a\" : 1.50 }, { } ]\r\n".as_bytes()).unwrap(), plain);
        assert_eq!(plain, r#"[{"a":1.5,"b":"é/"},{}]"#);
    }

    #[test]
    fn what_says_something_else_is_not() {
        for other in ["[2,1]", "[1,2,3]", r#"["1",2]"#, "[1,2.0000000000000004]", "[[1],2]"] {
            assert_ne!(canonical(other.as_bytes()), canonical(b"[1,2]"), "{other}");
        }
        for broken in ["", "[1 2]", "[1,2]]", "{\"a\":1}{\"a\":1}", "[1,2,]"] {
            assert_eq!(canonical(broken.as_bytes()), None, "{broken}");
        }
    }
}
