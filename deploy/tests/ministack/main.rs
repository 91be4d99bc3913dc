//! MiniStack, an emulator that nobody here wrote: the built program drives it as it would AWS, and it and the embedded cloud are
//! asked the same things.
#![allow(clippy::unwrap_used, reason = "a test may panic, and so may what it calls")]

mod agreement;
mod server;
#[path = "../support/mod.rs"]
mod support;
#[allow(dead_code, reason = "the tests of `deploy bench` use the rest of it")]
#[path = "../server/mod.rs"]
mod upstream;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use serde_json::{Value, json};
use server::MiniStack;
use signed_http::{Response, Transport};
use support::{Bench, aws_cli, text, wait_until};

/// The program and the emulator that it works on.
struct Account {
    bench: Bench,
    cloud: MiniStack,
    templates: String,
    runtime: tokio::runtime::Runtime,
}

impl Account {
    fn new() -> Self {
        let bench = Bench::new();
        let templates = bench.templates().to_str().unwrap().to_owned();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        Self { bench, cloud: MiniStack::start(), templates, runtime }
    }

    fn command(&self, arguments: &[&str]) -> assert_cmd::Command {
        let there =
            ["--endpoint-url", &self.cloud.endpoint, "--templates", &self.templates, "--yes", "--json"];
        let mut command = self.bench.command(&[arguments, &there].concat());
        command.envs([
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_REGION", "us-east-1"),
        ]);
        command
    }

