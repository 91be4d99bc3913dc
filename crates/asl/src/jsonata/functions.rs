//! The functions that Step Functions adds to JSONata, and those of JSONata's own that need a bound.
//!
//! <https://docs.aws.amazon.com/step-functions/latest/dg/transforming-data.html#jsonata-functions-provided-by-sfn>

use std::collections::BTreeSet;

use jsonata_core::evaluator::{Evaluator, EvaluatorError};
use jsonata_core::value::JValue;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::convert;
use crate::intrinsic::text::digest;

type Answer = Result<JValue, EvaluatorError>;

type Function = fn(&[JValue]) -> Answer;

const FUNCTIONS: [(&str, Function); 7] = [
    ("hash", hash),
    ("pad", pad),
    ("parse", parse),
    ("partition", partition),
    ("random", random),
    ("range", range),
    ("uuid", |_| Ok(JValue::string(uuid::Uuid::new_v4().to_string()))),
];

/// How many items `$range` may make.
const MAX_RANGE: usize = 1_000_000;
/// How many characters `$pad` may make; no payload holds as many.
const MAX_PADDED: usize = 1_000_000;

/// Makes those functions known that the expression calls.
pub(super) fn register(evaluator: &mut Evaluator, called: &BTreeSet<String>) {
    for (name, function) in FUNCTIONS {
        if called.contains(name) {
            // Only `pad` and `random` override functions of JSONata's own, which the library allows for those.
            let registered = evaluator.register_fn_override(name, function);
            debug_assert!(registered.is_ok(), "{name} can be registered");
        }
    }
}

fn refuse(message: String) -> EvaluatorError {
    EvaluatorError::EvaluationError(message)
}

fn number(arguments: &[JValue], at: usize, function: &str) -> Result<f64, EvaluatorError> {
    arguments
        .get(at)
        .and_then(JValue::as_f64)
        .ok_or_else(|| refuse(format!("argument {} of ${function} must be a number", at + 1)))
}

fn text<'a>(arguments: &'a [JValue], at: usize, function: &str) -> Result<&'a str, EvaluatorError> {
    arguments
        .get(at)
        .and_then(JValue::as_str)
        .ok_or_else(|| refuse(format!("argument {} of ${function} must be a string", at + 1)))
}

fn hash(arguments: &[JValue]) -> Answer {
    let data = text(arguments, 0, "hash")?;
    digest(data, text(arguments, 1, "hash")?).map(JValue::string).map_err(refuse)
}

/// JSONata's own fills a text up to any width in one step, which no limit of time interrupts.
/// <https://docs.jsonata.org/string-functions#pad>
fn pad(arguments: &[JValue]) -> Answer {
    if let Some(nothing @ (JValue::Null | JValue::Undefined)) = arguments.first() {
        return Ok(nothing.clone());
    }
    let data = text(arguments, 0, "pad")?;
    if matches!(arguments.get(1), None | Some(JValue::Undefined)) {
        return Ok(JValue::string(data));
    }
    let wanted = number(arguments, 1, "pad")?;
    let fill = match arguments.get(2) {
        None | Some(JValue::Undefined) => " ",
        Some(_) => text(arguments, 2, "pad").map(|fill| if fill.is_empty() { " " } else { fill })?,
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and saturates")]
    let width = wanted.abs() as usize;
    if width > MAX_PADDED {
        return Err(refuse(format!("$pad makes more than {MAX_PADDED} characters")));
    }
    let missing = width.saturating_sub(data.chars().count());
    let filling: String = fill.chars().cycle().take(missing).collect();
    Ok(JValue::string(if wanted < 0.0 { filling + data } else { data.to_owned() + &filling }))
}

fn parse(arguments: &[JValue]) -> Answer {
    let json = text(arguments, 0, "parse")?;
    let value = serde_json::from_str(json).map_err(|error| refuse(format!("$parse: not JSON: {error}")))?;
    Ok(convert::to_jsonata(&value))
}

fn partition(arguments: &[JValue]) -> Answer {
    let size = number(arguments, 1, "partition")?;
    if !size.is_finite() || size < 1.0 {
        return Err(refuse(format!("the size {size} of $partition must be a positive integer")));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "positive, and saturates")]
    let size = size.floor() as usize;
    let items = match arguments.first() {
        Some(JValue::Array(items)) => items.iter().cloned().collect::<Vec<_>>(),
        Some(other) if !other.is_undefined() => vec![other.clone()],
        _ => return Err(refuse("argument 1 of $partition must be an array".to_owned())),
    };
    Ok(JValue::array(items.chunks(size).map(|chunk| JValue::array(chunk.to_vec())).collect()))
}

/// From 0 to, but without, 1. The same seed gives the same number.
fn random(arguments: &[JValue]) -> Answer {
    let drawn = match arguments.first() {
        Some(JValue::Undefined) | None => rand::random::<f64>(),
        Some(_) => StdRng::seed_from_u64(number(arguments, 0, "random")?.to_bits()).random::<f64>(),
    };
    Ok(JValue::from_f64(drawn))
}

fn range(arguments: &[JValue]) -> Answer {
    let (first, last) = (number(arguments, 0, "range")?, number(arguments, 1, "range")?);
    let step = number(arguments, 2, "range")?;
    if step == 0.0 || !step.is_finite() {
        return Err(refuse(format!("the delta {step} of $range must be a number other than 0")));
    }
    let mut numbers = Vec::new();
    let mut next = first;
    while if step > 0.0 { next <= last } else { next >= last } {
        if numbers.len() == MAX_RANGE {
            return Err(refuse(format!("$range makes more than {MAX_RANGE} items")));
        }
        numbers.push(JValue::from_f64(next));
        next += step;
    }
    Ok(JValue::array(numbers))
}
