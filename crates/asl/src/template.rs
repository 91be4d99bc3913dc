//! Values of a definition that hold paths, intrinsic functions or JSONata, and what they make of a state's data.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::Failure;
use crate::intrinsic::Intrinsic;
use crate::jsonata::{Bindings, Expression};
use crate::path::{Path, Root};

/// The variables that a state sees: those of its own scope over those of the scopes around.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/workflow-variables.html>
#[derive(Debug, Default)]
pub(crate) struct Variables<'a> {
    pub(crate) outer: Option<&'a Variables<'a>>,
    pub(crate) own: BTreeMap<String, Value>,
}

impl Variables<'_> {
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.own.get(name).or_else(|| self.outer?.get(name))
    }
}

/// What the fields of a state are applied to.
#[derive(Clone, Copy)]
pub(crate) struct Data<'a> {
    /// What `$` means in a JSONPath field.
    pub(crate) dollar: &'a Value,
    /// The context object.
    pub(crate) context: &'a Value,
    pub(crate) variables: &'a Variables<'a>,
    /// `$states.input`.
    pub(crate) input: &'a Value,
    /// `$states.result`.
    pub(crate) result: Option<&'a Value>,
    /// `$states.errorOutput`.
    pub(crate) error_output: Option<&'a Value>,
}

impl<'a> Data<'a> {
    pub(crate) fn new(input: &'a Value, context: &'a Value, variables: &'a Variables<'a>) -> Self {
        Self { dollar: input, context, variables, input, result: None, error_output: None }
    }

    pub(crate) fn with_dollar(self, dollar: &'a Value) -> Self {
        Self { dollar, ..self }
    }

    /// What a path finds, or nothing.
    pub(crate) fn find(&self, path: &Path) -> Option<Value> {
        match &path.root {
            Root::Data => path.find(self.dollar),
            Root::Context => path.find(self.context),
            Root::Variable(name) => path.find(self.variables.get(name)?),
        }
    }

    /// What a path finds; it is an error of the execution if it finds nothing.
    pub(crate) fn select(&self, path: &Path, field: &str) -> Result<Value, Failure> {
        self.find(path).ok_or_else(|| {
            let searched = match path.root {
                Root::Data => self.dollar,
                Root::Context => self.context,
                Root::Variable(_) => &Value::Null,
            };
            Failure::runtime(format!(
                "The JSONPath '{}' specified for the field '{field}' could not be found in the input '{searched}'",
                path.source
            ))
        })
    }
}

/// A value of a definition, of which parts are computed.
#[derive(Debug, Clone)]
pub(crate) enum Template {
    Literal(Value),
    Array(Vec<Template>),
    Object(Vec<(String, Template)>),
    Path { path: Path, field: String },
    Intrinsic { call: Intrinsic, field: String },
    Expression(Expression),
}

impl Template {
    /// What the template makes of the data.
    pub(crate) fn evaluate(&self, data: &Data<'_>) -> Result<Value, Failure> {
        self.evaluate_with(data, &Bindings::new(data))
    }

    fn evaluate_with(&self, data: &Data<'_>, bindings: &Bindings<'_>) -> Result<Value, Failure> {
        match self {
            Self::Literal(value) => Ok(value.clone()),
            Self::Array(items) => items
                .iter()
                .map(|item| item.evaluate_with(data, bindings))
                .collect::<Result<_, _>>()
                .map(Value::Array),
            Self::Object(members) => {
                let mut object = Map::with_capacity(members.len());
                for (name, member) in members {
                    object.insert(name.clone(), member.evaluate_with(data, bindings)?);
                }
                Ok(Value::Object(object))
            }
            Self::Path { path, field } => data.select(path, field),
            Self::Intrinsic { call, field } => call.evaluate(data, field),
            Self::Expression(expression) => expression.evaluate(bindings),
        }
    }

    /// The value, where no part of it is computed.
    pub(crate) fn literal(&self) -> Option<&Value> {
        match self {
            Self::Literal(value) => Some(value),
            _ => None,
        }
    }

    /// Whether the value comes from JSONata, whose wrong values are errors that Retry and Catch handle.
    pub(crate) fn is_expression(&self) -> bool {
        matches!(self, Self::Expression(_))
    }
}
