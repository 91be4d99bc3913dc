//! One child process: its group, its output as lines, its end.

use std::collections::VecDeque;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use crate::mutex::Mutex;

/// The longest line that is passed on whole, which is also the longest CloudWatch log event.
const LONGEST_LINE: usize = 256 * 1024;
const KEPT_LINES: usize = 20;
/// How long output may still come after the process has ended, from children that hold its pipes.
const OUTPUT_GRACE: Duration = Duration::from_millis(500);

/// Gets each line a process prints, without its end.
pub(crate) type LineSink = Arc<dyn Fn(&str) + Send + Sync>;

/// A running or ended child process. Dropping it kills the process group.
pub(crate) struct Process {
    id: u32,
    orders: mpsc::UnboundedSender<Order>,
    exit: watch::Receiver<Option<ExitStatus>>,
    last_lines: Arc<Mutex<VecDeque<String>>>,
    output: Output,
    /// Owns the task that watches the process; dropping it ends that task and with it the process.
    _owner: JoinSet<()>,
}

enum Order {
    Terminate { grace: Duration },
    Kill,
}

impl Process {
    /// Starts `command`, which leads a process group of its own, and passes its output to `sink`.
    pub(crate) fn spawn(mut command: Command, sink: LineSink) -> io::Result<Self> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let id = child.id().ok_or_else(|| io::Error::other("the process has no id"))?;
        let last_lines = Arc::new(Mutex::new(VecDeque::with_capacity(KEPT_LINES)));
        let kept = Arc::clone(&last_lines);
        let sink: LineSink = Arc::new(move |line: &str| {
            let mut kept = kept.lock();
            if kept.len() == KEPT_LINES {
                kept.pop_front();
            }
            kept.push_back(line.to_owned());
            drop(kept);
            sink(line);
        });
        let mut readers = JoinSet::new();
        let mut pipes = Vec::with_capacity(2);
        if let Some(pipe) = child.stdout.take() {
            let (flush, flushed) = mpsc::unbounded_channel();
            pipes.push(flush);
            readers.spawn(read_lines(pipe, Arc::clone(&sink), flushed));
        }
        if let Some(pipe) = child.stderr.take() {
            let (flush, flushed) = mpsc::unbounded_channel();
            pipes.push(flush);
            readers.spawn(read_lines(pipe, sink, flushed));
        }
        let (orders, received) = mpsc::unbounded_channel();
        let (ended, exit) = watch::channel(None);
        let mut owner = JoinSet::new();
        owner.spawn(async move {
            let status = watch_over(&mut child, id, received).await;
            let all_read = async { while readers.join_next().await.is_some() {} };
            if timeout(OUTPUT_GRACE, all_read).await.is_err() {
                tracing::debug!(id, "output still open after the process ended");
            }
            ended.send_replace(Some(status));
        });
        Ok(Self { id, orders, exit, last_lines, output: Output(pipes), _owner: owner })
    }

    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    /// The end of the output.
    pub(crate) fn last_lines(&self) -> Vec<String> {
        self.last_lines.lock().iter().cloned().collect()
    }

    /// Asks the process to end: SIGTERM, and SIGKILL to its group after `grace`.
    pub(crate) fn terminate(&self, grace: Duration) {
        // The receiver is gone only when the process has ended.
        let _ = self.orders.send(Order::Terminate { grace });
    }

    /// Ends the process group at once.
    pub(crate) fn kill(&self) {
        let _ = self.orders.send(Order::Kill);
    }

    /// How the process ended, if it has.
    pub(crate) fn exit_status(&self) -> Option<ExitStatus> {
        *self.exit.borrow()
    }

    /// Waits until the process has ended and its output is read.
    pub(crate) fn exited(&self) -> impl Future<Output = ExitStatus> + Send + 'static {
        let mut exit = self.exit.clone();
        async move {
            match exit.wait_for(Option::is_some).await.map(|status| *status) {
                Ok(Some(status)) => status,
                // The owner is gone: the process was killed by dropping it.
                _ => ExitStatus::from_raw(Signal::KILL.as_raw()),
            }
        }
    }

    /// A handle on what the process prints.
    pub(crate) fn output(&self) -> Output {
        self.output.clone()
    }
}

