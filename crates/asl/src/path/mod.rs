//! Paths as Step Functions reads them: Jayway's JSONPath, applied to the state's data, to the context object (`$$`) or to
//! a variable (`$name`).
//!
//! A path that can only name one place is looked up directly; any other becomes a query of `serde_json_path`.

mod query;
mod reference;

use serde_json::Value;
use serde_json_path::JsonPath;

pub(crate) use reference::ReferencePath;

/// What a path starts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Root {
    /// `$`: the data that the field is applied to.
    Data,
    /// `$$`: the context object.
    Context,
    /// `$name`: a variable.
    Variable(String),
}

#[derive(Debug, Clone)]
enum Selection {
    One(ReferencePath),
    Many(Box<JsonPath>),
}

/// A path and what it starts from.
#[derive(Debug, Clone)]
pub(crate) struct Path {
    pub(crate) source: String,
    pub(crate) root: Root,
    selection: Selection,
}

impl Path {
    /// Reads a path; the error says what a path looks like.
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-paths.html>
    pub(crate) fn parse(source: &str) -> Result<Self, String> {
        let (root, rest) = split_root(source)?;
        let selection = if let Some(reference) = ReferencePath::parse(rest) {
            Selection::One(reference)
        } else {
            let query = query::normalised(rest).and_then(|query| {
                JsonPath::parse(&query)
                    .map_err(|error| format!("{} at character {}", error.message(), error.position()))
            });
            let query = query.map_err(|why| format!("`{source}` is not a JSONPath: {why}"))?;
            Selection::Many(Box::new(query))
        };
        Ok(Self { source: source.to_owned(), root, selection })
    }

    /// The path as a reference path on the state's data, which names one place only.
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/amazon-states-language-paths.html#amazon-states-language-reference-paths>
    pub(crate) fn is_reference(&self) -> bool {
        matches!(self.selection, Selection::One(_))
    }

    /// What the path finds; nothing where it names a place that does not exist. A path that may name several places
    /// always finds an array, which may be empty.
    pub(crate) fn find(&self, root: &Value) -> Option<Value> {
        match &self.selection {
            Selection::One(reference) => reference.find(root).cloned(),
            Selection::Many(query) => {
                Some(Value::Array(query.query(root).all().into_iter().cloned().collect()))
            }
        }
    }

    /// The one place that the path names on the state's data, for writing a result there.
    pub(crate) fn into_reference(self) -> Option<ReferencePath> {
        match (self.root, self.selection) {
            (Root::Data, Selection::One(reference)) => Some(reference),
            _ => None,
        }
    }
}

fn split_root(source: &str) -> Result<(Root, &str), String> {
    let refuse =
        || format!("`{source}` is not a path: a path starts with `$`, `$$` or `$` and a variable's name");
    let rest = source.strip_prefix('$').ok_or_else(refuse)?;
    if let Some(rest) = rest.strip_prefix('$') {
        return Ok((Root::Context, rest));
    }
    let end = rest.find(['.', '[']).unwrap_or(rest.len());
    match &rest[..end] {
        "" => Ok((Root::Data, rest)),
        name if is_variable_name(name) => Ok((Root::Variable(name.to_owned()), &rest[end..])),
        _ => Err(refuse()),
    }
}

/// Whether a variable may have this name.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html#reserved-variable-name>
pub(crate) fn is_variable_name(name: &str) -> bool {
    let mut chars = name.chars();
    chars.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && chars.all(|c| c.is_alphanumeric() || c == '_')
        && name.chars().count() <= 80
}