    /// The data of a command that succeeds.
    fn ok(&self, arguments: &[&str]) -> Value {
        let output = self.command(arguments).output().unwrap();
        let (told, log) = (text(&output.stderr), self.cloud.log());
        assert!(output.status.success(), "{arguments:?}\n{told}\nMiniStack:\n{log}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// What a command that fails tells.
    fn fails(&self, arguments: &[&str]) -> String {
        let output = self.command(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}\n{}", text(&output.stderr));
        text(&output.stderr)
    }

    fn aws(&self, arguments: &[&str]) -> Value {
        let output = aws_cli(&self.cloud.endpoint, arguments);
        assert!(output.status.success(), "aws {arguments:?}: {}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap_or_default()
    }

    fn variant(&self, id: &str) -> String {
        format!("{}/variants/{id}.yaml", self.templates)
    }

    /// Calls a variant as MiniStack serves it: under a host name of the API's, which no name server knows.
    fn call(&self, url: &str, method: &str, path: &str, token: Option<&str>, body: &'static str) -> Response {
        let (api, rest) = url.strip_prefix("https://").unwrap().split_once('.').unwrap();
        let stage = rest.split('/').nth(1).unwrap();
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}/{stage}{path}", self.cloud.endpoint))
            .header("host", self.cloud.host_of(api))
            .header("content-type", "application/json");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let request = request.body(Bytes::from_static(body.as_bytes())).unwrap();
        self.runtime.block_on(Transport::new().send(request)).unwrap()
    }
}

fn url(up: &Value, variant: &str) -> String {
    let variants = up["variants"].as_array().unwrap();
    let one = variants.iter().find(|one| one["variant"] == variant).unwrap_or_else(|| panic!("{up}"));
    assert_eq!(one["state"], "created", "{one}");
    one["url"].as_str().unwrap().to_owned()
}

/// Replaces a text that must be there.
fn edit(file: &str, from: &str, to: &str) {
    let before = fs::read_to_string(file).unwrap();
    assert!(before.contains(from), "{file} does not hold {from}");
    fs::write(file, before.replace(from, to)).unwrap();
}

/// A foundation whose origin is a server of this test, since MiniStack runs no containers without Docker.
fn origin_at(templates: &str, address: &str) {
    let origin = format!(
        "Description: a server of the test\nResources:\n  Nothing: {{Type: \"AWS::SNS::Topic\"}}\nOutputs:\n  \
         OriginUrl: {{Value: \"http://{address}\"}}\n  OriginPrivateUrl: {{Value: \"http://{address}\"}}\n  \
         OriginClientSecurityGroupId: {{Value: none}}\n"
    );
    fs::write(Path::new(templates).join("foundation/origin.yaml"), origin).unwrap();
}

#[test]
fn variants_come_serve_change_and_go() {
    let account = Account::new();
    let origin = upstream::Server::answering("from the origin");
    let address = origin.url("origin");
    let address = address.strip_prefix("origin=http://").unwrap().trim_end_matches('/');
    origin_at(&account.templates, address);
    // It puts no stage variables into addresses: differences.toml says so.
    edit(&account.variant("proxy-http"), "${stageVariables.origin}", address);
    let up = account.ok(&["up", "publish-lambda", "crud-lambda", "proxy-http", "publish-direct"]);
    functions_serve(&account, &up);

    let through = account.call(&url(&up, "proxy-http"), "GET", "/some/where", None, "");
    assert_eq!((through.status, text(&through.body).as_str()), (200, "from the origin"));
    assert!(origin.last().starts_with("GET /some/where HTTP/1.1\r\n"), "{}", origin.last());
    // It calls no topic from a REST API: differences.toml says so.
    let direct = account.call(&url(&up, "publish-direct"), "POST", "/publish", None, r#"{"a":1}"#);
    assert_eq!(direct.status, 504, "{}", text(&direct.body));

    one_parameter_changes(&account);

    let again = account.ok(&["up", "publish-lambda"]);
    assert_eq!(again["variants"][0]["state"], "unchanged", "{again}");
    let down = account.ok(&["down"]);
    assert_eq!(down["left"], json!([]), "{down}");
    nothing_is_left(&account);
}

/// Functions run, reach what they are given, and let in who has a token.
fn functions_serve(account: &Account, up: &Value) {
    let published =
        account.call(&url(up, "publish-lambda"), "POST", "/publish", None, r#"{"turkey":"bronze"}"#);
    assert_eq!(published.status, 200, "{}\n{}", text(&published.body), account.cloud.log());
    let queues = account.aws(&["sqs", "list-queues", "--queue-name-prefix", "bakeoff-topic-AuditQueue"]);
    let queue = queues["QueueUrls"][0].as_str().unwrap();
    wait_until("the message is in the queue", Duration::from_secs(30), || {
        let received = account.aws(&["sqs", "receive-message", "--queue-url", queue]);
        let body = received["Messages"][0]["Body"].as_str().map(str::to_owned).unwrap_or_default();
        let envelope: Value = serde_json::from_str(&body).unwrap_or_default();
        envelope["Message"] == r#"{"turkey":"bronze"}"#
    });

    let items = url(up, "crud-lambda");
    assert_eq!(account.call(&items, "GET", "/items", None, "").status, 401);
    assert_eq!(account.call(&items, "GET", "/items", Some("no.such.token"), "").status, 401);
    let token = account.ok(&["token"])["token"].as_str().unwrap().to_owned();
    let listed = account.call(&items, "GET", "/items", Some(&token), "");
    assert_eq!(listed.status, 200, "{}\n{}", text(&listed.body), account.cloud.log());
    assert!(
        text(&listed.body).starts_with('{') || text(&listed.body).starts_with('['),
        "{}",
        text(&listed.body)
    );
}

/// Other memory, and everything else as it was.
fn one_parameter_changes(account: &Account) {
    let of = ["cloudformation", "describe-stacks", "--stack-name", "bakeoff-publish-lambda"];
    let mut before = account.aws(&of)["Stacks"][0]["Parameters"].take();
    account.ok(&["up", "publish-lambda", "--set", "memory=1024"]);
    let after = account.aws(&of)["Stacks"][0]["Parameters"].take();
    for parameter in before.as_array_mut().unwrap() {
        if parameter["ParameterKey"] == "MemorySize" {
            assert_eq!(parameter["ParameterValue"], "512");
            parameter["ParameterValue"] = json!("1024");
        }
    }
    assert_eq!(after, before);
    let functions = account.aws(&["lambda", "list-functions"])["Functions"].take();
    let function =
        functions.as_array().unwrap().iter().find(|function| {
            function["FunctionName"].as_str().unwrap().starts_with("bakeoff-publish-lambda-")
        });
    assert_eq!(function.unwrap()["MemorySize"], 1024, "{functions}");
}

fn nothing_is_left(account: &Account) {
    let stacks = account.aws(&["cloudformation", "list-stacks"])["StackSummaries"].take();
    let statuses: BTreeSet<&str> =
        stacks.as_array().unwrap().iter().map(|stack| stack["StackStatus"].as_str().unwrap()).collect();
    assert_eq!(statuses, BTreeSet::from(["DELETE_COMPLETE"]), "{stacks}");
    for (arguments, list) in [
        (&["s3api", "list-buckets"][..], "Buckets"),
        (&["lambda", "list-functions"], "Functions"),
        (&["apigateway", "get-rest-apis"], "items"),
        (&["sns", "list-topics"], "Topics"),
        (&["sqs", "list-queues"], "QueueUrls"),
        (&["dynamodb", "list-tables"], "TableNames"),
        (&["logs", "describe-log-groups"], "logGroups"),
        (&["secretsmanager", "list-secrets"], "SecretList"),
        (&["iam", "list-roles"], "Roles"),
    ] {
        let told = account.aws(arguments);
        assert!(told[list].as_array().is_none_or(Vec::is_empty), "{arguments:?}: {told}");
    }
}

#[test]
fn failures_are_rolled_back_told_and_got_over() {
    let account = Account::new();
    let topic = format!("{}/foundation/topic.yaml", account.templates);
    let sound = "MessageRetentionPeriod: 3600";
    edit(&topic, sound, "MessageRetentionPeriod: 1");
    let told = account.fails(&["up", "publish-direct"]);
    assert!(told.contains("ROLLBACK_COMPLETE") && told.contains("MessageRetentionPeriod"), "{told}");
    let statuses = || {
        let stacks = account.aws(&["cloudformation", "describe-stacks", "--stack-name", "bakeoff-topic"]);
        stacks["Stacks"][0]["StackStatus"].as_str().unwrap().to_owned()
    };
    assert_eq!(statuses(), "ROLLBACK_COMPLETE");

    // What failed is replaced.
    edit(&topic, "MessageRetentionPeriod: 1", sound);
    account.ok(&["up", "publish-direct"]);
    assert_eq!(statuses(), "CREATE_COMPLETE");

    // A failed update leaves what was.
    edit(&topic, sound, "MessageRetentionPeriod: 2");
    let told = account.fails(&["up", "publish-direct"]);
    assert!(told.contains("UPDATE_ROLLBACK_COMPLETE"), "{told}");
    assert_eq!(statuses(), "UPDATE_ROLLBACK_COMPLETE");
    edit(&topic, "MessageRetentionPeriod: 2", "MessageRetentionPeriod: 7200");
    account.ok(&["up", "publish-direct"]);
    assert_eq!(statuses(), "UPDATE_COMPLETE");

    // Somebody protected a stack, which is theirs to lift.
    let protect = |switch: &str| {
        let of =
            ["cloudformation", "update-termination-protection", "--stack-name", "bakeoff-publish-direct"];
        account.aws(&[&of[..], &[switch]].concat());
    };
    protect("--enable-termination-protection");
    let told = account.fails(&["down"]);
    assert!(told.contains("bakeoff-publish-direct") && told.to_lowercase().contains("protect"), "{told}");
    assert!(Path::new(&account.variant("publish-direct")).exists());
    assert_eq!(statuses(), "UPDATE_COMPLETE", "what the protected stack uses stays");
    protect("--no-enable-termination-protection");
    assert_eq!(account.ok(&["down"])["left"], json!([]));
}
