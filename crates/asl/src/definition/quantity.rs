use std::ops::RangeInclusive;

use serde_json::Value;

use super::Language;
use super::fields::{Fields, out_of};
use super::templates::Templates;
use crate::Failure;
use crate::template::{Data, Template};

/// An integer field that may be computed: `Name`, or `NamePath` in a JSONPath state.
#[derive(Debug)]
pub(crate) struct Quantity {
    template: Template,
    range: RangeInclusive<u64>,
    name: String,
}

impl Quantity {
    pub(super) fn parse(
        templates: Templates<'_>,
        fields: &Fields<'_>,
        name: &str,
        range: RangeInclusive<u64>,
    ) -> Option<Self> {
        let path_name = format!("{name}Path");
        let template = if templates.language == Language::JsonPath && fields.has(&path_name) {
            if fields.take(name).is_some() {
                fields.add(name, format!("`{name}` and `{path_name}` exclude each other"));
            }
            Templates::reference(fields, &path_name)?
        } else {
            let value = fields.take(name)?;
            if templates.language == Language::Jsonata && value.is_string() {
                let template = templates.value(value, &fields.at(name), name, 0);
                if template.literal().is_some_and(Value::is_string) {
                    fields.add(name, out_of(value, &range));
                }
                template
            } else {
                Template::Literal(fields.whole(name, range.clone())?.into())
            }
        };
        Some(Self { template, range, name: name.to_owned() })
    }

    /// The number as written, where it is not computed.
    pub(crate) fn literal(&self) -> Option<u64> {
        self.template.literal()?.as_u64()
    }

    pub(crate) fn evaluate(&self, data: &Data<'_>) -> Result<u64, Failure> {
        let value = self.template.evaluate(data)?;
        let number = value.as_u64().filter(|number| self.range.contains(number));
        number.ok_or_else(|| {
            let cause =
                format!("The field '{}' has a wrong value: {}.", self.name, out_of(&value, &self.range));
            if self.template.is_expression() { Failure::query(cause) } else { Failure::runtime(cause) }
        })
    }
}
