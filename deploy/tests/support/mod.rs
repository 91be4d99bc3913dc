//! Runs the built program with a state directory of its own.

#![allow(dead_code, reason = "each test program uses a part of it")]
#![allow(clippy::unwrap_used, reason = "these helpers belong to the tests")]

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Output, Stdio};
use std::time::{Duration, Instant};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

/// No command takes longer; building the shipped programs for the first time is the longest part.
const PATIENCE: Duration = Duration::from_mins(15);

/// The shipped programs for AWS are compiled in the release profile as for users, but not optimised: no test sees anything of
/// that, and it is most of their compilation. For cargo, which the program calls.
const OPTIMISATION: (&str, &str) = ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0");

/// A state directory and a working directory; dropping it stops the cloud that was started in it.
pub struct Bench {
    pub state: TempDir,
    pub work: TempDir,
}

impl Bench {
    pub fn new() -> Self {
        Self { state: TempDir::new().unwrap(), work: TempDir::new().unwrap() }
    }

    /// The program, without anything of the user's environment that it listens to.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::cargo_bin("deploy").unwrap();
        command.args(arguments).current_dir(self.work.path()).timeout(PATIENCE);
        for (name, _) in
            std::env::vars().filter(|(name, _)| name.starts_with("DEPLOY_") || name.starts_with("AWS_"))
        {
            command.env_remove(name);
        }
        command.env("DEPLOY_STATE_DIR", self.state.path()).env("DEPLOY_WORKSPACE", workspace());
        command.env(OPTIMISATION.0, OPTIMISATION.1);
        command
    }

    /// The program as a child that the test may kill.
    pub fn spawn(&self, arguments: &[&str]) -> Child {
        Process::new(assert_cmd::cargo::cargo_bin("deploy"))
            .args(arguments)
            .current_dir(self.work.path())
            .env("DEPLOY_STATE_DIR", self.state.path())
            .env("DEPLOY_WORKSPACE", workspace())
            .env(OPTIMISATION.0, OPTIMISATION.1)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    pub fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// What a successful command prints.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert!(output.status.success(), "{arguments:?}\n{}\n{}", text(&output.stdout), text(&output.stderr));
        text(&output.stdout)
    }

    /// The data of a successful command.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let mut all = arguments.to_vec();
        all.push("--json");
        let printed = self.ok(&all);
        serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{arguments:?}: {error}\n{printed}"))
    }

    /// What a command that must fail with this exit code prints on standard error.
    pub fn fails(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}\n{}\n{}",
            text(&output.stdout),
            text(&output.stderr)
        );
        text(&output.stderr)
    }

    /// Asserts that each command is refused, once, with words that must be there.
    pub fn refuses(&self, refused: &[(&[&str], &[&str])]) {
        for (arguments, words) in refused {
            let told = self.fails(1, arguments);
            for word in *words {
                assert!(told.contains(word), "{arguments:?} must say {word:?}:\n{told}");
            }
            assert_eq!(told.matches("error:").count(), 1, "{arguments:?} must say it once:\n{told}");
        }
    }

    /// The process ID of the cloud; `None` where none serves.
    pub fn cloud(&self) -> Option<u32> {
        let status = self.json(&["local", "status"]);
        (status["state"] == "serving").then(|| u32::try_from(status["pid"].as_u64().unwrap()).unwrap())
    }

    /// Nothing is left of a cloud that served from this state directory: no process, no record, no work.
    pub fn assert_bare(&self) {
        let marker = self.state.path().display().to_string();
        assert_eq!(processes(&marker), Vec::<String>::new());
        assert!(!self.state.path().join("cloud.json").exists());
        assert!(!self.state.path().join("work").exists());
    }

    /// Makes calls to the cloud that runs fail, as the body of `PUT /_local/faults` says.
    pub fn plan_fault(&self, plan: &str) {
        let endpoint = self.json(&["local", "status"])["endpoint"].as_str().unwrap().to_owned();
        let host = endpoint.strip_prefix("http://").unwrap();
        let length = plan.len();
        let mut connection = TcpStream::connect(host).unwrap();
        write!(
            connection,
            "PUT /_local/faults HTTP/1.1\r\nhost: {host}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{plan}"
        )
        .unwrap();
        let mut answer = String::new();
        connection.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 204"), "{answer}");
    }

    /// A copy of the built-in templates that a test may change.
    pub fn templates(&self) -> PathBuf {
        let copy = self.work.path().join("templates");
        for folder in ["foundation", "variants"] {
            std::fs::create_dir_all(copy.join(folder)).unwrap();
            for entry in std::fs::read_dir(workspace().join("templates").join(folder)).unwrap() {
                let path = entry.unwrap().path();
                std::fs::copy(&path, copy.join(folder).join(path.file_name().unwrap())).unwrap();
            }
        }
        copy
    }
}

