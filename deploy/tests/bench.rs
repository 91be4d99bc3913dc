//! `deploy bench` against addresses: small servers of the test that behave, differ, stall, die and never end.

#![allow(clippy::unwrap_used, reason = "a test may panic, and so may what it calls")]

mod server;
mod support;

use std::process::Output;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use server::{Behaviour, Server, root_certificate};
use support::{Bench, text};

/// What `--json` printed, and the reasons why it is not comparable as one text.
fn results(output: &Output) -> (Value, String) {
    let printed = text(&output.stdout);
    let results: Value = serde_json::from_str(&printed)
        .unwrap_or_else(|error| panic!("{error}\n{printed}\n{}", text(&output.stderr)));
    let reasons =
        results["reasons"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect::<Vec<_>>();
    let reasons = reasons.join("\n");
    (results, reasons)
}

fn bench(arguments: &[&str]) -> Output {
    let bench = Bench::new();
    let mut all = vec!["bench", "--json", "--timeout", "1s"];
    all.extend(arguments);
    bench.output(&all)
}

#[test]
fn equal_answers_are_measured_and_compared() {
    let bench = Bench::new();
    let (one, other) = (Server::answering("[1, 2]"), Server::answering("[1,2]"));
    let out = bench.work.path().join("out.json");
    let (urls, out) = ([one.url("one"), other.url("other")], out.to_str().unwrap());
    let arguments = [
        "bench",
        "--url",
        &urls[0],
        "--url",
        &urls[1],
        "--connections",
        "2",
        "--requests",
        "40",
        "--trials",
        "2",
    ];
    let told =
        bench.output(&[&arguments[..], &["--warm-up", "1", "--seed", "5", "--json", "--out", out]].concat());
    assert!(told.status.success(), "{}", text(&told.stderr));
    let (printed, reasons) = results(&told);
    assert_eq!((&printed["comparable"], reasons.as_str()), (&json!(true), ""), "{printed}");
    let keys: Vec<&String> = printed.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["comparable", "reasons", "results"]);
    for (result, name) in printed["results"].as_array().unwrap().iter().zip(["one", "other"]) {
        let keys: Vec<&String> = result.as_object().unwrap().keys().collect();
        assert_eq!(
            keys,
            [
                "variant",
                "requests",
                "success",
                "rate",
                "latency_ms",
                "service_ms",
                "statuses",
                "late_sends",
                "dropped_sends"
            ]
        );
        assert_eq!((&result["variant"], &result["requests"]), (&json!(name), &json!(80)));
        assert_eq!(result["statuses"], json!({"200": 80}));
    }
    // One request to find out whether they are alike, then a round of warm-up and two trials of forty.
    assert_eq!((one.seen(), other.seen()), (121, 121));
    let saved: Value = serde_json::from_slice(&std::fs::read(out).unwrap()).unwrap();
    assert_eq!(saved["plan"]["seed"], 5);
    assert_eq!(saved["entries"][0]["sample"]["trials"].as_array().unwrap().len(), 2);
    assert_eq!(saved["entries"][0]["sample"]["warm_up"].as_array().unwrap().len(), 1);
    let quiet = text(&told.stderr);
    assert!(quiet.contains("bench url  plan flags: 2 connections, 40 requests; 2 trials, seed 5"), "{quiet}");
    assert!(!quiet.contains('\u{1b}'), "{quiet}");
}

