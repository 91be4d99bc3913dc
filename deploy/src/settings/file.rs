//! `bakeoff.toml`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use crate::failure::Failure;

const DEFAULT: &str = "bakeoff.toml";
/// Tags that the program sets itself begin with this.
const RESERVED: &str = "deploy:";

/// A settings file as read; an absent one is empty.
#[derive(Debug, Default)]
pub struct SettingsFile {
    pub path: PathBuf,
    pub content: Content,
}

/// The keys of a settings file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Content {
    pub target: Option<String>,
    pub prefix: Option<String>,
    pub region: Option<String>,
    pub profile: Option<String>,
    #[serde(alias = "endpoint_url")]
    pub endpoint_url: Option<String>,
    pub templates: Option<PathBuf>,
    pub variants: Option<Vec<String>>,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
    #[serde(default)]
    pub set: BTreeMap<String, BTreeMap<String, Scalar>>,
}

/// A value that may stand without quotes.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub enum Scalar {
    Whole(i64),
    Fraction(f64),
    Switch(bool),
    Text(String),
}

impl std::fmt::Display for Scalar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole(value) => value.fmt(f),
            Self::Fraction(value) => value.fmt(f),
            Self::Switch(value) => value.fmt(f),
            Self::Text(value) => value.fmt(f),
        }
    }
}

impl SettingsFile {
    /// Reads the named file, which must exist, or `bakeoff.toml`, which may.
    pub fn find(named: Option<PathBuf>) -> Result<Self, Failure> {
        let required = named.is_some();
        let path = named.unwrap_or_else(|| PathBuf::from(DEFAULT));
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !required => {
                return Ok(Self::default());
            }
            Err(error) => {
                return Err(Failure::new(format!(
                    "the settings file {} cannot be read: {error}",
                    path.display()
                ))
                .hint("name another with --config"));
            }
        };
        match toml::from_str(&text) {
            Ok(content) => Ok(Self { path, content }),
            Err(error) => Err(Failure::new(format!(
                "the settings file {} is wrong: {}",
                path.display(),
                error.to_string().trim_end()
            ))),
        }
    }

    /// The words for where a key stands.
    pub fn place(&self, key: &str) -> String {
        format!("{}: {key}", self.path.display())
    }

    /// The extra tags.
    pub fn tags(&self) -> Result<BTreeMap<String, String>, Failure> {
        if let Some(name) =
            self.content.tags.keys().find(|name| name.starts_with(RESERVED) || name.starts_with("aws:"))
        {
            return Err(Failure::new(format!(
                "{}: the tag {name} is reserved: tags that begin with {RESERVED} and aws: are set for you",
                self.place("tags")
            )));
        }
        Ok(self.content.tags.clone())
    }

    /// The values of tunables by variant, as text.
    pub fn set(&self) -> BTreeMap<String, BTreeMap<String, String>> {
        let texts = |values: &BTreeMap<String, Scalar>| {
            values.iter().map(|(name, value)| (name.clone(), value.to_string())).collect()
        };
        self.content.set.iter().map(|(variant, values)| (variant.clone(), texts(values))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<SettingsFile, Failure> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("bakeoff.toml");
        std::fs::write(&path, text).unwrap();
        SettingsFile::find(Some(path))
    }

    #[test]
    fn values_of_tunables_need_no_quotes() {
        let file =
            read("[set.publish-x]\nmemory = 1024\narch = 'arm64'\nwarm = true\nshare = 0.5\n").unwrap();
        let set = file.set();
        let values: Vec<_> = set["publish-x"].values().map(String::as_str).collect();
        assert_eq!(values, ["arm64", "1024", "0.5", "true"]);
    }

    #[test]
    fn an_unknown_key_is_refused_with_its_place() {
        let message = read("prefix = 'a'\nprefx = 'b'\n").unwrap_err().message;
        assert!(
            message.contains("line 2") && message.contains("prefx") && message.contains("`prefix`"),
            "{message}"
        );
    }

    #[test]
    fn a_reserved_tag_is_refused() {
        let message = read("[tags]\n'deploy:prefix' = 'x'\n").unwrap().tags().unwrap_err().message;
        assert!(message.contains("the tag deploy:prefix is reserved"), "{message}");
    }

    #[test]
    fn a_named_file_must_exist() {
        let failure = SettingsFile::find(Some(PathBuf::from("/nonexistent/x.toml"))).unwrap_err();
        assert!(failure.message.contains("/nonexistent/x.toml cannot be read"), "{}", failure.message);
    }
}
