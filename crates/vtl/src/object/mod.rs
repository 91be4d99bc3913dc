//! The objects that API Gateway gives to templates: `$input`, `$util`, `$context`, `$stageVariables` and `$foreach`.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html>

mod encoding;
mod foreach;
mod input;
mod overrides;
mod util;

use std::cell::RefCell;
use std::rc::Rc;

use indexmap::IndexMap;

use crate::Request;
use crate::methods::{self, Outcome};
use crate::render::{Failure, Renderer};
use crate::value::{Dict, Map, Text, Value};

pub(crate) use foreach::Loop;

/// One of API Gateway's objects, looked into only as far as a template does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Object {
    Input,
    Util,
    Context,
    StageVariables,
    /// `$input.params()`.
    Params,
    ParamMap(ParamKind),
    RequestOverride,
    ResponseOverride,
    OverrideMap(OverrideKind),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ParamKind {
    Path,
    Querystring,
    Header,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OverrideKind {
    RequestHeader,
    RequestQuerystring,
    RequestPath,
    ResponseHeader,
}

impl ParamKind {
    const NAMES: [(&str, Self); 3] =
        [("path", Self::Path), ("querystring", Self::Querystring), ("header", Self::Header)];

    fn named(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
    }

    const fn of<'a>(self, request: &'a Request<'a>) -> &'a IndexMap<String, String> {
        match self {
            Self::Path => &request.params.path,
            Self::Querystring => &request.params.querystring,
            Self::Header => &request.params.header,
        }
    }

    /// The value of the parameter `name`. A header is found in any case if its exact name is not there.
    fn get<'a>(self, request: &'a Request<'a>, name: &str) -> Option<&'a str> {
        let map = self.of(request);
        let exact = map.get(name);
        let found = exact.or_else(|| match self {
            Self::Header => {
                map.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
            }
            Self::Path | Self::Querystring => None,
        });
        found.map(String::as_str)
    }
}

impl Object {
    /// The object as a map, for printing it and for the methods of maps.
    pub(crate) fn materialize<'a>(self, request: &'a Request<'a>) -> Value<'a> {
        match self {
            Self::Context => match Value::from_json(request.context) {
                Value::Map(map) => Value::Map(map),
                _ => Value::map(Dict::default()),
            },
            Self::StageVariables => map_of(request.stage_variables, false),
            Self::ParamMap(kind) => map_of(kind.of(request), kind == ParamKind::Header),
            Self::Params => {
                let mut entries = Dict::default();
                for (name, kind) in ParamKind::NAMES {
                    entries.insert(Text::Borrowed(name), Self::ParamMap(kind).materialize(request));
                }
                Value::map(entries)
            }
            _ => Value::map(Dict::default()),
        }
    }
}

fn map_of(source: &IndexMap<String, String>, ignore_case: bool) -> Value<'_> {
    let mut entries = Dict::default();
    for (name, value) in source {
        entries.insert(Text::Borrowed(name), Value::borrowed(value));
    }
    Value::Map(Rc::new(Map { entries: RefCell::new(entries), ignore_case }))
}

/// `$object.name`.
pub(crate) fn property<'a>(renderer: &mut Renderer<'a>, object: Object, name: &str) -> Value<'a> {
    let request = renderer.request;
    match object {
        Object::Input if name == "body" => Value::borrowed(renderer.body_text()),
        Object::Context => match name {
            "requestOverride" => Value::Object(Object::RequestOverride),
            "responseOverride" => Value::Object(Object::ResponseOverride),
            _ => request.context.get(name).map_or(Value::Null, Value::from_json),
        },
        Object::StageVariables => {
            request.stage_variables.get(name).map_or(Value::Null, |value| Value::borrowed(value))
        }
        Object::Params => {
            ParamKind::named(name).map_or(Value::Null, |kind| Value::Object(Object::ParamMap(kind)))
        }
        Object::ParamMap(kind) => kind.get(request, name).map_or(Value::Null, Value::borrowed),
        Object::RequestOverride | Object::ResponseOverride | Object::OverrideMap(_) => {
            overrides::property(&renderer.overrides, object, name)
        }
        Object::Input | Object::Util => Value::Null,
    }
}

/// `$object.name(arguments)`.
pub(crate) fn call<'a>(
    renderer: &mut Renderer<'a>,
    object: Object,
    name: &str,
    arguments: &[Value<'a>],
) -> Outcome<'a> {
    match (object, name, arguments) {
        (Object::Input, ..) => input::call(renderer, name, arguments),
        (Object::Util, ..) => util::call(renderer, name, arguments),
        (_, "get", [Value::Text(key)]) => Ok(property(renderer, object, key)),
        (
            Object::RequestOverride | Object::ResponseOverride | Object::OverrideMap(_),
            "put",
            [Value::Text(key), value],
        ) => {
            set_property(renderer, object, key, value)?;
            Ok(Value::Null)
        }
        _ => {
            let map = object.materialize(renderer.request);
            methods::call(renderer, &map, name, arguments)
        }
    }
}

/// `#set($object.name = value)`: only overrides can be set.
pub(crate) fn set_property<'a>(
    renderer: &mut Renderer<'a>,
    object: Object,
    name: &str,
    value: &Value<'a>,
) -> Result<(), Failure> {
    match object {
        Object::RequestOverride | Object::ResponseOverride | Object::OverrideMap(_) => {
            overrides::set(renderer, object, name, value)
        }
        _ => Ok(()),
    }
}
