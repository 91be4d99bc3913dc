//! The precondition of a change.

use super::CrudError;

/// The most tags in one header: each becomes a value of the table's condition.
const MOST_TAGS: usize = 10;

/// Which versions of an item a change is for.
/// <https://datatracker.ietf.org/doc/html/rfc9110#section-13.1.1>
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IfMatch {
    /// `*`: whatever version it has.
    Any,
    /// One of these. Weak tags, and tags that no version has, match nothing, so the list may be empty.
    Versions(Vec<u64>),
}

impl IfMatch {
    /// Reads the header; an empty one counts as absent.
    ///
    /// # Errors
    /// [`CrudError::IfMatch`].
    pub fn read(header: Option<&str>) -> Result<Option<IfMatch>, CrudError> {
        let header = header.unwrap_or_default().trim();
        match header {
            "" => return Ok(None),
            "*" => return Ok(Some(IfMatch::Any)),
            _ => {}
        }
        // The tags of this service have no commas, so a tag that holds one is none of them, in two parts or in one.
        let tags = header.split(',').map(str::trim).collect::<Vec<_>>();
        if tags.len() > MOST_TAGS {
            return Err(CrudError::IfMatch);
        }
        let mut versions = Vec::new();
        for tag in tags {
            let strong = tag.strip_prefix("W/").unwrap_or(tag);
            let inner = strong.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            let inner = inner.filter(|text| !text.contains('"')).ok_or(CrudError::IfMatch)?;
            let version = inner.parse().ok().filter(|version: &u64| version.to_string() == inner);
            versions.extend(version.filter(|_| !tag.starts_with("W/")));
        }
        Ok(Some(IfMatch::Versions(versions)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(header: &str) -> Vec<u64> {
        match IfMatch::read(Some(header)) {
            Ok(Some(IfMatch::Versions(versions))) => versions,
            other => panic!("{header}: {other:?}"),
        }
    }

    #[test]
    fn tags_are_compared_strongly_and_as_text() {
        assert_eq!(versions("\"3\""), [3]);
        assert_eq!(versions(" \"1\" ,\"2\""), [1, 2]);
        for never in ["W/\"3\"", "\"03\"", "\"\"", "\"abc\"", "\"-1\"", "\"+1\""] {
            assert!(versions(never).is_empty(), "{never}");
        }
    }

    #[test]
    fn absent_any_and_wrong_are_told_apart() {
        assert_eq!(IfMatch::read(None), Ok(None));
        assert_eq!(IfMatch::read(Some(" ")), Ok(None));
        assert_eq!(IfMatch::read(Some("*")), Ok(Some(IfMatch::Any)));
        let many = ["\"1\""; 11].join(",");
        for wrong in ["3", "\"3", "\"", "\"1\" \"2\"", "'3'", "\"1\",", "*, \"1\"", &many] {
            assert_eq!(IfMatch::read(Some(wrong)), Err(CrudError::IfMatch), "{wrong}");
        }
    }
}
