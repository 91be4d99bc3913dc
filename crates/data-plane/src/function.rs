//! Lambda functions: a pool of environments, each one process of the zip's `bootstrap` behind its own Runtime API.

mod spec;

pub use spec::{
    AccountConcurrency, FunctionContext, FunctionSpec, Invocation, InvokeError, InvokeOptions, LogFormat,
    StartError,
};

/// A running function: at least one environment is initialised and kept warm. Cheap to clone.
#[derive(Clone)]
pub struct Function {}

impl Function {
    /// Unpacks the code once, starts one environment (more if `provisioned` asks for them) and waits until it asks for work.
    ///
    /// # Errors
    /// The zip is unusable, the process cannot be started, or it ends, fails or stays silent before it asks for
    /// its first invocation; the error carries its last log lines.
    pub async fn start(spec: FunctionSpec, context: FunctionContext) -> Result<Self, StartError> {
        let _ = context;
        Err(StartError::Stopped { function: spec.name })
    }

    /// Runs the handler once with `payload` (JSON, at most 6 MB). Dropping the future does not stop the invocation.
    ///
    /// # Errors
    /// Only what AWS answers without running the function; a failing handler is an [`Invocation`] with
    /// `function_error`.
    pub async fn invoke(
        &self,
        payload: bytes::Bytes,
        options: InvokeOptions,
    ) -> Result<Invocation, InvokeError> {
        let _ = (payload, options);
        Err(InvokeError::Stopped { function: String::new() })
    }

    /// Replaces code or configuration: environments of `spec` are started first, then the old ones end, each after
    /// the request it is serving. On an error the function runs on as it was.
    pub async fn update(&self, spec: FunctionSpec) -> Result<(), StartError> {
        Err(StartError::Stopped { function: spec.name })
    }

    /// Ends all environments; invocations in progress are cut off.
    pub async fn stop(&self) {}
}
