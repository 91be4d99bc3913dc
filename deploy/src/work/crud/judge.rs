//! Whether an answer is the one that a step asks for. Errors say what was expected.

use serde_json::{Value, json};
use signed_http::Response;
use workload::crud::{CHALLENGE, CrudError, Draft, PATH};

use crate::work::{excerpt, is_json};

/// How many characters of a body a difference shows.
const EXCERPT: usize = 120;

/// An answer in one line.
pub fn seen(answer: &Response) -> String {
    let header = |name| answer.header(name).map(|value| format!(", {name}: {value}")).unwrap_or_default();
    let body = excerpt(&answer.body, EXCERPT);
    let headers = ["content-type", "etag", "location", "www-authenticate"].map(header).concat();
    format!("{} {body}{headers}", answer.status)
}

/// A new item; gives its ID.
pub fn created(answer: &Response, body: &Value, draft: &Draft) -> Result<String, String> {
    let id = body["id"].as_str().unwrap_or_default();
    let located = answer.header("location") == Some(format!("{PATH}/{id}").as_str());
    if answer.status == 201 && is_id(id) && located && is_item(answer, body, id, (draft, 1)) {
        return Ok(id.to_owned());
    }
    Err(format!(
        "201 {} with ETag \"1\" and Location {PATH}/{{id}}",
        excerpt(expected("{id}", draft, 1).to_string().as_bytes(), EXCERPT)
    ))
}

/// An item that is known.
pub fn item(
    answer: &Response,
    body: &Value,
    id: &str,
    (draft, version): (&Draft, u64),
) -> Result<(), String> {
    if answer.status == 200 && is_item(answer, body, id, (draft, version)) {
        return Ok(());
    }
    let body = excerpt(expected(id, draft, version).to_string().as_bytes(), EXCERPT);
    Err(format!("200 {body} with ETag \"{version}\""))
}

fn is_item(answer: &Response, body: &Value, id: &str, (draft, version): (&Draft, u64)) -> bool {
    let tag = format!("\"{version}\"");
    *body == expected(id, draft, version) && answer.header("etag") == Some(tag.as_str()) && is_json(answer)
}

fn expected(id: &str, draft: &Draft, version: u64) -> Value {
    let mut item = json!(draft);
    item["id"] = id.into();
    item["version"] = version.into();
    item
}

fn is_id(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-'))
}

/// IDs and names of a page, and its `next`.
pub type Page = (Vec<(String, String)>, Option<String>);

/// A page whose IDs ascend and go on after those before.
pub fn page(answer: &Response, body: &Value, before: &[(String, String)]) -> Result<Page, String> {
    let read = || {
        let object = body.as_object().filter(|object| object.len() == 2)?;
        let next = match object.get("next")? {
            Value::Null => None,
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            _ => return None,
        };
        let text = |item: &Value, name: &str| item[name].as_str().map(str::to_owned);
        let item = |item: &Value| Some((text(item, "id")?, text(item, "name")?));
        let items: Vec<_> = object.get("items")?.as_array()?.iter().map(item).collect::<Option<_>>()?;
        let ids: Vec<&String> = before.iter().chain(&items).map(|(id, _)| id).collect();
        (answer.status == 200 && is_json(answer) && ids.is_sorted_by(|a, b| a < b)).then_some((items, next))
    };
    read().ok_or_else(|| "200 {\"items\":[…],\"next\":…} with ascending IDs".to_owned())
}

/// Nothing.
pub fn deleted(answer: &Response) -> Result<(), String> {
    if answer.status == 204 && answer.body.is_empty() { Ok(()) } else { Err("204 without a body".to_owned()) }
}

/// Exactly this refusal.
pub fn refused(answer: &Response, body: &Value, error: CrudError) -> Result<(), String> {
    let refusal = error.refusal();
    let challenged = error != CrudError::Unauthorized || answer.header("www-authenticate") == Some(CHALLENGE);
    let right = answer.status == refusal.status && *body == json!({ "message": refusal.message });
    if right && challenged && is_json(answer) {
        return Ok(());
    }
    let challenge =
        if error == CrudError::Unauthorized { ", www-authenticate: Bearer" } else { Default::default() };
    Err(format!("{} {} as application/json{challenge}", refusal.status, refusal.body()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &Value) -> Response {
        let headers = headers.iter().map(|(name, value)| {
            (http::HeaderName::from_static(name), http::HeaderValue::from_str(value).unwrap())
        });
        Response { status, headers: headers.collect(), body: body.to_string().into() }
    }

    const JSON: (&str, &str) = ("content-type", "application/json");

    #[test]
    fn a_refusal_is_exact() {
        let body = json!({"message": "Unauthorized"});
        let judge = |status, headers: &[_], body: &Value| {
            refused(&answer(status, headers, body), body, CrudError::Unauthorized)
        };
        assert_eq!(judge(401, &[JSON, ("www-authenticate", "Bearer")], &body), Ok(()));
        assert!(judge(401, &[JSON], &body).is_err());
        assert!(judge(403, &[JSON, ("www-authenticate", "Bearer")], &body).is_err());
        assert!(judge(401, &[("www-authenticate", "Bearer")], &body).is_err());
        let other = json!({"message": "Unauthorized", "requestId": 1});
        assert!(judge(401, &[JSON, ("www-authenticate", "Bearer")], &other).is_err());
    }

    #[test]
    fn a_new_item_says_where_it_is_and_which_version_it_has() {
        let draft = Draft { name: "tea".to_owned(), description: None, quantity: 2 };
        let id = "0199f3a0-1111-7abc-8def-0123456789ab";
        let body = json!({"id": id, "name": "tea", "quantity": 2, "version": 1});
        let location = format!("/items/{id}");
        let judge = |headers: &[_], body: &Value| created(&answer(201, headers, body), body, &draft);
        let right = [JSON, ("etag", "\"1\""), ("location", location.as_str())];
        assert_eq!(judge(&right, &body), Ok(id.to_owned()));
        assert!(judge(&right[..2], &body).is_err(), "no location");
        assert!(judge(&[JSON, ("etag", "1"), right[2]], &body).is_err(), "no entity tag");
        let more = json!({"id": id, "name": "tea", "quantity": 2, "version": 1, "description": null});
        assert!(judge(&right, &more).is_err());
    }

    #[test]
    fn pages_ascend_and_go_on() {
        let body = json!({"items": [{"id": "b", "name": "x"}], "next": null});
        let judge =
            |before: &str| page(&answer(200, &[JSON], &body), &body, &[(before.to_owned(), String::new())]);
        assert_eq!(judge("a"), Ok((vec![("b".to_owned(), "x".to_owned())], None)));
        assert!(judge("b").is_err(), "the same again");
        assert!(judge("c").is_err());
    }
}
