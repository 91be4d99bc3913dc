//! The cloud that is a process of its own.

mod support;

use std::net::TcpListener;
use std::time::Duration;

use support::{Bench, kill, text, wait_until};

#[test]
fn it_starts_is_found_and_stops() {
    let bench = Bench::new();
    let first = bench.json(&["local", "start"]);
    assert_eq!(first["state"], "serving");
    for key in ["endpoint", "pid", "log"] {
        assert!(!first[key].is_null(), "{key} in {first}");
    }
    assert_eq!(bench.json(&["local", "start"]), first);
    assert_eq!(bench.json(&["local", "status"]), first);
    bench.ok(&["local", "stop"]);
    assert_eq!(bench.json(&["local", "status"])["state"], "absent");
    bench.assert_bare();
}

#[test]
fn a_closed_terminal_does_not_end_it_and_a_signal_does() {
    let bench = Bench::new();
    let pid = bench.json(&["local", "start"])["pid"].to_string();
    let signal = |name: &str| {
        assert!(std::process::Command::new("kill").args([name, &pid]).status().unwrap().success());
    };
    signal("-HUP");
    std::thread::sleep(Duration::from_millis(300));
    assert!(bench.cloud().is_some());
    signal("-TERM");
    wait_until("the cloud has gone", Duration::from_secs(15), || bench.cloud().is_none());
    bench.assert_bare();
}

#[test]
fn a_dead_one_is_told_from_a_living_one() {
    let bench = Bench::new();
    bench.json(&["local", "start"]);
    let pid = bench.cloud().unwrap();
    kill(pid);
    wait_until("the process has gone", Duration::from_secs(5), || bench.cloud().is_none());
    let told = text(&bench.output(&["status"]).stderr);
    assert!(
        told.contains(&format!("the embedded cloud (pid {pid}) has died; its stacks are gone with it")),
        "{told}"
    );
    assert_eq!(bench.json(&["local", "status"])["state"], "died");
    let down = text(&bench.output(&["down"]).stderr);
    assert!(down.contains("has died") && down.contains("removed"), "{down}");
    bench.assert_bare();
    bench.json(&["local", "start"]);
    assert_ne!(bench.cloud().unwrap(), pid);
}

#[test]
fn another_process_with_the_same_id_is_no_cloud() {
    let bench = Bench::new();
    bench.json(&["local", "start"]);
    let pid = bench.cloud().unwrap();
    let record = bench.state.path().join("cloud.json");
    let mut stale: serde_json::Value = serde_json::from_slice(&std::fs::read(&record).unwrap()).unwrap();
    kill(pid);
    wait_until("the process has gone", Duration::from_secs(5), || bench.cloud().is_none());
    // As after a restart of the machine: the ID is now this test's.
    stale["pid"] = std::process::id().into();
    std::fs::write(&record, stale.to_string()).unwrap();
    assert_eq!(bench.json(&["local", "status"])["state"], "died");
    bench.ok(&["local", "stop"]);
}

#[test]
fn a_port_in_use_is_named() {
    let bench = Bench::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for verb in ["serve", "start"] {
        let told = bench.fails(1, &["local", verb, "--port", &port]);
        assert!(told.contains(&format!("port {port} on 127.0.0.1 cannot be used")), "{told}");
        assert_eq!(told.matches("error:").count(), 1, "{told}");
    }
    bench.assert_bare();
}

#[test]
fn serving_twice_is_refused() {
    let bench = Bench::new();
    let endpoint = bench.json(&["local", "start"])["endpoint"].as_str().unwrap().to_owned();
    let told = bench.fails(1, &["local", "serve"]);
    assert!(told.contains("runs already at") && told.contains(&endpoint), "{told}");
    let told = bench.fails(1, &["local", "start", "--port", "1"]);
    assert!(told.contains("so none is started on port 1"), "{told}");
}

#[test]
fn a_state_directory_that_is_none_is_named() {
    let bench = Bench::new();
    let file = bench.work.path().join("file");
    std::fs::write(&file, "x").unwrap();
    for arguments in [&["local", "start"][..], &["up"], &["run"], &["local", "serve"]] {
        let output = bench.command(arguments).env("DEPLOY_STATE_DIR", &file).output().unwrap();
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {told}");
        assert!(told.contains(&file.display().to_string()) && told.contains("DEPLOY_STATE_DIR"), "{told}");
    }
}

#[test]
fn the_foreground_serves_until_interrupted() {
    let bench = Bench::new();
    let mut child = bench.spawn(&["local", "serve", "--json"]);
    wait_until("it serves", Duration::from_secs(15), || bench.cloud() == Some(child.id()));
    assert!(
        std::process::Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
    assert!(child.wait().unwrap().success());
    bench.assert_bare();
}
