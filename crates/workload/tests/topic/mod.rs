//! A server that plays SNS for one topic: it takes what the real SDK sends, keeps the messages, and answers as it is told.

#![allow(dead_code, reason = "several tests share this module, and each uses a part of it")]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use percent_encoding::percent_decode_str;

pub const TOPIC_ARN: &str = "arn:aws:sns:us-east-1:000000000000:messages";

/// What the topic does with a message.
#[derive(Clone, Copy, Debug)]
pub enum Mood {
    Accept,
    /// Takes the message, but answers late.
    Slow(Duration),
    Throttle,
    Fail,
    Deny,
}

#[derive(Clone, Debug)]
pub struct Topic {
    pub address: SocketAddr,
    state: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
struct Inner {
    mood: Mood,
    calls: usize,
    messages: Vec<String>,
}

impl Topic {
    /// Starts on a free port of the loopback; the server ends with the test's runtime.
    pub async fn start() -> Topic {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(Inner { mood: Mood::Accept, calls: 0, messages: Vec::new() }));
        let router = Router::new()
            .route("/", post(publish))
            .layer(axum::extract::DefaultBodyLimit::disable())
            .with_state(Arc::clone(&state));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Topic { address, state }
    }

    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn set_mood(&self, mood: Mood) {
        self.state.lock().unwrap().mood = mood;
    }

    /// The calls since the last time.
    pub fn take_calls(&self) -> usize {
        std::mem::take(&mut self.state.lock().unwrap().calls)
    }

    /// The messages since the last time.
    pub fn take_messages(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().messages)
    }

    /// What a program must find in its environment to publish here.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("TOPIC_ARN", TOPIC_ARN.to_owned()),
            ("AWS_ENDPOINT_URL", self.endpoint()),
            ("AWS_REGION", "us-east-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
        ]
    }
}

async fn publish(State(state): State<Arc<Mutex<Inner>>>, body: String) -> Response {
    let field = |name: &str| {
        let value = body.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
        Some(percent_decode_str(&value.replace('+', " ")).decode_utf8().ok()?.into_owned())
    };
    assert_eq!(field("Action").as_deref(), Some("Publish"));
    assert_eq!(field("TopicArn").as_deref(), Some(TOPIC_ARN));
    let mood = {
        let mut state = state.lock().unwrap();
        state.calls += 1;
        state.mood
    };
    match mood {
        Mood::Accept => {}
        Mood::Slow(delay) => tokio::time::sleep(delay).await,
        Mood::Throttle => return error(400, "Throttling", "Rate exceeded"),
        Mood::Fail => return error(500, "InternalError", "secret detail of the service"),
        Mood::Deny => {
            return error(403, "AuthorizationError", "arn:aws:iam::1:role/secret is not authorized");
        }
    }
    let mut state = state.lock().unwrap();
    state.messages.push(field("Message").unwrap());
    let id = state.messages.len();
    xml(
        StatusCode::OK,
        format!(
            "<PublishResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishResult><MessageId>m-{id}\
             </MessageId></PublishResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></PublishResponse>"
        ),
    )
}

fn error(status: u16, code: &str, message: &str) -> Response {
    let body = format!(
        "<ErrorResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><Error><Type>Sender</Type><Code>{code}</Code>\
         <Message>{message}</Message></Error><RequestId>r</RequestId></ErrorResponse>"
    );
    xml(StatusCode::from_u16(status).unwrap(), body)
}

fn xml(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "text/xml")], body).into_response()
}
