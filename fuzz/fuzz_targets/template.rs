//! A CloudFormation template: it is refused with a reason, or everything that is asked of one without resources has an answer.
#![no_main]

use std::collections::BTreeMap;

use cloudformation::Template;
use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|input: &[u8]| -> Corpus {
    let Ok(text) = std::str::from_utf8(input) else { return Corpus::Reject };
    let template = match Template::parse(text) {
        Ok(template) => template,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return Corpus::Keep;
        }
    };
    assert_eq!(template.text(), text);
    // What is written out of a template is a template in JSON, and the same one.
    let written = template.document().to_string();
    match Template::parse(&written) {
        Ok(again) => assert_eq!(again.document(), template.document()),
        Err(error) => panic!("{error} in what was written out: {written}"),
    }
    let sound = template.check_references().is_ok();
    let _ = template.capabilities();
    let _ = template.check_rules(&BTreeMap::new());
    let outlined = template.outline(&BTreeMap::new(), "eu-west-1");
    if let (true, Ok(planned)) = (sound, outlined) {
        assert!(planned.len() <= template.resources().len());
    }
    for parameter in template.parameters().values() {
        if let Some(default) = &parameter.default {
            let _ = parameter.value(default);
        }
    }
    Corpus::Keep
});
