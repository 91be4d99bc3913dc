//! A mapping template and a payload: rendering ends, within its bounds, and always says the same.
#![no_main]

use std::sync::LazyLock;

use indexmap::IndexMap;
use libfuzzer_sys::{Corpus, fuzz_target};
use serde_json::{Value, json};
use vtl::{MAX_OUTPUT_BYTES, Params, Request, Template, Undefined};

static PARAMS: LazyLock<Params> = LazyLock::new(|| {
    let one = |name: &str, value: &str| IndexMap::from([(name.to_owned(), value.to_owned())]);
    Params {
        path: one("breed", "Narragansett%20White"),
        querystring: one("limit", "5"),
        header: one("Content-Type", "application/json"),
    }
});
static CONTEXT: LazyLock<Value> = LazyLock::new(
    || json!({"path": "/v1/turkeys/it's", "requestId": "r", "identity": {"sourceIp": "127.0.0.1"}, "resourcePath": "/"}),
);
static STAGE: LazyLock<IndexMap<String, String>> =
    LazyLock::new(|| IndexMap::from([("table".to_owned(), "turkeys".to_owned())]));

fuzz_target!(|input: &[u8]| -> Corpus {
    let Some((source, body)) = fuzz::halves(input) else { return Corpus::Reject };
    let Ok(template) = Template::parse(source) else { return Corpus::Keep };
    let request = Request { body, params: &PARAMS, context: &CONTEXT, stage_variables: &STAGE };
    let rendered = template.render(&request);
    if let Ok(rendered) = &rendered {
        assert!(rendered.body.len() <= MAX_OUTPUT_BYTES, "{} bytes", rendered.body.len());
    }
    assert_eq!(rendered, template.render(&request), "a template is rendered anew");
    // What prints nothing in API Gateway may print its source, which never makes a text shorter or an error of none.
    let plain = template.with_undefined(Undefined::Source).render(&request);
    if let Ok(plain) = plain {
        assert!(plain.body.len() <= MAX_OUTPUT_BYTES, "{} bytes", plain.body.len());
    }
    Corpus::Keep
});
