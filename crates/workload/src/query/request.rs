//! What a request asks for.

use std::str::FromStr;

use percent_encoding::percent_decode_str;

use super::{MAX_BREED_BYTES, QueryError};

/// The breed whose turkeys are wanted: any text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Breed(String);

impl Breed {
    /// The breed that the last part of a URL's path names, percent-encoded as it came. Bytes that are not UTF-8 become
    /// U+FFFD, as API Gateway has it.
    #[must_use]
    pub fn in_path(path: &str) -> Breed {
        let last = path.rsplit('/').next().unwrap_or_default();
        Breed(percent_decode_str(last).decode_utf8_lossy().into_owned())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a key of the index can be this breed. What cannot be a key has no turkeys, and DynamoDB would refuse to look.
    #[must_use]
    pub fn can_be_key(&self) -> bool {
        !self.0.is_empty() && self.0.len() <= MAX_BREED_BYTES
    }
}

/// How many turkeys a page has at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageSize(u16);

impl PageSize {
    /// The size that a variant's page has unless it is configured or asked for another one.
    pub const DEFAULT: PageSize = PageSize(115);
    /// The largest page; API Gateway's mapping templates go through at most as many items.
    /// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html>
    pub const MOST: u16 = 1000;

    /// The number.
    #[must_use]
    pub fn get(self) -> u16 {
        self.0
    }
}

impl FromStr for PageSize {
    type Err = QueryError;

    /// Reads what matches `[1-9][0-9]{0,2}|1000`, the pattern that every variant has.
    fn from_str(text: &str) -> Result<PageSize, QueryError> {
        let digits = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
        let size = text.parse().ok().filter(|size| digits && (1..=PageSize::MOST).contains(size));
        size.map(PageSize).ok_or(QueryError::Limit)
    }
}

/// The decoded value of the last `limit` in a query string.
#[must_use]
pub fn limit_in(query: &str) -> Option<String> {
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let mut pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.rfind(|(name, _)| decode(name) == "limit").map(|(_, value)| decode(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_sizes_are_plain_integers_from_1_to_1000() {
        for (text, size) in [("1", 1), ("9", 9), ("10", 10), ("115", 115), ("999", 999), ("1000", 1000)] {
            assert_eq!(text.parse::<PageSize>().unwrap().get(), size);
        }
        for text in [
            "",
            "0",
            "00",
            "01",
            "0115",
            "1001",
            "-1",
            "+1",
            " 1",
            "1 ",
            "1.0",
            "1e2",
            "0x10",
            "ten",
            "１",
            "99999999999",
        ] {
            assert_eq!(text.parse::<PageSize>(), Err(QueryError::Limit), "{text:?}");
        }
    }

    #[test]
    fn the_breed_is_the_last_part_of_the_path_decoded_once() {
        for (path, breed) in [
            ("/turkeys/Bronze", "Bronze"),
            ("/v1/turkeys/Jersey%20Buff", "Jersey Buff"),
            ("/turkeys/a%2Fb+c", "a/b+c"),
            ("/turkeys/%2541", "%41"),
            ("/turkeys/100%", "100%"),
            ("/turkeys/%FF", "\u{fffd}"),
            ("/turkeys/", ""),
        ] {
            assert_eq!(Breed::in_path(path).as_str(), breed);
        }
    }

    #[test]
    fn keys_have_a_length() {
        assert!(Breed("é".repeat(1024)).can_be_key());
        assert!(!Breed(format!("{}x", "é".repeat(1024))).can_be_key());
        assert!(!Breed(String::new()).can_be_key());
    }

    #[test]
    fn the_last_limit_counts() {
        for (query, limit) in [
            ("", None),
            ("page=2&limits=3", None),
            ("limit=5", Some("5")),
            ("limit", Some("")),
            ("limit=", Some("")),
            ("a=1&limit=5&limit=7", Some("7")),
            ("limit=+5", Some(" 5")),
            ("%6Cimit=%31", Some("1")),
        ] {
            assert_eq!(limit_in(query).as_deref(), limit, "{query}");
        }
    }
}
