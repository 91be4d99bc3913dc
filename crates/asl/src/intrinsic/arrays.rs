use std::collections::HashSet;

use serde_json::Value;

use super::functions::integer;

/// How long an array from `States.ArrayRange` may be.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html#asl-intrsc-func-arrays>
const MAX_RANGE: usize = 1000;

fn array(value: &Value) -> Result<&Vec<Value>, String> {
    value.as_array().ok_or_else(|| format!("{value} must be an array"))
}

pub(super) fn contains(values: &[Value]) -> Result<Value, String> {
    Ok(array(&values[0])?.iter().any(|item| equal(item, &values[1])).into())
}

/// Equal as JSON: 1 and 1.0 are the same number.
fn equal(left: &Value, right: &Value) -> bool {
    left == right || (left.is_number() && left.as_f64() == right.as_f64())
}

pub(super) fn get_item(values: &[Value]) -> Result<Value, String> {
    let items = array(&values[0])?;
    let index = integer(&values[1])?;
    usize::try_from(index)
        .ok()
        .and_then(|index| items.get(index).cloned())
        .ok_or_else(|| format!("the index {index} is not between 0 and {}", items.len().saturating_sub(1)))
}

pub(super) fn length(values: &[Value]) -> Result<Value, String> {
    Ok(array(&values[0])?.len().into())
}

pub(super) fn partition(values: &[Value]) -> Result<Value, String> {
    let items = array(&values[0])?;
    let size = integer(&values[1])?;
    let size = usize::try_from(size).ok().filter(|size| *size > 0);
    let size = size.ok_or_else(|| format!("the chunk size {} must be positive", values[1]))?;
    Ok(items.chunks(size).map(|chunk| Value::from(chunk.to_vec())).collect())
}

pub(super) fn range(values: &[Value]) -> Result<Value, String> {
    let (first, last, step) = (integer(&values[0])?, integer(&values[1])?, integer(&values[2])?);
    if step == 0 {
        return Err("the increment must not be zero".to_owned());
    }
    let mut numbers = Vec::new();
    let mut next = Some(first);
    while let Some(number) = next.filter(|number| if step > 0 { *number <= last } else { *number >= last }) {
        if numbers.len() == MAX_RANGE {
            return Err(format!("the range has more than {MAX_RANGE} items"));
        }
        numbers.push(Value::from(number));
        next = number.checked_add(step);
    }
    Ok(numbers.into())
}

pub(super) fn unique(values: &[Value]) -> Result<Value, String> {
    let mut seen = HashSet::new();
    Ok(array(&values[0])?.iter().filter(|item| seen.insert(item.to_string())).cloned().collect())
}
