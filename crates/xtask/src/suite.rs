//! The tests of the workspace. Most of their time they wait for clouds, containers and clocks, so several test programs run
//! side by side.

mod program;

use std::collections::VecDeque;
use std::num::NonZero;
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::opinion::{Verdict, judge};
use crate::step::{Failed, cargo, heading, tell};
use program::{Outcome, TestProgram};

/// What measures time runs before all others, and by itself.
const ALONE: [&str; 1] = ["load"];

/// The longest, which begin first: package and target, longest first.
const LONG: [(&str, &str); 9] = [
    ("deploy", "redeploy"),
    ("deploy", "end_to_end"),
    ("deploy", "readme"),
    ("deploy", "options"),
    ("deploy", "aws_cli"),
    ("deploy", "own_variant"),
    ("report", "simulation"),
    ("deploy", "regions"),
    ("deploy", "aws_cli_deployed"),
];

/// Programs of other people that are asked by test programs, which stand for their verdict: package and target.
const ASKED: [(&str, &[(&str, &str)]); 9] = [
    ("AWS CLI", &[("deploy", "aws_cli"), ("deploy", "aws_cli_deployed"), ("deploy", "aws_cli_spoiled")]),
    ("boto3", &[("local-cloud", "conformance")]),
    ("CloudFormation's schemas", &[("local-cloud", "provider_schemas")]),
    ("MiniStack", &[("deploy", "ministack")]),
    ("nginx", &[("deploy", "nginx")]),
    ("skopeo, docker-registry", &[("artifacts", "oci")]),
    ("runc", &[("container", "oci")]),
    ("wrk, oha", &[("load", "agreement")]),
    ("Chromium", &[("report", "browser")]),
];

/// Builds and runs every test of the workspace, and says what came of those that ask a tool and of all the others.
pub fn run() -> Vec<Verdict> {
    heading("build of the tests");
    match program::build() {
        Ok(programs) => run_programs(programs),
        Err(failed) => vec![Verdict { tool: "tests", seconds: 0.0, outcome: Err(failed) }],
    }
}

fn run_programs(programs: Vec<TestProgram>) -> Vec<Verdict> {
    heading("tests");
    let (alone, mut others): (Vec<_>, Vec<_>) =
        programs.into_iter().partition(|program| ALONE.contains(&program.package.as_str()));
    others.sort_by_key(|program| LONG.iter().position(|long| *long == program.name()).unwrap_or(LONG.len()));
    // Each runs as many of its tests at once as there are cores, too.
    let width = thread::available_parallelism().map_or(1, NonZero::get);
    let mut done = run_all(alone.into(), 1);
    done.extend(run_all(others.into(), width));
    let mut verdicts: Vec<Verdict> =
        ASKED.iter().map(|(tool, names)| asked(tool, names, &mut done)).collect();
    verdicts.push(verdict("tests", &done));
    verdicts.push(judge("examples in docs", || {
        cargo(&["test", "--workspace", "--locked", "--quiet", "--doc"])?;
        Ok("every one compiles and holds".into())
    }));
    verdicts
}

/// Runs programs, so many at a time, in their order.
fn run_all(programs: VecDeque<TestProgram>, width: usize) -> Vec<Outcome> {
    let queue = Mutex::new(programs);
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let work = || {
        let mut done = Vec::new();
        while let Some(program) = next() {
            let outcome = program.run();
            tell(&outcome.line());
            done.push(outcome);
        }
        done
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..width).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect()
    })
}

/// Takes the programs that ask a tool out of those that are done.
fn asked(tool: &'static str, names: &[(&str, &str)], done: &mut Vec<Outcome>) -> Verdict {
    let (own, others) = std::mem::take(done)
        .into_iter()
        .partition(|outcome: &Outcome| names.contains(&outcome.program.name()));
    *done = others;
    let own: Vec<Outcome> = own;
    if let Some((package, target)) =
        names.iter().find(|name| own.iter().all(|one| one.program.name() != **name))
    {
        let missing = Failed::NoTests { package: (*package).into(), target: (*target).into() };
        return Verdict { tool, seconds: 0.0, outcome: Err(missing) };
    }
    verdict(tool, &own)
}

/// One verdict for several programs: how many tests passed, or which programs failed.
fn verdict(tool: &'static str, outcomes: &[Outcome]) -> Verdict {
    let seconds = outcomes.iter().map(|outcome| outcome.seconds).sum();
    let failed: Vec<String> = outcomes.iter().filter(|one| !one.succeeded).map(Outcome::label).collect();
    let passed: usize = outcomes.iter().map(|outcome| outcome.passed).sum();
    let outcome = if !failed.is_empty() {
        Err(Failed::Tests { programs: failed.join(", ") })
    } else if passed == 0 {
        Err(Failed::Tests { programs: format!("no test of {tool}") })
    } else {
        let left_out: Vec<&str> = outcomes.iter().flat_map(Outcome::left_out).collect();
        Ok([&[format!("{passed} tests pass").as_str()], &left_out[..]].concat().join("; "))
    };
    Verdict { tool, seconds, outcome }
}
