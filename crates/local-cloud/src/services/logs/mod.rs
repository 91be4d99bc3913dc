//! Amazon CloudWatch Logs: groups, streams, events and their search.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/Welcome.html>

mod error;
mod group;
mod operations;
mod pattern;
mod wire;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

pub use error::LogsError;
pub use group::{LogEvent, LogGroup, LogStream};
pub use pattern::FilterPattern;
pub use wire::LogsService;

use super::RegionContext;
use crate::wire::epoch_millis;

/// Retention periods that CloudWatch Logs offers, in days.
pub const RETENTION_DAYS: [u32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/// The log groups of a region.
pub struct Logs {
    context: Arc<RegionContext>,
    groups: RwLock<BTreeMap<String, Arc<LogGroup>>>,
}

impl Logs {
    pub(crate) fn new(context: Arc<RegionContext>) -> Self {
        Self { context, groups: RwLock::default() }
    }

    /// Makes a log group.
    ///
    /// # Errors
    /// One that exists, an invalid name.
    pub fn create_group(
        &self,
        name: &str,
        tags: &BTreeMap<String, String>,
    ) -> Result<Arc<LogGroup>, LogsError> {
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/#".contains(&byte);
        if name.is_empty() || name.len() > 512 || !name.bytes().all(legal) {
            return Err(LogsError::InvalidGroupName { name: name.to_owned() });
        }
        let mut groups = self.groups.write().unwrap_or_else(PoisonError::into_inner);
        if groups.contains_key(name) {
            return Err(LogsError::GroupExists);
        }
        let arn = self.context.arn("logs", &format!("log-group:{name}"));
        let group = Arc::new(LogGroup::new(name, arn, tags.clone()));
        groups.insert(name.to_owned(), Arc::clone(&group));
        Ok(group)
    }

    /// The group of that name, made if need be, as Lambda does for functions without a group of their own.
    pub fn ensure_group(&self, name: &str) -> Result<Arc<LogGroup>, LogsError> {
        match self.create_group(name, &BTreeMap::new()) {
            Err(LogsError::GroupExists) => self.group(name),
            other => other,
        }
    }

    /// Deletes a log group with its events.
    pub fn delete_group(&self, name: &str) -> Result<(), LogsError> {
        let mut groups = self.groups.write().unwrap_or_else(PoisonError::into_inner);
        groups.remove(name).map(|_| ()).ok_or(LogsError::NoSuchGroup)
    }

    /// A log group by its name.
    pub fn group(&self, name: &str) -> Result<Arc<LogGroup>, LogsError> {
        let groups = self.groups.read().unwrap_or_else(PoisonError::into_inner);
        groups.get(name).cloned().ok_or(LogsError::NoSuchGroup)
    }

    /// A log group by its name or its ARN, with or without `:*` at the end.
    pub fn group_by_identifier(&self, identifier: &str) -> Result<Arc<LogGroup>, LogsError> {
        let prefix = self.context.arn("logs", "log-group:");
        let name = identifier.strip_prefix(&prefix).unwrap_or(identifier);
        self.group(name.strip_suffix(":*").unwrap_or(name))
    }

    /// All log groups in order of their names.
    #[must_use]
    pub fn groups(&self) -> Vec<Arc<LogGroup>> {
        self.groups.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}

/// A line for a group that does not exist, or exists no more, is dropped: late output must not bring a deleted group back.
impl data_plane::LogSink for Logs {
    fn write(&self, group: &str, stream: &str, message: &str) {
        if let Ok(group) = self.group(group) {
            let now = epoch_millis();
            group.ensure_stream(stream).append(now, now, message.to_owned());
        }
    }
}
