//! Intrinsic functions of JSONPath states.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html>

mod arrays;
mod functions;
mod parser;
pub(crate) mod text;

use serde_json::Value;

use crate::Failure;
use crate::path::Path;
use crate::template::Data;
use functions::Function;

/// A call of an intrinsic function, with its arguments.
#[derive(Debug, Clone)]
pub(crate) struct Intrinsic {
    source: String,
    function: &'static Function,
    arguments: Vec<Argument>,
}

#[derive(Debug, Clone)]
enum Argument {
    /// Text between apostrophes, in which backslashes still escape.
    Text(String),
    Literal(Value),
    Path(Path),
    Call(Intrinsic),
}

impl Intrinsic {
    /// Reads a call such as `States.Format('{}', $.name)`; the error says what is wrong with it.
    pub(crate) fn parse(source: &str) -> Result<Self, String> {
        parser::parse(source)
    }

    /// Calls the function. What goes wrong is an error of the execution that nothing handles.
    pub(crate) fn evaluate(&self, data: &Data<'_>, field: &str) -> Result<Value, Failure> {
        self.apply(data).map_err(|why| {
            Failure::runtime(format!(
                "The function '{}' specified for the field '{field}' had the following error: {why}",
                self.source
            ))
        })
    }

    fn apply(&self, data: &Data<'_>) -> Result<Value, String> {
        let mut values = Vec::with_capacity(self.arguments.len());
        for (at, argument) in self.arguments.iter().enumerate() {
            values.push(match argument {
                // The first argument of States.Format keeps its escapes, which tell `\{}` from a placeholder.
                Argument::Text(text) if at == 0 && self.function.name == functions::FORMAT => {
                    Value::String(text.clone())
                }
                Argument::Text(text) => Value::String(parser::unescaped(text)),
                Argument::Literal(value) => value.clone(),
                Argument::Path(path) => data.find(path).ok_or_else(|| {
                    format!(
                        "The JsonPath argument '{}' could not be found in the input '{}'",
                        path.source, data.dollar
                    )
                })?,
                Argument::Call(call) => call.apply(data)?,
            });
        }
        (self.function.apply)(&values)
    }
}
