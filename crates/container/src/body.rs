//! Reading the body of a request within bounds.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;

/// The longest that the body of a request may take to arrive.
const LONGEST: Duration = Duration::from_secs(20);
/// How much of a body that is too large is read and thrown away. Whoever sends a little too much then hears why, instead
/// of finding the connection reset while still sending; whoever sends without end does not keep the server busy.
const DISCARDED: usize = 4 * 1024 * 1024;

/// Why a body could not be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// It has more bytes than asked for.
    TooLarge,
    /// It did not arrive in time.
    TimedOut,
    /// The client went away, or does not speak HTTP.
    Broken,
}

/// The bytes of a body that has at most `limit` of them. Not more than those are ever held.
pub(crate) async fn read(body: Body, limit: usize) -> Result<Bytes, BodyError> {
    tokio::time::timeout(LONGEST, read_whole(body, limit)).await.unwrap_or(Err(BodyError::TimedOut))
}

async fn read_whole(mut body: Body, limit: usize) -> Result<Bytes, BodyError> {
    let mut bytes = BytesMut::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyError::Broken)?.into_data() else { continue };
        length += data.len();
        if length <= limit {
            bytes.extend_from_slice(&data);
        } else if length > limit + DISCARDED {
            return Err(BodyError::TooLarge);
        } else {
            bytes = BytesMut::new();
        }
    }
    if length > limit { Err(BodyError::TooLarge) } else { Ok(bytes.freeze()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_of_just_the_limit_is_read_and_one_more_byte_is_too_much() {
        assert_eq!(read(Body::from("12345"), 5).await, Ok(Bytes::from("12345")));
        assert_eq!(read(Body::from("123456"), 5).await, Err(BodyError::TooLarge));
        assert_eq!(read(Body::empty(), 5).await, Ok(Bytes::new()));
    }

    #[tokio::test]
    async fn more_than_is_worth_reading_is_not_read() {
        let endless = Body::from(vec![0; 5 + DISCARDED + 1]);
        assert_eq!(read(endless, 5).await, Err(BodyError::TooLarge));
    }
}
