//! The built-in static server against nginx itself: what a container of the templates runs must answer alike.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use bytes::Bytes;
use catalog::Catalog;
use http::{Method, Request};
use signed_http::{Response, Transport};
use tempfile::TempDir;

/// Headers that belong to the connection or to the program.
const OF_THE_SERVER: [&str; 5] = ["connection", "date", "keep-alive", "server", "transfer-encoding"];

/// What the origin's container runs, with a program for `nginx`; ends with the test.
struct Origin {
    address: SocketAddr,
    child: Child,
    directory: TempDir,
}

impl Origin {
    fn start(nginx: &str) -> Self {
        let catalog = Catalog::builtin().unwrap();
        let origin = catalog.foundation().find(|template| template.name() == "origin").unwrap();
        let container =
            &origin.document().resources()["TaskDefinition"].properties["ContainerDefinitions"][0];
        let words = ["EntryPoint", "Command"].map(|name| container[name].as_array().unwrap());
        let words: Vec<&str> = words.into_iter().flatten().map(|word| word.as_str().unwrap()).collect();

        let directory = TempDir::new().unwrap();
        let program = directory.path().join("nginx");
        std::fs::write(&program, format!("#!/bin/sh\nexec {nginx} \"$@\"\n")).unwrap();
        std::fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let child = Command::new(words[0])
            .args(&words[1..])
            .current_dir(directory.path())
            .env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", directory.path().display()))
            .env("BIND_ADDRESS", address.ip().to_string())
            .env("PORT", address.port().to_string())
            .spawn()
            .unwrap();
        let mut origin = Self { address, child, directory };
        let begin = Instant::now();
        while TcpStream::connect(origin.address).is_err() {
            assert!(origin.child.try_wait().unwrap().is_none(), "{nginx} has ended");
            assert!(begin.elapsed() < Duration::from_secs(20), "{nginx} does not listen");
            std::thread::sleep(Duration::from_millis(20));
        }
        origin
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Case {
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: &'static [u8],
}

#[derive(Debug, PartialEq)]
struct Answer {
    status: u16,
    headers: BTreeMap<String, String>,
    body: Bytes,
}

impl Answer {
    /// What the server at an address says in a case.
    async fn of(transport: &Transport, server: SocketAddr, case: &Case) -> Self {
        let uri = format!("http://{server}{}", case.path);
        let mut request = Request::builder().method(case.method.clone()).uri(uri);
        for (name, value) in &case.headers {
            request = request.header(*name, value);
        }
        Self::from(transport.send(request.body(Bytes::from_static(case.body)).unwrap()).await.unwrap())
    }
}

impl From<Response> for Answer {
    fn from(answer: Response) -> Self {
        let headers = answer.headers.iter();
        let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
        let headers = headers.filter(|(name, _)| !OF_THE_SERVER.contains(&name.as_str()));
        Self { status: answer.status, headers: headers.collect(), body: answer.body }
    }
}

/// What the variants are checked with, and what gateways would not pass on as it is.
fn cases() -> Vec<Case> {
    let known = workload::proxy::cases().into_iter().map(|case| Case {
        method: case.method.parse().unwrap(),
        path: case.path,
        headers: case.headers,
        body: case.body.as_bytes(),
    });
    let get =
        |path: &str| Case { method: Method::GET, path: path.to_owned(), headers: Vec::new(), body: b"" };
    let paths = [
        "/.",
        "/..",
        "/../",
        "/child/..",
        "/child/../",
        "/child/.",
        "/child/",
        "//",
        "/child//random.txt",
        "/child/../index.html",
        "/%2e%2e/etc/passwd",
        "/a/../../b",
        "/%00",
        "/a%zz",
        "/%",
        "/index.html/",
        "/child/random.txt%20",
        "/child/./random.txt",
        "/%2fchild/random.txt",
        "/child/random.txt?a#",
    ];
    let ranges = [
        "bytes=0-0",
        "bytes=0-",
        "bytes=0-2047",
        "bytes=-0",
        "bytes=-9999",
        "bytes=2047-",
        "bytes=2048-",
        "bytes=",
        "bytes=-",
        "bytes=a-b",
        "bytes=0-1,4-5",
        "bytes= 0-9",
        "bytes=0-9 ",
        "bytes=5-4",
        "Bytes=0-9",
        "bytes=0 - 9",
        "bytes=99999999999999999999-",
    ];
    let conditions = [
        ("if-unmodified-since", "Tue, 31 Dec 2019 23:59:59 GMT"),
        ("if-unmodified-since", "Wed, 01 Jan 2020 00:00:00 GMT"),
        ("if-modified-since", "Thu, 02 Jan 2020 00:00:00 GMT"),
        ("if-match", "*"),
        ("if-match", "W/\"5e0be100-800\""),
        ("if-match", "\"a\", \"5e0be100-800\""),
        ("if-none-match", ""),
        ("if-none-match", "5e0be100-800"),
    ];
    let page = "/child/grandchild/random.txt";
    let with =
        |name: &'static str, value: &str| Case { headers: vec![(name, value.to_owned())], ..get(page) };
    let both = Case {
        headers: vec![
            ("if-none-match", "\"5e0be100-800\"".to_owned()),
            ("if-modified-since", "Tue, 31 Dec 2019 23:59:59 GMT".to_owned()),
        ],
        ..get(page)
    };
    let dated = Case {
        headers: vec![
            ("range", "bytes=0-9".to_owned()),
            ("if-range", "Wed, 01 Jan 2020 00:00:00 GMT".to_owned()),
        ],
        ..get(page)
    };
    known
        .chain(paths.map(get))
        .chain(ranges.map(|range| with("range", range)))
        .chain(conditions.map(|(name, value)| with(name, value)))
        .chain([both, dated])
        .collect()
}

#[tokio::test]
async fn the_built_in_server_answers_as_nginx_does() {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools/bin/nginx");
    assert!(program.exists(), "nginx is not installed: run `cargo xtask tools`");
    let nginx = Origin::start(&format!("{} -g 'master_process off;'", program.display()));
    let deploy = assert_cmd::cargo::cargo_bin("deploy");
    let built_in = Origin::start(&format!("{} launch --static-files", deploy.display()));
    let transport = Transport::new();
    let differences = differences(&transport, nginx.address, built_in.address).await;
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    // The comparison can tell servers apart: with another file, answers have other bytes and an ETag of their own.
    let spoilt = Origin::start(&format!("{} -g 'master_process off;'", program.display()));
    std::fs::write(spoilt.directory.path().join("html/child/grandchild/random.txt"), "spoilt").unwrap();
    let told = self::differences(&transport, nginx.address, spoilt.address).await;
    assert!(!told.is_empty(), "a file that is another is not noticed");
}

/// The cases in which a server answers otherwise than nginx.
async fn differences(transport: &Transport, nginx: SocketAddr, other: SocketAddr) -> Vec<String> {
    let mut differences = Vec::new();
    for case in cases() {
        let expected = Answer::of(transport, nginx, &case).await;
        let got = Answer::of(transport, other, &case).await;
        if expected != got {
            let Case { method, path, headers, .. } = case;
            differences
                .push(format!("{method} {path} {headers:?}\n  nginx    {expected:?}\n  other    {got:?}"));
        }
    }
    differences
}
