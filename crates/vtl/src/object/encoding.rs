use std::borrow::Cow;
use std::fmt::Write;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Java's decoders take base64 with and without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Escapes as Commons Lang's `StringEscapeUtils.escapeJavaScript`: both quotes, backslash and slash get a backslash,
/// control and non-ASCII characters become `\uXXXX`. A single quote becomes `\'`, which JSON does not allow.
/// <https://commons.apache.org/proper/commons-lang/javadocs/api-2.6/org/apache/commons/lang/StringEscapeUtils.html#escapeJavaScript(java.lang.String)>
pub(super) fn escape_java_script(text: &str) -> Cow<'_, str> {
    let is_plain = |byte: &u8| matches!(byte, b' '..=0x7f) && !matches!(byte, b'\'' | b'"' | b'\\' | b'/');
    let plain = text.as_bytes().iter().take_while(|byte| is_plain(byte)).count();
    if plain == text.len() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + text.len() / 8 + 8);
    out.push_str(&text[..plain]);
    for found in text[plain..].chars() {
        match found {
            '\'' | '"' | '\\' | '/' => out.extend(['\\', found]),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            ' '..='\u{7f}' => out.push(found),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    // Writing to a string cannot fail.
                    let _ = write!(out, "\\u{unit:04X}");
                }
            }
        }
    }
    Cow::Owned(out)
}

/// `application/x-www-form-urlencoded`, as `java.net.URLEncoder` writes it: a blank becomes `+`.
pub(super) fn url_encode(text: &str) -> Cow<'_, str> {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'*' | b'_');
    let Some(first) = text.bytes().position(|byte| !is_plain(byte)) else {
        return Cow::Borrowed(text);
    };
    let mut out = String::with_capacity(text.len() + text.len() / 2 + 8);
    out.push_str(&text[..first]);
    let mut rest = &text.as_bytes()[first..];
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b' ' {
            out.push('+');
        } else if is_plain(byte) {
            out.push(char::from(byte));
        } else {
            out.extend(['%', HEX[usize::from(byte >> 4)].into(), HEX[usize::from(byte & 15)].into()]);
        }
    }
    Cow::Owned(out)
}

/// What `java.net.URLDecoder` reads; bytes that are not UTF-8 become U+FFFD.
pub(super) fn url_decode(text: &str) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let code = after.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
                let code = code.and_then(|digits| std::str::from_utf8(digits).ok());
                let code = code.and_then(|digits| u8::from_str_radix(digits, 16).ok());
                bytes.push(
                    code.ok_or_else(|| {
                        "a percent sign is not followed by two hexadecimal digits".to_owned()
                    })?,
                );
                rest = &after[2..];
            }
            other => bytes.push(other),
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

pub(super) fn base64_encode(text: &str) -> String {
    BASE64.encode(text)
}

/// The decoded text; bytes that are not UTF-8 become U+FFFD.
pub(super) fn base64_decode(text: &str) -> Result<String, String> {
    let bytes = BASE64.decode(text.trim()).map_err(|error| format!("not base64: {error}"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
