/// What stands between two parts of an input, on a line of its own.
const BETWEEN: &str = "\n====\n";

/// An input as two texts: what comes before the first line `====`, and what comes after it, which may be empty. `None` where
/// the input is not UTF-8, which nothing behind these targets ever sees.
#[must_use]
pub fn halves(input: &[u8]) -> Option<(&str, &str)> {
    let text = std::str::from_utf8(input).ok()?;
    Some(text.split_once(BETWEEN).unwrap_or((text, "")))
}
