//! Settings of one variant that are measured against each other.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::span;

/// A question about settings, as a plan's file has it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct CauseContent {
    name: String,
    /// Values of tunables, by flag.
    sides: Vec<BTreeMap<String, String>>,
    rest: Option<String>,
}

/// A question about settings: does it matter which of its sides a variant has?
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    pub name: String,
    /// Values of tunables by flag, at least two.
    pub sides: Vec<BTreeMap<String, String>>,
    /// How long a variant is left alone before each turn.
    pub rest: Duration,
}

impl CauseContent {
    pub fn cause(&self) -> Result<Cause, String> {
        let name = &self.name;
        if name.is_empty() || !name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-') {
            return Err(format!("a cause is called \"{name}\"; letters, digits and - make a name"));
        }
        if self.sides.len() < 2 || self.sides.iter().any(BTreeMap::is_empty) {
            return Err(format!("the cause {name} needs two sides or more, each with a tunable's value"));
        }
        let rest = self.rest.as_deref().map(span::span).transpose();
        let rest = rest.map_err(|error| format!("the rest of the cause {name} {error}"))?;
        Ok(Cause { name: name.clone(), sides: self.sides.clone(), rest: rest.unwrap_or_default() })
    }
}

impl Cause {
    /// The tunables that the sides set.
    pub fn flags(&self) -> impl Iterator<Item = &str> {
        self.sides.iter().flat_map(|side| side.keys().map(String::as_str))
    }
}

/// A side in words: `cache=on`.
pub fn words(side: &BTreeMap<String, String>) -> String {
    let each = side.iter().map(|(flag, value)| {
        let value = if value.is_empty() { "unset" } else { value };
        format!("{flag}={value}")
    });
    each.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cause(text: &str) -> Result<Cause, String> {
        toml::from_str::<CauseContent>(text).map_err(|error| error.to_string())?.cause()
    }

    #[test]
    fn a_cause_has_sides_with_values() {
        let read = cause("name = 'a'\nsides = [{x = '1'}, {x = '', y = '2'}]\nrest = '2s'").unwrap();
        assert_eq!(read.rest, Duration::from_secs(2));
        assert_eq!(read.sides.iter().map(words).collect::<Vec<_>>(), ["x=1", "x=unset,y=2"]);
        assert_eq!(read.flags().collect::<Vec<_>>(), ["x", "x", "y"]);
    }

    #[test]
    fn what_is_no_question_is_refused() {
        for (text, words) in [
            ("name = 'a b'\nsides = [{x = '1'}, {x = '2'}]", "\"a b\""),
            ("name = 'a'\nsides = [{x = '1'}]", "two sides or more"),
            ("name = 'a'\nsides = [{x = '1'}, {}]", "two sides or more"),
            ("name = 'a'\nsides = [{x = '1'}, {x = '2'}]\nrest = 'soon'", "the rest of the cause a"),
            ("name = 'a'\nside = []", "unknown field"),
        ] {
            assert!(cause(text).unwrap_err().contains(words), "{text}");
        }
    }
}
