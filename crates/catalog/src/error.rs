//! What can be wrong with a template, a name or a setting.

use std::io;
use std::path::PathBuf;

use cloudformation::template::TemplateError;

/// A template that cannot be used, or a name or value that no template knows.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    #[error("{} cannot be read", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{} holds no template; a variant is a file <id>.yaml in it", path.display())]
    NoTemplates { path: PathBuf },
    /// `file` is where the template comes from, as the user knows it.
    #[error("{file}: {problem}")]
    Template { file: String, problem: Problem },
    #[error(
        "no {kind} \"{name}\"{} (\"deploy list\" shows all)",
        suggestion.as_ref().map_or_else(String::new, |one| format!("; did you mean {one}?"))
    )]
    Unknown { kind: &'static str, name: String, suggestion: Option<String> },
    #[error(
        "{variant} has no setting \"{flag}\"{}; it has {}",
        suggestion.as_ref().map_or_else(String::new, |one| format!(", did you mean {one}?")),
        if known.is_empty() { "none".to_owned() } else { known.join(", ") }
    )]
    UnknownSetting { variant: String, flag: String, suggestion: Option<String>, known: Vec<String> },
    /// `allowed` is a phrase such as `128 to 10240`.
    #[error("{flag} {value} is not allowed for {variant}: {allowed}")]
    NotAllowed { variant: String, flag: String, value: String, allowed: String },
    /// Settings that do not go together. `rule` is the template's phrase for what goes together, such as
    /// `512 CPU units go with 1024, 2048, 3072 or 4096 MB`; `flag` is the setting that breaks it, `allowed` what it may be
    /// while the others stay.
    #[error("{rule}{}", value.as_ref().map_or_else(String::new, |value| format!(", not {value}")))]
    Combination {
        variant: String,
        rule: String,
        flag: Option<String>,
        value: Option<String>,
        allowed: Vec<String>,
    },
}

impl CatalogError {
    /// What the user can do about it, where the message does not say so already.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownSetting { variant, .. } => Some(format!("\"deploy show {variant}\" explains them")),
            Self::Combination { flag: Some(flag), allowed, .. } => {
                allowed.first().map(|first| format!("--{flag} {first} goes with it"))
            }
            _ => None,
        }
    }
}

/// What is wrong with a template.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    #[error(transparent)]
    Format(#[from] TemplateError),
    #[error("it has {bytes} bytes; at most 51200 fit into a request")]
    TooLong { bytes: usize },
    #[error("it is not UTF-8 text")]
    Encoding,
    #[error(
        "\"{stem}\" cannot name a stack: a letter, then at most 62 lower-case letters, digits and hyphens"
    )]
    Name { stem: String },
    #[error("{other} has the same name")]
    Duplicate { other: String },
    #[error("it has no Metadata.Variant; without it a template is no variant")]
    NoVariant,
    #[error("it has a Metadata.Variant, which a foundation stack must not have")]
    FoundationVariant,
    #[error("Metadata.Variant: {0}")]
    Variant(String),
    #[error(
        "Metadata.Variant: {section}: {key} names the parameter {parameter}, which the template does not have"
    )]
    NoParameter { section: &'static str, key: String, parameter: String },
    #[error("Metadata.Variant: Tunables: {flag}: the parameter {parameter} has no Default")]
    NoDefault { flag: String, parameter: String },
    #[error("Metadata.Variant: the parameter {parameter} is filled twice: by {first} and by {second}")]
    FilledTwice { parameter: String, first: String, second: String },
    #[error("it has no output Url")]
    NoUrl,
    #[error(
        "nothing gives the parameter {parameter} a value: it has no Default, is no artifact, and no foundation stack has an output of that name"
    )]
    Unfed { parameter: String },
    #[error(
        "the output {output} is an output of {other} too, so that nobody could tell which feeds a parameter"
    )]
    Ambiguous { output: String, other: String },
    #[error("it needs itself: {}", .0.join(" -> "))]
    Circle(Vec<String>),
}
