//! The head of an HTTP/1.1 answer, and how it says where its body ends (RFC 9112, section 6).

use std::io;
use std::mem::MaybeUninit;

use http::header::HeaderName;
use httparse::{Header, ParserConfig, Response, Status};

/// The most lines that a head may have.
const MOST_HEADERS: usize = 100;

/// What is needed of a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) framing: Framing,
    /// Whether the connection takes another request.
    pub(crate) reusable: bool,
    /// Whether it has the header that was looked for.
    pub(crate) cold: bool,
}

/// Where the body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// There is none.
    Nothing,
    /// After so many bytes.
    Length(u64),
    /// With the last chunk.
    Chunks,
    /// With the connection.
    Rest,
}

impl Head {
    /// Whether no other head follows for the same request.
    pub(crate) fn is_final(&self) -> bool {
        self.status >= 200 || self.status == SWITCHING
    }
}

/// After it the connection speaks another protocol.
const SWITCHING: u16 = 101;

/// Parses a head, and says how many bytes it took; `None` where it has not ended. `head_only` is the answer to a request
/// that wants no body.
pub(crate) fn parse(
    bytes: &[u8],
    head_only: bool,
    looked_for: Option<&HeaderName>,
) -> io::Result<Option<(Head, usize)>> {
    let mut headers = [const { MaybeUninit::uninit() }; MOST_HEADERS];
    let mut answer = Response::new(&mut []);
    let parsed = ParserConfig::default().parse_response_with_uninit_headers(&mut answer, bytes, &mut headers);
    let Status::Complete(length) = parsed.map_err(|error| invalid(&error.to_string()))? else {
        return Ok(None);
    };
    let status = answer.code.unwrap_or_default();
    let mut said = Said { persists: answer.version == Some(1), ..Said::default() };
    for header in answer.headers.iter() {
        said.hear(header)?;
        said.found |= looked_for.is_some_and(|name| header.name.eq_ignore_ascii_case(name.as_str()));
    }
    let framing = if head_only || status < 200 || [204, 304].contains(&status) {
        Framing::Nothing
    } else {
        match (said.encoded, said.length) {
            (Some(true), _) => Framing::Chunks,
            (None, Some(length)) => Framing::Length(length),
            (Some(false), _) | (None, None) => Framing::Rest,
        }
    };
    let reusable = said.persists && framing != Framing::Rest && status != SWITCHING;
    Ok(Some((Head { status, framing, reusable, cold: said.found }, length)))
}

/// What headers say of the body and the connection.
#[derive(Default)]
struct Said {
    persists: bool,
    /// Whether the body is in chunks, where it is encoded for the way at all.
    encoded: Option<bool>,
    length: Option<u64>,
    found: bool,
}

impl Said {
    fn hear(&mut self, header: &Header<'_>) -> io::Result<()> {
        if header.name.eq_ignore_ascii_case("content-length") {
            for value in elements(header) {
                let length = Some(value).filter(|value| value.iter().all(u8::is_ascii_digit));
                let length = length.and_then(|value| std::str::from_utf8(value).ok()?.parse().ok());
                let length = length.ok_or_else(|| invalid("its content-length is no number"))?;
                if self.length.is_some_and(|other| other != length) {
                    return Err(invalid("it has two content-lengths"));
                }
                self.length = Some(length);
            }
        } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
            self.encoded = elements(header).last().map(|last| last.eq_ignore_ascii_case(b"chunked"));
        } else if header.name.eq_ignore_ascii_case("connection") {
            for value in elements(header) {
                if value.eq_ignore_ascii_case(b"close") {
                    self.persists = false;
                } else if value.eq_ignore_ascii_case(b"keep-alive") {
                    self.persists = true;
                }
            }
        }
        Ok(())
    }
}

/// The elements of a header that lists some.
fn elements<'h>(header: &Header<'h>) -> impl Iterator<Item = &'h [u8]> {
    header.value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

/// An answer that is not HTTP.
pub(crate) fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the answer is not HTTP/1.1: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &str) -> Head {
        let text = format!("{text}\r\n\r\n");
        let (head, length) = parse(text.as_bytes(), false, None).unwrap().unwrap();
        assert_eq!(length, text.len());
        head
    }

    #[test]
    fn the_body_ends_where_the_head_says() {
        for (text, framing, reusable) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 12", Framing::Length(12), true),
            ("HTTP/1.1 200 OK\r\ncontent-length: 7, 7\r\ncontent-length: 7", Framing::Length(7), true),
            (
                "HTTP/1.1 200 OK\r\ncontent-length: 7\r\nTransfer-Encoding: gzip, Chunked",
                Framing::Chunks,
                true,
            ),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: gzip", Framing::Rest, false),
            ("HTTP/1.1 200 OK", Framing::Rest, false),
            ("HTTP/1.1 204 None\r\ncontent-length: 7", Framing::Nothing, true),
            ("HTTP/1.1 304 Same\r\ntransfer-encoding: chunked", Framing::Nothing, true),
            ("HTTP/1.1 101 Other", Framing::Nothing, false),
            ("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nConnection: Close", Framing::Length(0), false),
            ("HTTP/1.0 200 OK\r\ncontent-length: 0", Framing::Length(0), false),
            ("HTTP/1.0 200 OK\r\ncontent-length: 0\r\nconnection: keep-alive", Framing::Length(0), true),
        ] {
            let head = head(text);
            assert_eq!((head.framing, head.reusable), (framing, reusable), "{text}");
        }
    }

    #[test]
    fn an_answer_to_head_has_no_body() {
        let text = b"HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\n";
        assert_eq!(parse(text, true, None).unwrap().unwrap().0.framing, Framing::Nothing);
    }

    #[test]
    fn a_head_that_has_not_ended_or_is_none_is_told() {
        assert_eq!(parse(b"HTTP/1.1 200 OK\r\ncontent-le", false, None).unwrap(), None);
        for wrong in
            ["SSH-2.0-x", "HTTP/1.1 200 OK\r\ncontent-length: +3", "HTTP/1.1 200 OK\r\ncontent-length: 1, 2"]
        {
            let text = format!("{wrong}\r\n\r\n");
            assert!(parse(text.as_bytes(), false, None).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_header_that_is_looked_for_is_found_in_any_case() {
        let name = HeaderName::from_static("x-cold");
        let found = |text: &[u8]| parse(text, false, Some(&name)).unwrap().unwrap().0.cold;
        assert!(found(b"HTTP/1.1 200 OK\r\nX-Cold: 1\r\n\r\n"));
        assert!(!found(b"HTTP/1.1 200 OK\r\nx-colder: 1\r\n\r\n"));
    }

    #[test]
    fn what_comes_before_the_answer_is_not_final() {
        assert!(!head("HTTP/1.1 103 Early Hints").is_final() && head("HTTP/1.1 500 No").is_final());
    }
}
