//! Whole ways through the program, each command in a process of its own, on the embedded cloud.

#![allow(clippy::unwrap_used, reason = "a test may panic, and so may what it calls")]

mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use support::{Bench, kill, text, wait_until};

fn variants(bench: &Bench) -> BTreeSet<String> {
    let status = bench.json(&["status"]);
    let stacks = status["stacks"].as_array().unwrap().iter();
    stacks.filter_map(|stack| stack["variant"].as_str().map(str::to_owned)).collect()
}

fn setting(bench: &Bench, variant: &str, name: &str) -> String {
    let status = bench.json(&["status", variant]);
    status["stacks"][0]["settings"][name].as_str().unwrap_or_else(|| panic!("{status}")).to_owned()
}

fn results(up: &Value) -> BTreeSet<String> {
    up["variants"].as_array().unwrap().iter().map(|one| one["state"].as_str().unwrap().to_owned()).collect()
}

/// Replaces a text that must be there.
fn edit(file: &Path, from: &str, to: &str) {
    let before = std::fs::read_to_string(file).unwrap();
    assert!(before.contains(from), "{} does not hold {from}", file.display());
    std::fs::write(file, before.replace(from, to)).unwrap();
}

/// A deployment is a snapshot, so a changed method needs another one, as on AWS.
fn rename_deployment(file: &Path) {
    let body = std::fs::read_to_string(file).unwrap();
    let at = body.find("!Ref Deployment").unwrap() + "!Ref ".len();
    let deployment = body[at..].lines().next().unwrap().trim();
    // The name ends in a hash, which is the same for all deployments of a template.
    edit(file, &deployment[deployment.len() - 8..], "0Broken0");
}

#[test]
fn up_status_redeploy_up_again_and_down() {
    let bench = Bench::new();
    let up = bench.json(&["up", "publish"]);
    assert_eq!(results(&up), BTreeSet::from(["created".to_owned()]));
    assert_eq!(variants(&bench).len(), up["variants"].as_array().unwrap().len());
    for one in up["variants"].as_array().unwrap() {
        let url = one["url"].as_str().unwrap();
        assert!(url.starts_with("http://127.0.0.1:") && url.ends_with("/publish"), "{url}");
    }
    let cloud = bench.cloud().unwrap();

    let redeployed = bench.json(&["redeploy", "publish-lambda", "--memory", "1024"]);
    assert_eq!(
        redeployed["changes"],
        serde_json::json!([{"name": "memory", "before": "512", "after": "1024"}])
    );
    assert_eq!(redeployed["served"]["failed"], 0, "{redeployed}");
    assert_ne!(redeployed["served"]["requests"], 0, "{redeployed}");
    let arguments = ["redeploy", "publish-fargate", "--cpu", "512", "--memory", "1024", "--set", "count=1"];
    let redeployed = bench.json(&arguments);
    assert_eq!(redeployed["result"], "updated");
    assert_eq!(redeployed["served"]["failed"], 0, "{redeployed}");
    // What goes with the deployed values is allowed, although it would not go with the defaults; what does not is refused.
    let told = bench.fails(1, &["redeploy", "publish-fargate", "--memory", "512"]);
    assert!(told.contains("512 CPU units go with 1024, 2048, 3072 or 4096 MB, not 512"), "{told}");
    assert_eq!(bench.json(&["redeploy", "publish-lambda", "--memory", "1024"])["result"], "unchanged");

    let again = bench.json(&["up", "publish"]);
    assert_eq!(results(&again), BTreeSet::from(["unchanged".to_owned()]), "{again}");
    assert_eq!(setting(&bench, "publish-lambda", "memory"), "1024");
    assert_eq!(setting(&bench, "publish-fargate", "count"), "1");
    assert_eq!(bench.cloud(), Some(cloud), "a second up finds the cloud");
    let check = bench.json(&["check"]);
    assert_eq!(check[0]["differences"], serde_json::json!([]));

    let out = bench.work.path().join("bench.json").display().to_string();
    let load = ["--connections", "2", "--requests", "30", "--trials", "2", "--out", &out];
    let measured = bench.json(&[&["bench", "publish"], &load[..]].concat());
    assert_eq!((&measured["comparable"], &measured["reasons"]), (&json!(true), &json!([])), "{measured}");
    for result in measured["results"].as_array().unwrap() {
        assert_eq!((&result["requests"], &result["success"]), (&json!(60), &json!(60)), "{result}");
    }
    let saved: Value = serde_json::from_slice(&std::fs::read(&out).unwrap()).unwrap();
    let lambda =
        saved["entries"].as_array().unwrap().iter().find(|one| one["sample"]["variant"] == "publish-lambda");
    assert_eq!(lambda.unwrap()["setup"]["settings"]["memory"], "1024", "{saved}");
    assert_eq!(saved["checks"][0]["workload"], "publish");
    // Logs of one kind here and none there are no equal work.
    bench.ok(&["redeploy", "publish-direct", "--access-log", "off"]);
    let measured = bench.json(&[&["bench", "publish"], &load[..]].concat());
    let reasons = measured["reasons"].to_string();
    assert!(
        reasons.contains("publish-lambda had a line of log for each request, publish-direct had none"),
        "{reasons}"
    );

    bench.ok(&["down", "publish-direct"]);
    assert!(!variants(&bench).contains("publish-direct"));
    let others = up["variants"].as_array().unwrap().len() - 1;
    assert_eq!(variants(&bench).len(), others);
    assert_eq!(bench.cloud(), Some(cloud));
    let told = bench.fails(1, &["check", "publish-direct"]);
    assert!(told.contains("publish-direct is not up"), "{told}");

    let down = bench.json(&["down"]);
    assert_eq!(down["left"], serde_json::json!([]));
    assert_eq!(down["stacks"].as_array().unwrap().len(), others + 3, "artifacts, network and topic go, too");
    assert!(bench.cloud().is_none(), "the cloud goes with its last stack");
    bench.assert_bare();
}

