//! One test program that cargo built.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde::Deserialize;

use crate::step::{Failed, cargo_messages, cargo_program, path_with, root, wait};
use crate::tools;

/// No program takes longer, on a machine that is busy with others too.
const LIMIT: Duration = Duration::from_mins(20);

/// A test program, and where cargo would run it.
pub struct TestProgram {
    pub package: String,
    pub target: String,
    executable: PathBuf,
    folder: PathBuf,
}

/// What came of a test program.
pub struct Outcome {
    pub program: TestProgram,
    pub seconds: f64,
    pub succeeded: bool,
    pub passed: usize,
    /// What it printed, or why it could not be run.
    said: String,
}

/// What cargo tells of something that it built, as far as it is of use:
/// <https://doc.rust-lang.org/cargo/reference/external-tools.html#artifact-messages>
#[derive(Deserialize)]
struct Message {
    executable: Option<PathBuf>,
    manifest_path: Option<PathBuf>,
    profile: Option<Profile>,
    target: Option<Target>,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

/// Builds every test program of the workspace.
pub fn build() -> Result<Vec<TestProgram>, Failed> {
    let messages = cargo_messages(&["test", "--workspace", "--locked", "--no-run"])?;
    Ok(messages.lines().filter_map(|line| TestProgram::of(serde_json::from_str(line).ok()?)).collect())
}

impl TestProgram {
    fn of(message: Message) -> Option<Self> {
        let folder = message.manifest_path?.parent()?.to_owned();
        let executable = message.profile?.test.then_some(message.executable?)?;
        let package = folder.file_name()?.to_str()?.to_owned();
        Some(Self { package, target: message.target?.name, executable, folder })
    }

    /// Package and target.
    pub fn name(&self) -> (&str, &str) {
        (&self.package, &self.target)
    }

    /// Runs it as `cargo test` would: in its package's folder, with the installed tools before others on `PATH`.
    pub fn run(self) -> Outcome {
        let begun = Instant::now();
        let ended = self.output();
        let seconds = begun.elapsed().as_secs_f64();
        let (succeeded, said) = match ended {
            Ok(answer) => answer,
            Err(failed) => (false, failed.to_string()),
        };
        Outcome { passed: passed(&said), program: self, seconds, succeeded, said }
    }

    fn output(&self) -> Result<(bool, String), Failed> {
        let log = root().join("target/test-logs").join(format!("{}-{}.txt", self.package, self.target));
        let wrong = |action| {
            let path = log.clone();
            move |source| Failed::File { path, action, source }
        };
        log.parent().map_or(Ok(()), fs::create_dir_all).map_err(wrong("created"))?;
        let file = fs::File::create(&log).map_err(wrong("created"))?;
        let both = file.try_clone().map_err(wrong("shared"))?;
        let program = self.executable.to_string_lossy().into_owned();
        let child = crate::step::program(&program)
            .current_dir(&self.folder)
            .env("CARGO", cargo_program())
            .env("CARGO_MANIFEST_DIR", &self.folder)
            .env("PATH", path_with(&tools::programs())?)
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(both)
            .spawn()
            .map_err(|source| Failed::Start { program: program.clone(), source })?;
        let status = wait(child, &program, LIMIT);
        let said = fs::read(&log).map_err(wrong("read"))?;
        let said = String::from_utf8_lossy(&said).into_owned();
        match status {
            Ok(status) => Ok((status.success(), said)),
            Err(failed) => Ok((false, format!("{said}\n{failed}"))),
        }
    }
}

/// How many tests a program says passed.
fn passed(said: &str) -> usize {
    let result = said.lines().rev().find_map(|line| line.strip_prefix("test result: "));
    let mut counts = result.into_iter().flat_map(|line| line.split([';', '.']));
    counts.find_map(|count| count.trim().strip_suffix(" passed")?.parse().ok()).unwrap_or(0)
}

impl Outcome {
    pub fn label(&self) -> String {
        format!("{}/{}", self.program.package, self.program.target)
    }

    /// What a test could not do on this machine, and says so.
    pub fn left_out(&self) -> impl Iterator<Item = &str> {
        self.said.lines().filter(|line| line.starts_with("LEFT OUT: "))
    }

    /// One line where all is well, and all that it printed where not.
    pub fn line(&self) -> String {
        let (label, seconds, passed) = (self.label(), self.seconds, self.passed);
        if self.succeeded {
            return format!("{label:32} {seconds:6.1} s  {passed} passed");
        }
        format!("{label:32} {seconds:6.1} s  FAILED\n{}", self.said)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_is_that_of_the_result_line() {
        let said = "running 2 tests\n..\n\ntest result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; finished in 0.1s\n";
        assert_eq!(passed(said), 12);
        assert_eq!(passed("test result: FAILED. 3 passed; 1 failed; 0 ignored"), 3);
        assert_eq!(passed("thread panicked"), 0);
    }

    #[test]
    fn only_test_programs_are_taken_from_what_cargo_tells() {
        let line = |test: bool, executable: &str| {
            format!(
                r#"{{"reason":"compiler-artifact","manifest_path":"/w/crates/load/Cargo.toml","profile":{{"test":{test}}},"target":{{"name":"open"}},"executable":{executable}}}"#
            )
        };
        let read = |line: &str| TestProgram::of(serde_json::from_str(line).unwrap());
        let found = read(&line(true, r#""/w/target/open-1""#)).unwrap();
        assert_eq!(found.name(), ("load", "open"));
        assert_eq!(found.folder, PathBuf::from("/w/crates/load"));
        assert!(read(&line(false, r#""/w/target/load""#)).is_none(), "a program is no test");
        assert!(read(&line(true, "null")).is_none(), "nothing to run");
        assert!(read(r#"{"reason":"build-finished","success":true}"#).is_none());
    }
}
