use futures::stream::{FuturesUnordered, StreamExt};
use serde_json::{Value, json};

use super::scope::{self, Launch};
use super::visit::Visit;
use crate::definition::{Batcher, ItemReader, Language, Map, Quantity};
use crate::failure::{Failure, names};
use crate::template::{Data, Template};
use crate::{Details, Heartbeat, Iteration, TaskCall, payload};

/// How many iterations of an inline map run at once.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/state-map.html>
const INLINE_CONCURRENCY: usize = 40;
/// How many iterations of a distributed map run at once, which bounds what one execution holds in memory.
const DISTRIBUTED_CONCURRENCY: usize = 1_000;

/// What the fields of a Map state come to.
struct Plan {
    /// The inputs of the iterations, each with the number of items in it.
    inputs: Vec<(Value, u64)>,
    items: u64,
    concurrency: usize,
    tolerance: Option<Tolerance>,
}

/// How many items may fail.
#[derive(Clone, Copy)]
struct Tolerance {
    count: Option<u64>,
    percentage: Option<u64>,
}

impl Tolerance {
    fn is_exceeded(self, failed: u64, items: u64) -> bool {
        match (self.count, self.percentage) {
            (None, None) => failed > 0,
            (count, percentage) => {
                count.is_some_and(|most| failed > most)
                    || percentage.is_some_and(|most| failed.saturating_mul(100) > most.saturating_mul(items))
            }
        }
    }
}

/// Runs the processor for every item or batch.
pub(super) async fn run(visit: &mut Visit<'_>, map: &Map, input: &Value) -> Result<Value, Failure> {
    let read = match &map.reader {
        Some(reader) => Some(read(visit, reader, input).await?),
        None => None,
    };
    let plan = plan(visit, map, input, read.as_ref()).map_err(|failure| visit.located(failure))?;
    let length = plan.inputs.len();
    let started = visit.emit(|| Details::MapStateStarted { length: length as u64 });
    let outer = (!map.is_distributed).then_some(visit.variables);
    let mut waiting = plan.inputs.into_iter().enumerate();
    let mut running = FuturesUnordered::new();
    let mut results: Vec<Option<Value>> = vec![None; length];
    let mut failed = 0;
    loop {
        while running.len() < plan.concurrency
            && let Some((at, (input, items))) = waiting.next()
        {
            let iteration = Iteration { name: visit.state.name.clone(), index: at as u64 };
            let previous = visit.run.emit(started, || Details::MapIterationStarted(iteration.clone()));
            let ended = scope::run(visit.run, Launch { scope: &map.processor, input, outer, previous });
            running.push(async move { (at, items, iteration, ended.await) });
        }
        let Some((at, items, iteration, ended)) = running.next().await else { break };
        match ended {
            Ok((output, last)) => {
                results[at] = Some(output);
                visit.last = last;
                visit.emit(|| Details::MapIterationSucceeded(iteration));
            }
            Err((failure, last)) => {
                visit.last = last;
                visit.emit(|| Details::MapIterationFailed(iteration));
                failed += items;
                let failure = match plan.tolerance {
                    None => failure,
                    Some(tolerance) if tolerance.is_exceeded(failed, plan.items) => Failure::new(
                        names::EXCEED_TOLERATED_FAILURE_THRESHOLD,
                        "The specified tolerated failure threshold was exceeded",
                    ),
                    Some(_) => continue,
                };
                visit.emit(|| Details::MapStateFailed(failure.clone()));
                return Err(failure);
            }
        }
    }
    visit.emit(|| Details::MapStateSucceeded);
    Ok(results.into_iter().flatten().collect())
}

/// Calls the item reader, which answers with what holds the items.
async fn read(visit: &mut Visit<'_>, reader: &ItemReader, input: &Value) -> Result<Value, Failure> {
    let arguments = {
        let data = Data::new(input, &visit.context, visit.variables);
        visit.state.effective_input(&data).and_then(|effective| match &reader.arguments {
            Some(arguments) => arguments.evaluate(&data.with_dollar(&effective)),
            None => Ok(json!({})),
        })
    };
    let arguments = arguments.map_err(|failure| visit.located(failure))?;
    let (pulse, _beats) = Heartbeat::new();
    let answer = visit.run.host.tasks.call(TaskCall {
        state: &visit.state.name,
        resource: &reader.resource,
        arguments,
        credentials: None,
        context: &visit.context,
        retry: 0,
        timeout: None,
        heartbeat: &pulse,
    });
    answer
        .await
        .map_err(|error| Failure::new(names::ITEM_READER_FAILED, format!("{}: {}", error.error, error.cause)))
}

