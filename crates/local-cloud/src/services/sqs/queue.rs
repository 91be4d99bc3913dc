//! One queue: what is in it and who may see it when.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::message::{MessageAttributes, MessageBody, Received};
use super::{QueueAttributes, SqsError};
use crate::services::policy::Policy;
use crate::wire::epoch_millis;

/// How long a queue cannot be purged again, in milliseconds.
const PURGE_PAUSE: i64 = 60_000;

/// A standard queue.
pub struct Queue {
    pub name: String,
    pub arn: String,
    pub url: String,
    /// Milliseconds since the epoch.
    pub created_at: i64,
    inner: Mutex<Inner>,
    arrived: Notify,
}

struct Inner {
    attributes: QueueAttributes,
    tags: BTreeMap<String, String>,
    modified_at: i64,
    purged_at: i64,
    next: u64,
    messages: BTreeMap<u64, Message>,
    /// Messages that can be received, in the order in which they were sent.
    ready: BTreeSet<u64>,
    /// Delayed and received messages by the time from which they can be received (again).
    hidden: BTreeSet<(i64, u64)>,
}

/// A message to be put into a queue.
pub struct NewMessage {
    pub body: MessageBody,
    pub attributes: MessageAttributes,
    /// The account or service that sends it.
    pub sender_id: String,
    pub trace_header: Option<String>,
    /// Seconds; `None` takes the queue's.
    pub delay: Option<u32>,
}

impl NewMessage {
    /// A message without attributes and with the queue's own delay.
    #[must_use]
    pub fn new(body: MessageBody, sender_id: &str) -> Self {
        Self {
            body,
            attributes: MessageAttributes::new(),
            sender_id: sender_id.to_owned(),
            trace_header: None,
            delay: None,
        }
    }
}

struct Message {
    id: uuid::Uuid,
    content: NewMessage,
    sent_at: i64,
    visible_at: i64,
    receive_count: u32,
    first_received_at: i64,
    dead_letter_source: Option<String>,
}

/// How many messages are in which state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counts {
    pub visible: usize,
    pub in_flight: usize,
    pub delayed: usize,
}

/// What one receive gives: messages for the caller, and messages for the dead-letter queue.
#[derive(Default)]
struct Batch {
    received: Vec<Received>,
    dead: Vec<DeadLetter>,
}

/// A message that was received too often.
pub(super) struct DeadLetter(Message);

