//! JSONata expressions of `{% … %}` strings, evaluated by `jsonata-core`.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html>

mod check;
mod convert;
mod functions;

use std::cell::OnceCell;

use indexmap::IndexMap;
use jsonata_core::ast::AstNode;
use jsonata_core::evaluator::{Context, Evaluator, EvaluatorOptions};
use jsonata_core::parser;
use jsonata_core::value::JValue;
use serde_json::Value;

use crate::Failure;
use crate::template::Data;
use check::Uses;

/// How long one expression may take. Step Functions has such a limit without telling it.
const MAX_MILLISECONDS: u64 = 2_000;
/// How deep an expression's functions may call each other.
const MAX_DEPTH: usize = 2_000;
/// How many items a sequence may have; a payload of 256 KiB cannot hold as many.
const MAX_SEQUENCE: usize = 200_000;

/// Which members of `$states` a field may name besides `input` and `context`.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Available {
    pub(crate) result: bool,
    pub(crate) error_output: bool,
}

/// An expression that was read once and is evaluated for every visit of its state.
#[derive(Debug, Clone)]
pub(crate) struct Expression {
    source: String,
    field: String,
    tree: AstNode,
    uses: Uses,
}

impl Expression {
    /// Reads what stands between `{%` and `%}`; the error says what is wrong with it.
    pub(crate) fn parse(source: &str, field: &str, available: Available) -> Result<Self, String> {
        let source = source.trim();
        let tree = parser::parse(source).map_err(|error| format!("`{source}` is not JSONata: {error}"))?;
        let uses = check::uses(&tree, available).map_err(|why| format!("`{source}`: {why}"))?;
        Ok(Self { source: source.to_owned(), field: field.to_owned(), tree, uses })
    }

    pub(crate) fn evaluate(&self, bindings: &Bindings<'_>) -> Result<Value, Failure> {
        let mut context = Context::new();
        if let Some(states) = bindings.states(&self.uses) {
            context.bind("states".to_owned(), states);
        }
        for name in &self.uses.variables {
            if let Some(value) = bindings.data.variables.get(name) {
                context.bind(name.clone(), convert::to_jsonata(value));
            }
        }
        let options = EvaluatorOptions {
            timeout_ms: Some(MAX_MILLISECONDS),
            max_stack_depth: Some(MAX_DEPTH),
            max_sequence_length: Some(MAX_SEQUENCE),
            ..EvaluatorOptions::default()
        };
        let mut evaluator = Evaluator::with_options(context, options);
        functions::register(&mut evaluator, &self.uses.functions);
        let described =
            || format!("The JSONata expression '{}' specified for the field '{}'", self.source, self.field);
        let result = evaluator.evaluate(&self.tree, &JValue::Undefined).map_err(|error| {
            Failure::query(format!("{} threw an error during evaluation. {}", described(), error.message()))
        })?;
        if result.is_undefined() {
            return Err(Failure::query(format!("{} returned nothing (undefined).", described())));
        }
        convert::from_jsonata(&result)
            .ok_or_else(|| Failure::query(format!("{} returned an unsupported result type.", described())))
    }
}

/// The data of one evaluation as JSONata sees it; each part is converted once, and only if an expression names it.
pub(crate) struct Bindings<'a> {
    data: Data<'a>,
    input: OnceCell<JValue>,
    result: OnceCell<JValue>,
    error_output: OnceCell<JValue>,
    context: OnceCell<JValue>,
}

impl<'a> Bindings<'a> {
    pub(crate) fn new(data: &Data<'a>) -> Self {
        Self {
            data: *data,
            input: OnceCell::new(),
            result: OnceCell::new(),
            error_output: OnceCell::new(),
            context: OnceCell::new(),
        }
    }

    fn states(&self, uses: &Uses) -> Option<JValue> {
        if uses.states.is_empty() {
            return None;
        }
        let mut members = IndexMap::new();
        for name in &uses.states {
            let (cell, value) = match *name {
                "input" => (&self.input, Some(self.data.input)),
                "result" => (&self.result, self.data.result),
                "errorOutput" => (&self.error_output, self.data.error_output),
                _ => (&self.context, Some(self.data.context)),
            };
            if let Some(value) = value {
                members.insert((*name).to_owned(), cell.get_or_init(|| convert::to_jsonata(value)).clone());
            }
        }
        Some(JValue::object(members))
    }
}
