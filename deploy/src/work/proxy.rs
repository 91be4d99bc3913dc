//! `proxy`: every variant answers as its nginx does, whose pages are known byte for byte.

use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt;
use http::Method;
use http::header::{HeaderName, HeaderValue};
use signed_http::{Response, Transport};
use workload::proxy::{Case, Expect, Page, cases, pages};

use super::{Checked, Difference, Question, Sample, Subject, Surroundings, ask, excerpt};

/// How many requests are under way at once.
const CONCURRENT: usize = 8;
/// How many characters of a body a difference shows.
const EXCERPT: usize = 60;

/// The four pages.
pub fn samples() -> Vec<Sample> {
    let sample = |page: Page| Sample {
        question: Question::new(Method::GET, page.path),
        accepts: Arc::new(move |body| body == page.body.as_slice()),
    };
    pages().into_iter().map(sample).collect()
}

/// What the requests of [`samples`] use: nothing but the way.
pub fn usage() -> report::Usage {
    #[expect(clippy::cast_precision_loss, reason = "a few kilobytes")]
    let bytes = |page: &Page| page.body.len() as f64 + 300.0;
    let pages = pages();
    #[expect(clippy::cast_precision_loss, reason = "four pages")]
    let mean = pages.iter().map(bytes).sum::<f64>() / pages.len() as f64;
    report::Usage { request_bytes: 200.0, response_bytes: mean, ..report::Usage::default() }
}

/// Gives every case to every subject, and compares status, headers and body with what they must be.
pub async fn check(subjects: &[Subject], surroundings: &Surroundings<'_>) -> Checked {
    let transport = surroundings.transport();
    let cases = cases();
    let asked: Vec<_> = subjects
        .iter()
        .flat_map(|subject| cases.iter().map(move |case| (subject, case)))
        .map(|(subject, case)| async move { judge(transport, subject, case).await })
        .collect();
    let judged: Vec<_> = futures::stream::iter(asked).buffer_unordered(CONCURRENT).collect().await;
    Checked { inputs: cases.len(), differences: judged.into_iter().flatten().collect() }
}

async fn judge(transport: &Transport, subject: &Subject, case: &Case) -> Option<Difference> {
    let difference = |(expected, got)| Difference {
        variant: subject.variant.clone(),
        case: case.name.clone(),
        expected,
        got,
    };
    let answer = match question(case) {
        Ok(question) => ask(transport, subject, &question).await,
        Err(reason) => Err(reason),
    };
    let found = match answer {
        Ok(answer) => deviation(&case.expect, &answer),
        Err(reason) => Some(("an answer".to_owned(), reason)),
    };
    found.map(difference)
}

fn question(case: &Case) -> Result<Question, String> {
    let method = case.method.parse().map_err(|_| format!("{} is not a method", case.method))?;
    let mut question =
        Question::new(method, case.path.clone()).body(Bytes::from_static(case.body.as_bytes()));
    for (name, value) in &case.headers {
        let header: Option<(HeaderName, HeaderValue)> = name.parse().ok().zip(value.parse().ok());
        let (name, value) = header.ok_or_else(|| format!("{name}: {value} is not a header"))?;
        question.headers.append(name, value);
    }
    Ok(question)
}

