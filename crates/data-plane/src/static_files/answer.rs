//! Answers as nginx's static module gives them.
//! <https://nginx.org/en/docs/http/ngx_http_core_module.html>

use std::fs::{File, Metadata};
use std::io::Read;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue,
    IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, LAST_MODIFIED, RANGE,
};
use http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use percent_encoding::percent_decode_str;
use time::OffsetDateTime;
use time::format_description::FormatItem;
use time::macros::format_description;

use super::Site;
use crate::body::Body;
use crate::server::Handler;

/// <https://www.rfc-editor.org/rfc/rfc9110#name-date-time-formats>
const HTTP_DATE: &[FormatItem<'_>] =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");

impl Handler for Site {
    async fn handle(self: Arc<Self>, request: Request<Incoming>, _: SocketAddr) -> Response<Body> {
        self.answer(request.method(), request.uri().path(), request.headers())
    }
}

/// A file and how a conditional request names it.
struct Page {
    path: PathBuf,
    length: u64,
    modified: i64,
    last_modified: String,
    etag: String,
}

/// What a `Range` header asks for.
#[derive(Debug, PartialEq, Eq)]
enum Span {
    Whole,
    /// From the first byte to the last one.
    Part(u64, u64),
    Unsatisfiable,
}

impl Site {
    fn answer(&self, method: &Method, path: &str, headers: &HeaderMap) -> Response<Body> {
        let Some(relative) = normalise(path) else { return self.error(StatusCode::BAD_REQUEST) };
        let plain = self.root.join(&relative);
        let found = if relative.is_empty() || relative.ends_with('/') { None } else { Page::find(&plain) };
        let Some(page) = found.or_else(|| Page::find(&plain.join("index.html"))) else {
            return self.error(StatusCode::NOT_FOUND);
        };
        if method != Method::GET && method != Method::HEAD {
            return self.error(StatusCode::METHOD_NOT_ALLOWED);
        }
        if page.precondition_fails(headers) {
            return self.error(StatusCode::PRECONDITION_FAILED);
        }
        let mut answer = Response::new(Body::empty());
        set(&mut answer, LAST_MODIFIED, &page.last_modified);
        set(&mut answer, ETAG, &page.etag);
        if page.is_unchanged(headers) {
            *answer.status_mut() = StatusCode::NOT_MODIFIED;
            return answer;
        }
        let (first, length) = match page.span(headers) {
            Span::Unsatisfiable => {
                let mut error = self.error(StatusCode::RANGE_NOT_SATISFIABLE);
                set(&mut error, CONTENT_RANGE, &format!("bytes */{}", page.length));
                set(&mut error, ETAG, &page.etag);
                return error;
            }
            Span::Whole => {
                set(&mut answer, ACCEPT_RANGES, "bytes");
                (0, page.length)
            }
            Span::Part(first, last) => {
                *answer.status_mut() = StatusCode::PARTIAL_CONTENT;
                set(&mut answer, CONTENT_RANGE, &format!("bytes {first}-{last}/{}", page.length));
                (first, last - first + 1)
            }
        };
        let extension = page.path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        let content_type = self.types.get(extension).map_or("text/plain", String::as_str);
        set(&mut answer, CONTENT_TYPE, content_type);
        set(&mut answer, CONTENT_LENGTH, &length.to_string());
        if method == Method::GET {
            let Ok(bytes) = page.read(first, length) else { return self.error(StatusCode::NOT_FOUND) };
            *answer.body_mut() = bytes.into();
        }
        answer
    }

    fn error(&self, status: StatusCode) -> Response<Body> {
        let page = self.errors.get(&status.as_u16());
        let mut answer = Response::new(page.map_or_else(Body::empty, |page| page.body.clone().into()));
        *answer.status_mut() = page.map_or(status, |page| page.status);
        set(&mut answer, CONTENT_TYPE, page.map_or("text/html", |page| &page.content_type));
        answer
    }
}

fn set(answer: &mut Response<Body>, name: HeaderName, value: &str) {
    // All values are made here from what headers may hold, or come from the configuration.
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
}

/// The path below the root, decoded, without `.`, `..` and doubled slashes; `None` where it leaves the root or holds a
/// NUL or a broken escape, which nginx answers with 400.
fn normalise(path: &str) -> Option<String> {
    let bytes = path.as_bytes();
    let broken =
        |at: usize| !bytes.get(at + 1..at + 3).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit));
    if bytes.iter().enumerate().any(|(at, byte)| *byte == b'%' && broken(at)) {
        return None;
    }
    let decoded = percent_decode_str(path).decode_utf8().ok()?;
    if decoded.contains('\0') {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in decoded.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    let mut clean = parts.join("/");
    let directory = ["/", "/.", "/.."].iter().any(|end| decoded.ends_with(end));
    if directory && !clean.is_empty() {
        clean.push('/');
    }
    Some(clean)
}

impl Page {
    fn find(path: &Path) -> Option<Self> {
        let metadata = std::fs::metadata(path).ok().filter(Metadata::is_file)?;
        let modified = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?.as_secs();
        let modified = i64::try_from(modified).ok()?;
        let last_modified = OffsetDateTime::from_unix_timestamp(modified).ok()?.format(HTTP_DATE).ok()?;
        let etag = format!("\"{modified:x}-{:x}\"", metadata.len());
        Some(Self { path: path.to_owned(), length: metadata.len(), modified, last_modified, etag })
    }

