//! The command line without any cloud: help, lists, and what is refused.

mod support;

use support::Bench;

#[test]
fn the_help_is_as_reviewed() {
    let bench = Bench::new();
    insta::assert_snapshot!("help", bench.ok(&["--help"]));
    insta::assert_snapshot!("help_redeploy", bench.ok(&["redeploy", "--help"]));
    insta::assert_snapshot!("help_redeploy_variant", bench.ok(&["redeploy", "publish-lambda", "--help"]));
    insta::assert_snapshot!("help_local", bench.ok(&["local", "--help"]));
    insta::assert_snapshot!("help_bench", bench.ok(&["bench", "--help"]));
    insta::assert_snapshot!("help_report", bench.ok(&["report", "--help"]));
    insta::assert_snapshot!("help_cost", bench.ok(&["cost", "--help"]));
}

#[test]
fn the_variants_are_listed_with_their_settings() {
    let bench = Bench::new();
    insta::assert_snapshot!("list", bench.ok(&["list", "publish"]));
    let all = bench.json(&["list"]);
    assert_eq!(all, bench.json(&["list", "all"]));
    assert_ne!(all, bench.json(&["list", "publish"]));
    let one = bench.json(&["list", "publish-lambda"]);
    assert_eq!(one.as_array().unwrap().len(), 1);
    assert_eq!(one[0]["tunables"][0]["name"], "memory");
    assert_eq!(one[0]["tunables"][0]["allowed"], "128 to 10240");
}

#[test]
fn a_variant_is_shown_with_its_template() {
    let bench = Bench::new();
    let shown = bench.ok(&["show", "publish-fargate"]);
    assert!(shown.contains("Load balancer -> Fargate -> SNS"), "{shown}");
    assert!(shown.contains("AWS::ECS::Service"), "{shown}");
    let template = bench.ok(&["show", "publish-fargate", "--template"]);
    let file = support::workspace().join("templates/variants/publish-fargate.yaml");
    assert_eq!(template.trim_end(), std::fs::read_to_string(file).unwrap().trim_end());
}

#[test]
fn without_a_cloud_nothing_is_up_and_that_is_no_error() {
    let bench = Bench::new();
    assert_eq!(bench.ok(&["status"]), "nothing is deployed under the prefix bakeoff on local\n");
    assert_eq!(bench.json(&["status"])["cloud"]["state"], "absent");
    assert_eq!(bench.json(&["local", "status"])["state"], "absent");
    assert_eq!(bench.ok(&["local", "stop"]), "no embedded cloud runs\n");
    bench.ok(&["down"]);
    assert!(bench.fails(1, &["check"]).contains("nothing to check is deployed under the prefix bakeoff"));
    assert!(bench.fails(1, &["logs"]).contains("hint: `deploy up` deploys it"));
}

#[test]
fn completions_know_the_commands() {
    let script = Bench::new().ok(&["completions", "bash"]);
    assert!(script.contains("redeploy") && script.contains("--endpoint-url"));
    assert!(!script.contains("--parent"));
}

