use super::{Function, Path, Segment, Selector};
use crate::RenderError;
use crate::pattern::Patterns;
use crate::render::Failure;
use crate::value::{Dict, MAX_DEPTH, Text, Value};

/// Walks paths through one document.
pub(super) struct Selection<'a, 'r> {
    pub(super) patterns: &'r Patterns,
    pub(super) root: &'r Value<'a>,
}

impl<'a> Selection<'a, '_> {
    /// The value of a definite path, if there is one; the list of values of an indefinite path.
    pub(super) fn find(&self, path: &Path, start: &Value<'a>) -> Result<Option<Value<'a>>, Failure> {
        let mut found = vec![start.clone()];
        for segment in &path.segments {
            let mut next = Vec::new();
            for value in &found {
                self.apply(segment, value, &mut next, 0)?;
            }
            found = next;
        }
        let result = if path.is_definite() { found.pop() } else { Some(Value::json_list(found)) };
        let (Some(function), Some(value)) = (path.function, &result) else { return Ok(result) };
        match value {
            Value::List(list) if !path.is_definite() && list.items.borrow().len() == 1 => {
                Ok(evaluate(function, &list.items.borrow()[0]))
            }
            value => Ok(evaluate(function, value)),
        }
    }

    fn apply(
        &self,
        segment: &Segment,
        value: &Value<'a>,
        out: &mut Vec<Value<'a>>,
        depth: usize,
    ) -> Result<(), Failure> {
        if depth > MAX_DEPTH {
            return Err(RenderError::LimitExceeded { what: "nesting of a value", limit: MAX_DEPTH }.into());
        }
        self.select(&segment.selector, value, out)?;
        if !segment.descends {
            return Ok(());
        }
        for child in children(value) {
            self.apply(segment, &child, out, depth + 1)?;
        }
        Ok(())
    }

    fn select(
        &self,
        selector: &Selector,
        value: &Value<'a>,
        out: &mut Vec<Value<'a>>,
    ) -> Result<(), Failure> {
        if let (Selector::Names(names), Value::Json(document, at)) = (selector, value)
            && let [name] = names.as_slice()
            && document.is_object(*at)
            && document.is_in_place(*at)
        {
            out.extend(document.member(*at, name));
            return Ok(());
        }
        let value = &value.promote();
        match (selector, value) {
            (Selector::Names(names), Value::Map(map)) => match names.as_slice() {
                [name] => out.extend(map.get(name)),
                // Several names give one object with those members.
                names => {
                    let mut entries = Dict::default();
                    for name in names {
                        if let Some(member) = map.get(name) {
                            entries.insert(Text::from(name.clone()), member);
                        }
                    }
                    out.push(Value::map(entries));
                }
            },
            (Selector::Indexes(indexes), Value::List(list)) => {
                let items = list.items.borrow();
                for index in indexes {
                    let at =
                        if *index < 0 { from_end(*index, items.len()) } else { usize::try_from(*index).ok() };
                    out.extend(at.and_then(|at| items.get(at)).cloned());
                }
            }
            (Selector::Slice(from, to), Value::List(list)) => {
                let items = list.items.borrow();
                let bound = |index: i64| {
                    let at = if index < 0 {
                        from_end(index, items.len()).unwrap_or(0)
                    } else {
                        usize::try_from(index).unwrap_or(usize::MAX)
                    };
                    at.min(items.len())
                };
                let (from, to) = (from.map_or(0, bound), to.map_or(items.len(), bound));
                out.extend(items.get(from..to).unwrap_or_default().iter().cloned());
            }
            (Selector::Wildcard, _) => out.extend(children(value)),
            (Selector::Filter(filter), Value::List(list)) => {
                let items = list.items.borrow().clone();
                for item in items {
                    if filter.accepts(self, &item)? {
                        out.push(item);
                    }
                }
            }
            (Selector::Filter(filter), Value::Map(_)) if filter.accepts(self, value)? => {
                out.push(value.clone());
            }
            _ => {}
        }
        Ok(())
    }
}

fn children<'a>(value: &Value<'a>) -> Vec<Value<'a>> {
    match &value.promote() {
        Value::List(list) => list.items.borrow().clone(),
        Value::Map(map) => map.entries.borrow().iter().map(|(_, member)| member.clone()).collect(),
        _ => Vec::new(),
    }
}

fn from_end(index: i64, length: usize) -> Option<usize> {
    length.checked_sub(usize::try_from(index.unsigned_abs()).ok()?)
}

fn evaluate<'a>(function: Function, value: &Value<'a>) -> Option<Value<'a>> {
    match (function, &value.promote()) {
        (Function::Length, Value::Map(map)) => Some(Value::count(map.entries.borrow().len())),
        (Function::Length, Value::Text(text)) => Some(Value::count(text.encode_utf16().count())),
        (Function::Length, Value::List(list)) => Some(Value::count(list.items.borrow().len())),
        (Function::Keys, Value::Map(map)) => Some(Value::json_list(
            map.entries.borrow().iter().map(|(key, _)| Value::Text(key.clone())).collect(),
        )),
        (Function::First, Value::List(list)) => list.items.borrow().first().cloned(),
        (Function::Last, Value::List(list)) => list.items.borrow().last().cloned(),
        (_, Value::List(list)) => {
            let numbers: Vec<f64> = list.items.borrow().iter().filter_map(Value::as_double).collect();
            aggregate(function, &numbers)
        }
        _ => None,
    }
}

/// Jayway calculates all of these with doubles.
fn aggregate<'a>(function: Function, numbers: &[f64]) -> Option<Value<'a>> {
    let first = *numbers.first()?;
    let sum = numbers.iter().sum::<f64>();
    Some(Value::Double(match function {
        Function::Sum => sum,
        Function::Min => numbers.iter().copied().fold(first, f64::min),
        Function::Max => numbers.iter().copied().fold(first, f64::max),
        #[allow(clippy::cast_precision_loss, reason = "lists are far shorter than 2^52")]
        Function::Average => sum / numbers.len() as f64,
        _ => return None,
    }))
}
