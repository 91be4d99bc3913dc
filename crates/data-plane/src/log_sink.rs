/// Receives what functions, tasks and access logs print; one call is one log event.
///
/// Called on the request path: an implementation must not block.
pub trait LogSink: Send + Sync + 'static {
    /// Appends `message` (no trailing newline) to `stream` of the log group `group`, stamped now.
    fn write(&self, group: &str, stream: &str, message: &str);
}

/// A sink for callers that want no logs.
#[derive(Debug, Clone, Copy, Default)]
pub struct DiscardLogs;

impl LogSink for DiscardLogs {
    fn write(&self, _group: &str, _stream: &str, _message: &str) {}
}
