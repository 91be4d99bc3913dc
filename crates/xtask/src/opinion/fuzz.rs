//! libFuzzer: everything that reads what others wrote, on its kept corpus and then on what that leads to. It first has to find
//! a panic, an endless loop and unbounded memory that are planted for it.
//!
//! The targets stand in `fuzz/` as cargo-fuzz wants them, which is not needed to run them: with `fuzz/.cargo/config.toml`, a
//! stable toolchain compiles what cargo-fuzz would compile without a sanitizer.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::step::{Failed, answer, cargo_program, heading, root, run, run_in};

/// How long each target goes on after its corpus in [`ask`].
const BRIEFLY: u64 = 8;
/// How long a planted fault may take to be found: less than a second is usual.
const PLANTED_SECONDS: u64 = 20;
/// What runs longer than this on one input, in seconds of a machine that has other work, hangs. Nothing that is bounded comes
/// near to it.
const HANGS: u64 = 30;
/// The same for the planted endless loop, which nothing slow has to be told from.
const PLANTED_HANGS: u64 = 6;
/// The memory of a target in MiB; none takes half of it.
const MEMORY: u64 = 1024;
/// One allocation beyond this, in KiB of addresses, fails at once instead of taking the machine's memory.
const ADDRESSES: u64 = 4 * 1024 * 1024;
/// A run ends by itself long before, after its seconds and what its last input takes.
const LATEST: Duration = Duration::from_mins(5);

/// The target with the faults on purpose.
const PLANT: &str = "planted";

/// A fault that the target [`PLANT`] shows when it is asked to, and what libFuzzer calls it.
const FAULTS: [(&str, &str); 3] = [
    ("panic", "libFuzzer: deadly signal"),
    ("endless loop", "libFuzzer: timeout"),
    ("unbounded memory", "libFuzzer: out-of-memory"),
];

pub fn ask() -> Result<String, Failed> {
    let targets = targets()?;
    // A workspace of its own, which the lints of this one do not see.
    run_in(&root().join("fuzz"), &cargo_program(), &["fmt", "--check"])?;
    build()?;
    let (faults, runs) = thread::scope(|scope| {
        let faults = FAULTS.map(|(fault, found)| scope.spawn(move || prove(fault, found)));
        let runs: Vec<_> = targets.iter().map(|target| scope.spawn(move || try_briefly(target))).collect();
        (
            faults.map(|fault| fault.join().unwrap_or(Err(Failed::Verdicts))),
            runs.into_iter().map(|run| run.join().unwrap_or(Err(Failed::Verdicts))).collect::<Vec<_>>(),
        )
    });
    faults.into_iter().collect::<Result<Vec<()>, _>>()?;
    let runs = runs.into_iter().collect::<Result<Vec<String>, _>>()?;
    Ok(format!(
        "no panic, hang or unbounded memory, three planted ones found; inputs tried: {}",
        runs.join(", ")
    ))
}

/// Goes on with one target, or with each of them in turn, for this many seconds, from where it was left the last time.
pub fn go_on(target: Option<&str>, seconds: u64) -> Result<(), Failed> {
    let mut targets = targets()?;
    if let Some(wanted) = target {
        let path = root().join("fuzz/fuzz_targets").join(format!("{wanted}.rs"));
        if !targets.iter().any(|target| target == wanted) {
            return Err(Failed::File { path, action: "read", source: std::io::ErrorKind::NotFound.into() });
        }
        targets.retain(|target| target == wanted);
    }
    heading("compiling the fuzz targets");
    build()?;
    for target in targets {
        heading(&format!("{target}, for {seconds} s"));
        let line = line(&target, &[folder("grown", &target)?, kept(&target)], seconds, HANGS)?;
        run("sh", &line.iter().map(String::as_str).collect::<Vec<_>>())?;
    }
    Ok(())
}

/// The targets are the files in `fuzz/fuzz_targets`.
fn targets() -> Result<Vec<String>, Failed> {
    let path = root().join("fuzz/fuzz_targets");
    let files = fs::read_dir(&path).map_err(|source| Failed::File { path, action: "read", source })?;
    let stem = |file: PathBuf| Some(file.file_stem()?.to_str()?.to_owned());
    let mut targets: Vec<String> =
        files.filter_map(|file| stem(file.ok()?.path())).filter(|target| target != PLANT).collect();
    targets.sort();
    Ok(targets)
}

