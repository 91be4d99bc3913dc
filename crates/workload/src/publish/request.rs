//! What a request must be before it is worth a call to SNS.

use super::{CONTENT_TYPES, MAX_BODY_BYTES, PublishError};

/// The body as text, when the request may be published.
///
/// JSON is not validated: whatever is text is a message.
///
/// # Errors
/// [`PublishError::UnsupportedType`], [`PublishError::Empty`], [`PublishError::TooLarge`] and [`PublishError::NotText`],
/// looked for in this order.
pub fn check<'a>(content_type: Option<&str>, body: &'a [u8]) -> Result<&'a str, PublishError> {
    if !is_supported(content_type) {
        return Err(PublishError::UnsupportedType);
    }
    if body.is_empty() {
        return Err(PublishError::Empty);
    }
    if body.len() > MAX_BODY_BYTES {
        return Err(PublishError::TooLarge);
    }
    std::str::from_utf8(body).map_err(|_| PublishError::NotText)
}

fn is_supported(content_type: Option<&str>) -> bool {
    let media_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    media_type.is_empty() || CONTENT_TYPES.iter().any(|supported| supported.eq_ignore_ascii_case(media_type))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_and_case_of_the_content_type_do_not_matter() {
        for content_type in [
            None,
            Some(""),
            Some("text/plain"),
            Some("text/plain; charset=utf-8"),
            Some("TEXT/Plain;charset=ISO-8859-1"),
            Some(" application/json ; charset=UTF-8"),
            Some("application/x-www-form-urlencoded"),
        ] {
            assert_eq!(check(content_type, b"x"), Ok("x"), "{content_type:?}");
        }
    }

    #[test]
    fn other_content_types_are_refused() {
        for content_type in ["image/png", "text/html", "text/plainer", "application/jsonx", "*/*", "text"] {
            assert_eq!(check(Some(content_type), b"x"), Err(PublishError::UnsupportedType), "{content_type}");
        }
    }

    #[test]
    fn the_limit_counts_bytes() {
        let most = "é".repeat(MAX_BODY_BYTES / 2);
        assert_eq!(check(None, most.as_bytes()), Ok(most.as_str()));
        assert_eq!(check(None, format!("{most}x").as_bytes()), Err(PublishError::TooLarge));
        assert_eq!(check(None, b""), Err(PublishError::Empty));
    }

    #[test]
    fn bytes_that_are_not_utf8_are_refused() {
        assert_eq!(check(Some("text/plain"), b"caf\xe9"), Err(PublishError::NotText));
        assert_eq!(check(None, b"\xed\xa0\x80"), Err(PublishError::NotText), "a lone surrogate");
    }

    #[test]
    fn invalid_json_is_text() {
        assert_eq!(check(Some("application/json"), b"{\"a\":"), Ok("{\"a\":"));
    }
}
