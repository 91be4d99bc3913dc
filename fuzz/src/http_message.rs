use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

use crate::wire::WireRequest;

/// Reads a request as it stands on the wire, but for its body, which is all that comes after the head, and for its lines, which
/// may end with a line feed alone. `None` where HTTP does not allow it, so that no server would pass it on.
#[must_use]
pub fn request(input: &[u8]) -> Option<WireRequest> {
    let mut rest = input;
    let mut first = line(&mut rest)?.split(|byte| *byte == b' ');
    let method = Method::from_bytes(first.next()?).ok()?;
    let uri = Uri::try_from(first.next()?).ok()?;
    let mut headers = HeaderMap::new();
    loop {
        let header = line(&mut rest)?;
        if header.is_empty() {
            break;
        }
        let colon = header.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&header[..colon]).ok()?;
        headers.append(name, HeaderValue::from_bytes(header[colon + 1..].trim_ascii()).ok()?);
    }
    let mut request = WireRequest::new(method, uri, headers, Bytes::copy_from_slice(rest));
    "request".clone_into(&mut request.request_id);
    Some(request)
}

fn line<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let line = &rest[..end];
    *rest = &rest[end + 1..];
    Some(line.strip_suffix(b"\r").unwrap_or(line))
}
