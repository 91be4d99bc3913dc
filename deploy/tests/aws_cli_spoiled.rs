//! The real AWS CLI notices what is wrong in answers, so that its silence about the embedded cloud's says something.

#![allow(clippy::unwrap_used, reason = "a test may panic, and so may what it calls")]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;

use support::{Bench, aws_cli, text};

/// Stands between the CLI and the cloud and puts one text into answers for another, which is as long.
fn endpoint_that_writes(new: &'static str, old: &'static str, endpoint: &str) -> String {
    assert_eq!(new.len(), old.len(), "the length of the body stays that of its header");
    let cloud = endpoint.strip_prefix("http://").unwrap().to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for caller in listener.incoming() {
            let mut caller = caller.unwrap();
            let answer = answer_of(&cloud, &request(&caller));
            caller.write_all(&replaced(answer, old.as_bytes(), new.as_bytes())).unwrap();
        }
    });
    format!("http://{address}")
}

/// A whole request, which asks for the connection to be closed after its answer.
fn request(caller: &TcpStream) -> Vec<u8> {
    let mut reader = BufReader::new(caller);
    let mut whole = Vec::new();
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let (name, value) = line.split_once(':').unwrap_or_default();
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
        if !name.eq_ignore_ascii_case("connection") {
            whole.extend(line.into_bytes());
        }
    }
    whole.extend(b"Connection: close\r\n\r\n");
    let head = whole.len();
    whole.resize(head + length, 0);
    reader.read_exact(&mut whole[head..]).unwrap();
    whole
}

fn answer_of(cloud: &str, request: &[u8]) -> Vec<u8> {
    let mut connection = TcpStream::connect(cloud).unwrap();
    connection.write_all(request).unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).unwrap();
    answer
}

fn replaced(mut bytes: Vec<u8>, old: &[u8], new: &[u8]) -> Vec<u8> {
    for at in 0..bytes.len() {
        if bytes[at..].starts_with(old) {
            bytes[at..at + new.len()].copy_from_slice(new);
        }
    }
    bytes
}

#[test]
fn a_status_a_document_and_an_object_that_are_spoiled_are_noticed() {
    let bench = Bench::new();
    bench.ok(&["up", "publish-direct"]);
    let endpoint = bench.json(&["local", "status"])["endpoint"].as_str().unwrap().to_owned();
    let file = bench.work.path().join("object");
    std::fs::write(&file, "forty-two").unwrap();
    let back = bench.work.path().join("back").display().to_string();
    let file = file.display().to_string();
    for prepared in [
        &["s3", "mb", "s3://somebodys-object"][..],
        &["s3api", "put-object", "--bucket", "somebodys-object", "--key", "object", "--body", &file],
    ] {
        let output = aws_cli(&endpoint, prepared);
        assert!(output.status.success(), "{prepared:?}: {}", text(&output.stderr));
    }

    let stack = ["--stack-name", "bakeoff-publish-direct"];
    let wait = [&["cloudformation", "wait", "stack-create-complete"], &stack[..]].concat();
    let describe = [&["cloudformation", "describe-stacks"], &stack[..]].concat();
    let get = ["s3api", "get-object", "--bucket", "somebodys-object", "--key", "object", &back];
    for (arguments, old, new, words) in [
        (&wait[..], "CREATE_COMPLETE", "ROLLBACK_FAILED", "terminal failure state"),
        (&describe, "</DescribeStacksResult>", "</DescribeStacksResulT>", "Unable to parse response"),
        (&get, "forty-two", "forty-six", "did not match calculated checksum"),
    ] {
        let output = aws_cli(&endpoint_that_writes(old, old, &endpoint), arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        let output = aws_cli(&endpoint_that_writes(new, old, &endpoint), arguments);
        assert!(!output.status.success(), "{arguments:?} takes {new} for {old}");
        assert!(text(&output.stderr).contains(words), "{arguments:?}: {}", text(&output.stderr));
    }

    let output = aws_cli(&endpoint, &["s3", "rb", "--force", "s3://somebodys-object"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    bench.ok(&["down"]);
    bench.assert_bare();
}
