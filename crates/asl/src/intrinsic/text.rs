use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::Digest as _;

/// How many characters Base64 and hash functions take.
/// <https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html>
const MAX_CHARACTERS: usize = 10_000;

fn string(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| format!("{value} must be a string"))
}

fn short(text: &str) -> Result<&str, String> {
    let length = text.chars().count();
    if length > MAX_CHARACTERS {
        return Err(format!("the data has {length} characters, allowed are {MAX_CHARACTERS}"));
    }
    Ok(text)
}

/// Replaces each `{}` of the first argument, where `\{`, `\}` and `\\` stand for the characters themselves.
pub(super) fn format(values: &[Value]) -> Result<Value, String> {
    let template = string(&values[0])?;
    let mut arguments = values[1..].iter();
    let mut text = String::with_capacity(template.len());
    let mut chars = template.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => text.extend(chars.next()),
            '{' if chars.next_if_eq(&'}').is_some() => match arguments.next() {
                Some(Value::String(value)) => text.push_str(value),
                Some(value @ (Value::Array(_) | Value::Object(_))) => {
                    return Err(format!("{value} must be a string, a number, a boolean or null"));
                }
                Some(value) => text.push_str(&value.to_string()),
                None => return Err(format!("'{template}' has more {{}} than there are arguments")),
            },
            c => text.push(c),
        }
    }
    if arguments.next().is_some() {
        return Err(format!("'{template}' has fewer {{}} than there are arguments"));
    }
    Ok(text.into())
}

pub(super) fn to_json(values: &[Value]) -> Result<Value, String> {
    let text = string(&values[0])?;
    serde_json::from_str(text).map_err(|error| format!("'{text}' is not JSON: {error}"))
}

pub(super) fn base64_encode(values: &[Value]) -> Result<Value, String> {
    Ok(STANDARD.encode(short(string(&values[0])?)?).into())
}

pub(super) fn base64_decode(values: &[Value]) -> Result<Value, String> {
    let text = short(string(&values[0])?)?;
    let bytes = STANDARD.decode(text).map_err(|error| format!("'{text}' is not Base64: {error}"))?;
    String::from_utf8(bytes).map(Value::from).map_err(|_| format!("'{text}' is not text in UTF-8"))
}

pub(super) fn hash(values: &[Value]) -> Result<Value, String> {
    let data = match &values[0] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    digest(short(&data)?, string(&values[1])?).map(Value::from)
}

/// The hexadecimal hash of a text.
pub(crate) fn digest(data: &str, algorithm: &str) -> Result<String, String> {
    Ok(match algorithm {
        "MD5" => hex::encode(md5::Md5::digest(data)),
        "SHA-1" => hex::encode(sha1::Sha1::digest(data)),
        "SHA-256" => hex::encode(sha2::Sha256::digest(data)),
        "SHA-384" => hex::encode(sha2::Sha384::digest(data)),
        "SHA-512" => hex::encode(sha2::Sha512::digest(data)),
        other => return Err(format!("'{other}' is not one of MD5, SHA-1, SHA-256, SHA-384 and SHA-512")),
    })
}

/// Splits at any of the characters of the second argument; empty parts are left out.
pub(super) fn split(values: &[Value]) -> Result<Value, String> {
    let (text, separators) = (string(&values[0])?, string(&values[1])?);
    if separators.is_empty() {
        return Ok(vec![Value::from(text)].into());
    }
    Ok(text.split(|c| separators.contains(c)).filter(|part| !part.is_empty()).map(Value::from).collect())
}
