//! `$context.requestOverride` and `$context.responseOverride`.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-override-request-response-parameters.html>

use indexmap::IndexMap;

use super::{Object, OverrideKind};
use crate::render::{Failure, Renderer};
use crate::value::Value;
use crate::{Overrides, RenderError};

pub(super) fn property<'a>(overrides: &Overrides, object: Object, name: &str) -> Value<'a> {
    let first = |map: &IndexMap<String, Vec<String>>| {
        map.get(name)
            .and_then(|values| values.first())
            .map_or(Value::Null, |value| Value::owned(value.clone()))
    };
    match (object, name) {
        (Object::RequestOverride, "header") => {
            Value::Object(Object::OverrideMap(OverrideKind::RequestHeader))
        }
        (Object::RequestOverride, "querystring") => {
            Value::Object(Object::OverrideMap(OverrideKind::RequestQuerystring))
        }
        (Object::RequestOverride, "path") => Value::Object(Object::OverrideMap(OverrideKind::RequestPath)),
        (Object::ResponseOverride, "header") => {
            Value::Object(Object::OverrideMap(OverrideKind::ResponseHeader))
        }
        (Object::ResponseOverride, "status") => {
            overrides.response_status.map_or(Value::Null, |status| Value::Int(status.into()))
        }
        (Object::OverrideMap(OverrideKind::RequestHeader), _) => first(&overrides.request_header),
        (Object::OverrideMap(OverrideKind::RequestQuerystring), _) => first(&overrides.request_querystring),
        (Object::OverrideMap(OverrideKind::ResponseHeader), _) => first(&overrides.response_header),
        (Object::OverrideMap(OverrideKind::RequestPath), _) => {
            overrides.request_path.get(name).map_or(Value::Null, |value| Value::owned(value.clone()))
        }
        _ => Value::Null,
    }
}

/// Sets an override; a second time is an error.
pub(super) fn set<'a>(
    renderer: &mut Renderer<'a>,
    object: Object,
    name: &str,
    value: &Value<'a>,
) -> Result<(), Failure> {
    let full_name = full_name(object, name);
    let texts = texts(renderer, value)?;
    let invalid =
        |allowed| RenderError::InvalidOverride { name: full_name.clone(), value: texts.join(", "), allowed };
    let is_second = match object {
        Object::ResponseOverride if name == "status" => {
            let status = match texts.as_slice() {
                [status] => status.parse().ok().filter(|status| (100..600).contains(status)),
                _ => None,
            };
            let status = status.ok_or_else(|| invalid("an HTTP status from 100 to 599"))?;
            renderer.overrides.response_status.replace(status).is_some()
        }
        Object::OverrideMap(OverrideKind::RequestPath) => {
            let [text] = texts.as_slice() else { return Err(invalid("one value").into()) };
            renderer.overrides.request_path.insert(name.to_owned(), text.clone()).is_some()
        }
        Object::OverrideMap(_) if texts.is_empty() => {
            return Err(invalid("a value or a list of values").into());
        }
        Object::OverrideMap(kind) => {
            let map = match kind {
                OverrideKind::RequestHeader => &mut renderer.overrides.request_header,
                OverrideKind::RequestQuerystring => &mut renderer.overrides.request_querystring,
                _ => &mut renderer.overrides.response_header,
            };
            let ignores_case = kind != OverrideKind::RequestQuerystring;
            let is_second =
                map.keys().any(|key| key == name || (ignores_case && key.eq_ignore_ascii_case(name)));
            map.insert(name.to_owned(), texts);
            is_second
        }
        _ => {
            let allowed = "set only through its members: header, querystring and path of requestOverride, status and header of responseOverride";
            return Err(invalid(allowed).into());
        }
    };
    if is_second { Err(RenderError::OverrideSetTwice { name: full_name }.into()) } else { Ok(()) }
}

fn texts<'a>(renderer: &mut Renderer<'a>, value: &Value<'a>) -> Result<Vec<String>, RenderError> {
    match &value.promote() {
        Value::List(list) => {
            let items = list.items.borrow().clone();
            items.iter().map(|item| Ok(renderer.text(item)?.to_string())).collect()
        }
        value => Ok(vec![renderer.text(value)?.to_string()]),
    }
}

fn full_name(object: Object, name: &str) -> String {
    let holder = match object {
        Object::OverrideMap(OverrideKind::RequestHeader) => "requestOverride.header",
        Object::OverrideMap(OverrideKind::RequestQuerystring) => "requestOverride.querystring",
        Object::OverrideMap(OverrideKind::RequestPath) => "requestOverride.path",
        Object::OverrideMap(OverrideKind::ResponseHeader) => "responseOverride.header",
        Object::RequestOverride => "requestOverride",
        _ => "responseOverride",
    };
    format!("{holder}.{name}")
}