    fn read(&self, first: u64, length: u64) -> std::io::Result<Bytes> {
        use std::io::{Seek, SeekFrom};

        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(first))?;
        let mut bytes = Vec::new();
        file.take(length).read_to_end(&mut bytes)?;
        Ok(bytes.into())
    }

    /// Whether one of the tags in a list is this page's; `W/` does not count in weak comparison.
    fn has_tag(&self, list: &HeaderValue, weak: bool) -> bool {
        let list = String::from_utf8_lossy(list.as_bytes());
        list.trim() == "*"
            || list.split(',').map(str::trim).any(|tag| {
                let tag = if weak { tag.strip_prefix("W/").unwrap_or(tag) } else { tag };
                tag == self.etag
            })
    }

    fn precondition_fails(&self, headers: &HeaderMap) -> bool {
        let changed_since =
            headers.get(IF_UNMODIFIED_SINCE).and_then(date).is_some_and(|since| self.modified > since);
        changed_since || headers.get(IF_MATCH).is_some_and(|list| !self.has_tag(list, false))
    }

    /// nginx asks both headers where both are given, and compares dates exactly.
    fn is_unchanged(&self, headers: &HeaderMap) -> bool {
        let tag = headers.get(IF_NONE_MATCH).map(|list| self.has_tag(list, true));
        let since = headers.get(IF_MODIFIED_SINCE).map(|since| date(since) == Some(self.modified));
        match (tag, since) {
            (None, None) => false,
            (tag, since) => tag.unwrap_or(true) && since.unwrap_or(true),
        }
    }

    fn span(&self, headers: &HeaderMap) -> Span {
        let applies = headers.get(IF_RANGE).is_none_or(|condition| {
            let text = condition.as_bytes();
            if text.first() == Some(&b'"') {
                text == self.etag.as_bytes()
            } else {
                date(condition) == Some(self.modified)
            }
        });
        match headers.get(RANGE).and_then(|range| range.to_str().ok()) {
            Some(range) if applies => span(range, self.length),
            _ => Span::Whole,
        }
    }
}

fn date(value: &HeaderValue) -> Option<i64> {
    let parsed = time::PrimitiveDateTime::parse(value.to_str().ok()?.trim(), HTTP_DATE).ok()?;
    Some(parsed.assume_utc().unix_timestamp())
}

/// One range; more than one are the whole page, as with `max_ranges 1`.
fn span(range: &str, length: u64) -> Span {
    let unit = "bytes=".len();
    let Some(range) = range.get(unit..).filter(|_| range[..unit].eq_ignore_ascii_case("bytes=")) else {
        return Span::Whole;
    };
    if range.is_empty() || range.contains(',') {
        return Span::Whole;
    }
    let Some((first, last)) = range.trim().split_once('-') else { return Span::Unsatisfiable };
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let (first, last) = match (first.trim(), last.trim()) {
        ("", suffix) => match number(suffix) {
            Some(suffix @ 1..) => (length.saturating_sub(suffix), length.saturating_sub(1)),
            _ => return Span::Unsatisfiable,
        },
        (first, "") => match number(first) {
            Some(first) => (first, length.saturating_sub(1)),
            None => return Span::Unsatisfiable,
        },
        (first, last) => match (number(first), number(last)) {
            (Some(first), Some(last)) => (first, last.min(length.saturating_sub(1))),
            _ => return Span::Unsatisfiable,
        },
    };
    match (first, last) {
        (first, last) if first > last || first >= length => Span::Unsatisfiable,
        (0, last) if last + 1 == length => Span::Part(0, last),
        (first, last) => Span::Part(first, last),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_decoded_and_stay_below_the_root() {
        for (path, clean) in [
            ("/", Some("")),
            ("/a/../", Some("")),
            ("//a//b.txt", Some("a/b.txt")),
            ("/%61%2fb", Some("a/b")),
            ("/a/b/..", Some("a/")),
            ("/./a/", Some("a/")),
            ("/..", None),
            ("/a/..%2f..%2fb", None),
            ("/a%00", None),
            ("/a%zz", None),
            ("/%", None),
        ] {
            assert_eq!(normalise(path).as_deref(), clean, "{path}");
        }
    }

    #[test]
    fn one_range_is_cut_out() {
        for (range, wanted) in [
            ("bytes=0-9", Span::Part(0, 9)),
            ("bytes=90-", Span::Part(90, 99)),
            ("bytes=-5", Span::Part(95, 99)),
            ("bytes=-500", Span::Part(0, 99)),
            ("bytes=50-1000", Span::Part(50, 99)),
            ("bytes=100-", Span::Unsatisfiable),
            ("bytes=9-0", Span::Unsatisfiable),
            ("bytes=-0", Span::Unsatisfiable),
            ("bytes=x-", Span::Unsatisfiable),
            ("bytes=0-1,4-5", Span::Whole),
            ("items=0-9", Span::Whole),
            ("Bytes=0-9", Span::Part(0, 9)),
            ("bytes=", Span::Whole),
        ] {
            assert_eq!(span(range, 100), wanted, "{range}");
        }
    }
}
