//! The requests that prove that a variant of `proxy` does the work.
//!
//! Left out is what architectures answer differently by their own rules: `Date`, `Server` and `Connection`, which API
//! Gateway renames; the length that goes with `HEAD`; headers over 8 KB, since API Gateway takes 10 KB of them in all;
//! broken escapes and dots in paths, which API Gateway may resolve before it passes them on; `TRACE` and `CONNECT`, which
//! a load balancer refuses; several ranges.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html>

use super::pages::{LAST_MODIFIED, Page, pages};

const INDEX: usize = 0;
const SMALL: usize = 1;
const LARGE: usize = 2;
const ZIP: usize = 3;

/// One request and what must come of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// Names the case in reports; unique.
    pub name: String,
    /// The HTTP method.
    pub method: &'static str,
    /// The path below the variant's `Url` with its leading slash, percent-encoded, and the query string where there is one.
    pub path: String,
    /// Headers of the request.
    pub headers: Vec<(&'static str, String)>,
    /// The body of the request.
    pub body: &'static str,
    /// What must happen.
    pub expect: Expect,
}

/// The answer that a [`Case`] must get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expect {
    /// The HTTP status.
    pub status: u16,
    /// Headers that must be there with these values.
    pub headers: Vec<(&'static str, String)>,
    /// All of the body; `None` where the answer has none.
    pub body: Option<Vec<u8>>,
}

impl Expect {
    fn page(page: &Page) -> Self {
        let headers = vec![
            ("content-type", page.content_type.to_owned()),
            ("etag", page.etag()),
            ("last-modified", LAST_MODIFIED.to_owned()),
            ("accept-ranges", "bytes".to_owned()),
        ];
        Self { status: 200, headers, body: Some(page.body.clone()) }
    }

    fn part(page: &Page, first: usize, last: usize) -> Self {
        let range = format!("bytes {first}-{last}/{}", page.body.len());
        let headers = vec![
            ("content-type", page.content_type.to_owned()),
            ("etag", page.etag()),
            ("content-range", range),
        ];
        Self { status: 206, headers, body: Some(page.body[first..=last].to_vec()) }
    }

    fn unchanged(page: &Page) -> Self {
        Self { status: 304, headers: vec![("etag", page.etag())], body: None }
    }

    fn refused(status: u16, message: &str) -> Self {
        let body = serde_json::json!({ "message": message }).to_string();
        let headers = vec![("content-type", "application/json".to_owned())];
        Self { status, headers, body: Some(body.into_bytes()) }
    }

    fn not_found() -> Self {
        Self::refused(404, "Not found")
    }

    fn without_body(self) -> Self {
        Self { body: None, ..self }
    }
}

fn case(name: impl Into<String>, path: impl Into<String>, expect: Expect) -> Case {
    Case { name: name.into(), method: "GET", path: path.into(), headers: Vec::new(), body: "", expect }
}

impl Case {
    fn method(self, method: &'static str) -> Self {
        Self { method, ..self }
    }

    fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// All cases.
#[must_use]
pub fn cases() -> Vec<Case> {
    let pages = pages();
    let mut cases = Vec::new();
    for page in &pages {
        cases.push(case(format!("page {}", page.path), page.path, Expect::page(page)));
        let head = Expect::page(page).without_body();
        cases.push(case(format!("HEAD {}", page.path), page.path, head).method("HEAD"));
    }
    cases.extend(paths(&pages));
    cases.extend(conditions(&pages));
    cases.extend(ranges(&pages));
    cases.extend(headers(&pages));
    cases.extend(methods());
    cases
}

fn paths(pages: &[Page]) -> Vec<Case> {
    let small = || Expect::page(&pages[SMALL]);
    let long = "x".repeat(2000);
    vec![
        case("the index page by its name", "/index.html", Expect::page(&pages[INDEX])),
        case("an encoded letter", "/child/%72andom.txt", small()),
        case("an encoded letter, upper case digits", "/%72andom_text_files%2Ezip", Expect::page(&pages[ZIP])),
        case("an encoded slash", "/child%2Frandom.txt", small()),
        case("a query string", "/child/random.txt?a=1&b=2", small()),
        case("a query parameter twice", "/child/random.txt?a=1&a=2", small()),
        case("an empty query parameter", "/child/random.txt?a=", small()),
        case("an encoded query string", "/child/random.txt?a=%26%3D%20%2B%E2%82%AC", small()),
        case(
            "a query string that looks like a path",
            "/child/random.txt?x=%2Frandom_text_files.zip",
            small(),
        ),
        case("a long query string", format!("/child/random.txt?x={long}"), small()),
        case("the index page with a query string", "/?a=1", Expect::page(&pages[INDEX])),
        case("a missing page", "/missing.txt", Expect::not_found()),
        case("a missing page below a page", "/child/random.txt/more", Expect::not_found()),
        case("a missing page in a missing directory", "/no/such/page.html", Expect::not_found()),
        case("a missing archive", "/missing.zip", Expect::not_found()),
        case("another case of letters", "/Child/random.txt", Expect::not_found()),
        case("a directory", "/child", Expect::not_found()),
        case("a space in the path", "/no%20such%20page", Expect::not_found()),
        case("a plus sign in the path", "/child/random+txt", Expect::not_found()),
        case("characters of other alphabets", "/%E2%82%AC/%F0%9F%A6%83.txt", Expect::not_found()),
        case("quotes and braces", "/%7B%22a%22%3A'b'%7D", Expect::not_found()),
        case("a mapping template", "/$input.body/$%7Bcontext.requestId%7D", Expect::not_found()),
        case("a long path", format!("/{long}"), Expect::not_found()),
        case("a hidden file", "/.htaccess", Expect::not_found()),
    ]
}

fn conditions(pages: &[Page]) -> Vec<Case> {
    let (page, path) = (&pages[SMALL], pages[SMALL].path);
    let (tag, other) = (page.etag(), "\"other\"");
    let early = "Tue, 31 Dec 2019 23:59:59 GMT";
    vec![
        case("the page's own tag", path, Expect::unchanged(page)).header("if-none-match", &tag),
        case("the page's own tag, weak", path, Expect::unchanged(page))
            .header("if-none-match", format!("W/{tag}")),
        case("one of two tags", path, Expect::unchanged(page))
            .header("if-none-match", format!("{other}, {tag}")),
        case("any tag", path, Expect::unchanged(page)).header("if-none-match", "*"),
        case("another tag", path, Expect::page(page)).header("if-none-match", other),
        case("the page's own date", path, Expect::unchanged(page)).header("if-modified-since", LAST_MODIFIED),
        case("an earlier date", path, Expect::page(page)).header("if-modified-since", early),
        case("no date", path, Expect::page(page)).header("if-modified-since", "yesterday"),
        case("the archive's own tag", pages[ZIP].path, Expect::unchanged(&pages[ZIP]))
            .header("if-none-match", pages[ZIP].etag()),
        case("HEAD with the page's own tag", path, Expect::unchanged(page))
            .method("HEAD")
            .header("if-none-match", &tag),
        case("a condition that holds", path, Expect::page(page)).header("if-match", &tag),
        case("a condition that fails", path, Expect::refused(412, "Precondition failed"))
            .header("if-match", other),
    ]
}

fn ranges(pages: &[Page]) -> Vec<Case> {
    let (large, zip) = (&pages[LARGE], &pages[ZIP]);
    let length = zip.body.len();
    let beyond = || Expect::refused(416, "Range not satisfiable");
    vec![
        case("the first bytes", large.path, Expect::part(large, 0, 9)).header("range", "bytes=0-9"),
        case("the last bytes", large.path, Expect::part(large, 2043, 2047)).header("range", "bytes=-5"),
        case("from a byte on", large.path, Expect::part(large, 2000, 2047)).header("range", "bytes=2000-"),
        case("a range that ends beyond the page", large.path, Expect::part(large, 2040, 2047))
            .header("range", "bytes=2040-9999"),
        case("bytes of the archive", zip.path, Expect::part(zip, 100, 299)).header("range", "bytes=100-299"),
        case("the end of the archive", zip.path, Expect::part(zip, length - 22, length - 1))
            .header("range", "bytes=-22"),
        case("a range beyond the page", large.path, beyond()).header("range", "bytes=9999-"),
        case("a range backwards", large.path, beyond()).header("range", "bytes=9-0"),
        case("a range of other units", large.path, Expect::page(large)).header("range", "items=0-9"),
        case("a range of the same page", large.path, Expect::part(large, 0, 1))
            .header("range", "bytes=0-1")
            .header("if-range", large.etag()),
        case("a range of another page", large.path, Expect::page(large))
            .header("range", "bytes=0-1")
            .header("if-range", "\"other\""),
    ]
}

fn headers(pages: &[Page]) -> Vec<Case> {
    let (page, zip) = (&pages[SMALL], &pages[ZIP]);
    let small = |name: &str| case(name, page.path, Expect::page(page));
    vec![
        small("compression is offered").header("accept-encoding", "gzip, deflate, br"),
        case("compression of the archive is offered", zip.path, Expect::page(zip))
            .header("accept-encoding", "gzip"),
        case("the archive for a browser", zip.path, Expect::page(zip))
            .header("accept", "text/html,application/xhtml+xml,*/*;q=0.8"),
        case("the archive as JSON", zip.path, Expect::page(zip)).header("accept", "application/json"),
        case("the archive as an archive", zip.path, Expect::page(zip)).header("accept", "application/zip"),
        small("a header of the client").header("x-client", "\"quoted\" 'text' $input.body"),
        small("a large header").header("x-large", "x".repeat(6000)),
        small("a header of one connection").header("connection", "keep-alive, x-mine").header("x-mine", "1"),
        small("trailers are taken").header("te", "trailers").header("connection", "te"),
        small("a cookie").header("cookie", "a=1; b=\"2\""),
        small("credentials").header("authorization", "Bearer not-for-nginx"),
        small("an address before the client").header("x-forwarded-for", "203.0.113.7"),
        small("another host behind").header("x-forwarded-host", "example.com"),
        small("no caches").header("cache-control", "no-cache").header("pragma", "no-cache"),
        small("a content type without a body").header("content-type", "text/plain"),
    ]
}

fn methods() -> Vec<Case> {
    let not_allowed = || Expect::refused(405, "Method not allowed");
    let mut cases: Vec<Case> = ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]
        .map(|method| case(format!("{method} a page"), super::PATH, not_allowed()).method(method))
        .into();
    cases.push(Case {
        body: "{\"a\":\"\u{20ac}\"}",
        ..case("POST with a body", super::PATH, not_allowed())
            .method("POST")
            .header("content-type", "application/json")
    });
    cases.push(Case {
        body: "a=1&b=2",
        ..case("POST a form to the root", "/", not_allowed())
            .method("POST")
            .header("content-type", "application/x-www-form-urlencoded")
    });
    cases.push(case("POST a missing page", "/missing.txt", Expect::not_found()).method("POST"));
    let missing = Expect::not_found().without_body();
    cases.push(case("HEAD a missing page", "/missing.txt", missing).method("HEAD"));
    cases
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn cases_have_names_of_their_own() {
        let cases = cases();
        let names: BTreeSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
        assert_eq!(names.len(), cases.len());
        assert!(cases.len() >= 40, "{} cases", cases.len());
        assert!(cases.iter().all(|case| case.path.starts_with('/')));
    }
}
