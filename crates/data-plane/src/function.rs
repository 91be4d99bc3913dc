//! Lambda functions: a pool of environments, each one process of the zip's `bootstrap` behind its own Runtime API.

mod code;
mod concurrency;
mod environment;
mod failure;
mod invocation;
mod pool;
mod records;
mod running;
mod runtime_api;
mod spec;
mod variables;

use std::sync::Arc;

use bytes::Bytes;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::mutex::Mutex;
use code::CodeDirectory;
pub use concurrency::AccountConcurrency;
use concurrency::Concurrency;
use environment::{Caller, Work};
pub(crate) use invocation::{epoch_ms, new_trace_id};
use pool::Pool;
pub use spec::{
    FunctionContext, FunctionSpec, Invocation, InvokeError, InvokeOptions, LogFormat, StartError,
};

/// The most bytes in a synchronous request or answer: 6 MB and a little for its envelope.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const LARGEST_PAYLOAD: usize = 6_291_556;
/// Environments started ahead when a busy function is updated.
const MOST_WARMED: usize = 16;
/// How often an invocation tries another environment because the one it got had just ended.
const ATTEMPTS: usize = 5;

/// A running function: at least one environment is initialised and kept warm. Cheap to clone; when the last clone
/// is dropped, its processes are killed.
#[derive(Clone)]
pub struct Function(Arc<Inner>);

struct Inner {
    context: Arc<FunctionContext>,
    current: Mutex<Current>,
    updating: tokio::sync::Mutex<()>,
    tasks: TaskTracker,
    killed: CancellationToken,
    _guard: DropGuard,
}

#[derive(Clone)]
struct Current {
    pool: Arc<Pool>,
    concurrency: Arc<Concurrency>,
}

impl Function {
    /// Unpacks the code once, starts one environment (more if `provisioned` asks for them) and waits until it asks
    /// for work.
    ///
    /// # Errors
    /// The zip is unusable, the process cannot be started, or it ends, fails or stays silent before it asks for
    /// its first invocation; the error carries its last log lines.
    pub async fn start(spec: FunctionSpec, context: FunctionContext) -> Result<Self, StartError> {
        let context = Arc::new(context);
        let tasks = TaskTracker::new();
        let killed = CancellationToken::new();
        let guard = killed.clone().drop_guard();
        let concurrency = Concurrency::new(spec.reserved_concurrency, &context.concurrency);
        let code = unpack(&spec, &context).await?;
        let spec = Arc::new(spec);
        let pool = Pool::new(spec, Arc::clone(&context), code, tasks.clone(), killed.clone());
        pool.warm((pool.spec().provisioned as usize).max(1)).await?;
        Ok(Self(Arc::new(Inner {
            context,
            current: Mutex::new(Current { pool, concurrency: Arc::new(concurrency) }),
            updating: tokio::sync::Mutex::default(),
            tasks,
            killed,
            _guard: guard,
        })))
    }

    /// Runs the handler once with `payload` (JSON, at most 6 MB). Dropping the future does not stop the invocation.
    ///
    /// # Errors
    /// Only what AWS answers without running the function; a failing handler is an [`Invocation`] with
    /// `function_error`.
    pub async fn invoke(&self, payload: Bytes, options: InvokeOptions) -> Result<Invocation, InvokeError> {
        let Current { pool, concurrency } = self.0.current.lock().clone();
        let function = &pool.spec().name;
        if payload.len() > LARGEST_PAYLOAD {
            let size = payload.len();
            return Err(InvokeError::PayloadTooLarge { size, limit: LARGEST_PAYLOAD });
        }
        let request_id = Uuid::new_v4().to_string();
        for _ in 0..ATTEMPTS {
            let permit = concurrency
                .acquire()
                .map_err(|reason| InvokeError::Throttled { function: function.clone(), reason })?;
            // Read again each time: an update may have replaced the pool.
            let pool = Arc::clone(&self.0.current.lock().pool);
            let lease = match pool.acquire().await {
                Ok(lease) => lease,
                Err(StartError::Stopped { function }) => return Err(InvokeError::Stopped { function }),
                Err(error) => return Ok(failed_start(&pool, request_id, &error)),
            };
            let (Some(environment), init) = lease.into_environment() else { continue };
            let work = work(pool.spec(), &request_id, &payload, &options);
            let caller = Caller { log_tail: options.log_tail, permit, init };
            let answer = environment.run(work, caller);
            if let Ok(outcome) = answer.outcome.await {
                let log_tail = match answer.log {
                    Some(log) => log.await.ok(),
                    None => None,
                };
                return Ok(Invocation {
                    request_id,
                    payload: outcome.payload,
                    function_error: outcome.failed.then(|| "Unhandled".to_owned()),
                    log_tail,
                    duration: outcome.duration,
                    billed: outcome.billed,
                    init_duration: init,
                    version: pool.spec().version.clone(),
                });
            }
            if self.0.killed.is_cancelled() {
                break;
            }
        }
        Err(InvokeError::Stopped { function: function.clone() })
    }

