//! `$util`: functions for use in templates.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-mapping-template-reference.html#util-template-reference>

use std::borrow::Cow;

use super::encoding;
use crate::methods::Outcome;
use crate::render::Renderer;
use crate::value::{Text, Value, read_json};

pub(super) fn call<'a>(renderer: &mut Renderer<'a>, name: &str, arguments: &[Value<'a>]) -> Outcome<'a> {
    let [argument] = arguments else { return Ok(Value::Null) };
    if argument.is_null() {
        return Ok(Value::Null);
    }
    let text = renderer.text(argument)?;
    let result = match name {
        "escapeJavaScript" => return encoded(renderer, &text, encoding::escape_java_script(&text)),
        "urlEncode" => return encoded(renderer, &text, encoding::url_encode(&text)),
        "urlDecode" => encoding::url_decode(&text)?,
        "base64Encode" => encoding::base64_encode(&text),
        "base64Decode" => encoding::base64_decode(&text)?,
        "parseJson" => {
            renderer.charge_values(text.len())?;
            let parsed = match text {
                Text::Borrowed(text) => read_json(text, Text::Borrowed),
                Text::Shared(text) => read_json(&text, |part: &str| Text::from(part.to_owned())),
            };
            let parsed = parsed?;
            renderer.note_document(&parsed);
            return Ok(parsed);
        }
        _ => return Ok(Value::Null),
    };
    Ok(Value::Text(renderer.owned(result)?))
}

/// The encoded text, or the same text if the encoding changes nothing.
fn encoded<'a>(renderer: &mut Renderer<'a>, text: &Text<'a>, encoded: Cow<'_, str>) -> Outcome<'a> {
    Ok(Value::Text(match encoded {
        Cow::Borrowed(_) => text.clone(),
        Cow::Owned(changed) => renderer.owned(changed)?,
    }))
}
