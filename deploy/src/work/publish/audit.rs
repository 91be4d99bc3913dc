//! The audit queue: SNS's JSON envelopes, matched by message ID.
//!
//! <https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html>

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::DisplayErrorContext;
use aws_sdk_sqs::types::{DeleteMessageBatchRequestEntry, Message};
use serde::Deserialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::time::Instant;

use crate::failure::Failure;

/// How many receivers drain the queue at once.
const RECEIVERS: usize = 3;
/// The most that SQS gives at once.
const BATCH: i32 = 10;
/// How long a receiver waits for a message, in seconds.
const WAIT: i32 = 1;

/// What SNS wraps a message in.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Envelope {
    message_id: String,
    message: String,
    timestamp: Option<String>,
}

/// What was in the queue.
#[derive(Debug, Default)]
pub struct Arrived {
    /// The bodies of the messages that were asked for.
    pub by_id: BTreeMap<String, String>,
    /// The bodies of other messages that were published after the check began.
    pub strangers: Vec<String>,
}

/// A queue that is drained.
pub struct Audit<'a> {
    client: &'a Client,
    queue: &'a str,
    begin: OffsetDateTime,
}

impl<'a> Audit<'a> {
    pub fn new(client: &'a Client, queue: &'a str, begin: OffsetDateTime) -> Self {
        Self { client, queue, begin }
    }

    /// Receives and deletes until all the wanted messages are there, or until patience ends. Messages of earlier runs are
    /// deleted unseen.
    pub async fn collect(&self, wanted: BTreeSet<String>, patience: Duration) -> Result<Arrived, Failure> {
        let deadline = Instant::now() + patience;
        let mut arrived = Arrived::default();
        while arrived.by_id.len() < wanted.len() && Instant::now() < deadline {
            let batches = futures::future::try_join_all((0..RECEIVERS).map(|_| self.receive())).await?;
            for envelope in batches.into_iter().flatten() {
                if wanted.contains(&envelope.message_id) {
                    arrived.by_id.insert(envelope.message_id, envelope.message);
                } else if self.is_new(&envelope) {
                    arrived.strangers.push(envelope.message);
                }
            }
        }
        Ok(arrived)
    }

    fn is_new(&self, envelope: &Envelope) -> bool {
        let published = envelope.timestamp.as_deref().and_then(|at| OffsetDateTime::parse(at, &Rfc3339).ok());
        published.is_some_and(|at| at >= self.begin)
    }

    async fn receive(&self) -> Result<Vec<Envelope>, Failure> {
        let answer = self
            .client
            .receive_message()
            .queue_url(self.queue)
            .max_number_of_messages(BATCH)
            .wait_time_seconds(WAIT)
            .send()
            .await
            .map_err(|error| self.failed("receiving from", &DisplayErrorContext(error)))?;
        let messages = answer.messages();
        if !messages.is_empty() {
            self.delete(messages).await?;
        }
        Ok(messages.iter().filter_map(|message| serde_json::from_str(message.body()?).ok()).collect())
    }

    async fn delete(&self, messages: &[Message]) -> Result<(), Failure> {
        let entries = messages.iter().enumerate().filter_map(|(index, message)| {
            let entry = DeleteMessageBatchRequestEntry::builder()
                .id(index.to_string())
                .receipt_handle(message.receipt_handle()?);
            entry.build().ok()
        });
        self.client
            .delete_message_batch()
            .queue_url(self.queue)
            .set_entries(Some(entries.collect()))
            .send()
            .await
            .map_err(|error| self.failed("deleting from", &DisplayErrorContext(error)))?;
        Ok(())
    }

    fn failed(&self, doing: &str, error: &dyn std::fmt::Display) -> Failure {
        Failure::new(format!("{doing} the audit queue {} failed: {error}", self.queue))
    }
}
