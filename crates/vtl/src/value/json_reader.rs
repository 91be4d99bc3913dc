//! A JSON reader as lenient as json-smart's permissive mode, which API Gateway uses: a payload that does not start like
//! JSON is one string, quotes may be single or missing. Strings without escapes are not copied.

use super::document::Builder;
use super::{MAX_DEPTH, Text, Value, parse_number};

/// Reads `source`; `keep` turns a part of it into text.
///
/// # Errors
/// Says what is wrong and where.
pub(crate) fn read_json<'s, 'a>(
    source: &'s str,
    keep: impl Fn(&'s str) -> Text<'a>,
) -> Result<Value<'a>, String> {
    let mut reader = Reader { source, at: 0, keep, builder: Builder::for_source(source) };
    reader.skip_space();
    reader.value(0, Place::Top, NO_NAME)?;
    reader.skip_space();
    if reader.at < source.len() { Err(reader.unexpected("the end")) } else { Ok(reader.builder.finish()) }
}

const NO_NAME: Text<'static> = Text::Borrowed("");

#[derive(Clone, Copy)]
enum Place {
    Top,
    Member,
    Element,
}

struct Reader<'s, 'a, K> {
    source: &'s str,
    at: usize,
    keep: K,
    builder: Builder<'a>,
}

impl<'s, 'a, K: Fn(&'s str) -> Text<'a>> Reader<'s, 'a, K> {
    fn peek(&self) -> Option<u8> {
        self.source.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn unexpected(&self, expected: &str) -> String {
        match self.source[self.at..].chars().next() {
            Some(found) => format!("unexpected {found:?} at byte {}, expected {expected}", self.at),
            None => format!("unexpected end at byte {}, expected {expected}", self.at),
        }
    }

    fn value(&mut self, depth: usize, place: Place, name: Text<'a>) -> Result<(), String> {
        let value = match self.peek() {
            Some(b'{') => return self.object(depth + 1, name),
            Some(b'[') => return self.array(depth + 1, name),
            Some(quote @ (b'"' | b'\'')) => Value::Text(self.quoted(quote)?),
            Some(_) => self.bare(place),
            None => return Err(self.unexpected("a value")),
        };
        self.builder.scalar(name, value);
        Ok(())
    }

    fn name(&mut self) -> Result<Text<'a>, String> {
        match self.peek() {
            Some(quote @ (b'"' | b'\'')) => self.quoted(quote),
            Some(b'{' | b'[') | None => Err(self.unexpected("a member name")),
            Some(_) => {
                let rest = &self.source[self.at..];
                let end = rest.find([':', ',', '}', '{', '"']).unwrap_or(rest.len());
                self.at += end;
                Ok((self.keep)(rest[..end].trim_matches([' ', '\t', '\n', '\r'])))
            }
        }
    }

    fn object(&mut self, depth: usize, name: Text<'a>) -> Result<(), String> {
        self.open(depth)?;
        let opened = self.builder.open(name);
        let mut members = 0;
        loop {
            self.skip_space();
            match self.peek() {
                Some(b'}') => {
                    self.at += 1;
                    self.builder.close_object(opened, members);
                    return Ok(());
                }
                Some(b',') if members > 0 => {
                    self.at += 1;
                    continue;
                }
                _ => {}
            }
            let name = self.name()?;
            self.skip_space();
            if self.peek() != Some(b':') {
                return Err(self.unexpected("':'"));
            }
            self.at += 1;
            self.skip_space();
            self.value(depth, Place::Member, name)?;
            members += 1;
            self.skip_space();
            if !matches!(self.peek(), Some(b',' | b'}')) {
                return Err(self.unexpected("',' or '}'"));
            }
        }
    }

    fn array(&mut self, depth: usize, name: Text<'a>) -> Result<(), String> {
        self.open(depth)?;
        let opened = self.builder.open(name);
        loop {
            self.skip_space();
            match self.peek() {
                Some(b']') => {
                    self.at += 1;
                    self.builder.close_array(opened);
                    return Ok(());
                }
                Some(b',') if !self.builder.is_empty_since(opened) => {
                    self.at += 1;
                    continue;
                }
                _ => {}
            }
            self.value(depth, Place::Element, NO_NAME)?;
            self.skip_space();
            if !matches!(self.peek(), Some(b',' | b']')) {
                return Err(self.unexpected("',' or ']'"));
            }
        }
    }

    fn open(&mut self, depth: usize) -> Result<(), String> {
        self.at += 1;
        if depth > MAX_DEPTH {
            return Err(format!("nested deeper than {MAX_DEPTH} levels at byte {}", self.at));
        }
        Ok(())
    }

    fn quoted(&mut self, quote: u8) -> Result<Text<'a>, String> {
        let start = self.at + 1;
        let rest = self.source.as_bytes().get(start..).unwrap_or_default();
        match rest.iter().position(|byte| *byte == quote || *byte == b'\\') {
            Some(length) if rest[length] == quote => {
                self.at = start + length + 1;
                Ok((self.keep)(&self.source[start..start + length]))
            }
            Some(length) => self.escaped(start, start + length, quote),
            None => {
                self.at = self.source.len();
                Err(self.unexpected("the closing quote"))
            }
        }
    }

    fn escaped(&mut self, start: usize, first_escape: usize, quote: u8) -> Result<Text<'a>, String> {
        let mut text = String::from(&self.source[start..first_escape]);
        self.at = first_escape;
        loop {
            let rest = &self.source[self.at..];
            let plain = rest.find(|found| found == '\\' || found == char::from(quote)).unwrap_or(rest.len());
            text.push_str(&rest[..plain]);
            self.at += plain;
            match self.peek() {
                None => return Err(self.unexpected("the closing quote")),
                Some(byte) if byte == quote => {
                    self.at += 1;
                    return Ok(text.into());
                }
                Some(_) => {
                    self.at += 1;
                    let escape =
                        self.source[self.at..].chars().next().ok_or_else(|| self.unexpected("an escape"))?;
                    self.at += escape.len_utf8();
                    text.push(match escape {
                        'b' => '\u{8}',
                        'f' => '\u{c}',
                        'n' => '\n',
                        'r' => '\r',
                        't' => '\t',
                        'u' => self.unicode()?,
                        other => other,
                    });
                }
            }
        }
    }

    /// The character of `XXXX`, with a second `\uXXXX` for one beyond the basic plane. Half a pair becomes U+FFFD.
    fn unicode(&mut self) -> Result<char, String> {
        let high = self.hex()?;
        if (0xD800..0xDC00).contains(&high) && self.source[self.at..].starts_with("\\u") {
            let resume = self.at;
            self.at += 2;
            let low = self.hex()?;
            if (0xDC00..0xE000).contains(&low) {
                let code = 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = resume;
        }
        Ok(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex(&mut self) -> Result<u32, String> {
        let digits =
            self.source.get(self.at..self.at + 4).filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()));
        let code = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok());
        let code = code.ok_or_else(|| self.unexpected("four hexadecimal digits"))?;
        self.at += 4;
        Ok(code)
    }

    /// A word without quotes: a literal, a number or, failing that, a string.
    fn bare(&mut self, place: Place) -> Value<'a> {
        let rest = &self.source[self.at..];
        let end = match place {
            Place::Top => rest.len(),
            Place::Member => rest.find([',', '}']).unwrap_or(rest.len()),
            Place::Element => rest.find([',', ']']).unwrap_or(rest.len()),
        };
        self.at += end;
        let word = rest[..end].trim_matches([' ', '\t', '\n', '\r']);
        match word {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            "null" => Value::Null,
            _ if is_number(word) => parse_number(word),
            _ => Value::Text((self.keep)(word)),
        }
    }
}

fn is_number(word: &str) -> bool {
    let unsigned = word.strip_prefix('-').unwrap_or(word);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits(whole) && digits(fraction) && digits(exponent) && (whole == "0" || !whole.starts_with('0'))
}
