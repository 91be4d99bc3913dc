//! The `aws-chunked` content encoding of uploads, with or without signatures and trailing checksums.
//!
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>

use bytes::{Bytes, BytesMut};

use super::ApiError;

/// A decoded body and the trailing headers that came after it, such as `x-amz-checksum-crc32`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChunkedBody {
    pub data: Bytes,
    /// Names in lower case.
    pub trailers: Vec<(String, String)>,
}

/// Takes the chunk framing (`<hex size>[;chunk-signature=…]\r\n<data>\r\n`) off a body.
///
/// # Errors
/// `IncompleteBody` where the framing is broken or ends early.
pub fn decode_chunked(body: &Bytes) -> Result<ChunkedBody, ApiError> {
    let mut data = BytesMut::with_capacity(body.len());
    let mut rest = body.clone();
    loop {
        let line = take_line(&mut rest).ok_or_else(incomplete)?;
        let size = line.split(|byte| *byte == b';').next().unwrap_or_default();
        let size =
            std::str::from_utf8(size).ok().and_then(|text| usize::from_str_radix(text.trim(), 16).ok());
        let size = size.ok_or_else(incomplete)?;
        if size == 0 {
            return Ok(ChunkedBody { data: data.freeze(), trailers: trailers(rest) });
        }
        if rest.len() < size.saturating_add(2) || &rest[size..size + 2] != b"\r\n" {
            return Err(incomplete());
        }
        data.extend_from_slice(&rest.split_to(size));
        let _line_end = rest.split_to(2);
    }
}

fn trailers(mut rest: Bytes) -> Vec<(String, String)> {
    let mut found = Vec::new();
    while let Some(line) = take_line(&mut rest) {
        let text = String::from_utf8_lossy(&line).into_owned();
        if let Some((name, value)) = text.split_once(':') {
            found.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    found
}

/// The next line without its `\r\n`; the last trailer may end with `\n` or with the body.
fn take_line(rest: &mut Bytes) -> Option<Bytes> {
    if rest.is_empty() {
        return None;
    }
    let end = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |at| at + 1);
    let mut line = rest.split_to(end);
    while line.last().is_some_and(|byte| matches!(byte, b'\r' | b'\n')) {
        line.truncate(line.len() - 1);
    }
    Some(line)
}

fn incomplete() -> ApiError {
    ApiError::sender(
        "IncompleteBody",
        "The request body terminated unexpectedly: the aws-chunked encoding is incomplete or malformed.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_signed_chunks_and_trailers() {
        let body = Bytes::from_static(
            b"5;chunk-signature=ab\r\nhello\r\n6\r\n world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n",
        );
        let decoded = decode_chunked(&body).unwrap();
        assert_eq!(&decoded.data[..], b"hello world");
        assert_eq!(decoded.trailers, vec![("x-amz-checksum-crc32".to_owned(), "DUoRhQ==".to_owned())]);
    }

    #[test]
    fn refuses_broken_framing() {
        for body in ["", "zz\r\nab", "5\r\nhel", "5\r\nhelloXX0\r\n", "ffffffffffffffff\r\na\r\n"] {
            assert_eq!(decode_chunked(&Bytes::from(body)).unwrap_err().code, "IncompleteBody", "{body:?}");
        }
    }
}