#[test]
fn run_compares_and_leaves_nothing() {
    let bench = Bench::new();
    let out = bench.work.path().join("results.json");
    let results = bench.json(&["run", "--seed", "7", "--out", out.to_str().unwrap()]);
    assert_eq!(results["comparison"]["comparable"], true, "{results}");
    assert_eq!(
        (&results["measurement"]["name"], &results["measurement"]["seed"]),
        (&json!("quick"), &json!(7))
    );
    let saved: Value = serde_json::from_slice(&std::fs::read(&out).unwrap()).unwrap();
    let measured = results["comparison"]["results"].as_array().unwrap();
    assert_eq!(saved["entries"].as_array().unwrap().len(), measured.len());
    let catalog = catalog::Catalog::builtin().unwrap();
    for variant in catalog.variants() {
        assert!(measured.iter().any(|result| result["variant"] == variant.id.as_str()), "{}", variant.id);
    }
    assert_eq!(measured.len(), catalog.variants().len(), "{results}");
    for verdict in results["check"].as_array().unwrap() {
        let (workload, variants) = (&verdict["workload"], verdict["variants"].as_array().unwrap().len());
        let all = catalog.variants().filter(|variant| *workload == variant.workload.as_str()).count();
        assert_eq!((variants, &verdict["differences"]), (all, &json!([])), "{verdict:#}");
        assert!(verdict["inputs"].as_u64().unwrap() >= 40, "{verdict:#}");
    }
    assert_eq!(results["check"].as_array().unwrap().len(), catalog.workloads().len(), "{results}");
    for result in measured {
        assert_eq!(result["success"], result["requests"], "{result}");
    }
    assert!(!bench.state.path().exists(), "the state directory goes when nothing is in it");
    assert_eq!(support::processes(&bench.state.path().display().to_string()), Vec::<String>::new());
}

