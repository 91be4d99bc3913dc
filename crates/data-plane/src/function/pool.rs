//! The environments of one version of a function: which are idle, who waits for one, when to start another.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::time::Duration;

use time::OffsetDateTime;
use time::macros::format_description;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use super::code::CodeDirectory;
use super::environment::Environment;
use super::{FunctionContext, FunctionSpec, StartError, records, variables};
use crate::LogSink;
use crate::launcher::Limits;
use crate::mutex::Mutex;
use crate::process::Process;

/// An idle environment that is now its holder's. A lease that is dropped unused gives it back.
pub(super) struct Lease {
    environment: Option<Arc<Environment>>,
    pool: Weak<Pool>,
    /// How long it took to start, when it was started for the holder.
    init: Option<Duration>,
}

impl Lease {
    /// Takes the environment out to run something in it.
    pub(super) fn into_environment(mut self) -> (Option<Arc<Environment>>, Option<Duration>) {
        (self.environment.take(), self.init)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let (Some(environment), Some(pool)) = (self.environment.take(), self.pool.upgrade()) {
            pool.hand_over(&mut pool.state.lock(), &environment, None);
        }
    }
}

type Waiter = oneshot::Sender<Result<Lease, StartError>>;

pub(super) struct Pool {
    spec: Arc<FunctionSpec>,
    context: Arc<FunctionContext>,
    code: Arc<CodeDirectory>,
    state: Mutex<State>,
    tasks: TaskTracker,
    /// Ends all environments, whatever they do.
    killed: CancellationToken,
    retired: CancellationToken,
}

#[derive(Default)]
struct State {
    /// The most recently used one is last.
    idle: Vec<(Arc<Environment>, Instant)>,
    waiters: VecDeque<Waiter>,
    starting: usize,
    /// Environments that have answered and will ask for work in a moment.
    finishing: usize,
    /// All that live, starting ones included.
    alive: usize,
    /// Those that have a process, or had one until a moment ago.
    launched: Vec<Weak<Environment>>,
}

impl Pool {
    pub(super) fn new(
        spec: Arc<FunctionSpec>,
        context: Arc<FunctionContext>,
        code: Arc<CodeDirectory>,
        tasks: TaskTracker,
        killed: CancellationToken,
    ) -> Arc<Self> {
        let retired = killed.child_token();
        let pool = Arc::new(Self { spec, context, code, state: Mutex::default(), tasks, killed, retired });
        pool.tasks.spawn(Arc::clone(&pool).reap());
        pool
    }

    pub(super) fn spec(&self) -> &Arc<FunctionSpec> {
        &self.spec
    }

    pub(super) fn code(&self) -> &Arc<CodeDirectory> {
        &self.code
    }

    pub(super) fn logs(&self) -> Arc<dyn LogSink> {
        Arc::clone(&self.context.logs)
    }

    /// A token for one environment, cancelled when all must end.
    pub(super) fn stopping(&self) -> CancellationToken {
        self.killed.child_token()
    }

    /// How many environments do or prepare work now.
    pub(super) fn busy(&self) -> usize {
        let state = self.state.lock();
        state.alive - state.idle.len().min(state.alive)
    }

    /// The processes of the environments that live.
    pub(super) fn process_ids(&self) -> Vec<u32> {
        let state = self.state.lock();
        state
            .launched
            .iter()
            .filter_map(Weak::upgrade)
            .filter_map(|environment| environment.process_id())
            .collect()
    }

    /// An idle environment, or the next one that becomes ready; starts one if too few are about to.
    pub(super) async fn acquire(self: &Arc<Self>) -> Result<Lease, StartError> {
        let ready = {
            let mut state = self.state.lock();
            if self.killed.is_cancelled() {
                return Err(self.stopped());
            }
            if let Some((environment, _)) = state.idle.pop() {
                return Ok(self.lease(environment, None));
            }
            let (waiter, ready) = oneshot::channel();
            state.waiters.push_back(waiter);
            self.start_if_short(&mut state);
            ready
        };
        tokio::select! {
            ready = ready => ready.unwrap_or_else(|_| Err(self.stopped())),
            () = self.killed.cancelled() => Err(self.stopped()),
        }
    }

    /// Starts `count` environments and leaves them idle.
    pub(super) async fn warm(self: &Arc<Self>, count: usize) -> Result<(), StartError> {
        futures::future::try_join_all((0..count).map(|_| self.acquire())).await.map(drop)
    }

    /// Idle environments end now, the others when they are done.
    pub(super) fn retire(&self) {
        self.retired.cancel();
        for (environment, _) in std::mem::take(&mut self.state.lock().idle) {
            environment.stop();
        }
    }

    /// An environment has asked for its first work.
    pub(super) fn started(self: &Arc<Self>, environment: &Arc<Environment>, init: Duration) {
        let mut state = self.state.lock();
        state.starting -= 1;
        self.hand_over(&mut state, environment, Some(init));
    }

    /// An environment has answered and is about to ask for work.
    pub(super) fn finishing(&self) {
        self.state.lock().finishing += 1;
    }

    /// An environment that has answered asks for work.
    pub(super) fn ready(self: &Arc<Self>, environment: &Arc<Environment>) {
        let mut state = self.state.lock();
        state.finishing = state.finishing.saturating_sub(1);
        self.hand_over(&mut state, environment, None);
    }

