//! Log lines: one JSON object a line on stdout, as Lambda's own JSON log format has it.
//! <https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html>

use tracing::level_filters::LevelFilter;

/// Starts logging, from the level that `AWS_LAMBDA_LOG_LEVEL` names, INFO if it names none.
pub(crate) fn start() {
    let level = std::env::var("AWS_LAMBDA_LOG_LEVEL").ok().and_then(|level| level.parse().ok());
    // A second subscriber in one process is refused; the first one is as good.
    let _ = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_max_level(level.unwrap_or(LevelFilter::INFO))
        .try_init();
}
