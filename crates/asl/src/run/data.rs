//! How data flows through a state.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/concepts-input-output-filtering.html>

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::Failure;
use crate::definition::{Language, ResultPath, Selection, State};
use crate::template::{Data, Template};

pub(super) type Assigned = Map<String, Value>;

impl State {
    /// The input after `InputPath`.
    pub(super) fn effective_input<'d>(&self, data: &Data<'d>) -> Result<Cow<'d, Value>, Failure> {
        match self.input {
            Selection::All => Ok(Cow::Borrowed(data.dollar)),
            _ => self.input.apply(data, "InputPath").map(Cow::Owned),
        }
    }

    /// What is passed to a task, to branches or to iterations: the effective input (`data.dollar`), or what
    /// `Parameters` or `Arguments` make.
    pub(super) fn arguments(&self, data: &Data<'_>) -> Result<Value, Failure> {
        self.parameters
            .as_ref()
            .map_or_else(|| Ok(data.dollar.clone()), |parameters| parameters.evaluate(data))
    }

    /// The output of a state without a result: `Output`, or the effective input after `OutputPath`.
    pub(super) fn plain_output(&self, data: &Data<'_>) -> Result<Value, Failure> {
        match (&self.output, self.language) {
            (Some(output), _) => output.evaluate(data),
            (None, Language::Jsonata) => Ok(data.input.clone()),
            (None, Language::JsonPath) => self.selected.apply(data, "OutputPath"),
        }
    }

    /// The output of a JSONPath state with a result: the input with the result in it, after `OutputPath`.
    pub(super) fn placed(&self, result: Value, data: &Data<'_>) -> Result<Value, Failure> {
        let placed = self.result_path.combined(data.input, result)?;
        self.selected.apply(&data.with_dollar(&placed), "OutputPath")
    }

    /// The output of a Task, Parallel or Map state and the variables that it sets.
    pub(super) fn concluded(&self, result: Value, data: &Data<'_>) -> Result<(Value, Assigned), Failure> {
        let with_result = Data { dollar: &result, result: Some(&result), ..*data };
        let assigned = self.assignments(&with_result)?;
        let output = match self.language {
            Language::Jsonata => match &self.output {
                Some(output) => output.evaluate(&with_result)?,
                None => result,
            },
            Language::JsonPath => {
                let selected = match &self.result_selector {
                    Some(selector) => selector.evaluate(&with_result)?,
                    None => result,
                };
                self.placed(selected, data)?
            }
        };
        Ok((output, assigned))
    }

    pub(super) fn assignments(&self, data: &Data<'_>) -> Result<Assigned, Failure> {
        assignments(&self.assign, data)
    }
}

/// The variables that an `Assign` sets, none of which sees another's new value.
pub(super) fn assignments(assign: &[(String, Template)], data: &Data<'_>) -> Result<Assigned, Failure> {
    assign.iter().map(|(name, template)| Ok((name.clone(), template.evaluate(data)?))).collect()
}

impl ResultPath {
    /// The input with the result where the path says.
    pub(super) fn combined(&self, input: &Value, result: Value) -> Result<Value, Failure> {
        match self {
            Self::Whole => Ok(result),
            Self::Discard => Ok(input.clone()),
            Self::Place(place, source) => place.put(input.clone(), result).ok_or_else(|| {
                Failure::runtime(format!("Unable to apply ReferencePath {source} to input {input}"))
            }),
        }
    }
}