    /// No environment could be started: whoever waits longest is told.
    pub(super) fn start_failed(self: &Arc<Self>, error: StartError) {
        let mut state = self.state.lock();
        state.starting -= 1;
        state.alive -= 1;
        let mut result = Err(error);
        while let Some(waiter) = state.waiters.pop_front() {
            match waiter.send(result) {
                Ok(()) => break,
                Err(returned) => result = returned,
            }
        }
        self.start_if_short(&mut state);
    }

    /// An environment has ended; `answered` when it had said that it was finishing.
    pub(super) fn ended(self: &Arc<Self>, environment: &Environment, answered: bool) {
        let mut state = self.state.lock();
        state.alive -= 1;
        state.idle.retain(|(idle, _)| !std::ptr::eq(Arc::as_ptr(idle), environment));
        if answered {
            state.finishing = state.finishing.saturating_sub(1);
        }
        self.start_if_short(&mut state);
    }

    fn lease(self: &Arc<Self>, environment: Arc<Environment>, init: Option<Duration>) -> Lease {
        Lease { environment: Some(environment), pool: Arc::downgrade(self), init }
    }

    /// Gives an idle environment to whoever waits longest, or keeps it.
    fn hand_over(
        self: &Arc<Self>,
        state: &mut State,
        environment: &Arc<Environment>,
        init: Option<Duration>,
    ) {
        while let Some(waiter) = state.waiters.pop_front() {
            match waiter.send(Ok(self.lease(Arc::clone(environment), init))) {
                Ok(()) => return,
                // The waiter has gone; its lease must not come back while the state is locked.
                Err(returned) => drop(returned.map(Lease::into_environment)),
            }
        }
        if self.retired.is_cancelled() {
            environment.stop();
        } else {
            state.idle.push((Arc::clone(environment), Instant::now()));
        }
    }

    fn start_if_short(self: &Arc<Self>, state: &mut State) {
        if self.killed.is_cancelled() {
            return;
        }
        while state.starting + state.finishing < state.waiters.len() {
            state.starting += 1;
            state.alive += 1;
            self.tasks.spawn(Arc::clone(self).run_environment());
        }
    }

    /// The life of one environment.
    async fn run_environment(self: Arc<Self>) {
        match self.launch().await {
            Ok((environment, process, socket)) => environment.drive(process, socket).await,
            Err(error) => self.start_failed(StartError::Spawn {
                function: self.spec.name.clone(),
                reason: error.to_string(),
            }),
        }
    }

    async fn launch(self: &Arc<Self>) -> std::io::Result<(Arc<Environment>, Process, TcpListener)> {
        let socket = TcpListener::bind(("127.0.0.1", 0)).await?;
        let log_stream = log_stream(&self.spec.version);
        let environment = Environment::new(self, log_stream.clone());
        let provisioned = self.spec.provisioned > 0;
        let initialization = if provisioned { "provisioned-concurrency" } else { "on-demand" };
        environment.log(&records::init_start(&self.spec, initialization));
        let limits =
            Limits { data_bytes: Some(u64::from(self.spec.memory_mb) * 1024 * 1024), open_files: Some(1024) };
        let mut command = self.context.launcher.command(&limits, &self.code.bootstrap());
        command.env_clear().envs(&self.context.environment).envs(&self.spec.environment);
        command.envs(variables::reserved(&self.spec, &self.context.region));
        command
            .env("LAMBDA_TASK_ROOT", self.code.path())
            .env("AWS_LAMBDA_RUNTIME_API", socket.local_addr()?.to_string())
            .env("AWS_LAMBDA_LOG_STREAM_NAME", log_stream)
            .env("AWS_LAMBDA_INITIALIZATION_TYPE", initialization)
            .current_dir(self.code.path());
        let logger = Arc::clone(&environment);
        let process = Process::spawn(command, Arc::new(move |line: &str| logger.log(line)))?;
        let mut state = self.state.lock();
        state.launched.retain(|launched| launched.strong_count() > 0);
        state.launched.push(Arc::downgrade(&environment));
        drop(state);
        Ok((environment, process, socket))
    }

    /// Ends environments that nobody has used for a while, the longest unused first; a few always stay.
    async fn reap(self: Arc<Self>) {
        let idle_timeout = self.context.idle_timeout;
        let keep = (self.spec.provisioned as usize).max(1);
        let pause = (idle_timeout / 4).max(Duration::from_millis(20));
        loop {
            tokio::select! {
                () = self.retired.cancelled() => return,
                () = sleep(pause) => {}
            }
            let mut state = self.state.lock();
            let now = Instant::now();
            let unused = state.idle.iter().take_while(|(_, since)| now - *since >= idle_timeout).count();
            let reaped = unused.min(state.idle.len().saturating_sub(keep));
            for (environment, _) in state.idle.drain(..reaped) {
                environment.stop();
            }
        }
    }

    fn stopped(&self) -> StartError {
        StartError::Stopped { function: self.spec.name.clone() }
    }
}

/// A name as Lambda gives log streams: the date, the version, something unique.
fn log_stream(version: &str) -> String {
    let date =
        OffsetDateTime::now_utc().format(format_description!("[year]/[month]/[day]")).unwrap_or_default();
    format!("{date}/[{version}]{}", Uuid::new_v4().simple())
}
