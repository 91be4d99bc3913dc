//! The workers of one target.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::connector::Connector;
use crate::progress::Counters;
use crate::target::Prepared;
use crate::worker::Worker;
use crate::{LoadError, Outcome, Target};

/// Hires workers up to a limit and keeps them, with their connections, from one turn to the next.
#[derive(Debug)]
pub(crate) struct Crew {
    target: Arc<Prepared>,
    connector: Connector,
    timeout: Duration,
    /// The workers that are free, the last one used on top, so that no more connections are kept busy than needed.
    pub(crate) idle: Vec<Worker>,
    hired: u32,
    most: u32,
    pub(crate) counters: Counters,
    /// The turns together, and what no worker counts.
    pub(crate) outcome: Outcome,
}

impl Crew {
    pub(crate) fn new(
        target: &Target,
        connector: Connector,
        most: u32,
        timeout: Duration,
    ) -> Result<Self, LoadError> {
        Ok(Self {
            target: Arc::new(target.prepare()?),
            connector,
            timeout,
            idle: Vec::new(),
            hired: 0,
            most,
            counters: Counters::default(),
            outcome: Outcome::empty(&target.name)?,
        })
    }

    /// A free worker, or a new one, or `None` where all that are allowed are busy.
    pub(crate) fn take(&mut self) -> Result<Option<Worker>, LoadError> {
        if let Some(worker) = self.idle.pop() {
            return Ok(Some(worker));
        }
        if self.hired == self.most {
            return Ok(None);
        }
        self.hired += 1;
        Worker::new(Arc::clone(&self.target), self.connector.clone(), self.timeout, self.counters.clone())
            .map(Some)
    }

    /// Hires up to `count` workers and opens their connections side by side, before any time is taken.
    pub(crate) async fn prepare(
        &mut self,
        count: u32,
        shutdown: &CancellationToken,
    ) -> Result<(), LoadError> {
        let mut ready = Vec::new();
        while ready.len() < count as usize
            && let Some(worker) = self.take()?
        {
            ready.push(worker);
        }
        let mut connecting = JoinSet::new();
        for mut worker in ready {
            let shutdown = shutdown.clone();
            connecting.spawn(async move {
                tokio::select! {
                    () = worker.connect() => {}
                    () = shutdown.cancelled() => {}
                }
                worker
            });
        }
        while let Some(worker) = connecting.join_next().await {
            self.idle.push(worker?);
        }
        Ok(())
    }

    /// Adds up what the workers measured.
    pub(crate) fn finish(mut self) -> Result<Outcome, LoadError> {
        for worker in &self.idle {
            self.outcome.merge(worker.tally())?;
        }
        Ok(self.outcome)
    }
}