fn plan(visit: &Visit<'_>, map: &Map, input: &Value, read: Option<&Value>) -> Result<Plan, Failure> {
    let data = Data::new(input, &visit.context, visit.variables);
    let effective = visit.state.effective_input(&data)?;
    let data = data.with_dollar(&effective);
    let number =
        |quantity: &Option<Quantity>| quantity.as_ref().map(|number| number.evaluate(&data)).transpose();
    let most = if map.is_distributed { DISTRIBUTED_CONCURRENCY } else { INLINE_CONCURRENCY };
    let asked = number(&map.max_concurrency)?.and_then(|number| usize::try_from(number).ok());
    let tolerance =
        Tolerance { count: number(&map.tolerated_count)?, percentage: number(&map.tolerated_percentage)? };
    let is_tolerant = map.is_distributed || tolerance.count.is_some() || tolerance.percentage.is_some();
    let mut items = items(map, visit.state.language, &data, read)?;
    if let Some(reader) = &map.reader
        && let Some(most) = number(&reader.max_items)?
    {
        items.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    }
    let count = items.len() as u64;
    let selected = match &map.selector {
        Some(selector) => selected(selector, items, &data)?,
        None => items,
    };
    let inputs = match &map.batcher {
        Some(batcher) => batches(batcher, selected, &data)?,
        None => selected.into_iter().map(|item| (item, 1)).collect(),
    };
    for (input, _) in &inputs {
        payload::check(input, "input of the iteration")?;
    }
    Ok(Plan {
        inputs,
        items: count,
        concurrency: asked.filter(|asked| *asked > 0).unwrap_or(most).min(most),
        tolerance: is_tolerant.then_some(tolerance),
    })
}

/// The items array.
fn items(
    map: &Map,
    language: Language,
    data: &Data<'_>,
    read: Option<&Value>,
) -> Result<Vec<Value>, Failure> {
    let value = match (&map.items, read) {
        // A path selects from what the reader read; JSONata refers to the state's input alone.
        (Some(items), Some(read)) => items.evaluate(&data.with_dollar(read))?,
        (Some(items), None) => items.evaluate(data)?,
        (None, Some(read)) => read.clone(),
        (None, None) => data.dollar.clone(),
    };
    match (value, language) {
        (Value::Array(items), _) => Ok(items),
        (other, Language::JsonPath) => {
            Err(Failure::runtime(format!("The items of the Map state must be an array, found: {other}")))
        }
        (other, Language::Jsonata) => {
            Err(Failure::query(format!("The items of the Map state must be an array, found: {other}")))
        }
    }
}

/// Replaces every item by what `ItemSelector` makes of it; `$$.Map.Item` is the item at hand.
fn selected(selector: &Template, items: Vec<Value>, data: &Data<'_>) -> Result<Vec<Value>, Failure> {
    let mut context = data.context.clone();
    items
        .into_iter()
        .enumerate()
        .map(|(index, value)| {
            context["Map"] = json!({"Item": {"Index": index, "Value": value}});
            selector.evaluate(&Data { context: &context, ..*data })
        })
        .collect()
}

/// Groups items into `{"BatchInput": …, "Items": […]}`, each batch with its number of items.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itembatcher.html>
fn batches(batcher: &Batcher, items: Vec<Value>, data: &Data<'_>) -> Result<Vec<(Value, u64)>, Failure> {
    let number =
        |quantity: &Option<Quantity>| quantity.as_ref().map(|number| number.evaluate(data)).transpose();
    let most_items = number(&batcher.max_items)?.unwrap_or(u64::MAX);
    let most_bytes = number(&batcher.max_bytes)?.unwrap_or(u64::MAX);
    let mut frame = serde_json::Map::new();
    if let Some(input) = &batcher.input {
        frame.insert("BatchInput".to_owned(), input.evaluate(data)?);
    }
    frame.insert("Items".to_owned(), json!([]));
    let frame = Value::Object(frame);
    let frame_bytes = payload::size(&frame) as u64;
    let mut groups: Vec<(Vec<Value>, u64)> = Vec::new();
    for item in items {
        let bytes = payload::size(&item) as u64 + 1;
        match groups.last_mut() {
            Some((batch, used)) if (batch.len() as u64) < most_items && *used + bytes <= most_bytes => {
                batch.push(item);
                *used += bytes;
            }
            _ => groups.push((vec![item], frame_bytes + bytes)),
        }
    }
    Ok(groups
        .into_iter()
        .map(|(items, _)| {
            let count = items.len() as u64;
            let mut batch = frame.clone();
            batch["Items"] = Value::Array(items);
            (batch, count)
        })
        .collect())
}
