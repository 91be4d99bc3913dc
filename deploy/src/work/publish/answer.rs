//! Whether an answer is the one that a case asks for.

use signed_http::Response;
use workload::proof::Expect;

use crate::work::{is_json, judge_refusal, only_member, seen};

/// What an answer is worth.
#[derive(Debug, PartialEq, Eq)]
pub enum Judgement {
    /// As expected; with the ID of the message that must arrive, where one must.
    Right(Option<String>),
    Wrong {
        expected: String,
        got: String,
    },
}

impl Judgement {
    pub fn wrong(expected: &str, got: String) -> Self {
        Self::Wrong { expected: expected.to_owned(), got }
    }
}

/// The ID in `{"messageId":"…"}` and nothing else.
pub fn message_id(body: &[u8]) -> Option<String> {
    only_member(body, "messageId")
}

/// Compares status, content type and body with what is expected.
pub fn judge(expect: &Expect, answer: &Response) -> Judgement {
    match expect {
        Expect::Published => match message_id(&answer.body) {
            Some(id) if answer.status == 200 && is_json(answer) => Judgement::Right(Some(id)),
            _ => Judgement::wrong("200 {\"messageId\":…} as application/json", seen(answer)),
        },
        Expect::Refused { statuses, message } => match judge_refusal(statuses, *message, answer) {
            Ok(()) => Judgement::Right(None),
            Err((expected, got)) => Judgement::Wrong { expected, got },
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, content_type: &str, body: &'static str) -> Response {
        let mut headers = http::HeaderMap::new();
        headers.insert("content-type", content_type.parse().unwrap());
        Response { status, headers, body: bytes::Bytes::from_static(body.as_bytes()) }
    }

    #[test]
    fn a_published_message_is_known_by_its_id() {
        let good = answer(200, "application/json; charset=utf-8", r#"{"messageId":"a-1"}"#);
        assert_eq!(judge(&Expect::Published, &good), Judgement::Right(Some("a-1".to_owned())));
        for bad in [
            answer(201, "application/json", r#"{"messageId":"a-1"}"#),
            answer(200, "text/plain", r#"{"messageId":"a-1"}"#),
            answer(200, "application/json", r#"{"messageId":"a-1","requestId":"b"}"#),
            answer(200, "application/json", r#"{"messageId":""}"#),
            answer(200, "application/json", "OK"),
        ] {
            assert!(matches!(judge(&Expect::Published, &bad), Judgement::Wrong { .. }), "{bad:?}");
        }
    }

    #[test]
    fn a_refusal_is_known_by_its_status_and_words() {
        let exact = Expect::Refused { statuses: &[413], message: Some("too large") };
        let right = answer(413, "application/json", r#"{"message":"too large"}"#);
        assert_eq!(judge(&exact, &right), Judgement::Right(None));
        let other = answer(413, "application/json", r#"{"message":"no"}"#);
        let Judgement::Wrong { expected, got } = judge(&exact, &other) else { panic!() };
        assert_eq!(expected, r#"413 {"message":"too large"} as application/json"#);
        assert!(got.starts_with("413 "), "{got}");
        let loose = Expect::Refused { statuses: &[404, 405], message: None };
        assert_eq!(
            judge(&loose, &answer(405, "application/json", r#"{"message":"any"}"#)),
            Judgement::Right(None)
        );
    }
}