impl Queue {
    pub(super) fn new(
        name: &str,
        arn: String,
        url: String,
        attributes: QueueAttributes,
        tags: BTreeMap<String, String>,
    ) -> Self {
        let now = epoch_millis();
        let inner = Inner {
            attributes,
            tags,
            modified_at: now,
            purged_at: 0,
            next: 0,
            messages: BTreeMap::new(),
            ready: BTreeSet::new(),
            hidden: BTreeSet::new(),
        };
        Self {
            name: name.to_owned(),
            arn,
            url,
            created_at: now,
            inner: Mutex::new(inner),
            arrived: Notify::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The settings.
    #[must_use]
    pub fn attributes(&self) -> QueueAttributes {
        self.lock().attributes.clone()
    }

    /// The resource policy, where the queue has one.
    #[must_use]
    pub fn policy(&self) -> Option<Arc<Policy>> {
        self.lock().attributes.policy.clone()
    }

    /// Replaces the settings.
    pub fn set_attributes(&self, attributes: QueueAttributes) {
        let mut inner = self.lock();
        inner.attributes = attributes;
        inner.modified_at = epoch_millis();
    }

    /// Milliseconds since the epoch of the last change of settings.
    #[must_use]
    pub fn modified_at(&self) -> i64 {
        self.lock().modified_at
    }

    #[must_use]
    pub fn tags(&self) -> BTreeMap<String, String> {
        self.lock().tags.clone()
    }

    /// Changes the tags in place.
    pub fn edit_tags(&self, edit: impl FnOnce(&mut BTreeMap<String, String>)) {
        edit(&mut self.lock().tags);
    }

    /// Puts a message in and gives its ID.
    pub fn send(&self, content: NewMessage) -> uuid::Uuid {
        let id = uuid::Uuid::new_v4();
        self.insert(Message {
            id,
            sent_at: epoch_millis(),
            visible_at: 0,
            receive_count: 0,
            first_received_at: 0,
            dead_letter_source: None,
            content,
        });
        id
    }

    /// Takes in a message that another queue gave up. Its age keeps counting from when it was first sent.
    pub(super) fn accept_dead(&self, letter: DeadLetter, source: &str) {
        let mut message = letter.0;
        message.receive_count = 0;
        message.content.delay = Some(0);
        message.dead_letter_source = Some(source.to_owned());
        self.insert(message);
    }

    fn insert(&self, mut message: Message) {
        let mut inner = self.lock();
        let number = inner.next;
        inner.next += 1;
        let delay = i64::from(message.content.delay.unwrap_or(inner.attributes.delay)) * 1000;
        if delay == 0 {
            inner.ready.insert(number);
        } else {
            message.visible_at = epoch_millis() + delay;
            inner.hidden.insert((message.visible_at, number));
        }
        inner.messages.insert(number, message);
        drop(inner);
        self.arrived.notify_waiters();
    }

    /// Receives up to `max` messages and hides them for `visibility` seconds; waits up to `wait` for the first one.
    pub(super) async fn receive(
        &self,
        max: usize,
        visibility: Option<u32>,
        wait: Duration,
        stopping: &CancellationToken,
    ) -> (Vec<Received>, Vec<DeadLetter>) {
        let deadline = Instant::now() + wait;
        let mut dead = Vec::new();
        loop {
            let arrived = self.arrived.notified();
            tokio::pin!(arrived);
            // Listening starts before looking, so that a message that comes in between wakes this call.
            arrived.as_mut().enable();
            let (batch, next_visible) = self.take(max, visibility);
            dead.extend(batch.dead);
            if !batch.received.is_empty() || Instant::now() >= deadline || stopping.is_cancelled() {
                return (batch.received, dead);
            }
            let until_visible = next_visible.map_or(wait, |at| {
                Duration::from_millis(u64::try_from((at - epoch_millis()).max(0)).unwrap_or_default() + 1)
            });
            let wake = deadline.min(Instant::now() + until_visible);
            tokio::select! {
                () = &mut arrived => {}
                () = tokio::time::sleep_until(wake) => {}
                () = stopping.cancelled() => {}
            }
        }
    }

    fn take(&self, max: usize, visibility: Option<u32>) -> (Batch, Option<i64>) {
        let now = epoch_millis();
        let mut inner = self.lock();
        inner.reveal(now);
        let visibility = i64::from(visibility.unwrap_or(inner.attributes.visibility_timeout)) * 1000;
        let retention = i64::from(inner.attributes.retention) * 1000;
        let redrive = inner.attributes.redrive.as_ref().map(|redrive| redrive.max_receive_count);
        let mut batch = Batch::default();
        while batch.received.len() < max {
            let Some(number) = inner.ready.pop_first() else { break };
            let Some(message) = inner.messages.get_mut(&number) else { continue };
            if now - message.sent_at > retention {
                inner.messages.remove(&number);
                continue;
            }
            if redrive.is_some_and(|limit| message.receive_count >= limit) {
                batch.dead.extend(inner.messages.remove(&number).map(DeadLetter));
                continue;
            }
            message.receive_count += 1;
            if message.first_received_at == 0 {
                message.first_received_at = now;
            }
            message.visible_at = now + visibility;
            batch.received.push(message.received(number));
            let hidden = (message.visible_at, number);
            inner.hidden.insert(hidden);
        }
        let next = inner.hidden.first().map(|(at, _)| *at);
        (batch, next)
    }

    /// Deletes a received message. A handle whose message is gone, or was received again since, deletes nothing.
    pub fn delete(&self, handle: &str) -> Result<(), SqsError> {
        let (number, id, count) = parse_handle(handle)?;
        let mut inner = self.lock();
        let matches = |message: &Message| message.id == id && message.receive_count == count;
        if inner.messages.get(&number).is_some_and(matches)
            && let Some(message) = inner.messages.remove(&number)
        {
            inner.ready.remove(&number);
            inner.hidden.remove(&(message.visible_at, number));
        }
        Ok(())
    }

    /// Hides a received message for `seconds` from now; 0 makes it visible at once.
    pub fn change_visibility(&self, handle: &str, seconds: u32) -> Result<(), SqsError> {
        let (number, id, count) = parse_handle(handle)?;
        let now = epoch_millis();
        let mut inner = self.lock();
        inner.reveal(now);
        let not_in_flight = || SqsError::NotInFlight { handle: handle.to_owned() };
        let message = inner.messages.get(&number).ok_or_else(not_in_flight)?;
        let old = (message.visible_at, number);
        if message.id != id || message.receive_count != count || !inner.hidden.remove(&old) {
            return Err(not_in_flight());
        }
        let visible_at = now + i64::from(seconds) * 1000;
        if let Some(message) = inner.messages.get_mut(&number) {
            message.visible_at = visible_at;
        }
        if seconds == 0 {
            inner.ready.insert(number);
            drop(inner);
            self.arrived.notify_waiters();
        } else {
            inner.hidden.insert((visible_at, number));
        }
        Ok(())
    }

    /// Deletes every message.
    ///
    /// # Errors
    /// The queue was purged less than a minute ago.
    pub fn purge(&self) -> Result<(), SqsError> {
        let (mut inner, now) = (self.lock(), epoch_millis());
        if now < inner.purged_at + PURGE_PAUSE {
            return Err(SqsError::PurgeInProgress { name: self.name.clone() });
        }
        inner.purged_at = now;
        inner.messages.clear();
        inner.ready.clear();
        inner.hidden.clear();
        Ok(())
    }

    /// The number of messages in each state, exact at this moment.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut inner = self.lock();
        inner.reveal(epoch_millis());
        let delayed = inner
            .hidden
            .iter()
            .filter(|(_, number)| {
                inner.messages.get(number).is_some_and(|message| message.receive_count == 0)
            })
            .count();
        Counts { visible: inner.ready.len(), in_flight: inner.hidden.len() - delayed, delayed }
    }
}

impl Inner {
    /// Makes hidden messages visible whose time has come.
    fn reveal(&mut self, now: i64) {
        while let Some(&(at, number)) = self.hidden.first() {
            if at > now {
                break;
            }
            self.hidden.pop_first();
            self.ready.insert(number);
        }
    }
}

impl Message {
    fn received(&self, number: u64) -> Received {
        Received {
            id: self.id.to_string(),
            receipt_handle: write_handle(number, self.id, self.receive_count),
            body: self.content.body.text().into_owned(),
            attributes: self.content.attributes.clone(),
            sent_at: self.sent_at,
            first_received_at: self.first_received_at,
            receive_count: self.receive_count,
            sender_id: self.content.sender_id.clone(),
            trace_header: self.content.trace_header.clone(),
            dead_letter_source: self.dead_letter_source.clone(),
        }
    }
}

fn write_handle(number: u64, id: uuid::Uuid, count: u32) -> String {
    STANDARD.encode(format!("{number} {id} {count}"))
}

fn parse_handle(handle: &str) -> Result<(u64, uuid::Uuid, u32), SqsError> {
    let invalid = || SqsError::InvalidReceiptHandle { handle: handle.to_owned() };
    let bytes = STANDARD.decode(handle).map_err(|_| invalid())?;
    let text = String::from_utf8(bytes).map_err(|_| invalid())?;
    let mut parts = text.split(' ');
    let number = parts.next().and_then(|part| part.parse().ok());
    let id = parts.next().and_then(|part| part.parse().ok());
    let count = parts.next().and_then(|part| part.parse().ok());
    number.zip(id).zip(count).map(|((number, id), count)| (number, id, count)).ok_or_else(invalid)
}