/// The first thing in which an answer is not as expected: what should be there, and what is.
fn deviation(expect: &Expect, answer: &Response) -> Option<(String, String)> {
    if answer.status != expect.status {
        let got = format!("{} {}", answer.status, excerpt(&answer.body, EXCERPT));
        return Some((expect.status.to_string(), got));
    }
    for (name, value) in &expect.headers {
        let got = answer.header(name).unwrap_or_default();
        // A content type may say a character set; all else is equal or different.
        let compared =
            if *name == "content-type" { got.split(';').next().unwrap_or_default().trim() } else { got };
        if compared != value {
            return Some((format!("{name}: {value}"), format!("{name}: {got}")));
        }
    }
    let body = expect.body.as_deref().unwrap_or_default();
    if answer.body == body {
        return None;
    }
    let at = answer.body.iter().zip(body).take_while(|(got, wanted)| got == wanted).count();
    let got = format!(
        "{} bytes, different from byte {at} on: {}",
        answer.body.len(),
        excerpt(&answer.body, EXCERPT)
    );
    Some((format!("{} bytes: {}", body.len(), excerpt(body, EXCERPT)), got))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, headers: &[(&'static str, &str)], body: &'static [u8]) -> Response {
        let headers =
            headers.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()));
        Response { status, headers: headers.collect(), body: Bytes::from_static(body) }
    }

    #[test]
    fn status_headers_and_every_byte_count() {
        let expect = Expect {
            status: 200,
            headers: vec![("content-type", "text/plain".to_owned()), ("etag", "\"a\"".to_owned())],
            body: Some(b"ab\xff".to_vec()),
        };
        let headers = [("content-type", "text/plain; charset=utf-8"), ("etag", "\"a\""), ("x-other", "1")];
        assert_eq!(deviation(&expect, &answer(200, &headers, b"ab\xff")), None);
        for (wrong, got) in [
            (answer(404, &headers, b"ab\xff"), "404"),
            (answer(200, &[("content-type", "text/plain")], b"ab\xff"), "etag: "),
            (
                answer(200, &[("content-type", "text/html"), ("etag", "\"a\"")], b"ab\xff"),
                "content-type: text/html",
            ),
            (answer(200, &headers, b"ab\xef\xbf\xbd"), "5 bytes, different from byte 2 on"),
            (answer(200, &headers, b"ab"), "2 bytes, different from byte 2 on"),
        ] {
            let (_, told) = deviation(&expect, &wrong).unwrap();
            assert!(told.starts_with(got), "{told}");
        }
    }

    #[test]
    fn every_case_is_a_request() {
        for case in cases() {
            question(&case).unwrap();
        }
    }

    /// The commands of all containers that are nginx.
    fn commands() -> Vec<Vec<String>> {
        let catalog = catalog::Catalog::builtin().unwrap();
        let templates = catalog.foundation().chain(catalog.variants().map(|variant| &variant.template));
        let containers = templates.flat_map(|template| {
            let resources = template.document().resources().values();
            let lists =
                resources.filter_map(|resource| resource.properties.get("ContainerDefinitions")?.as_array());
            lists.flatten().filter(|container| container["Name"] == "nginx")
        });
        let words = |container: &serde_json::Value, name: &str| -> Vec<String> {
            serde_json::from_value(container[name].clone()).unwrap()
        };
        containers
            .map(|container| [words(container, "EntryPoint"), words(container, "Command")].concat())
            .collect()
    }

    #[test]
    fn the_containers_write_the_pages_that_are_expected() {
        let commands = commands();
        assert!(commands.len() >= 2);
        for command in commands {
            let directory = tempfile::TempDir::new().unwrap();
            // What follows the writing of the pages is not asked here.
            let nginx = directory.path().join("nginx");
            std::fs::write(&nginx, "#!/bin/sh\n").unwrap();
            std::fs::set_permissions(&nginx, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
            let output = std::process::Command::new(&command[0])
                .args(&command[1..])
                .current_dir(directory.path())
                .env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", directory.path().display()))
                .env("BIND_ADDRESS", "127.0.0.1")
                .env("PORT", "8080")
                .output()
                .unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            for page in pages() {
                let name = if page.path == "/" { "/index.html" } else { page.path };
                let file = directory.path().join(format!("html{name}"));
                assert!(std::fs::read(&file).unwrap() == page.body, "{name} has other bytes");
                let modified = file.metadata().unwrap().modified().unwrap();
                let seconds = modified.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
                assert_eq!(page.etag(), format!("\"{seconds:x}-{:x}\"", page.body.len()));
            }
        }
    }
}