#[test]
fn a_request_is_what_the_flags_say() {
    let bench = Bench::new();
    let server = Server::start(Behaviour::Echo);
    let body = bench.work.path().join("body.json");
    std::fs::write(&body, r#"{"message":"Hello"}"#).unwrap();
    let url = server.url("echo");
    let out = bench.work.path().join("out.json");
    bench.ok(&[
        "bench",
        "--url",
        &url,
        "--path",
        "/items?limit=3",
        "--method",
        "put",
        "--header",
        "X-Key: s3cret",
        "--body",
        body.to_str().unwrap(),
        "--connections",
        "1",
        "--requests",
        "1",
        "--out",
        out.to_str().unwrap(),
    ]);
    let seen = server.last().to_lowercase();
    for words in ["put /items?limit=3 http/1.1", "x-key: s3cret", r#"{"message":"hello"}"#] {
        assert!(seen.contains(words), "{seen}");
    }
    assert!(!std::fs::read_to_string(&out).unwrap().contains("s3cret"), "headers are not saved");
}

#[test]
fn paths_come_from_a_file() {
    let bench = Bench::new();
    let server = Server::start(Behaviour::Echo);
    let paths = bench.work.path().join("paths.txt");
    std::fs::write(&paths, "/only?a=1\n\n  /only?a=2  \n").unwrap();
    let (url, file) = (server.url("echo"), paths.to_str().unwrap());
    let load = ["--connections", "1", "--requests", "20", "--choice", "uniform"];
    let measured = bench.json(&[&["bench", "--url", &url, "--paths", file][..], &load].concat());
    assert_eq!(measured["results"][0]["requests"], json!(20));
    assert!(server.last().contains("GET /only?a="), "{}", server.last());
    std::fs::write(&paths, "\n").unwrap();
    let told = bench.fails(1, &["bench", "--url", &url, "--paths", file]);
    assert!(told.contains("it holds no path"), "{told}");
    let told = bench.fails(1, &["bench", "--url", &url, "--choice", "often"]);
    assert!(told.contains("it can be in-turn, uniform, zipf or zipf:EXPONENT"), "{told}");
}

#[test]
fn missing_commas_are_told_and_measured_all_the_same() {
    let (right, broken) = (Server::answering("[1,2]"), Server::answering("[1 2]"));
    let urls = [right.url("right"), broken.url("broken")];
    let arguments = ["--url", &urls[0], "--url", &urls[1], "--connections", "1", "--requests", "5"];
    let (printed, reasons) = results(&bench(&arguments));
    assert_eq!(printed["comparable"], false);
    assert!(reasons.contains("broken: expected the answer of right"), "{reasons}");
    assert!(reasons.contains("which is no JSON"), "{reasons}");
    assert_eq!(printed["results"][1]["success"], 5, "{printed}");
    // The text says it too.
    let printed = Bench::new().ok(&[&["bench"], &arguments[..]].concat());
    assert!(printed.contains("Not comparable:") && printed.contains("which is no JSON"), "{printed}");
    let strict = bench(&[&arguments[..], &["--strict"]].concat());
    assert_eq!(strict.status.code(), Some(1));
    assert!(text(&strict.stderr).contains("nothing was measured, since it would not be comparable"));
    let (any, _) = results(&bench(&[&arguments[..], &["--any-body"]].concat()));
    assert_eq!(any["comparable"], true, "{any}");
}

#[test]
fn errors_that_one_maps_to_200_are_told() {
    let honest = Server::start(Behaviour::Status(502));
    let lying = Server::answering(r#"{"message":"The table did not answer"}"#);
    let urls = [honest.url("honest"), lying.url("lying")];
    let (printed, reasons) =
        results(&bench(&["--url", &urls[0], "--url", &urls[1], "--connections", "1", "--requests", "4"]));
    assert_eq!(printed["comparable"], false);
    assert!(reasons.contains("lying: expected 502 as from honest, got 200"), "{reasons}");
    assert_eq!(printed["results"][0]["statuses"], json!({"502": 4}));
    assert_eq!(printed["results"][0]["success"], 0);
}

#[test]
fn tls_on_one_side_only_is_told() {
    let (plain, secure) = (Server::answering("[1]"), Server::secure("[1]"));
    let certificate = root_certificate();
    let urls = [plain.url("plain"), secure.url("secure")];
    let arguments = ["--url", &urls[0], "--url", &urls[1], "--connections", "1", "--requests", "3"];
    let root = ["--root-certificate", certificate.to_str().unwrap()];
    let (printed, reasons) = results(&self::bench(&[&arguments[..], &root].concat()));
    assert_eq!(printed["comparable"], false);
    assert_eq!(reasons, "url: secure had TLS, plain had plain HTTP");
    assert_eq!(printed["results"][1]["success"], 3, "{printed}");

    // A certificate that nobody vouches for is a failure of each request, with its name.
    let output = self::bench(&arguments);
    let (printed, reasons) = results(&output);
    assert_eq!(
        (&printed["results"][1]["requests"], &printed["results"][1]["success"]),
        (&json!(3), &json!(0))
    );
    assert!(reasons.contains("secure: expected an answer, got none (tls: "), "{reasons}");
    let missing = self::bench(&[&arguments[..], &["--root-certificate", "/nonexistent.pem"]].concat());
    assert_eq!(missing.status.code(), Some(1));
    assert!(text(&missing.stderr).contains("the certificates in /nonexistent.pem cannot be used"));
}

#[test]
fn names_that_lead_nowhere_and_closed_ports_are_counted() {
    let closed = Server::answering("").url("closed");
    let output = bench(&[
        "--url",
        "nowhere=http://nowhere.invalid/",
        "--url",
        &closed,
        "--connections",
        "2",
        "--requests",
        "4",
    ]);
    let (printed, reasons) = results(&output);
    for result in printed["results"].as_array().unwrap() {
        assert_eq!((&result["requests"], &result["success"]), (&json!(4), &json!(0)), "{result}");
        assert_eq!(result["statuses"], json!({}));
    }
    assert!(reasons.contains("nowhere: expected an answer, got none"), "{reasons}");
    let told = text(&output.stderr);
    assert!(told.contains("closed: expected an answer, got none (connect: "), "{told}");
}

/// Measures one address for a second and a half and gives its figures; nothing may take much longer.
fn figures(server: &Server) -> Value {
    let begin = Instant::now();
    let url = server.url("it");
    let output = bench(&["--url", &url, "--connections", "3", "--duration", "1500ms"]);
    assert!(begin.elapsed() < Duration::from_secs(20), "{:?}", begin.elapsed());
    results(&output).0["results"][0].clone()
}

#[test]
fn a_server_that_dies_midway_is_counted_from_then_on() {
    let measured = figures(&Server::start(Behaviour::DiesAfter(50)));
    assert_eq!(measured["statuses"], json!({"200": 49}), "the first answer was that of the gate: {measured}");
    assert!(measured["requests"].as_u64() > measured["success"].as_u64(), "{measured}");
}

#[test]
fn heads_that_never_end_and_bodies_that_never_end_time_out() {
    for behaviour in [Behaviour::SlowLoris, Behaviour::EndlessBody, Behaviour::Silent] {
        let measured = figures(&Server::start(behaviour));
        assert_eq!(measured["success"], 0, "{behaviour:?}: {measured}");
        let requests = measured["requests"].as_u64().unwrap();
        assert!((3..=9).contains(&requests), "{behaviour:?}: each takes the timeout of a second: {measured}");
    }
}

#[test]
fn more_connections_than_open_files_are_raised_or_explained() {
    let server = Server::answering("[]");
    let url = server.url("it");
    let program = assert_cmd::cargo::cargo_bin("deploy");
    let state = Bench::new();
    let limited = |limits: &str, connections: &str| {
        let line = format!(
            "{limits}; exec {} bench --url {url} --connections {connections} --requests {connections} --timeout 5s --json",
            program.display()
        );
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", &line]).env("DEPLOY_STATE_DIR", state.state.path()).output().unwrap()
    };
    let refused = limited("ulimit -n 1024", "10000");
    assert_eq!(refused.status.code(), Some(1), "{}", text(&refused.stderr));
    let told = text(&refused.stderr);
    assert!(
        told.contains("10000 connections need as many open files, and this process may open 1024"),
        "{told}"
    );
    assert!(told.contains("raise the hard limit (ulimit -Hn) or ask for fewer"), "{told}");
    // The soft limit alone is no obstacle.
    let raised = limited("ulimit -Sn 64", "200");
    assert!(raised.status.success(), "{}", text(&raised.stderr));
    assert_eq!(results(&raised).0["results"][0]["success"], 200);
}

#[test]
fn a_full_disk_is_told_and_the_figures_are_printed() {
    let server = Server::answering("[]");
    let url = server.url("it");
    let bench = Bench::new();
    // Files of this process and its children may hold 512 bytes: each further byte is refused, as on a full disk.
    let line = format!(
        "ulimit -f 1; trap '' XFSZ; exec {} bench --url {url} --connections 1 --requests 2000 --out {} --json",
        assert_cmd::cargo::cargo_bin("deploy").display(),
        bench.work.path().join("out.json").display()
    );
    let mut shell = std::process::Command::new("sh");
    let output = shell.args(["-c", &line]).env("DEPLOY_STATE_DIR", bench.state.path()).output().unwrap();
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert_eq!(told.matches("the results cannot be saved to").count(), 1, "{told}");
    assert!(told.contains("error: the results are not saved"), "{told}");
    assert_eq!(results(&output).0["results"][0]["requests"], 2000);
    assert!(!bench.work.path().join("out.json").exists());
    assert_eq!(std::fs::read_dir(bench.work.path()).unwrap().count(), 0, "nothing half-written is left");
}

#[test]
fn an_interrupt_gives_what_was_measured_and_says_that_it_is_not_all() {
    let server = Server::answering("[]");
    let url = server.url("it");
    let bench = Bench::new();
    let out = bench.work.path().join("out.json");
    let child = bench.spawn(&[
        "bench",
        "--url",
        &url,
        "--rate",
        "50",
        "--duration",
        "1s",
        "--trials",
        "60",
        "--json",
        "--out",
        out.to_str().unwrap(),
    ]);
    support::wait_until("a trial is saved", Duration::from_secs(20), || out.exists());
    let interrupt = std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(interrupt.unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", text(&output.stderr));
    let (printed, reasons) = results(&output);
    assert_eq!(printed["comparable"], false);
    assert!(reasons.contains("the run was stopped before the plan was done: it held"), "{reasons}");
    assert!(printed["results"][0]["requests"].as_u64().unwrap() >= 50, "{printed}");
    let saved: Value = serde_json::from_slice(&std::fs::read(&out).unwrap()).unwrap();
    assert!(!saved["entries"][0]["sample"]["trials"].as_array().unwrap().is_empty());
}

#[test]
fn an_open_loop_has_its_rate_and_counts_from_the_intended_time() {
    let server = Server::answering("[]");
    let url = server.url("it");
    let output = bench(&["--url", &url, "--rate", "100", "--duration", "1s"]);
    let measured = results(&output).0["results"][0].clone();
    assert_eq!(measured["requests"], 100, "{measured}");
    assert_eq!(measured["dropped_sends"], 0);
    assert!((90.0..=110.0).contains(&measured["rate"].as_f64().unwrap()), "{measured}");
}

#[test]
fn a_plan_of_ones_own_is_a_file() {
    let bench = Bench::new();
    let server = Server::answering("[]");
    let url = server.url("it");
    std::fs::write(bench.work.path().join("mine.toml"), "users = 3\nthink = '1ms..2ms'\nrequests = 9\n")
        .unwrap();
    let told = text(&bench.output(&["bench", "--url", &url, "--plan", "mine.toml"]).stderr);
    assert!(told.contains("plan mine: 3 users who think 1 ms to 2 ms, 9 requests; 1 trial"), "{told}");
    std::fs::write(bench.work.path().join("mine.toml"), "users = 3\nrequest = 9\n").unwrap();
    let told = bench.fails(1, &["bench", "--url", &url, "--plan", "mine.toml"]);
    assert!(
        told.contains("the plan mine.toml cannot be read") && told.contains("unknown field `request`"),
        "{told}"
    );
    assert!(told.contains("line 2"), "{told}");
}

/// A file of results of one server that answers.
fn measured(bench: &Bench, name: &str, trials: &str) -> String {
    let server = Server::answering("[]");
    let out = bench.work.path().join(name).display().to_string();
    let url = server.url("it");
    let arguments = ["bench", "--url", &url, "--connections", "1", "--requests", "50", "--trials", trials];
    bench.ok(&[&arguments[..], &["--out", &out]].concat());
    out
}

#[test]
fn saved_results_become_reports() {
    let bench = Bench::new();
    let file = measured(&bench, "one.json", "2");
    let printed = bench.ok(&["report", &file]);
    assert!(printed.contains("url") && printed.contains("p99"), "{printed}");
    assert_eq!(bench.json(&["report", &file])["results"][0]["requests"], 100);
    let told = bench.fails(1, &["report", &file, "--fail-if", "rate>1", "--fail-if", "ok<99%"]);
    assert!(told.contains("error: --fail-if: it: rate>1 (measured"), "{told}");
    bench.ok(&["report", &file, "--fail-if", "p50>9s"]);
    let written = bench.work.path().join("report.txt");
    bench.ok(&["report", &file, "--out", written.to_str().unwrap()]);
    assert_eq!(std::fs::read_to_string(&written).unwrap(), printed);
    let changed = bench.json(&["report", "--compare", &file, &measured(&bench, "other.json", "2")]);
    assert_eq!(changed["variants"][0]["variant"], "it", "{changed}");
}

#[test]
fn without_a_wish_the_last_results_are_kept_and_reported() {
    let (bench, server) = (Bench::new(), Server::answering("[]"));
    let told = bench.fails(1, &["report"]);
    assert!(told.contains("cannot be read") && told.contains("`deploy bench --out FILE`"), "{told}");
    bench.ok(&["bench", "--url", &server.url("it"), "--connections", "1", "--requests", "7"]);
    assert_eq!(bench.json(&["report"])["results"][0]["requests"], 7);
}

/// Arguments, and what the one error line must hold.
const REFUSED: &[(&[&str], &[&str])] = &[
    (&["bench"], &["nothing to measure is deployed under the prefix bakeoff", "--url NAME=URL"]),
    (&["bench", "zebra"], &["no variant \"zebra\""]),
    (&["bench", "--plan", "speed-6"], &["no plan \"speed-6\"; there are quick, bakeoff-warmup"]),
    (&["bench", "--plan", "speed-1", "--rate", "3"], &["--plan speed-1 says how requests are sent"]),
    (
        &["bench", "--connections", "3"],
        &["the plan flags cannot be run: it has neither requests nor duration"],
    ),
    (
        &["bench", "--url", "a=ftp://a.test"],
        &["--url a=ftp://a.test: an address begins with http:// or https://"],
    ),
    (&["bench", "--url", "a=http://a.test", "--url", "a=http://b.test"], &["--url names a twice"]),
    (&["bench", "--url", "a=http://a.test", "--method", "GE T"], &["--method GE T is no method"]),
    (
        &["bench", "--url", "a=http://a.test", "--body", "/nonexistent"],
        &["--body /nonexistent cannot be sent"],
    ),
    (&["bench", "--url", "a=http://a.test", "--out", "/"], &["--out / is a directory"]),
    (&["report", "/nonexistent.json"], &["the results /nonexistent.json cannot be read"]),
    (&["report", "/proc/version"], &["/proc/version: it is no file of results", "deploy bench --out FILE"]),
    (&["report", "a.json", "b.json"], &["a report is of one file", "--compare BEFORE AFTER"]),
    (&["report", "--compare", "a.json"], &["--compare takes two files"]),
];

#[test]
fn what_is_refused_is_named_with_the_way_out() {
    let bench = Bench::new();
    bench.refuses(REFUSED);
    // What clap refuses has its own exit code.
    assert!(
        bench.fails(2, &["bench", "publish", "--url", "a=http://a.test"]).contains("cannot be used with")
    );
    assert!(bench.fails(2, &["bench", "--body", "x"]).contains("--url"));
}
