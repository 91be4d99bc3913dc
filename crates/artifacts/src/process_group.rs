//! A child with all that it starts.

use std::process::ExitStatus;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};

/// A child at the head of a process group of its own. Dropping it before it has ended ends the whole group: killing Cargo
/// alone would leave its compilers at work.
#[derive(Debug)]
pub(crate) struct ProcessGroup {
    pub(crate) leader: Child,
    /// `None` once the leader has ended, as its number may then be another's.
    group: Option<Pid>,
}

impl ProcessGroup {
    pub(crate) fn spawn(command: &mut Command) -> std::io::Result<Self> {
        let leader = command.process_group(0).kill_on_drop(true).spawn()?;
        let number = leader.id().and_then(|id| i32::try_from(id).ok());
        Ok(Self { leader, group: number.and_then(Pid::from_raw) })
    }

    /// Awaits the leader's end.
    pub(crate) async fn wait(&mut self) -> std::io::Result<ExitStatus> {
        let status = self.leader.wait().await;
        self.group = None;
        status
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        if let Some(group) = self.group {
            // It fails only where nobody of the group is left.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Stdio;
    use std::time::{Duration, Instant};

    use tokio::io::{AsyncBufReadExt, BufReader};

    use super::*;

    /// Whether a process is there and no mere entry of one that has ended.
    fn runs(id: &str) -> bool {
        std::fs::read_to_string(format!("/proc/{id}/stat"))
            .is_ok_and(|stat| stat.rsplit(')').next().is_some_and(|rest| !rest.trim_start().starts_with('Z')))
    }

    #[tokio::test]
    async fn what_the_child_started_ends_with_it() {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 60 & echo $!; wait"]).stdout(Stdio::piped());
        let mut group = ProcessGroup::spawn(&mut command).unwrap();
        let mut lines = BufReader::new(group.leader.stdout.take().unwrap()).lines();
        let grandchild = lines.next_line().await.unwrap().unwrap();
        assert!(runs(&grandchild));
        drop(group);
        let begin = Instant::now();
        while runs(&grandchild) {
            assert!(begin.elapsed() < Duration::from_secs(10), "{grandchild} is still there");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
