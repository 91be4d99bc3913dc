use serde_json::Value;

use super::Language;
use super::fields::{Fields, shown};
use crate::intrinsic::Intrinsic;
use crate::jsonata::{Available, Expression};
use crate::path::Path;
use crate::problem::{Problems, below};
use crate::template::Template;

/// How deep a payload template may be nested.
const MAX_NESTING: usize = 100;

/// Reads values of a definition that are computed when a state runs.
#[derive(Clone, Copy)]
pub(super) struct Templates<'a> {
    pub(super) language: Language,
    pub(super) problems: &'a Problems,
    pub(super) available: Available,
}

impl Templates<'_> {
    pub(super) fn with_result(self) -> Self {
        Self { available: Available { result: true, ..self.available }, ..self }
    }

    pub(super) fn with_error_output(self) -> Self {
        Self { available: Available { error_output: true, result: false }, ..self }
    }

    /// A field whose value is computed: a payload template, or JSON text with JSONata in it.
    pub(super) fn field(self, fields: &Fields<'_>, name: &str) -> Option<Template> {
        let value = fields.take(name)?;
        Some(self.value(value, &fields.at(name), name, 0))
    }

    /// As [`Self::field`], where a JSONPath state takes an object only.
    pub(super) fn object_field(self, fields: &Fields<'_>, name: &str) -> Option<Template> {
        let value = fields.take(name)?;
        let is_expression = self.language == Language::Jsonata && value.is_string();
        if !value.is_object() && !is_expression {
            fields.add(name, format!("{} must be an object", shown(value)));
            return None;
        }
        Some(self.value(value, &fields.at(name), name, 0))
    }

    pub(super) fn value(self, value: &Value, location: &str, field: &str, nesting: usize) -> Template {
        if nesting > MAX_NESTING {
            self.problems.add(location, format!("nested more than {MAX_NESTING} levels deep"));
            return Template::Literal(Value::Null);
        }
        match value {
            Value::String(text) if self.language == Language::Jsonata => self.string(text, location, field),
            Value::Array(items) => {
                let items: Vec<Template> = items
                    .iter()
                    .enumerate()
                    .map(|(at, item)| {
                        self.value(item, &below(location, at), &format!("{field}[{at}]"), nesting + 1)
                    })
                    .collect();
                match items.iter().map(Template::literal).collect::<Option<Vec<_>>>() {
                    Some(literals) => Template::Literal(literals.into_iter().cloned().collect()),
                    None => Template::Array(items),
                }
            }
            Value::Object(members) => {
                let mut compiled: Vec<(String, Template)> = Vec::with_capacity(members.len());
                for (name, member) in members {
                    let location = below(location, name);
                    let (name, template) = match name.strip_suffix(".$") {
                        Some(plain) if self.language == Language::JsonPath => {
                            (plain, self.dynamic(member, &location, name))
                        }
                        _ => {
                            let field = match self.language {
                                Language::JsonPath => name.clone(),
                                Language::Jsonata => format!("{field}/{name}"),
                            };
                            (name.as_str(), self.value(member, &location, &field, nesting + 1))
                        }
                    };
                    if compiled.iter().any(|(known, _)| known == name) {
                        self.problems.add(
                            &location,
                            format!("`{name}` is set twice, once with and once without `.$`"),
                        );
                    }
                    compiled.push((name.to_owned(), template));
                }
                let literals = compiled
                    .iter()
                    .map(|(name, member)| Some((name.clone(), member.literal()?.clone())))
                    .collect::<Option<serde_json::Map<_, _>>>();
                literals.map_or(Template::Object(compiled), |object| Template::Literal(Value::Object(object)))
            }
            literal => Template::Literal(literal.clone()),
        }
    }

    /// The value of a field whose name ends in `.$`: a path or an intrinsic function.
    pub(super) fn dynamic(self, value: &Value, location: &str, field: &str) -> Template {
        let Some(text) = value.as_str() else {
            self.problems.add(
                location,
                format!("{} must be a path or an intrinsic function, as the name ends in `.$`", shown(value)),
            );
            return Template::Literal(Value::Null);
        };
        self.path_or_function(text, location, field)
    }

    pub(super) fn path_or_function(self, text: &str, location: &str, field: &str) -> Template {
        let field = field.to_owned();
        let compiled = if text.starts_with('$') {
            Path::parse(text).map(|path| Template::Path { path, field })
        } else {
            Intrinsic::parse(text).map(|call| Template::Intrinsic { call, field })
        };
        self.or_problem(compiled, location)
    }

    /// A string of a JSONata state: an expression if it stands between `{%` and `%}`.
    fn string(self, text: &str, location: &str, field: &str) -> Template {
        match (text.strip_prefix("{%"), text.strip_suffix("%}")) {
            (None, None) => Template::Literal(Value::from(text)),
            (Some(opened), Some(_)) if opened.len() >= 2 => {
                let source = &opened[..opened.len() - 2];
                let compiled = Expression::parse(source, field, self.available).map(Template::Expression);
                self.or_problem(compiled, location)
            }
            _ => {
                let message =
                    format!("`{text}` must start with `{{%` and end with `%}}`, without spaces around");
                self.or_problem(Err(message), location)
            }
        }
    }

    fn or_problem(self, compiled: Result<Template, String>, location: &str) -> Template {
        compiled.unwrap_or_else(|message| {
            self.problems.add(location, message);
            Template::Literal(Value::Null)
        })
    }

    /// `NamePath` of a JSONPath state: a reference path.
    pub(super) fn reference(fields: &Fields<'_>, name: &str) -> Option<Template> {
        let text = fields.text(name)?;
        match Path::parse(text) {
            Ok(path) if path.is_reference() => Some(Template::Path { path, field: name.to_owned() }),
            Ok(_) => {
                fields.add(name, format!("`{text}` must be a reference path, which names one place: no `*`, `..`, `,`, `:` or `?`"));
                None
            }
            Err(message) => {
                fields.add(name, message);
                None
            }
        }
    }

    /// `Name`, or in a JSONPath state `NamePath` instead; which takes a path or, if `functions`, a function as well.
    pub(super) fn text_or_path(self, fields: &Fields<'_>, name: &str, functions: bool) -> Option<Template> {
        let path_name = format!("{name}Path");
        if self.language == Language::JsonPath && fields.has(&path_name) {
            if fields.take(name).is_some() {
                fields.add(name, format!("`{name}` and `{path_name}` exclude each other"));
            }
            if functions
                && let Some(Value::String(text)) = fields.take(&path_name)
                && !text.starts_with('$')
            {
                return Some(self.path_or_function(text, &fields.at(&path_name), &path_name));
            }
            return Self::reference(fields, &path_name);
        }
        fields.text(name)?;
        self.field(fields, name)
    }
}
