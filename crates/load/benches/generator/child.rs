//! Programs that are run to their end, with the processor time that they took.

use std::fs;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::param::clock_ticks_per_second;
use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};

use crate::Result;

/// What is allowed for beside the time that a program was told to take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a program printed and what it took.
pub struct Finished {
    pub stdout: String,
    /// Processor time of all its threads, to 10 ms.
    pub cpu: Duration,
}

/// Runs a program that is expected to take `expected` and to print less than a pipe holds. Fails unless it succeeds.
pub fn run(command: &mut Command, expected: Duration) -> Result<Finished> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let pid = Pid::from_raw(i32::try_from(child.id())?).ok_or("a process without a number")?;
    let until = Instant::now() + expected + PATIENCE;
    // Without collecting it, so that what it took can still be asked.
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    while waitid(WaitId::Pid(pid), options)?.is_none() {
        if Instant::now() > until {
            child.kill()?;
        }
        sleep(Duration::from_millis(20));
    }
    let cpu = processor_time(child.id())?;
    let output = child.wait_with_output()?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{command:?} ended with {}: {said}", output.status).into());
    }
    Ok(Finished { stdout: String::from_utf8(output.stdout)?, cpu })
}

/// Of a process with its ended threads, in user and system mode.
fn processor_time(pid: u32) -> Result<Duration> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The program's name may hold spaces; after it come the state and ten numbers before the two that are wanted.
    let (_, rest) = text.rsplit_once(") ").ok_or("/proc/…/stat has no name")?;
    let mut fields = rest.split(' ').skip(11);
    let mut ticks = || -> Result<u64> { Ok(fields.next().ok_or("/proc/…/stat is too short")?.parse()?) };
    let both = ticks()? + ticks()?;
    Ok(Duration::from_millis(both * 1000 / clock_ticks_per_second()))
}
