//! A log group and its streams.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use super::LogsError;
use crate::wire::epoch_millis;

/// Bytes of messages that a stream keeps; past that the oldest go, so that a chatty program cannot fill the memory.
const MAX_STREAM_BYTES: usize = 8 * 1024 * 1024;
/// What AWS counts for an event besides its message.
const EVENT_OVERHEAD: usize = 26;
const DAY_MILLIS: i64 = 24 * 60 * 60 * 1000;

/// A log group.
pub struct LogGroup {
    pub name: String,
    /// Without `:*` at the end.
    pub arn: String,
    /// Milliseconds since the epoch.
    pub created_at: i64,
    retention_days: Mutex<Option<u32>>,
    tags: Mutex<BTreeMap<String, String>>,
    streams: RwLock<BTreeMap<String, Arc<LogStream>>>,
}

/// A stream of events from one source.
pub struct LogStream {
    pub name: String,
    pub created_at: i64,
    events: Mutex<Events>,
}

#[derive(Default)]
struct Events {
    all: VecDeque<LogEvent>,
    bytes: usize,
}

/// One log event; times are in milliseconds since the epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogEvent {
    /// Grows with each event of the cloud, which orders events of the same millisecond.
    pub number: u64,
    pub timestamp: i64,
    pub ingested_at: i64,
    pub message: String,
}

static NEXT_NUMBER: AtomicU64 = AtomicU64::new(1);

impl LogGroup {
    pub(super) fn new(name: &str, arn: String, tags: BTreeMap<String, String>) -> Self {
        Self {
            name: name.to_owned(),
            arn,
            created_at: epoch_millis(),
            retention_days: Mutex::default(),
            tags: Mutex::new(tags),
            streams: RwLock::default(),
        }
    }

    /// Days that events are kept; `None` is for ever.
    #[must_use]
    pub fn retention_days(&self) -> Option<u32> {
        *self.retention_days.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets how many days events are kept.
    ///
    /// # Errors
    /// A number of days that CloudWatch Logs does not offer.
    pub fn set_retention(&self, days: Option<u32>) -> Result<(), LogsError> {
        if let Some(days) = days.filter(|days| !super::RETENTION_DAYS.contains(days)) {
            let allowed = super::RETENTION_DAYS.map(|days| days.to_string()).join(", ");
            return Err(LogsError::invalid(format!(
                "1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: [{allowed}]"
            )));
        }
        *self.retention_days.lock().unwrap_or_else(PoisonError::into_inner) = days;
        Ok(())
    }

    #[must_use]
    pub fn tags(&self) -> BTreeMap<String, String> {
        self.tags.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes the tags in place.
    pub fn edit_tags(&self, edit: impl FnOnce(&mut BTreeMap<String, String>)) {
        edit(&mut self.tags.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Makes a stream.
    pub fn create_stream(&self, name: &str) -> Result<(), LogsError> {
        if name.is_empty() || name.len() > 512 || name.contains([':', '*']) {
            return Err(LogsError::invalid(format!(
                "Value '{name}' at 'logStreamName' failed to satisfy constraint: 1 to 512 characters without ':' and '*'"
            )));
        }
        let mut streams = self.streams.write().unwrap_or_else(PoisonError::into_inner);
        if streams.contains_key(name) {
            return Err(LogsError::StreamExists);
        }
        streams.insert(name.to_owned(), Arc::new(LogStream::new(name)));
        Ok(())
    }

    /// The stream of that name, made if need be.
    #[must_use]
    pub fn ensure_stream(&self, name: &str) -> Arc<LogStream> {
        if let Ok(stream) = self.stream(name) {
            return stream;
        }
        let mut streams = self.streams.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(streams.entry(name.to_owned()).or_insert_with(|| Arc::new(LogStream::new(name))))
    }

    pub fn delete_stream(&self, name: &str) -> Result<(), LogsError> {
        let mut streams = self.streams.write().unwrap_or_else(PoisonError::into_inner);
        streams.remove(name).map(|_| ()).ok_or(LogsError::NoSuchStream)
    }

    pub fn stream(&self, name: &str) -> Result<Arc<LogStream>, LogsError> {
        let streams = self.streams.read().unwrap_or_else(PoisonError::into_inner);
        streams.get(name).cloned().ok_or(LogsError::NoSuchStream)
    }

    /// All streams in order of their names.
    #[must_use]
    pub fn streams(&self) -> Vec<Arc<LogStream>> {
        self.streams.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// The last `count` events of all streams in order of time, such as the words of a task that failed.
    #[must_use]
    pub fn tail(&self, count: usize) -> Vec<LogEvent> {
        let mut all: Vec<LogEvent> =
            self.streams().iter().flat_map(|stream| stream.events(self.oldest())).collect();
        all.sort_by_key(|event| (event.timestamp, event.number));
        all.split_off(all.len().saturating_sub(count))
    }

    /// The time before which events are past their retention.
    pub(super) fn oldest(&self) -> i64 {
        self.retention_days().map_or(0, |days| epoch_millis() - i64::from(days) * DAY_MILLIS)
    }

    pub(super) fn stored_bytes(&self) -> usize {
        self.streams().iter().map(|stream| stream.lock().bytes).sum()
    }
}

impl LogStream {
    fn new(name: &str) -> Self {
        Self { name: name.to_owned(), created_at: epoch_millis(), events: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Events> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an event.
    pub fn append(&self, timestamp: i64, ingested_at: i64, message: String) {
        let mut events = self.lock();
        events.bytes += message.len() + EVENT_OVERHEAD;
        let number = NEXT_NUMBER.fetch_add(1, Ordering::Relaxed);
        events.all.push_back(LogEvent { number, timestamp, ingested_at, message });
        while events.bytes > MAX_STREAM_BYTES {
            let Some(oldest) = events.all.pop_front() else { break };
            events.bytes -= oldest.message.len() + EVENT_OVERHEAD;
        }
    }

    /// The events from `oldest` on, in order of time.
    #[must_use]
    pub fn events(&self, oldest: i64) -> Vec<LogEvent> {
        let mut all: Vec<LogEvent> =
            self.lock().all.iter().filter(|event| event.timestamp >= oldest).cloned().collect();
        all.sort_by_key(|event| (event.timestamp, event.number));
        all
    }

    /// Times of the first and the last event and of the last ingestion.
    pub(super) fn span(&self) -> Option<(i64, i64, i64)> {
        let events = self.lock();
        let first = events.all.iter().map(|event| event.timestamp).min()?;
        let last = events.all.iter().map(|event| event.timestamp).max()?;
        let ingested = events.all.iter().map(|event| event.ingested_at).max()?;
        Some((first, last, ingested))
    }
}
