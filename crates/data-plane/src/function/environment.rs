//! One environment: a process, what it works on, and when it must end.

use std::process::ExitStatus;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::failure::Failure;
use super::invocation::{self, Outcome};
use super::pool::Pool;
use super::records::{self, Report, Status};
use super::running::{Running, append_tail};
use super::{FunctionSpec, StartError, runtime_api};
use crate::LogSink;
use crate::mutex::Mutex;
use crate::process::{Output, Process};

/// How long an environment may take to ask for its first work.
/// <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>
const INIT_TIMEOUT: Duration = Duration::from_secs(10);
/// From SIGTERM to SIGKILL for an environment that is no longer needed.
const STOP_GRACE: Duration = Duration::from_millis(300);
/// How old a reading of the process's memory may be.
const MEMORY_AGE_MS: u64 = 200;

/// What the process is given to do.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) request_id: String,
    pub(super) payload: Bytes,
    pub(super) deadline_ms: u64,
    pub(super) arn: String,
    pub(super) trace_id: String,
    pub(super) client_context: Option<String>,
}

/// What the caller of an invocation waits for.
pub(super) struct Answer {
    /// Closed without a value when the process ended before it took the work, or the function was stopped.
    pub(super) outcome: oneshot::Receiver<Outcome>,
    /// The log, once the process has asked for more work.
    pub(super) log: Option<oneshot::Receiver<String>>,
}

pub(super) struct Environment {
    spec: Arc<FunctionSpec>,
    logs: Arc<dyn LogSink>,
    log_stream: String,
    pool: Weak<Pool>,
    work: mpsc::UnboundedSender<Work>,
    waiting: tokio::sync::Mutex<mpsc::UnboundedReceiver<Work>>,
    phase: Mutex<Phase>,
    stopping: CancellationToken,
    started: Instant,
    process_id: AtomicU32,
    used_mb: AtomicU64,
    memory_read_ms: AtomicU64,
    output: OnceLock<Output>,
}

enum Phase {
    Starting { failure: Option<String> },
    Idle,
    Running(Running),
    Ended,
}

/// What an invocation brings along.
pub(super) struct Caller {
    pub(super) log_tail: bool,
    pub(super) permit: OwnedSemaphorePermit,
    /// Set when the caller waited for this environment to start.
    pub(super) init: Option<Duration>,
}

impl Environment {
    pub(super) fn new(pool: &Arc<Pool>, log_stream: String) -> Arc<Self> {
        let (work, waiting) = mpsc::unbounded_channel();
        Arc::new(Self {
            spec: Arc::clone(pool.spec()),
            logs: pool.logs(),
            log_stream,
            pool: Arc::downgrade(pool),
            work,
            waiting: tokio::sync::Mutex::new(waiting),
            phase: Mutex::new(Phase::Starting { failure: None }),
            stopping: pool.stopping(),
            started: Instant::now(),
            process_id: AtomicU32::new(0),
            used_mb: AtomicU64::new(0),
            memory_read_ms: AtomicU64::new(0),
            output: OnceLock::new(),
        })
    }

    /// Ends the environment: it is idle, or nobody waits for it any more.
    pub(super) fn stop(&self) {
        self.stopping.cancel();
    }

    /// Writes a line of the process to the log.
    pub(super) fn log(&self, line: &str) {
        self.logs.write(&self.spec.log_group, &self.log_stream, line);
        if let Phase::Running(Running { log: Some((tail, _)), .. }) = &mut *self.phase.lock() {
            append_tail(tail, line);
        }
    }

    /// Gives the process something to do. The environment must be idle.
    pub(super) fn run(&self, work: Work, caller: Caller) -> Answer {
        let (reply, outcome) = oneshot::channel();
        let (log, log_receiver) = if caller.log_tail {
            let (sender, receiver) = oneshot::channel();
            (Some((String::new(), sender)), Some(receiver))
        } else {
            (None, None)
        };
        let running = Running {
            request_id: work.request_id.clone(),
            started: Instant::now(),
            init: caller.init,
            reply: Some(reply),
            taken: false,
            duration: Duration::ZERO,
            billed: Duration::ZERO,
            status: Status::Success,
            log,
            permit: Some(caller.permit),
        };
        {
            let mut phase = self.phase.lock();
            if matches!(*phase, Phase::Ended) {
                // Dropping the reply tells the caller to try another environment.
                return Answer { outcome, log: None };
            }
            *phase = Phase::Running(running);
        }
        self.log(&records::start(&self.spec, &work.request_id));
        // The receiver lives as long as this environment.
        let _ = self.work.send(work);
        Answer { outcome, log: log_receiver }
    }