fn build() -> Result<(), Failed> {
    let output = built().to_string_lossy().into_owned();
    run_in(
        // Cargo looks from there for the flags.
        &root().join("fuzz"),
        &cargo_program(),
        &["build", "--quiet", "--locked", "--target-dir", &output],
    )
}

fn built() -> PathBuf {
    root().join("target/fuzz")
}

/// A program that was built for the machine that it is built on, whose name cargo put into the path.
fn program(target: &str) -> Result<PathBuf, Failed> {
    let path = built();
    let wrong = |source| Failed::File { path: built().join("*/debug").join(target), action: "found", source };
    let folders = fs::read_dir(&path).map_err(wrong)?;
    folders
        .filter_map(|folder| Some(folder.ok()?.path().join("debug").join(target)))
        .find(|program| program.is_file())
        .ok_or_else(|| wrong(std::io::ErrorKind::NotFound.into()))
}

/// The inputs that are kept with the sources.
fn kept(target: &str) -> PathBuf {
    root().join("fuzz/corpus").join(target)
}

/// A folder of one target below the build's, where libFuzzer may write.
fn folder(purpose: &str, target: &str) -> Result<PathBuf, Failed> {
    let path = built().join(purpose).join(target);
    fs::create_dir_all(&path).map_err(|source| Failed::File {
        path: path.clone(),
        action: "created",
        source,
    })?;
    Ok(path)
}

/// What `sh` is told: to run a target with its memory bounded, and with its words on stdout.
fn line(target: &str, corpora: &[PathBuf], seconds: u64, hangs: u64) -> Result<Vec<String>, Failed> {
    let found = folder("found", target)?;
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let mut line = vec![
        "-c".to_owned(),
        format!("ulimit -v {ADDRESSES}; exec \"$0\" \"$@\" 2>&1"),
        text(&program(target)?),
        format!("-max_total_time={seconds}"),
        format!("-timeout={hangs}"),
        format!("-rss_limit_mb={MEMORY}"),
        format!("-artifact_prefix={}/", text(&found)),
        "-print_final_stats=1".to_owned(),
    ];
    let words = root().join("fuzz/dictionaries").join(format!("{target}.dict"));
    if words.exists() {
        line.push(format!("-dict={}", text(&words)));
    }
    line.extend(corpora.iter().map(|corpus| text(corpus)));
    Ok(line)
}

/// Runs a target on its kept corpus and a little further; gives how many inputs it tried.
fn try_briefly(target: &str) -> Result<String, Failed> {
    let path = kept(target);
    if !fs::read_dir(&path).is_ok_and(|mut files| files.next().is_some()) {
        return Err(Failed::File { path, action: "read", source: std::io::ErrorKind::NotFound.into() });
    }
    // libFuzzer writes to the first folder what leads further, and each run is to begin alike.
    let scratch = folder("scratch", target)?;
    fs::remove_dir_all(&scratch).map_err(|source| Failed::File {
        path: scratch.clone(),
        action: "emptied",
        source,
    })?;
    let mut line = line(target, &[folder("scratch", target)?, path], BRIEFLY, HANGS)?;
    // A test that tries the same each time tells of the change that was made, not of luck; luck has the longer run.
    line.extend(["-seed=1", "-verbosity=0"].map(str::to_owned));
    let line: Vec<&str> = line.iter().map(String::as_str).collect();
    let said = answer("sh", &line, LATEST)?;
    let tried = said.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    Ok(format!("{target} {}", tried.map(str::trim).unwrap_or_default()))
}

/// Lets libFuzzer look for a planted fault from nothing.
fn prove(fault: &'static str, found: &str) -> Result<(), Failed> {
    let mut line =
        vec!["-c".to_owned(), "export PLANTED=\"$0\"; exec sh \"$@\"".to_owned(), fault.to_owned()];
    line.extend(self::line(PLANT, &[], PLANTED_SECONDS, PLANTED_HANGS)?);
    line.push("-seed=1".to_owned());
    let line: Vec<&str> = line.iter().map(String::as_str).collect();
    match answer("sh", &line, LATEST) {
        Err(Failed::Answer { said, .. }) if said.contains(found) => Ok(()),
        Err(Failed::Answer { .. }) | Ok(_) => Err(Failed::Blind { tool: "cargo-fuzz", mutation: fault }),
        Err(other) => Err(other),
    }
}