impl Bench {
    /// Keeps, for the table of fidelity, which resource types stood behind variants that have just proved that they do
    /// their work: those of their own stacks and of the foundation that they need.
    pub fn keep_exercised(&self, variants: &[&str]) {
        let events = self.json(&["events", "--last", "1000"]);
        for variant in variants {
            let shown = self.json(&["show", variant]);
            let needs = shown["needs"].as_array().unwrap().iter().map(|need| need.as_str().unwrap());
            let stacks: Vec<String> = needs.chain([*variant]).map(|stem| format!("bakeoff-{stem}")).collect();
            let types: BTreeSet<&str> = events
                .as_array()
                .unwrap()
                .iter()
                .filter(|event| stacks.iter().any(|stack| event["stack"] == stack.as_str()))
                .filter(|event| event["of_stack"] == false && event["status"] == "CREATE_COMPLETE")
                .map(|event| event["resource_type"].as_str().unwrap())
                .collect();
            assert!(types.len() > 5, "{variant}: {events}");
            let facts = serde_json::json!({"variant": variant, "types": types});
            let folder = workspace().join("target/fidelity/exercised");
            std::fs::create_dir_all(&folder).unwrap();
            let domain = types.contains("AWS::Route53::RecordSet");
            let name = if domain { format!("{variant}-domain.json") } else { format!("{variant}.json") };
            std::fs::write(folder.join(name), facts.to_string()).unwrap();
        }
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = self.command(&["local", "stop"]).output();
    }
}

/// Runs the real AWS CLI, as somebody whom the embedded cloud does not know.
pub fn aws_cli(endpoint: &str, arguments: &[&str]) -> Output {
    let program = workspace().join("target/tools/python/bin/aws");
    assert!(program.exists(), "the AWS CLI is not installed: run `cargo xtask tools`");
    Process::new(program)
        .args(["--endpoint-url", endpoint, "--region", "us-east-1"])
        .args(["--cli-connect-timeout", "5", "--cli-read-timeout", "30"])
        .args(arguments)
        .env("AWS_ACCESS_KEY_ID", "anyone")
        .env("AWS_SECRET_ACCESS_KEY", "anything")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_CONFIG_FILE", "/dev/null")
        .env("AWS_MAX_ATTEMPTS", "1")
        // The CLI would put `sync-` before the host of StartSyncExecution, and sync-127.0.0.1 is none.
        .env("AWS_DISABLE_HOST_PREFIX_INJECTION", "true")
        .output()
        .unwrap()
}

/// Command lines of processes whose environment or arguments name this text.
pub fn processes(marker: &str) -> Vec<String> {
    let own = std::process::id().to_string();
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let pid = entry.file_name().display().to_string();
        if pid == own || !pid.chars().all(|c| c.is_ascii_digit()) {
            continue;
        }
        let read = |file: &str| std::fs::read(entry.path().join(file)).unwrap_or_default();
        let line = text(&read("cmdline")).replace('\0', " ");
        if (text(&read("environ")) + &line).contains(marker) && !line.is_empty() {
            found.push(format!("{pid} {line}"));
        }
    }
    found
}

/// Waits until something holds.
pub fn wait_until(what: &str, patience: Duration, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < patience, "not within {} s: {what}", patience.as_secs());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Whether a process has a handler of its own for SIGINT, without which an interrupt just ends it.
pub fn catches_interrupts(pid: u32) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
    u64::from_str_radix(caught.trim(), 16).unwrap() & 0b10 != 0
}

pub fn kill(pid: u32) {
    assert!(Process::new("kill").args(["-9", &pid.to_string()]).status().unwrap().success());
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}
