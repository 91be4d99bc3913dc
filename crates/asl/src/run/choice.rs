use std::cmp::Ordering;

use serde_json::{Number, Value};

use super::data;
use super::scope::Step;
use crate::definition::{Choice, Language, Operand, Operator, Order, State, Test, timestamp_of};
use crate::path::Path;
use crate::template::Data;
use crate::{Failure, payload};

/// Takes the first rule that holds, or the default. `data.dollar` is the effective input.
pub(super) fn step(state: &State, choice: &Choice, data: &Data<'_>) -> Result<Step, Failure> {
    for rule in &choice.rules {
        if holds(&rule.test, data)? {
            let output = match &rule.output {
                Some(output) => output.evaluate(data)?,
                None if state.language == Language::Jsonata => data.input.clone(),
                None => state.plain_output(data)?,
            };
            payload::check(&output, "output of the state")?;
            let assigned = data::assignments(&rule.assign, data)?;
            return Ok(Step { output, assigned, next: Some(rule.next.clone()) });
        }
    }
    let Some(default) = &choice.default else {
        return Err(Failure::runtime("No choice rule matched, and the state has no Default."));
    };
    let output = state.plain_output(data)?;
    payload::check(&output, "output of the state")?;
    Ok(Step { output, assigned: state.assignments(data)?, next: Some(default.clone()) })
}

fn holds(test: &Test, data: &Data<'_>) -> Result<bool, Failure> {
    match test {
        Test::And(tests) => {
            for test in tests {
                if !holds(test, data)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Test::Or(tests) => {
            for test in tests {
                if holds(test, data)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Test::Not(test) => Ok(!holds(test, data)?),
        Test::Condition(template) => match template.evaluate(data)? {
            Value::Bool(holds) => Ok(holds),
            other => Err(Failure::query(format!(
                "The field 'Condition' has a wrong value: {other} must be true or false."
            ))),
        },
        Test::Compare { variable, operator, operand } => compare(variable, *operator, operand, data),
    }
}

fn compare(variable: &Path, operator: Operator, operand: &Operand, data: &Data<'_>) -> Result<bool, Failure> {
    let found = data.find(variable);
    if operator == Operator::IsPresent {
        return Ok(Some(found.is_some()) == literal(operand).and_then(Value::as_bool));
    }
    let missing = |path: &Path| {
        Failure::runtime(format!(
            "Invalid path '{}': The choice state's condition path references an invalid value.",
            path.source
        ))
    };
    let value = found.ok_or_else(|| missing(variable))?;
    let expected = match operand {
        Operand::Literal(literal) => literal.clone(),
        Operand::Path(path) => data.find(path).ok_or_else(|| missing(path))?,
    };
    let is = |kind: bool| Some(kind) == expected.as_bool();
    Ok(match operator {
        Operator::String(order) => match (&value, &expected) {
            (Value::String(left), Value::String(right)) => order.holds(left.cmp(right)),
            _ => false,
        },
        Operator::Numeric(order) => match (&value, &expected) {
            (Value::Number(left), Value::Number(right)) => {
                compare_numbers(left, right).is_some_and(|found| order.holds(found))
            }
            _ => false,
        },
        Operator::Timestamp(order) => match (timestamp_of(&value), timestamp_of(&expected)) {
            (Some(left), Some(right)) => order.holds(left.cmp(&right)),
            _ => false,
        },
        Operator::BooleanEquals => value.is_boolean() && value == expected,
        Operator::StringMatches => match (&value, &expected) {
            (Value::String(text), Value::String(pattern)) => matches(pattern, text),
            _ => false,
        },
        Operator::IsPresent => false,
        Operator::IsNull => is(value.is_null()),
        Operator::IsNumeric => is(value.is_number()),
        Operator::IsString => is(value.is_string()),
        Operator::IsBoolean => is(value.is_boolean()),
        Operator::IsTimestamp => is(timestamp_of(&value).is_some()),
    })
}

fn literal(operand: &Operand) -> Option<&Value> {
    match operand {
        Operand::Literal(literal) => Some(literal),
        Operand::Path(_) => None,
    }
}

fn compare_numbers(left: &Number, right: &Number) -> Option<Ordering> {
    match (left.as_i64(), right.as_i64()) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}

impl Order {
    fn holds(self, found: Ordering) -> bool {
        match self {
            Self::Equals => found.is_eq(),
            Self::LessThan => found.is_lt(),
            Self::GreaterThan => found.is_gt(),
            Self::LessThanEquals => found.is_le(),
            Self::GreaterThanEquals => found.is_ge(),
        }
    }
}

/// `*` stands for any characters, a backslash takes the next character as it is.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = vec![String::new()];
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        match (c, parts.last_mut()) {
            ('*', _) => parts.push(String::new()),
            ('\\', Some(part)) => part.extend(chars.next()),
            (c, Some(part)) => part.push(c),
            (_, None) => {}
        }
    }
    let [first, middle @ .., last] = parts.as_slice() else {
        return parts.first().is_some_and(|whole| whole == text);
    };
    // Each part is found at its earliest place, which leaves the most to the parts after it.
    let Some(mut rest) = text.strip_prefix(first.as_str()) else { return false };
    for part in middle {
        let Some((_, after)) = rest.split_once(part.as_str()) else { return false };
        rest = after;
    }
    rest.ends_with(last.as_str())
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_match_any_characters() {
        for (pattern, text, expected) in [
            ("foo*.log", "foo23.log", true),
            ("*.log", "zebra.log", true),
            ("foo*.*", "foobar.zebra", true),
            ("foo", "foo", true),
            ("foo", "food", false),
            ("*", "", true),
            ("a*a", "a", false),
            ("a*b*c", "abc", true),
            ("a*b*c", "ac", false),
            (r"a\*b", "a*b", true),
            (r"a\*b", "axb", false),
            (r"a\\*", r"a\x", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