    /// The process asks for work: whatever it did before is over. `None` once the environment is being stopped.
    pub(super) async fn next(self: &Arc<Self>) -> Option<Work> {
        self.close_invocation().await;
        let pool = self.pool.upgrade()?;
        let before = {
            let mut phase = self.phase.lock();
            match *phase {
                Phase::Ended => return None,
                _ => std::mem::replace(&mut *phase, Phase::Idle),
            }
        };
        match before {
            Phase::Starting { .. } => pool.started(self, self.started.elapsed()),
            Phase::Running(_) => pool.ready(self),
            Phase::Idle | Phase::Ended => {}
        }
        drop(pool);
        let work = tokio::select! {
            work = async { self.waiting.lock().await.recv().await } => work?,
            () = self.stopping.cancelled() => return None,
        };
        if let Phase::Running(running) = &mut *self.phase.lock() {
            running.taken = true;
        }
        Some(work)
    }

    /// The process has answered. False when it was not asked this.
    pub(super) fn respond(&self, request_id: &str, result: Result<Bytes, Bytes>) -> bool {
        let mut phase = self.phase.lock();
        let Phase::Running(running) = &mut *phase else { return false };
        if running.request_id != request_id || running.reply.is_none() {
            return false;
        }
        let (payload, status) = match result {
            Ok(payload) => (payload, Status::Success),
            Err(payload) => (payload, Status::Error),
        };
        let pool = self.pool.upgrade();
        // Said before the answer, so that the caller's next request waits for this environment rather than for a new one.
        if let Some(pool) = &pool {
            pool.finishing();
        }
        running.answer(payload, status);
        true
    }

    /// The process could not initialise.
    pub(super) fn init_failed(&self, error_type: Option<&str>, body: &[u8]) {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let error_type = error_type.or_else(|| body["errorType"].as_str()).unwrap_or("Runtime.Unknown");
        let message = body["errorMessage"].as_str().unwrap_or_default();
        if let Phase::Starting { failure } = &mut *self.phase.lock() {
            *failure = Some(format!("the runtime reported {error_type}: {message}"));
        }
    }

    /// The process, until it has ended.
    pub(super) fn process_id(&self) -> Option<u32> {
        let ended = matches!(*self.phase.lock(), Phase::Ended);
        Some(self.process_id.load(Ordering::Relaxed)).filter(|id| *id != 0 && !ended)
    }

    /// Serves the Runtime API on `socket` and watches `process` until it has ended.
    pub(super) async fn drive(self: Arc<Self>, process: Process, socket: TcpListener) {
        self.process_id.store(process.id(), Ordering::Relaxed);
        // An environment is driven once, so this is the first value.
        let _ = self.output.set(process.output());
        let mut connections = JoinSet::new();
        let mut exited = std::pin::pin!(process.exited());
        let mut check = self.started + INIT_TIMEOUT.min(self.spec.timeout);
        loop {
            tokio::select! {
                status = exited.as_mut() => break self.ended(status, &process),
                () = self.stopping.cancelled() => {
                    process.terminate(STOP_GRACE);
                    let status = exited.as_mut().await;
                    break self.ended(status, &process);
                }
                accepted = socket.accept() => if let Ok((stream, _)) = accepted {
                    connections.spawn(runtime_api::serve(stream, Arc::clone(&self)));
                },
                () = sleep_until(check) => match self.overdue() {
                    Ok(next) => check = next,
                    Err(failure) => {
                        process.kill();
                        exited.as_mut().await;
                        break self.fail(&failure, &process);
                    }
                },
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
            }
        }
    }

