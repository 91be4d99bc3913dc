use std::collections::BTreeMap;
use std::time::Instant;

use data_plane::task::TaskSummary;

use super::Metric;

/// Clock ticks a second in `/proc`, fixed in the kernel's interface.
const TICKS: f64 = 100.0;

/// Reads the processes of tasks and gives what a service uses of its size, in percent.
pub(super) struct Meter {
    metric: Metric,
    /// CPU ticks of each process when it was last read.
    ticks: BTreeMap<u32, u64>,
    read_at: Instant,
}

impl Meter {
    pub fn new(metric: Metric) -> Self {
        Self { metric, ticks: BTreeMap::new(), read_at: Instant::now() }
    }

    pub fn metric(&self) -> Metric {
        self.metric
    }

    /// The average over tasks that were there the last time, too; `None` where there are none or nothing can be read.
    pub fn read(&mut self, tasks: &[TaskSummary], cpu_units: u32, memory_mb: u32) -> Option<f64> {
        let elapsed = self.read_at.elapsed().as_secs_f64();
        self.read_at = Instant::now();
        let shares: Vec<f64> = match self.metric {
            Metric::Memory => tasks
                .iter()
                .filter_map(|task| resident_mb(task.process_id))
                .map(|used| 100.0 * used / f64::from(memory_mb.max(1)))
                .collect(),
            Metric::Cpu => {
                let now: BTreeMap<u32, u64> = tasks
                    .iter()
                    .filter_map(|task| Some((task.process_id, cpu_ticks(task.process_id)?)))
                    .collect();
                let before = std::mem::replace(&mut self.ticks, now);
                let processors = f64::from(cpu_units.max(1)) / 1024.0;
                let used = self
                    .ticks
                    .iter()
                    .filter_map(|(pid, ticks)| Some(ticks.saturating_sub(*before.get(pid)?)));
                // Ticks of a minute are far below the precision of a double.
                #[allow(clippy::cast_precision_loss)]
                used.map(|ticks| 100.0 * ticks as f64 / TICKS / elapsed.max(0.001) / processors).collect()
            }
        };
        let count = u32::try_from(shares.len()).ok().filter(|count| *count > 0)?;
        Some(shares.iter().sum::<f64>() / f64::from(count))
    }
}

/// User and system time, the 14th and 15th field; the command before them may itself hold spaces and parentheses.
fn cpu_ticks(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11);
    let user: u64 = times.next()?.parse().ok()?;
    let system: u64 = times.next()?.parse().ok()?;
    Some(user + system)
}

fn resident_mb(pid: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: f64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    Some(kilobytes / 1024.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn the_own_process_can_be_read() {
        assert!(cpu_ticks(std::process::id()).is_some());
        assert!(resident_mb(std::process::id()).unwrap() > 1.0);
        assert_eq!(cpu_ticks(u32::MAX), None);
    }
}
