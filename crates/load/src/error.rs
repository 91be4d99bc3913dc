//! Why a run could not begin or go on.

/// A run that could not begin or go on. What a target does wrong is no error but part of its outcome.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("the plan cannot be run: {reason}")]
    Plan { reason: &'static str },
    #[error("{target} cannot be reached at {uri}: {reason}")]
    Uri { target: String, uri: String, reason: &'static str },
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
    #[error("a task of the load generator broke off")]
    Task(#[from] tokio::task::JoinError),
    #[error("the statistics of the load generator do not fit into memory")]
    Histogram,
}