    /// When to look again, or what is overdue now. As every invocation has the same timeout, a look once a timeout
    /// is enough to catch each of them on time.
    fn overdue(&self) -> Result<Instant, Failure> {
        let now = Instant::now();
        match &*self.phase.lock() {
            Phase::Starting { .. } if now >= self.started + INIT_TIMEOUT => {
                Err(Failure::Init(format!("it did not ask for work within {} s", INIT_TIMEOUT.as_secs())))
            }
            Phase::Starting { .. } => Ok(self.started + INIT_TIMEOUT),
            Phase::Running(running) => {
                let deadline = running.started + self.spec.timeout;
                if now >= deadline { Err(Failure::Timeout) } else { Ok(deadline) }
            }
            Phase::Idle | Phase::Ended => Ok(now + self.spec.timeout),
        }
    }

    fn ended(&self, status: ExitStatus, process: &Process) {
        let reported = match &*self.phase.lock() {
            Phase::Starting { failure } => failure.clone(),
            _ => None,
        };
        let failure = match reported {
            Some(reason) => Failure::Init(reason),
            None => Failure::Exit(status),
        };
        self.fail(&failure, process);
    }

    /// Takes the environment out of the pool and tells whoever waits for it why.
    fn fail(&self, failure: &Failure, process: &Process) {
        let before = std::mem::replace(&mut *self.phase.lock(), Phase::Ended);
        let Some(pool) = self.pool.upgrade() else { return };
        match before {
            Phase::Starting { .. } => pool.start_failed(StartError::Init {
                function: self.spec.name.clone(),
                reason: failure.reason(),
                last_lines: process.last_lines(),
            }),
            Phase::Running(mut running) => {
                let answered = running.reply.is_none();
                if !answered && running.taken && !self.stopping.is_cancelled() {
                    let (kind, message, status) = failure.of_invocation(&self.spec);
                    let text = format!("RequestId: {} Error: {message}", running.request_id);
                    let line = records::failure(&self.spec, &running.request_id, status, &message);
                    self.log_into(&mut running, &line);
                    running.answer(invocation::error_payload(kind, &text), status);
                }
                self.report(running);
                pool.ended(self, answered);
            }
            Phase::Idle | Phase::Ended => pool.ended(self, false),
        }
    }

    /// Writes the report of an invocation that the process is done with.
    async fn close_invocation(&self) {
        if !matches!(*self.phase.lock(), Phase::Running(_)) {
            return;
        }
        if let Some(output) = self.output.get() {
            output.flush().await;
        }
        let mut phase = self.phase.lock();
        if let Phase::Running(running) = &mut *phase {
            let mut done = running.take_closed();
            drop(phase);
            if done.reply.is_some() {
                done.answer(
                    invocation::error_payload("Runtime.NoResponse", "The runtime gave no response."),
                    Status::Error,
                );
                if let Some(pool) = self.pool.upgrade() {
                    pool.finishing();
                }
            }
            self.report(done);
        }
    }

    fn report(&self, mut running: Running) {
        let report = Report {
            request_id: &running.request_id.clone(),
            duration: running.duration,
            billed: running.billed,
            init: running.init,
            used_mb: self.used_mb(),
            status: running.status,
        };
        for line in records::report(&self.spec, &report) {
            self.log_into(&mut running, &line);
        }
        if let Some((tail, sender)) = running.log {
            // The caller may have gone away.
            let _ = sender.send(tail);
        }
    }

    /// Logs a line of an invocation that is no longer the present one.
    fn log_into(&self, running: &mut Running, line: &str) {
        self.logs.write(&self.spec.log_group, &self.log_stream, line);
        if let Some((tail, _)) = &mut running.log {
            append_tail(tail, line);
        }
    }

    /// The most memory that the process has used, in MB.
    fn used_mb(&self) -> u64 {
        let now = invocation::epoch_ms();
        if now.saturating_sub(self.memory_read_ms.load(Ordering::Relaxed)) > MEMORY_AGE_MS
            && let Some(used) = peak_memory_mb(self.process_id.load(Ordering::Relaxed))
        {
            self.memory_read_ms.store(now, Ordering::Relaxed);
            self.used_mb.fetch_max(used, Ordering::Relaxed);
        }
        self.used_mb.load(Ordering::Relaxed)
    }
}

#[cfg(target_os = "linux")]
fn peak_memory_mb(process_id: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process_id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes.div_ceil(1024))
}

#[cfg(not(target_os = "linux"))]
fn peak_memory_mb(_process_id: u32) -> Option<u64> {
    None
}
