use serde_json::{Map, Value};

use super::{arrays, text};

/// One intrinsic function.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) name: &'static str,
    /// How many arguments it takes at least.
    pub(super) least: usize,
    /// How many arguments it takes at most.
    pub(super) most: usize,
    pub(super) apply: fn(&[Value]) -> Result<Value, String>,
}

impl Function {
    pub(super) fn arity(&self) -> String {
        match (self.least, self.most) {
            (least, most) if least == most => format!("{least}"),
            (least, usize::MAX) => format!("{least} or more"),
            (least, most) => format!("{least} to {most}"),
        }
    }
}

pub(super) const FORMAT: &str = "States.Format";

const FUNCTIONS: &[Function] = &[
    Function { name: "States.Array", least: 0, most: usize::MAX, apply: |values| Ok(values.to_vec().into()) },
    Function { name: "States.ArrayContains", least: 2, most: 2, apply: arrays::contains },
    Function { name: "States.ArrayGetItem", least: 2, most: 2, apply: arrays::get_item },
    Function { name: "States.ArrayLength", least: 1, most: 1, apply: arrays::length },
    Function { name: "States.ArrayPartition", least: 2, most: 2, apply: arrays::partition },
    Function { name: "States.ArrayRange", least: 3, most: 3, apply: arrays::range },
    Function { name: "States.ArrayUnique", least: 1, most: 1, apply: arrays::unique },
    Function { name: "States.Base64Decode", least: 1, most: 1, apply: text::base64_decode },
    Function { name: "States.Base64Encode", least: 1, most: 1, apply: text::base64_encode },
    Function { name: FORMAT, least: 1, most: usize::MAX, apply: text::format },
    Function { name: "States.Hash", least: 2, most: 2, apply: text::hash },
    Function { name: "States.JsonMerge", least: 3, most: 3, apply: json_merge },
    Function {
        name: "States.JsonToString",
        least: 1,
        most: 1,
        apply: |values| Ok(values[0].to_string().into()),
    },
    Function { name: "States.MathAdd", least: 2, most: 2, apply: math_add },
    Function { name: "States.MathRandom", least: 2, most: 3, apply: math_random },
    Function { name: "States.StringSplit", least: 2, most: 2, apply: text::split },
    Function { name: "States.StringToJson", least: 1, most: 1, apply: text::to_json },
    Function {
        name: "States.UUID",
        least: 0,
        most: 0,
        apply: |_| Ok(uuid::Uuid::new_v4().to_string().into()),
    },
];

pub(super) fn find(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

pub(super) fn all_names() -> String {
    FUNCTIONS.iter().map(|function| function.name).collect::<Vec<_>>().join(", ")
}

/// An integer; a number with a fraction is rounded to the nearest.
pub(super) fn integer(value: &Value) -> Result<i64, String> {
    if let Some(whole) = value.as_i64() {
        return Ok(whole);
    }
    match value.as_f64() {
        #[expect(clippy::cast_possible_truncation, reason = "the guard holds it within the range of i64")]
        Some(number) if number.abs() < 9.0e18 => Ok(number.round() as i64),
        _ => Err(format!("{value} must be an integer")),
    }
}

fn math_add(values: &[Value]) -> Result<Value, String> {
    let (left, right) = (integer(&values[0])?, integer(&values[1])?);
    left.checked_add(right).map(Value::from).ok_or_else(|| format!("{left} + {right} is too large"))
}

/// From the first number to, but without, the second. The same seed gives the same number.
fn math_random(values: &[Value]) -> Result<Value, String> {
    use rand::{Rng, SeedableRng, rngs::StdRng};
    let (start, end) = (integer(&values[0])?, integer(&values[1])?);
    if start >= end {
        return Err(format!("the start {start} must be less than the end {end}"));
    }
    let drawn = match values.get(2) {
        Some(seed) => StdRng::seed_from_u64(integer(seed)?.cast_unsigned()).random_range(start..end),
        None => rand::rng().random_range(start..end),
    };
    Ok(drawn.into())
}

/// Step Functions knows the shallow merge only.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html#asl-intrsc-func-json-manipulate>
fn json_merge(values: &[Value]) -> Result<Value, String> {
    let [Value::Object(first), Value::Object(second), deep] = values else {
        return Err("the first two arguments must be objects".to_owned());
    };
    if *deep != Value::Bool(false) {
        return Err("the third argument must be false, since only the shallow merge is supported".to_owned());
    }
    let mut merged: Map<String, Value> = first.clone();
    merged.extend(second.clone());
    Ok(merged.into())
}
