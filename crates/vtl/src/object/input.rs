//! `$input`: the payload and the parameters of the request.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html#input-variable-reference>

use super::{Object, ParamKind};
use crate::jsonpath;
use crate::methods::Outcome;
use crate::render::{Renderer, Sink};
use crate::value::{Value, write_json};

pub(super) fn call<'a>(renderer: &mut Renderer<'a>, name: &str, arguments: &[Value<'a>]) -> Outcome<'a> {
    match (name, arguments) {
        ("body", []) => Ok(Value::borrowed(renderer.body_text())),
        ("path", [Value::Text(path)]) => {
            let body = renderer.body()?;
            Ok(jsonpath::find(renderer, &body, path)?.unwrap_or(Value::Null))
        }
        ("json", [Value::Text(path)]) => {
            let body = renderer.body()?;
            let mut out = Sink::default();
            match jsonpath::find(renderer, &body, path)? {
                Some(found) => write_json(&found, &mut out)?,
                // A path that leads nowhere gives the JSON of an empty string, which keeps the result valid.
                None => out.push_str("\"\"")?,
            }
            Ok(Value::Text(renderer.owned(out.into_string())?))
        }
        ("params", []) => Ok(Value::Object(Object::Params)),
        ("params", [Value::Text(name)]) => {
            let request = renderer.request;
            let found = ParamKind::NAMES.iter().find_map(|(_, kind)| kind.get(request, name));
            Ok(Value::borrowed(found.unwrap_or_default()))
        }
        _ => Ok(Value::Null),
    }
}
