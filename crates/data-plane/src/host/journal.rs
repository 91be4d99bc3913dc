use std::collections::BTreeMap;
use std::sync::Arc;

use super::agent::Collected;
use crate::LogSink;
use crate::mutex::Mutex;

/// How many lines of a file are kept until the agent collects it.
const KEPT: usize = 1000;
/// Where cloud-init writes what commands say.
pub(super) const CLOUD_INIT: &str = "/var/log/cloud-init-output.log";

/// The log files of a host, which go to a log group once the agent collects them.
pub(super) struct Journal {
    host: String,
    logs: Arc<dyn LogSink>,
    files: Mutex<BTreeMap<String, File>>,
}

#[derive(Default)]
struct File {
    /// Log group and stream.
    target: Option<(String, String)>,
    waiting: Vec<String>,
}

impl Journal {
    pub(super) fn new(host: &str, logs: Arc<dyn LogSink>) -> Self {
        Self { host: host.to_owned(), logs, files: Mutex::default() }
    }

    /// Appends a line to a file.
    pub(super) fn write(&self, path: &str, line: &str) {
        let mut files = self.files.lock();
        let file = files.entry(path.to_owned()).or_default();
        match &file.target {
            Some((group, stream)) => self.logs.write(group, stream, line),
            None if file.waiting.len() < KEPT => file.waiting.push(line.to_owned()),
            None => {}
        }
    }

    /// Sends what a file has, and will have, to a log group.
    pub(super) fn collect(&self, collected: &Collected) {
        let stream = collected.stream.replace("{instance_id}", &self.host);
        let mut files = self.files.lock();
        let file = files.entry(collected.file.clone()).or_default();
        for line in std::mem::take(&mut file.waiting) {
            self.logs.write(&collected.group, &stream, &line);
        }
        file.target = Some((collected.group.clone(), stream));
    }
}
