use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde_json::Value;

use super::fields::Fields;
use super::{Language, Scope, graph, state};
use crate::problem::{Problem, Problems, below};

/// A whole machine.
#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) scope: Scope,
    pub(crate) timeout_seconds: Option<u64>,
}

/// The longest name of a state, in characters.
const MAX_NAME: usize = 80;
/// How deep Parallel and Map states may be nested.
const MAX_NESTING: usize = 20;

/// Reads a machine, or says everything that is wrong with it.
pub(crate) fn parse_machine(definition: &Value) -> Result<Definition, Vec<Problem>> {
    let problems = Problems::default();
    let parsed = machine(definition, &problems);
    let problems = problems.into_vec();
    match parsed {
        Some(parsed) if problems.is_empty() => Ok(parsed),
        _ => Err(problems),
    }
}

fn machine(definition: &Value, problems: &Problems) -> Option<Definition> {
    let fields = Fields::new(definition, "", problems)?;
    let language = query_language(&fields).unwrap_or(Language::JsonPath);
    if let Some(version) = fields.text("Version")
        && version != "1.0"
    {
        fields.add("Version", format!("`{version}` must be 1.0"));
    }
    let timeout_seconds = fields.whole("TimeoutSeconds", 1..=99_999_999);
    let reader = Reader { language, problems, nesting: 0 };
    let scope = reader.scope(fields);
    graph::check(&scope, problems);
    Some(Definition { scope, timeout_seconds })
}

fn query_language(fields: &Fields<'_>) -> Option<Language> {
    match fields.text("QueryLanguage")? {
        "JSONPath" => Some(Language::JsonPath),
        "JSONata" => Some(Language::Jsonata),
        other => {
            fields.add("QueryLanguage", format!("`{other}` must be JSONPath or JSONata"));
            None
        }
    }
}

/// Reads the states of a machine and of what is nested in it.
pub(super) struct Reader<'a> {
    /// The machine's query language.
    language: Language,
    pub(super) problems: &'a Problems,
    nesting: usize,
}

impl Reader<'_> {
    /// The query language of a state. A JSONata machine has no JSONPath states.
    /// <https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html>
    pub(super) fn language(&self, fields: &Fields<'_>) -> Language {
        let own = query_language(fields).unwrap_or(self.language);
        if self.language == Language::Jsonata && own == Language::JsonPath {
            fields.add("QueryLanguage", "a JSONata state machine cannot have JSONPath states");
            return self.language;
        }
        own
    }

    /// The states of a branch or of an item processor.
    pub(super) fn nested(&self, value: &Value, location: &str, beside: &[&str]) -> Option<Scope> {
        if self.nesting == MAX_NESTING {
            self.problems.add(location, format!("Parallel and Map states may be nested {MAX_NESTING} deep"));
            return None;
        }
        let fields = Fields::new(value, location, self.problems)?;
        for name in beside {
            fields.take(name);
        }
        let reader = Reader { language: self.language, problems: self.problems, nesting: self.nesting + 1 };
        Some(reader.scope(fields))
    }

    fn scope(&self, fields: Fields<'_>) -> Scope {
        fields.text("Comment");
        let start_at = fields.required_text("StartAt").unwrap_or_default().to_owned();
        let location = fields.at("States");
        let mut states = IndexMap::new();
        let mut refused = BTreeSet::new();
        let entries = fields.require("States").and_then(|value| {
            let entries = value.as_object().filter(|entries| !entries.is_empty());
            if entries.is_none() {
                fields.add("States", "must be an object with at least one state");
            }
            entries
        });
        for (name, value) in entries.into_iter().flatten() {
            let location = below(&location, name);
            if name.is_empty() || name.chars().count() > MAX_NAME {
                self.problems.add(&location, format!("a state's name has 1 to {MAX_NAME} characters"));
            }
            match state::state(name, value, &location, self) {
                Some(state) => {
                    states.insert(name.clone(), state);
                }
                None => {
                    refused.insert(name.clone());
                }
            }
        }
        let scope_location = fields.location.clone();
        let (has_start, has_states) = (fields.has("StartAt"), entries.is_some());
        fields.finish(self.language);
        let scope = Scope { start_at, states };
        if has_start && has_states {
            graph::check_transitions(&scope, &scope_location, &refused, self.problems);
        }
        scope
    }
}
