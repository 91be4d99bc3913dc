//! A state machine and its input: the definition is refused with places in it, or an execution ends within its bounds.
#![no_main]

use asl::{MAX_PAYLOAD_BYTES, Machine, Outcome};
use libfuzzer_sys::{Corpus, fuzz_target};
use serde_json::{Value, json};

/// A branch or an iteration that ends adds events after the limit was seen, one for each of those that are open.
const MAX_EVENTS: u64 = 5_000;

fuzz_target!(|input: &[u8]| -> Corpus {
    let Some((definition, data)) = fuzz::halves(input) else { return Corpus::Reject };
    match Machine::parse(definition) {
        Err(problems) => {
            assert!(!problems.is_empty());
            if let Ok(document) = serde_json::from_str::<Value>(definition) {
                for problem in problems {
                    let parent = problem.location.rsplit_once('/').map_or("", |(parent, _)| parent);
                    let place = document.pointer(&problem.location).or_else(|| document.pointer(parent));
                    assert!(place.is_some(), "{problem:?} points outside {document}");
                }
            }
        }
        Ok(machine) => {
            let _ = machine.task_uses();
            let data = serde_json::from_str(data).unwrap_or_else(|_| json!({}));
            let (outcome, events) = fuzz::run(&machine, data);
            assert!(events <= MAX_EVENTS, "{events} events");
            if let Outcome::Succeeded(output) = outcome {
                let written = output.to_string();
                assert!(written.len() <= MAX_PAYLOAD_BYTES, "{} bytes", written.len());
                assert!(serde_json::from_str::<Value>(&written).is_ok(), "not JSON: {written}");
            }
        }
    }
    Corpus::Keep
});
