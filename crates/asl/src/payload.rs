//! How large data may be.

use std::io;

use serde_json::Value;

use crate::execution::MAX_PAYLOAD_BYTES;
use crate::failure::{Failure, names};

/// How deep arrays and objects may be nested, which is what JSON readers take by default.
pub(crate) const MAX_DEPTH: usize = 127;

/// Holds data to the limits.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html>
pub(crate) fn check(value: &Value, what: &str) -> Result<(), Failure> {
    if is_deeper(value, MAX_DEPTH) {
        return Err(Failure::runtime(format!("The {what} is nested more than {MAX_DEPTH} levels deep.")));
    }
    let size = size(value);
    if size > MAX_PAYLOAD_BYTES {
        return Err(Failure::new(
            names::DATA_LIMIT_EXCEEDED,
            format!("The {what} has {size} bytes, which exceeds the maximum of {MAX_PAYLOAD_BYTES} bytes."),
        ));
    }
    Ok(())
}

/// The length of the value as JSON text without spaces, in bytes.
pub(crate) fn size(value: &Value) -> usize {
    let mut counter = Counter(0);
    // Writing to a counter cannot fail.
    let _ = serde_json::to_writer(&mut counter, value);
    counter.0
}

fn is_deeper(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(items) => levels == 0 || items.iter().any(|item| is_deeper(item, levels - 1)),
        Value::Object(members) => levels == 0 || members.values().any(|member| is_deeper(member, levels - 1)),
        _ => false,
    }
}

struct Counter(usize);

impl io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_limit_is_in_bytes_of_json_text() {
        let text = "é".repeat(MAX_PAYLOAD_BYTES / 2 - 1);
        assert_eq!(size(&json!(text)), MAX_PAYLOAD_BYTES);
        assert_eq!(check(&json!(text), "output"), Ok(()));
        assert_eq!(check(&json!([text]), "output").unwrap_err().error_name(), names::DATA_LIMIT_EXCEEDED);
    }

    #[test]
    fn deep_data_is_refused() {
        let nested = |levels: usize| (0..levels).fold(json!(1), |value, _| json!([value]));
        assert_eq!(check(&nested(MAX_DEPTH), "output"), Ok(()));
        assert_eq!(check(&nested(MAX_DEPTH + 1), "output").unwrap_err().error_name(), names::RUNTIME);
    }
}