#[test]
fn an_interrupted_run_takes_down_what_it_made() {
    let bench = Bench::new();
    bench.ok(&["run", "publish-direct"]);
    let mut child = bench.spawn(&["run"]);
    wait_until("it works", Duration::from_secs(30), || bench.state.path().join("work").exists());
    std::thread::sleep(Duration::from_millis(1500));
    assert!(
        std::process::Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(!bench.state.path().join("work").exists());
    assert_eq!(support::processes(&bench.state.path().display().to_string()), Vec::<String>::new());
}

#[test]
fn up_goes_on_after_a_kill_and_after_an_interrupt() {
    let bench = Bench::new();
    let mut child = bench.spawn(&["up"]);
    wait_until("a stack is begun", Duration::from_mins(1), || {
        bench.cloud().is_some() && !bench.json(&["status"])["stacks"].as_array().unwrap().is_empty()
    });
    kill(child.id());
    child.wait().unwrap();
    let child = bench.spawn(&["up"]);
    wait_until("it listens for interrupts", Duration::from_mins(1), || {
        support::catches_interrupts(child.id())
    });
    std::thread::sleep(Duration::from_millis(300));
    assert!(
        std::process::Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
    let output = child.wait_with_output().unwrap();
    // Where everything was done before the signal came, the command is simply done.
    if output.status.code() != Some(0) {
        assert_eq!(output.status.code(), Some(130), "{}", text(&output.stderr));
        assert!(text(&output.stderr).contains("`deploy up` goes on where this stopped"));
    }
    let up = bench.json(&["up"]);
    assert!(up["variants"].as_array().unwrap().iter().all(|one| one["url"].is_string()), "{up}");
    bench.json(&["check"]);
    bench.ok(&["down"]);
    bench.assert_bare();
}

#[test]
fn a_killed_cloud_is_noticed_and_replaced() {
    let bench = Bench::new();
    bench.ok(&["up", "publish-fargate"]);
    let dead = bench.cloud().unwrap();
    kill(dead);
    wait_until("the process has gone", Duration::from_secs(5), || bench.cloud().is_none());
    let told = text(&bench.output(&["status"]).stderr);
    assert!(told.contains("has died; its stacks are gone with it; `deploy up` starts a new one"), "{told}");
    wait_until("its tasks died with it", Duration::from_secs(5), || {
        support::processes(&bench.state.path().display().to_string()).is_empty()
    });
    let told = bench.fails(1, &["check"]);
    assert!(told.contains("nothing to check is deployed"), "{told}");
    let up = bench.json(&["up", "publish-direct"]);
    assert_eq!(results(&up), BTreeSet::from(["created".to_owned()]));
    assert_ne!(bench.cloud().unwrap(), dead);
    kill(bench.cloud().unwrap());
    wait_until("the process has gone", Duration::from_secs(5), || bench.cloud().is_none());
    bench.ok(&["down"]);
    bench.assert_bare();
}

#[test]
fn two_ups_at_once_do_not_get_in_each_others_way() {
    let bench = Bench::new();
    let children: Vec<_> = (0..2).map(|_| bench.spawn(&["up", "publish-direct", "--json"])).collect();
    let outputs: Vec<_> = children.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
    let mut states = BTreeSet::new();
    for output in &outputs {
        assert!(output.status.success(), "{}", text(&output.stderr));
        states.extend(results(&serde_json::from_slice(&output.stdout).unwrap()));
    }
    assert_eq!(states, BTreeSet::from(["created".to_owned(), "unchanged".to_owned()]));
    let waited = outputs.iter().any(|output| text(&output.stderr).contains("is at work on the same stacks"));
    assert!(waited);
    bench.ok(&["down"]);
}

#[test]
fn prefixes_keep_out_of_each_others_way() {
    let bench = Bench::new();
    bench.ok(&["up", "publish-direct", "--prefix", "team"]);
    bench.ok(&["up", "publish-direct", "--prefix", "team-a"]);
    let cloud = bench.cloud();
    bench.ok(&["down", "--prefix", "team"]);
    assert_eq!(bench.json(&["status", "--prefix", "team"])["stacks"], serde_json::json!([]));
    assert_eq!(bench.json(&["status", "--prefix", "team-a"])["stacks"].as_array().unwrap().len(), 2);
    assert_eq!(bench.cloud(), cloud);
    bench.ok(&["check", "--prefix", "team-a"]);
    bench.ok(&["down", "--prefix", "team-a"]);
    bench.assert_bare();
}

#[test]
fn a_broken_mapping_template_turns_the_check_red() {
    let bench = Bench::new();
    let templates = bench.templates();
    let file = templates.join("variants/publish-direct.yaml");
    edit(&file, "$util.urlEncode($input.body)", "$input.body");
    rename_deployment(&file);
    let own = templates.to_str().unwrap();
    bench.ok(&["up", "publish-direct", "--templates", own]);
    let output = bench.output(&["check", "--templates", own]);
    assert_eq!(output.status.code(), Some(1));
    let printed = text(&output.stdout);
    assert!(printed.contains("publish-direct  characters that forms treat specially"), "{printed}");
    let told = text(&output.stderr);
    assert!(told.contains("the variants of publish do not do the same work"), "{told}");
    // The built-in template is the right one.
    assert_eq!(bench.json(&["status", "publish-direct"])["stacks"][0]["drifted"], true);
    bench.ok(&["up", "publish-direct"]);
    bench.ok(&["check"]);
    bench.ok(&["down"]);
}

#[test]
fn a_missing_comma_turns_the_check_of_pages_red() {
    let bench = Bench::new();
    let templates = bench.templates();
    let file = templates.join("variants/query-direct.yaml");
    edit(&file, "#if($foreach.hasNext),#end", "");
    rename_deployment(&file);
    let own = templates.to_str().unwrap();
    // The table is empty at first, so it is seeded.
    let told = text(&bench.output(&["up", "query-direct", "--templates", own]).stderr);
    assert!(told.contains("seed 10000 items, seed 1"), "{told}");
    let output = bench.output(&["check", "--templates", own]);
    assert_eq!(output.status.code(), Some(1));
    let printed = text(&output.stdout);
    assert!(printed.contains("query-direct  Bronze: expected 200 and an array of 115 turkeys"), "{printed}");
    assert!(printed.contains("which is no JSON array"), "{printed}");
    assert!(!printed.contains("limit 0"), "what is refused is refused rightly: {printed}");
    // It is measured nonetheless, and every output says that it must not be compared, and why.
    let out = bench.work.path().join("broken.json").display().to_string();
    let load = ["--connections", "2", "--requests", "20", "--templates", own];
    let printed = bench.json(&[&["bench", "query-direct", "--out", &out], &load[..]].concat());
    assert_eq!(printed["comparable"], false, "{printed}");
    let reasons = printed["reasons"].to_string();
    assert!(reasons.contains("query: the variants do not do the same work: query-direct  "), "{reasons}");
    assert_eq!(
        (&printed["results"][0]["requests"], &printed["results"][0]["success"]),
        (&json!(20), &json!(0))
    );
    let table = bench.ok(&["report", &out]);
    assert!(table.contains("Not comparable:"), "{table}");
    let told = bench.fails(1, &[&["bench", "query-direct", "--strict"], &load[..]].concat());
    assert!(told.contains("nothing was measured"), "{told}");

    bench.ok(&["up", "query-direct"]);
    let check = bench.json(&["check"]);
    assert_eq!(check[0]["differences"], serde_json::json!([]));
    assert!(check[0]["inputs"].as_u64().unwrap() >= 40);
    let redeployed = bench.json(&["redeploy", "query-direct", "--page-size", "20"]);
    assert_eq!(redeployed["served"]["failed"], 0, "{redeployed}");
    assert_eq!(redeployed["check"][0]["differences"], serde_json::json!([]), "{redeployed}");
    bench.ok(&["down"]);
    bench.assert_bare();
}

#[test]
fn bytes_taken_for_text_turn_the_check_of_proxies_red() {
    let bench = Bench::new();
    let templates = bench.templates();
    let file = templates.join("variants/proxy-http.yaml");
    edit(&file, "      BinaryMediaTypes: [\"*/*\"]\n", "");
    rename_deployment(&file);
    let own = templates.to_str().unwrap();
    let told = text(&bench.output(&["up", "proxy-elb", "proxy-http", "--templates", own]).stderr);
    assert!(told.contains("nginx is played by "), "{told}");
    let output = bench.output(&["check", "--templates", own]);
    assert_eq!(output.status.code(), Some(1));
    let printed = text(&output.stdout);
    assert!(printed.contains("proxy-http  page /random_text_files.zip: expected 21362 bytes"), "{printed}");
    assert!(!printed.contains("proxy-http  page /child/random.txt"), "text is passed on: {printed}");
    assert!(!printed.contains("proxy-elb  "), "the balancer passes bytes on: {printed}");

    bench.ok(&["up", "proxy-elb", "proxy-http"]);
    assert_eq!(bench.json(&["check"])[0]["differences"], serde_json::json!([]));
    // Each page by itself, as the plan of the published comparison has it.
    std::fs::write(bench.work.path().join("pages.toml"), "connections = 2\nrequests = 5\napart = true\n")
        .unwrap();
    let measured = bench.json(&["bench", "proxy", "--plan", "pages.toml"]);
    assert_eq!(measured["comparable"], true, "{measured}");
    let results = measured["results"].as_array().unwrap();
    let names: BTreeSet<&str> = results.iter().map(|one| one["variant"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 8, "{names:?}");
    assert!(
        names.contains("proxy-http /random_text_files.zip") && names.contains("proxy-elb /"),
        "{names:?}"
    );
    assert!(results.iter().all(|one| one["success"] == 5), "{measured}");
    let arguments = ["redeploy", "proxy-elb", "--cpu", "512", "--memory", "1024", "--count", "1"];
    let redeployed = bench.json(&arguments);
    assert_eq!(redeployed["served"]["failed"], 0, "{redeployed}");
    assert_ne!(redeployed["served"]["requests"], 0, "{redeployed}");
    assert_eq!(redeployed["check"][0]["differences"], serde_json::json!([]), "{redeployed}");
    bench.ok(&["down"]);
    bench.assert_bare();
}

#[test]
fn seeding_goes_on_where_it_was_stopped_and_can_be_done_anew() {
    let bench = Bench::new();
    let told = bench.fails(1, &["seed"]);
    assert!(told.contains("no table is deployed under the prefix bakeoff"), "{told}");
    let mut child = bench.spawn(&["up", "query-direct"]);
    wait_until("it seeds", Duration::from_mins(2), || {
        bench.cloud().is_some() && bench.json(&["status"])["stacks"].as_array().unwrap().len() == 2
    });
    kill(child.id());
    child.wait().unwrap();
    bench.ok(&["up", "query-direct"]);
    assert_eq!(bench.json(&["check"])[0]["differences"], serde_json::json!([]));
    let again = bench.json(&["seed"]);
    assert_eq!((&again["items"], &again["written"]), (&serde_json::json!(10_000), &serde_json::json!(0)));
    // What DynamoDB leaves unprocessed is sent again.
    bench.plan_fault(r#"{"service":"dynamodb","operation":"BatchWriteItem","error":"partial","times":6}"#);
    let fewer = bench.json(&["seed", "--items", "500", "--seed", "2"]);
    assert_eq!((&fewer["written"], &fewer["deleted"]), (&serde_json::json!(500), &serde_json::json!(9500)));
    assert_eq!(bench.json(&["check"])[0]["differences"], serde_json::json!([]));
    bench.ok(&["down"]);
    bench.assert_bare();
}

#[test]
fn a_failing_variant_leaves_its_siblings_standing() {
    let bench = Bench::new();
    let templates = bench.templates();
    let file = templates.join("variants/publish-lambda.yaml");
    edit(&file, "Runtime: provided.al2023", "Runtime: provided.al2023\n      Sails: 2");
    let own = templates.to_str().unwrap();
    let output = bench.output(&["up", "publish", "--templates", own, "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(told.contains("✗ publish-lambda") && told.contains("Sails"), "{told}");
    assert!(told.contains("hint: ") && told.contains("`deploy up publish-lambda`"), "{told}");
    assert!(told.contains("3 of 4 variants are up and usable"), "{told}");
    let up: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(results(&up), BTreeSet::from(["created".to_owned(), "failed".to_owned()]));
    bench.ok(&["check", "publish-direct", "publish-fargate"]);
    // The right template replaces the failed stack.
    let up = bench.json(&["up", "publish"]);
    assert_eq!(results(&up), BTreeSet::from(["created".to_owned(), "unchanged".to_owned()]));
    bench.ok(&["down"]);
    bench.assert_bare();
}

#[test]
fn a_template_that_breaks_the_contract_is_refused_before_anything() {
    let bench = Bench::new();
    let templates = bench.templates();
    let file = templates.join("variants/publish-direct.yaml");
    edit(&file, "Workload: publish", "Workload: publish\n    Sails: 2");
    let told = bench.fails(1, &["up", "--templates", templates.to_str().unwrap()]);
    assert!(told.contains("publish-direct.yaml") && told.contains("Sails"), "{told}");
    assert!(bench.cloud().is_none());
}

#[test]
fn an_endpoint_of_ones_own_is_worked_on_like_aws() {
    let bench = Bench::new();
    bench.ok(&["up", "publish-direct"]);
    let endpoint = bench.json(&["local", "status"])["endpoint"].as_str().unwrap().to_owned();
    let through = |arguments: &[&str]| {
        let mut command = bench.command(arguments);
        command.args(["--endpoint-url", &endpoint, "--region", "us-east-1", "--json"]);
        command.env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
        let output = command.output().unwrap();
        assert!(output.status.success(), "{arguments:?} {}", text(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    assert_eq!(through(&["status"])["stacks"].as_array().unwrap().len(), 2);
    assert_eq!(through(&["check"])[0]["differences"], serde_json::json!([]));
    assert_eq!(through(&["redeploy", "publish-direct", "--throttle", "900"])["served"]["failed"], 0);
    let down = through(&["down"]);
    assert_eq!(down["left"], serde_json::json!([]));
    assert_eq!(down["stacks"].as_array().unwrap().len(), 2);
}

#[test]
fn events_and_logs_tell_what_happened() {
    let bench = Bench::new();
    bench.ok(&["up", "publish-fargate"]);
    let events = bench.json(&["events"]);
    let events = events.as_array().unwrap();
    assert!(
        events.iter().any(
            |event| event["status"] == "CREATE_COMPLETE" && event["resource_type"] == "AWS::ECS::Service"
        )
    );
    let lines = bench.ok(&["events", "publish-fargate", "--last", "3"]);
    assert_eq!(lines.lines().count(), 3, "{lines}");
    bench.ok(&["check"]);
    let logs = bench.ok(&["logs", "publish-fargate", "--last", "5"]);
    assert!(
        logs.lines().count() > 0 && logs.lines().all(|line| line.contains(" publish-fargate ")),
        "{logs}"
    );
    bench.ok(&["down"]);
}
