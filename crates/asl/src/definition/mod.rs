//! State machines as they run, read from their definition.

mod catch;
mod choice;
mod fields;
mod graph;
mod map;
mod quantity;
mod scope;
mod state;
mod templates;
mod work;

use indexmap::IndexMap;
use serde_json::Value;

pub(crate) use catch::{Catcher, Retrier};
pub(crate) use choice::{Choice, Operand, Operator, Order, Test, timestamp as timestamp_of};
pub(crate) use map::{Batcher, ItemReader, Map};
pub(crate) use quantity::Quantity;
pub(crate) use scope::{Definition, parse_machine};
pub(crate) use work::{Pause, Task};

use crate::path::{Path, ReferencePath};
use crate::template::Template;

/// How the fields of a state are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    JsonPath,
    Jsonata,
}

impl Language {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::JsonPath => "JSONPath",
            Self::Jsonata => "JSONata",
        }
    }
}

/// The states of a machine, of a branch or of an item processor.
#[derive(Debug)]
pub(crate) struct Scope {
    pub(crate) start_at: String,
    pub(crate) states: IndexMap<String, State>,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) name: String,
    pub(crate) language: Language,
    pub(crate) kind: Kind,
    pub(crate) input: Selection,
    pub(crate) parameters: Option<Template>,
    pub(crate) result_selector: Option<Template>,
    pub(crate) result_path: ResultPath,
    /// `OutputPath` of a JSONPath state.
    pub(crate) selected: Selection,
    /// `Output` of a JSONata state.
    pub(crate) output: Option<Template>,
    pub(crate) assign: Vec<(String, Template)>,
    pub(crate) retry: Vec<Retrier>,
    pub(crate) catch: Vec<Catcher>,
    /// The state that follows; nothing ends the scope.
    pub(crate) next: Option<String>,
}

/// `InputPath` and `OutputPath`.
#[derive(Debug)]
pub(crate) enum Selection {
    All,
    /// `null`: an empty object.
    Nothing,
    Part(Path),
}

/// `ResultPath`.
#[derive(Debug)]
pub(crate) enum ResultPath {
    /// `$`: the result replaces the input.
    Whole,
    /// `null`: the input stays as it is.
    Discard,
    Place(ReferencePath, String),
}

#[derive(Debug)]
pub(crate) enum Kind {
    Pass { result: Option<Value> },
    Task(Box<Task>),
    Choice(Choice),
    Wait(Pause),
    Succeed,
    Fail { error: Option<Template>, cause: Option<Template> },
    Parallel { branches: Vec<Scope> },
    Map(Box<Map>),
}

impl Kind {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Pass { .. } => "Pass",
            Self::Task(_) => "Task",
            Self::Choice(_) => "Choice",
            Self::Wait(_) => "Wait",
            Self::Succeed => "Succeed",
            Self::Fail { .. } => "Fail",
            Self::Parallel { .. } => "Parallel",
            Self::Map(_) => "Map",
        }
    }
}
