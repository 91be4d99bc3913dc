//! Java's strings count UTF-16 units; these are the conversions.

/// The length in UTF-16 units.
pub(super) fn length(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.encode_utf16().count() }
}

/// Half a surrogate pair becomes U+FFFD.
pub(super) fn substring(text: &str, from: i64, to: Option<i64>) -> Result<String, String> {
    let length = length(text);
    let bounds = || -> Option<(usize, usize)> {
        let end = to.map_or(Some(length), |to| usize::try_from(to).ok())?;
        let start = usize::try_from(from).ok()?;
        (start <= end && end <= length).then_some((start, end))
    };
    let Some((start, end)) = bounds() else {
        let end = to.map_or_else(|| length.to_string(), |to| to.to_string());
        return Err(format!("begin {from}, end {end}, length {length}"));
    };
    if text.is_ascii() {
        return Ok(text[start..end].to_owned());
    }
    let units: Vec<u16> = text.encode_utf16().skip(start).take(end - start).collect();
    Ok(String::from_utf16_lossy(&units))
}

/// The index in UTF-16 units of the byte offset `at`.
pub(super) fn index_of_byte(text: &str, at: usize) -> usize {
    length(&text[..at])
}

/// The byte offset of the UTF-16 index `index`, at most the length.
pub(super) fn byte_of_index(text: &str, index: i64) -> usize {
    let Ok(index) = usize::try_from(index) else { return 0 };
    let mut units = 0;
    for (at, found) in text.char_indices() {
        if units >= index {
            return at;
        }
        units += found.len_utf16();
    }
    text.len()
}
