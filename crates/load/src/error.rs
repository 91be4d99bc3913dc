//! Why a run could not begin or go on.

use std::path::PathBuf;

/// A run that could not begin or go on. What a target does wrong is no error but part of its outcome.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("the plan cannot be run: {reason}")]
    Plan { reason: &'static str },
    #[error("{target} cannot be reached at {uri}: {reason}")]
    Uri { target: String, uri: String, reason: &'static str },
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
    #[error("the certificates in {} cannot be used: {reason}", path.display())]
    Roots { path: PathBuf, reason: String },
    #[error(
        "{wanted} connections need as many open files, and this process may open {allowed}; raise the hard limit (ulimit -Hn) or ask for fewer"
    )]
    Files { wanted: u64, allowed: u64 },
    #[error("a thread of the load generator cannot be started")]
    Thread(#[source] std::io::Error),
    #[error("a thread of the load generator broke off")]
    Broken,
    #[error("the statistics of the load generator do not fit into memory")]
    Histogram,
}