/// Arguments, and what the one error line must hold.
const REFUSED: &[(&[&str], &[&str])] = &[
    (
        &["up", "publish-lamda"],
        &["no variant \"publish-lamda\"; did you mean publish-lambda?", "deploy list"],
    ),
    (&["down", "publish-lamda"], &["did you mean publish-lambda?"]),
    (&["status", "zebra"], &["no variant \"zebra\""]),
    (&["show", "publish-ec3"], &["no variant \"publish-ec3\""]),
    (&["check", "publsh"], &["did you mean publish?"]),
    (&["events", "zebra"], &["no variant \"zebra\""]),
    (&["logs", "zebra"], &["no variant \"zebra\""]),
    (&["run", "zebra"], &["no variant \"zebra\""]),
    (&["redeploy", "zebra", "--memory", "1"], &["no variant \"zebra\""]),
    (
        &["redeploy", "publish-lambda", "--memory", "100"],
        &["memory 100 is not allowed for publish-lambda: 128 to 10240"],
    ),
    (&["redeploy", "publish-lambda", "--memory", "many"], &["memory many is not allowed", "128 to 10240"]),
    (&["redeploy", "publish-lambda", "--memory", "-1"], &["memory -1 is not allowed"]),
    (&["redeploy", "publish-lambda", "--memory", "512.5"], &["memory 512.5 is not allowed"]),
    (&["redeploy", "publish-lambda", "--arch", "mips"], &["arch mips is not allowed", "x86_64 or arm64"]),
    (&["redeploy", "publish-lambda", "--memry", "512"], &["--memry", "--memory"]),
    (
        &["redeploy", "publish-lambda", "--set", "memory"],
        &["--set \"memory\" is not of the form TUNABLE=VALUE"],
    ),
    (&["redeploy", "publish-lambda", "--set", "x=1"], &["publish-lambda has no setting \"x\""]),
    (
        &["redeploy", "publish-lambda", "--memory", "1024"],
        &["publish-lambda is not up", "deploy up publish-lambda"],
    ),
    (
        &["redeploy", "publish-fargate", "--cpu", "512", "--memory", "512"],
        &["512 CPU units go with 1024, 2048, 3072 or 4096 MB, not 512"],
    ),
    (&["redeploy", "publish-fargate", "--cpu", "333"], &["cpu 333 is not allowed", "256"]),
    (
        &["redeploy", "publish-fargate", "--count", "0"],
        &["count 0 is not allowed for publish-fargate: 1 to 50"],
    ),
    (&["up", "--set", "memory=100", "publish-lambda"], &["memory 100 is not allowed for publish-lambda"]),
    (
        &["up", "--set", "publish-fargate.cpu=512", "publish-fargate"],
        &["512 CPU units go with 1024, 2048, 3072 or 4096 MB, not 512"],
    ),
    (&["up", "--set", "sails=2"], &["--set sails=2: none of the selected variants has it"]),
    (&["up", "--set", "nobody.memory=512"], &["no variant \"nobody\""]),
    (&["up", "--set", "memory"], &["--set \"memory\" is not of the form [VARIANT.]TUNABLE=VALUE"]),
    (&["up", "--prefix", "Bad_Prefix"], &["--prefix: \"Bad_Prefix\" is not a prefix"]),
    (&["up", "--target", "azure"], &["--target: no target \"azure\"; there are local and aws"]),
    (&["up", "--region", "mars"], &["--region: \"mars\" is not a region"]),
    (
        &["up", "--target", "aws", "--endpoint-url", "nowhere"],
        &["--endpoint-url: \"nowhere\" is not an endpoint URL"],
    ),
    (
        &["up", "--target", "local", "--endpoint-url", "http://127.0.0.1:1"],
        &["does not go with the target local"],
    ),
    (&["up", "--config", "/nonexistent.toml"], &["/nonexistent.toml cannot be read", "--config"]),
    (&["up", "--templates", "/nonexistent"], &["/nonexistent cannot be read"]),
    (&["run", "--out", "/nonexistent/results.json"], &["--out /nonexistent/results.json cannot be written"]),
    (&["run", "--out", "/"], &["--out / is a directory"]),
];

#[test]
fn what_is_refused_is_named_with_the_way_out() {
    let bench = Bench::new();
    bench.refuses(REFUSED);
    assert!(bench.cloud().is_none(), "nothing may be started before everything is checked");
}

#[test]
fn an_unreadable_settings_file_is_named_with_the_line() {
    let bench = Bench::new();
    let write = |text: &str| std::fs::write(bench.work.path().join("bakeoff.toml"), text).unwrap();
    write("prefix = \"a\"\nprefx = \"b\"\n");
    let told = bench.fails(1, &["list"]);
    assert!(told.contains("bakeoff.toml") && told.contains("line 2") && told.contains("prefx"), "{told}");
    write("[set.publish-lambda]\nmemory = 100\n");
    assert!(bench.fails(1, &["up"]).contains("memory 100 is not allowed for publish-lambda"));
    write("[set.nobody]\nmemory = 100\n");
    assert!(bench.fails(1, &["up"]).contains("no variant \"nobody\""));
    write("variants = [\"publish-direct\"]\n");
    assert_eq!(bench.json(&["list"]).as_array().unwrap().len(), 1);
    write("target = \n");
    assert!(bench.fails(1, &["list"]).contains("line 1"));
}

#[test]
fn without_credentials_aws_is_refused_before_anything() {
    let bench = Bench::new();
    let output = bench
        .command(&["up", "--target", "aws", "--region", "eu-west-1"])
        .env("HOME", bench.work.path())
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .output()
        .unwrap();
    let told = support::text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("no AWS credentials found (profile \"default\", region eu-west-1)"), "{told}");
    assert!(told.contains("hint: aws sso login, or --target local"), "{told}");
}

#[test]
fn an_endpoint_that_does_not_answer_is_named() {
    let bench = Bench::new();
    let output = bench
        .command(&["status", "--endpoint-url", "http://127.0.0.1:9", "--region", "eu-west-1"])
        .env("HOME", bench.work.path())
        .env("AWS_ACCESS_KEY_ID", "a")
        .env("AWS_SECRET_ACCESS_KEY", "b")
        .output()
        .unwrap();
    let told = support::text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("http://127.0.0.1:9"), "{told}");
}
