//! Processes by ID, told apart from later ones with the same ID.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, test_kill_process};

/// Something that differs between two processes that had the same ID: on Linux the start time in clock ticks.
pub fn birth(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the name in parentheses, which may hold anything; the state follows it, and a zombie is dead.
    let (_, rest) = stat.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    if fields.first() == Some(&"Z") {
        return None;
    }
    fields.get(19)?.parse().ok()
}

/// Whether the process with this ID is the one that was born then. Where births cannot be read, any process counts.
pub fn is_alive(pid: u32, born: Option<u64>) -> bool {
    match born {
        Some(born) => birth(pid) == Some(born),
        None => id(pid).is_some_and(|pid| test_kill_process(pid).is_ok()),
    }
}

/// A name for a directory of this process, from which [`owner_is_alive`] tells later whether it is still needed.
pub fn own_name() -> String {
    let pid = std::process::id();
    format!("{pid}-{}", birth(pid).unwrap_or_default())
}

/// Whether the process lives that gave a directory its [`own_name`]; no for any other name.
pub fn owner_is_alive(name: &str) -> bool {
    let parts =
        name.split_once('-').and_then(|(pid, born)| Some((pid.parse().ok()?, born.parse::<u64>().ok()?)));
    parts.is_some_and(|(pid, born)| is_alive(pid, Some(born).filter(|born| *born != 0)))
}

/// Asks the process to end, waits at most `patience`, then ends it. Says whether it is gone.
pub async fn end(pid: u32, born: Option<u64>, patience: Duration) -> bool {
    for (signal, patience) in [(Signal::TERM, patience), (Signal::KILL, Duration::from_secs(2))] {
        if !is_alive(pid, born) {
            return true;
        }
        if let Some(id) = id(pid) {
            let _ = kill_process(id, signal);
        }
        let begin = std::time::Instant::now();
        while is_alive(pid, born) && begin.elapsed() < patience {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    !is_alive(pid, born)
}

fn id(pid: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(pid).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_its_birth() {
        let pid = std::process::id();
        let born = birth(pid);
        assert!(is_alive(pid, born));
        assert!(!is_alive(pid, Some(born.unwrap_or(0) + 1)));
        assert!(owner_is_alive(&own_name()));
        assert!(!owner_is_alive(&format!("{pid}-1")) && !owner_is_alive("other"));
    }

    #[tokio::test]
    async fn a_process_is_ended_and_only_that_one() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let born = birth(child.id());
        assert!(!end(child.id(), Some(0), Duration::from_millis(50)).await || !is_alive(child.id(), Some(0)));
        assert!(is_alive(child.id(), born));
        assert!(end(child.id(), born, Duration::from_secs(2)).await);
        child.wait().unwrap();
    }
}
