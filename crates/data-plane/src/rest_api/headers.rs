//! Names of headers and media types as API Gateway treats them.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use indexmap::IndexMap;

/// `content-type` as `Content-Type`.
pub(super) fn title_case(name: &str) -> String {
    let mut begins = true;
    name.chars()
        .map(|c| {
            let cased = if begins { c.to_ascii_uppercase() } else { c };
            begins = c == '-';
            cased
        })
        .collect()
}

/// Adds a backend's header to an answer. Some belong to API Gateway itself and arrive under another name, those of the
/// connection not at all.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html>
pub(super) fn insert_answer_header(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) {
    let dropped =
        [header::TRANSFER_ENCODING, header::CONNECTION, header::UPGRADE, header::TRAILER, header::TE];
    let remapped = [
        header::AUTHORIZATION,
        header::CONTENT_LENGTH,
        header::DATE,
        header::HOST,
        header::SERVER,
        header::USER_AGENT,
        header::WWW_AUTHENTICATE,
    ];
    if dropped.contains(&name) || name.as_str() == "keep-alive" {
        return;
    }
    if remapped.contains(&name) {
        if let Ok(name) = HeaderName::try_from(format!("x-amzn-remapped-{name}")) {
            headers.append(name, value);
        }
        return;
    }
    headers.append(name, value);
}

/// Puts in the headers that a template set, instead of those that are there. A value that no header may have is left
/// out.
pub(super) fn override_headers(headers: &mut HeaderMap, overrides: &IndexMap<String, Vec<String>>) {
    for (name, values) in overrides {
        let Ok(name) = HeaderName::try_from(name) else { continue };
        headers.remove(&name);
        for value in values.iter().filter_map(|value| HeaderValue::from_str(value).ok()) {
            headers.append(name.clone(), value);
        }
    }
}

/// Whether one of the binary media types of an API covers `media_type`.
pub(super) fn is_binary(types: &[String], media_type: &str) -> bool {
    types.iter().any(|binary| {
        let binary = binary.replace("~1", "/").to_ascii_lowercase();
        match binary.strip_suffix("/*") {
            Some("*") => true,
            Some(family) => media_type.split('/').next() == Some(family),
            None => binary == media_type,
        }
    })
}
