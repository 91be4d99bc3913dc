//! Web servers as subscribers: they confirm, and a failed delivery is tried again.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod support;

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use support::TestCloud;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// Serves one connection after another, refuses the first `failures` notifications, and passes on what it got.
async fn subscriber(
    failures: usize,
) -> (String, mpsc::UnboundedReceiver<(String, serde_json::Value)>, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let (sender, receiver) = mpsc::unbounded_channel();
    let left = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(failures));
    let server = tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (sender, left) = (sender.clone(), left.clone());
            let service = service_fn(move |request: Request<Incoming>| {
                let (sender, left) = (sender.clone(), left.clone());
                async move {
                    let kind = request.headers()["x-amz-sns-message-type"].to_str().unwrap().to_owned();
                    let body = request.into_body().collect().await.unwrap().to_bytes();
                    let refuse = kind == "Notification"
                        && left
                            .fetch_update(
                                std::sync::atomic::Ordering::SeqCst,
                                std::sync::atomic::Ordering::SeqCst,
                                |left| left.checked_sub(1),
                            )
                            .is_ok();
                    let mut response = Response::new(Full::new(Bytes::new()));
                    if refuse {
                        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                    } else {
                        sender.send((kind, serde_json::from_slice(&body).unwrap())).unwrap();
                    }
                    Ok::<_, Infallible>(response)
                }
            });
            tokio::spawn(async move {
                let _closed =
                    Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    (url, receiver, server)
}

#[tokio::test]
async fn servers_confirm_and_get_messages_after_retries() {
    let cloud = TestCloud::start().await;
    let (url, mut got, server) = subscriber(1).await;
    let sns = cloud.sns();
    let topic = sns.create_topic().name("t").send().await.unwrap().topic_arn.unwrap();
    let subscribed = sns
        .subscribe()
        .topic_arn(&topic)
        .protocol("http")
        .endpoint(&url)
        .attributes(
            "DeliveryPolicy",
            r#"{"healthyRetryPolicy":{"numRetries":3,"minDelayTarget":1,"maxDelayTarget":1}}"#,
        )
        .send()
        .await
        .unwrap();
    assert_eq!(subscribed.subscription_arn(), Some("pending confirmation"));
    let wait = Duration::from_secs(20);
    let (kind, confirmation) = tokio::time::timeout(wait, got.recv()).await.unwrap().unwrap();
    assert_eq!(
        (kind.as_str(), confirmation["Type"].as_str()),
        ("SubscriptionConfirmation", Some("SubscriptionConfirmation"))
    );
    sns.publish().topic_arn(&topic).message("before").send().await.unwrap();
    let subscribe_url = confirmation["SubscribeURL"].as_str().unwrap();
    let path = subscribe_url.strip_prefix(cloud.cloud.endpoint()).unwrap();
    let confirmed = cloud.send("GET", path, &[], "").await;
    assert!(
        confirmed.text().contains("<ConfirmSubscriptionResult><SubscriptionArn>"),
        "{}",
        confirmed.text()
    );
    sns.publish().topic_arn(&topic).message("after").send().await.unwrap();
    let (kind, notification) = tokio::time::timeout(wait, got.recv()).await.unwrap().unwrap();
    assert_eq!((kind.as_str(), notification["Message"].as_str()), ("Notification", Some("after")));
    server.abort();
    cloud.stop().await;
}
