use serde_json::Value;

use super::fields::{Fields, shown};
use super::scope::Reader;
use super::templates::Templates;
use super::{Language, Quantity, Scope};
use crate::template::Template;

/// What a Map state does with its items.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/state-map.html>
#[derive(Debug)]
pub(crate) struct Map {
    pub(crate) processor: Scope,
    /// Iterations of a distributed map are executions of their own and see no variables.
    pub(crate) is_distributed: bool,
    pub(crate) reader: Option<ItemReader>,
    /// `Items` or `ItemsPath`.
    pub(crate) items: Option<Template>,
    pub(crate) selector: Option<Template>,
    pub(crate) batcher: Option<Batcher>,
    pub(crate) max_concurrency: Option<Quantity>,
    pub(crate) tolerated_count: Option<Quantity>,
    pub(crate) tolerated_percentage: Option<Quantity>,
}

/// Where items are read from instead of from the state's input: a task that answers with an array.
#[derive(Debug)]
pub(crate) struct ItemReader {
    pub(crate) resource: String,
    pub(crate) arguments: Option<Template>,
    pub(crate) max_items: Option<Quantity>,
}

#[derive(Debug)]
pub(crate) struct Batcher {
    pub(crate) max_items: Option<Quantity>,
    pub(crate) max_bytes: Option<Quantity>,
    pub(crate) input: Option<Template>,
}

const MAX_ITEMS: u64 = 100_000_000;

pub(super) fn map(templates: Templates<'_>, fields: &Fields<'_>, reader: &Reader<'_>) -> Option<Map> {
    let name = if fields.has("Iterator") { "Iterator" } else { "ItemProcessor" };
    let value = fields.require(name)?;
    let location = fields.at(name);
    let is_distributed = mode(value, &location, templates);
    let processor = reader.nested(value, &location, &["ProcessorConfig"]);
    let (items, selector) = match templates.language {
        Language::JsonPath => {
            let selector = templates.object_field(fields, "ItemSelector");
            if selector.is_some() && fields.has("Parameters") {
                fields.add("Parameters", "`Parameters` and `ItemSelector` exclude each other");
            }
            (
                Templates::reference(fields, "ItemsPath"),
                selector.or_else(|| templates.object_field(fields, "Parameters")),
            )
        }
        Language::Jsonata => (items(templates, fields), templates.field(fields, "ItemSelector")),
    };
    let quantity = |name: &str, most: u64| Quantity::parse(templates, fields, name, 0..=most);
    let map = Map {
        processor: processor?,
        is_distributed,
        reader: item_reader(templates, fields),
        items,
        selector,
        batcher: batcher(templates, fields),
        max_concurrency: quantity("MaxConcurrency", MAX_ITEMS),
        tolerated_count: quantity("ToleratedFailureCount", MAX_ITEMS),
        tolerated_percentage: quantity("ToleratedFailurePercentage", 100),
    };
    fields.text("Label");
    if fields.take("ResultWriter").is_some() {
        fields.add(
            "ResultWriter",
            "writing the results of a Map state elsewhere is not supported; use its result",
        );
    }
    Some(map)
}

fn items(templates: Templates<'_>, fields: &Fields<'_>) -> Option<Template> {
    let value = fields.take("Items")?;
    if !value.is_array() && !value.as_str().is_some_and(|text| text.starts_with("{%")) {
        fields.add("Items", format!("{} must be an array or a JSONata expression", shown(value)));
    }
    templates.field(fields, "Items")
}

/// Whether `ProcessorConfig` asks for a distributed map.
fn mode(processor: &Value, location: &str, templates: Templates<'_>) -> bool {
    let Some(config) = processor.get("ProcessorConfig") else { return false };
    let location = crate::problem::below(location, "ProcessorConfig");
    let Some(config) = Fields::new(config, &location, templates.problems) else { return false };
    let mode = config.text("Mode").unwrap_or("INLINE");
    if !matches!(mode, "INLINE" | "DISTRIBUTED") {
        config.add("Mode", format!("`{mode}` must be INLINE or DISTRIBUTED"));
    }
    let kind = config.text("ExecutionType");
    match (mode, kind) {
        ("DISTRIBUTED", None) => config.problems.add(&location, "a distributed map needs `ExecutionType`"),
        (_, Some(kind)) if !matches!(kind, "STANDARD" | "EXPRESS") => {
            config.add("ExecutionType", format!("`{kind}` must be STANDARD or EXPRESS"));
        }
        ("INLINE", Some(_)) => config.add("ExecutionType", "an inline map has no `ExecutionType`"),
        _ => {}
    }
    config.finish(templates.language);
    mode == "DISTRIBUTED"
}

fn item_reader(templates: Templates<'_>, fields: &Fields<'_>) -> Option<ItemReader> {
    let entry = Fields::new(fields.take("ItemReader")?, &fields.at("ItemReader"), fields.problems)?;
    let resource = entry.required_text("Resource").unwrap_or_default().to_owned();
    let arguments = match templates.language {
        Language::JsonPath => templates.object_field(&entry, "Parameters"),
        Language::Jsonata => templates.object_field(&entry, "Arguments"),
    };
    let config = entry
        .take("ReaderConfig")
        .and_then(|value| Fields::new(value, &entry.at("ReaderConfig"), entry.problems));
    let max_items = config.and_then(|config| {
        if let Some(kind) = config.text("InputType")
            && kind != "JSON"
        {
            config.add("InputType", format!("`{kind}` is not supported; use JSON"));
        }
        let most = Quantity::parse(templates, &config, "MaxItems", 1..=MAX_ITEMS);
        config.finish(templates.language);
        most
    });
    entry.finish(templates.language);
    Some(ItemReader { resource, arguments, max_items })
}

fn batcher(templates: Templates<'_>, fields: &Fields<'_>) -> Option<Batcher> {
    let entry = Fields::new(fields.take("ItemBatcher")?, &fields.at("ItemBatcher"), fields.problems)?;
    let batcher = Batcher {
        max_items: Quantity::parse(templates, &entry, "MaxItemsPerBatch", 1..=MAX_ITEMS),
        max_bytes: Quantity::parse(templates, &entry, "MaxInputBytesPerBatch", 1..=262_144),
        input: templates.object_field(&entry, "BatchInput"),
    };
    if batcher.max_items.is_none() && batcher.max_bytes.is_none() {
        entry.problems.add(&entry.location, "needs MaxItemsPerBatch or MaxInputBytesPerBatch");
    }
    entry.finish(templates.language);
    Some(batcher)
}
