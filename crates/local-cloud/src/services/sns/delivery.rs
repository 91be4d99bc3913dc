//! Delivery to subscribers: to queues at once, to web servers with retries.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::sync::Semaphore;

use super::notification::{Notification, Published};
use super::subscription::{Subscription, SubscriptionProtocol};
use crate::services::RegionContext;
use crate::services::policy::Access;
use crate::services::sqs::{MessageBody, NewMessage, Sqs};

/// What SNS allows a web server for its answer.
const HTTP_TIMEOUT: Duration = Duration::from_secs(15);
const HTTP_RETRIES: (u32, Duration) = (3, Duration::from_secs(20));
const HTTP_CONCURRENCY: usize = 64;
const MAX_ANSWER: usize = 64 * 1024;

/// Brings messages to subscribers.
pub(super) struct Deliverer {
    context: Arc<RegionContext>,
    sqs: Arc<Sqs>,
    http: Client<HttpConnector, Full<Bytes>>,
    permits: Arc<Semaphore>,
}

impl Deliverer {
    pub(super) fn new(context: Arc<RegionContext>, sqs: Arc<Sqs>) -> Arc<Self> {
        let http = Client::builder(TokioExecutor::new()).build_http();
        Arc::new(Self { context, sqs, http, permits: Arc::new(Semaphore::new(HTTP_CONCURRENCY)) })
    }

    /// Brings one message to one subscriber. A queue has it when this returns; a web server gets it soon after.
    pub(super) fn deliver(self: &Arc<Self>, subscription: &Arc<Subscription>, published: &Arc<Published>) {
        let settings = subscription.settings();
        let passes = settings
            .filter
            .as_ref()
            .is_none_or(|filter| filter.admits(settings.scope, &published.message, &published.attributes));
        if subscription.is_pending() || !passes {
            return;
        }
        let notification = Notification {
            published: Arc::clone(published),
            subscription_arn: Arc::clone(&subscription.arn),
        };
        match subscription.protocol {
            SubscriptionProtocol::Sqs => {
                if !self.to_queue(&subscription.endpoint, &notification, settings.raw) {
                    self.to_dead_letters(subscription, &notification);
                }
            }
            SubscriptionProtocol::Http => {
                let (this, subscription) = (Arc::clone(self), Arc::clone(subscription));
                self.context.tasks.spawn(async move { this.to_server(&subscription, notification).await });
            }
        }
    }

    /// Puts a message into a queue; `false` where the queue is gone or its policy does not admit the topic.
    fn to_queue(&self, arn: &str, notification: &Notification, raw: bool) -> bool {
        let Ok(queue) = self.sqs.queue_by_arn(arn) else { return false };
        let published = &notification.published;
        let access = Access {
            service: "sns.amazonaws.com",
            action: "sqs:SendMessage",
            resource: arn,
            context: &[
                ("aws:SourceArn", &published.topic_arn),
                ("aws:SourceAccount", &self.context.account),
                ("aws:SecureTransport", "true"),
            ],
        };
        if !queue.policy().is_some_and(|policy| policy.allows(&access)) {
            tracing::warn!(
                queue = arn,
                topic = &*published.topic_arn,
                "the queue's policy does not admit the topic"
            );
            return false;
        }
        let body = if raw {
            MessageBody::Text(published.message.clone())
        } else {
            let copy = Notification {
                published: Arc::clone(published),
                subscription_arn: Arc::clone(&notification.subscription_arn),
            };
            MessageBody::Notification(Arc::new(copy))
        };
        let mut message = NewMessage::new(body, SENDER);
        if raw {
            message.attributes.clone_from(&published.attributes);
        }
        queue.send(message);
        true
    }

    fn to_dead_letters(&self, subscription: &Subscription, notification: &Notification) {
        let settings = subscription.settings();
        let kept = settings
            .dead_letter_arn
            .as_ref()
            .is_some_and(|arn| self.to_queue(arn, notification, settings.raw));
        if !kept {
            tracing::warn!(
                subscription = &*subscription.arn,
                message = %notification.published.message_id,
                "a message could not be delivered and there is no dead-letter queue to keep it"
            );
        }
    }

    async fn to_server(&self, subscription: &Subscription, notification: Notification) {
        let settings = subscription.settings();
        let published = &notification.published;
        let body = if settings.raw { published.message.to_string() } else { notification.envelope() };
        let body = Bytes::from(body);
        let id = published.message_id.to_string();
        let (retries, pause) = settings.retries.unwrap_or(HTTP_RETRIES);
        for attempt in 0..=retries {
            let mut headers = vec![
                ("x-amz-sns-message-type", "Notification"),
                ("x-amz-sns-message-id", &id),
                ("x-amz-sns-topic-arn", &published.topic_arn),
                ("x-amz-sns-subscription-arn", &subscription.arn),
            ];
            if settings.raw {
                headers.push(("x-amz-sns-rawdelivery", "true"));
            }
            if self.post(&subscription.endpoint, &headers, body.clone()).await {
                return;
            }
            if attempt < retries {
                tokio::select! {
                    () = tokio::time::sleep(pause) => {}
                    () = self.context.stopping.cancelled() => return,
                }
            }
        }
        self.to_dead_letters(subscription, &notification);
    }

    /// Asks an HTTP endpoint to confirm its subscription.
    pub(super) fn ask_to_confirm(
        self: &Arc<Self>,
        subscription: &Arc<Subscription>,
        message_id: String,
        envelope: String,
    ) {
        let (this, subscription) = (Arc::clone(self), Arc::clone(subscription));
        self.context.tasks.spawn(async move {
            let headers = [
                ("x-amz-sns-message-type", "SubscriptionConfirmation"),
                ("x-amz-sns-message-id", message_id.as_str()),
                ("x-amz-sns-topic-arn", &subscription.topic_arn),
            ];
            if !this.post(&subscription.endpoint, &headers, Bytes::from(envelope)).await {
                tracing::warn!(
                    endpoint = subscription.endpoint,
                    "the request for confirmation was not accepted"
                );
            }
        });
    }

    /// Posts a body and says whether a 2xx came back.
    async fn post(&self, url: &str, headers: &[(&str, &str)], body: Bytes) -> bool {
        let mut builder = Request::builder()
            .method(Method::POST)
            .uri(url)
            .header("content-type", "text/plain; charset=UTF-8")
            .header("user-agent", "Amazon Simple Notification Service Agent");
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        let Ok(request) = builder.body(Full::new(body)) else { return false };
        let exchange = async {
            let _permit = self.permits.acquire().await.ok()?;
            let answer = self.http.request(request).await.ok()?;
            let accepted = answer.status().is_success();
            // The answer is read to its end so that the connection can be used again.
            let _answer = Limited::new(answer.into_body(), MAX_ANSWER).collect().await;
            Some(accepted)
        };
        tokio::select! {
            answered = tokio::time::timeout(HTTP_TIMEOUT, exchange) => matches!(answered, Ok(Some(true))),
            () = self.context.stopping.cancelled() => false,
        }
    }
}

/// The ID under which SNS sends to queues.
const SENDER: &str = "AIDAISMY7JYY5F7RTT6AO";