    /// Replaces code or configuration: environments of `spec` are started first, then the old ones end, each after
    /// the request it is serving. On an error the function runs on as it was.
    ///
    /// # Errors
    /// Those of [`Function::start`].
    pub async fn update(&self, spec: FunctionSpec) -> Result<(), StartError> {
        let inner = &self.0;
        let _one_at_a_time = inner.updating.lock().await;
        if inner.killed.is_cancelled() {
            return Err(StartError::Stopped { function: spec.name });
        }
        let old = inner.current.lock().clone();
        let code = if old.pool.code().is_of(&spec.code) {
            Arc::clone(old.pool.code())
        } else {
            unpack(&spec, &inner.context).await?
        };
        let reserved = spec.reserved_concurrency;
        let concurrency = if reserved == old.concurrency.reserved() {
            old.concurrency
        } else {
            Arc::new(Concurrency::new(reserved, &inner.context.concurrency))
        };
        let count = old.pool.busy().min(MOST_WARMED).max(spec.provisioned as usize).max(1);
        let context = Arc::clone(&inner.context);
        let pool = Pool::new(Arc::new(spec), context, code, inner.tasks.clone(), inner.killed.clone());
        if let Err(error) = pool.warm(count).await {
            pool.retire();
            return Err(error);
        }
        *inner.current.lock() = Current { pool, concurrency };
        old.pool.retire();
        Ok(())
    }

    /// The processes of its environments.
    #[must_use]
    pub fn process_ids(&self) -> Vec<u32> {
        self.0.current.lock().pool.process_ids()
    }

    /// What it runs now.
    #[must_use]
    pub fn spec(&self) -> Arc<FunctionSpec> {
        Arc::clone(self.0.current.lock().pool.spec())
    }

    /// Ends all environments; invocations in progress are cut off.
    pub async fn stop(&self) {
        self.0.killed.cancel();
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }
}

async fn unpack(spec: &FunctionSpec, context: &FunctionContext) -> Result<Arc<CodeDirectory>, StartError> {
    if !spec.runtime.starts_with("provided") {
        return Err(StartError::Runtime { runtime: spec.runtime.clone() });
    }
    let (zip, directory) = (spec.code.clone(), context.directory.clone());
    let unpacked = tokio::task::spawn_blocking(move || CodeDirectory::unpack(zip, &directory)).await;
    let reason = match unpacked {
        Ok(Ok(code)) => return Ok(Arc::new(code)),
        Ok(Err(reason)) => reason,
        Err(error) => error.to_string(),
    };
    Err(StartError::Code { function: spec.name.clone(), reason })
}

fn work(spec: &FunctionSpec, request_id: &str, payload: &Bytes, options: &InvokeOptions) -> Work {
    let timeout_ms = u64::try_from(spec.timeout.as_millis()).unwrap_or(u64::MAX);
    Work {
        request_id: request_id.to_owned(),
        payload: payload.clone(),
        deadline_ms: epoch_ms().saturating_add(timeout_ms),
        arn: options.invoked_arn.clone().unwrap_or_else(|| spec.arn.clone()),
        trace_id: options.trace_id.clone().unwrap_or_else(|| new_trace_id(spec.tracing)),
        client_context: options.client_context.clone(),
    }
}

/// What the caller gets when no environment could be started for it.
fn failed_start(pool: &Pool, request_id: String, error: &StartError) -> Invocation {
    let reason = match error {
        StartError::Init { reason, .. } | StartError::Spawn { reason, .. } => reason.clone(),
        other => other.to_string(),
    };
    let message = format!("RequestId: {request_id} Error: {reason}");
    Invocation {
        request_id,
        payload: invocation::error_payload("Runtime.InitError", &message),
        function_error: Some("Unhandled".to_owned()),
        log_tail: None,
        duration: std::time::Duration::ZERO,
        billed: std::time::Duration::ZERO,
        init_duration: None,
        version: pool.spec().version.clone(),
    }
}