/// The pipes of a process.
#[derive(Clone)]
pub(crate) struct Output(Vec<mpsc::UnboundedSender<oneshot::Sender<()>>>);

impl Output {
    /// Waits until what the process has printed by now is in its sink.
    pub(crate) async fn flush(&self) {
        let acknowledgements = self.0.iter().filter_map(|pipe| {
            let (done, acknowledged) = oneshot::channel();
            pipe.send(done).ok().map(|()| acknowledged)
        });
        // Both pipes are asked before the first one is waited for.
        for acknowledged in acknowledgements.collect::<Vec<_>>() {
            // An error says that the pipe is closed, so all of it has been read.
            let _ = acknowledged.await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.exit_status().is_none() {
            signal_group(self.id, Signal::KILL);
        }
    }
}

/// The exit code as a shell gives it: 128 + the signal for a killed process.
pub(crate) fn exit_code(status: ExitStatus) -> i32 {
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}

/// Only this task signals and reaps the process, so a signal never reaches another process with a reused id.
async fn watch_over(child: &mut Child, id: u32, mut orders: mpsc::UnboundedReceiver<Order>) -> ExitStatus {
    let mut kill_at: Option<Instant> = None;
    loop {
        let deadline = kill_at.unwrap_or_else(|| Instant::now() + Duration::from_hours(1));
        tokio::select! {
            biased;
            status = child.wait() => {
                // What the program itself started is in its group and must not outlive it.
                signal_group(id, Signal::KILL);
                return status.unwrap_or_else(|_| ExitStatus::from_raw(Signal::KILL.as_raw()));
            }
            Some(order) = orders.recv() => match order {
                Order::Terminate { grace } => {
                    signal_group(id, Signal::TERM);
                    let at = Instant::now() + grace;
                    kill_at = Some(kill_at.map_or(at, |earlier| earlier.min(at)));
                }
                Order::Kill => signal_group(id, Signal::KILL),
            },
            () = sleep_until(deadline), if kill_at.is_some() => {
                signal_group(id, Signal::KILL);
                kill_at = None;
            }
        }
    }
}

fn signal_group(id: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(id).ok().and_then(Pid::from_raw)
        && let Err(error) = kill_process_group(pid, signal)
    {
        tracing::trace!(id, ?signal, %error, "the process group is gone");
    }
}

async fn read_lines(
    mut pipe: impl AsyncRead + Unpin,
    sink: LineSink,
    mut flushes: mpsc::UnboundedReceiver<oneshot::Sender<()>>,
) {
    let mut pending: Vec<u8> = Vec::new();
    let mut chunk = vec![0; 8192];
    loop {
        tokio::select! {
            // Reading comes first, so that a flush is acknowledged only when there is nothing left to read.
            biased;
            read = pipe.read(&mut chunk) => match read {
                Ok(length @ 1..) => {
                    pending.extend_from_slice(&chunk[..length]);
                    pass_lines(&mut pending, &sink);
                }
                Ok(0) | Err(_) => break,
            },
            Some(done) = flushes.recv() => {
                let _ = done.send(());
            }
        }
    }
    if !pending.is_empty() {
        sink(&String::from_utf8_lossy(&pending));
    }
}

fn pass_lines(pending: &mut Vec<u8>, sink: &LineSink) {
    let mut start = 0;
    while let Some(length) = pending[start..].iter().position(|byte| *byte == b'\n') {
        let line = &pending[start..start + length];
        sink(&String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)));
        start += length + 1;
    }
    pending.drain(..start);
    if pending.len() >= LONGEST_LINE {
        sink(&String::from_utf8_lossy(pending));
        pending.clear();
    }
}
