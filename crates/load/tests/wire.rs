//! What servers write, byte by byte, and what becomes of it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method};
use load::{Accepts, FailureKind, Plan, Tally, Target, TargetRequest};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

type Bodies = Arc<Mutex<Vec<Vec<u8>>>>;

/// Sends `requests` of a method over one connection to a server that answers each with these pieces, a moment apart, and
/// then keeps the connection or closes it. Gives what was counted and the bodies that were seen.
async fn exchange(
    method: Method,
    requests: u64,
    pieces: &'static [&'static str],
    closes: bool,
) -> (Tally, Vec<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}/", listener.local_addr().unwrap());
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            while stream.read(&mut [0; 4096]).await.is_ok_and(|read| read > 0) {
                for piece in pieces {
                    // Whoever has seen enough hangs up.
                    let _ = stream.write_all(piece.as_bytes()).await;
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                if closes {
                    break;
                }
            }
        }
    });
    let bodies = Bodies::default();
    let seen = Arc::clone(&bodies);
    let keep = move |body: &[u8]| {
        seen.lock().unwrap().push(body.to_vec());
        true
    };
    let (uri, headers, body) = (uri.parse().unwrap(), HeaderMap::new(), Bytes::new());
    let request = TargetRequest { uri, method, headers, body, accepts: Some(Accepts(Arc::new(keep))) };
    let target = Target { look_every: NonZeroU32::MIN, ..Target::new("wire", request) };
    let plan = Plan { timeout: Duration::from_secs(2), ..Plan::closed(1, requests) };
    let outcomes = load::run(&[target], &plan, CancellationToken::new(), &|_| {}).await.unwrap();
    let bodies = bodies.lock().unwrap().clone();
    (outcomes[0].total().unwrap(), bodies)
}

#[tokio::test]
async fn a_body_in_chunks_is_put_together_and_the_connection_kept() {
    let pieces = &[
        "HTTP/1.1 200 OK\r\ntransfer-enc",
        "oding: chunked\r\n\r\n4\r\nabcd\r\n",
        "A;name=value\r\n01234",
        "56789\r",
        "\n0\r\n",
        "x-trailer: 1\r\n",
        "\r\n",
    ];
    let (tally, bodies) = exchange(Method::GET, 3, pieces, false).await;
    assert_eq!((tally.success, tally.connections), (3, 1), "{:?}", tally.examples);
    assert_eq!(bodies, vec![b"abcd0123456789".to_vec(); 3]);
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".len();
    assert_eq!(tally.received_bytes, 3 * (head as u64 + 14), "the encoding is left out");
}

#[tokio::test]
async fn a_body_of_known_length_ends_there_however_it_arrives() {
    let pieces = &["HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nab", "cd", "ef"];
    let (tally, bodies) = exchange(Method::GET, 2, pieces, false).await;
    assert_eq!((tally.success, tally.connections), (2, 1), "{:?}", tally.examples);
    assert_eq!(bodies, vec![b"abcdef".to_vec(); 2]);
}

#[tokio::test]
async fn a_body_without_a_length_ends_with_the_connection() {
    let (tally, bodies) = exchange(Method::GET, 2, &["HTTP/1.1 200 OK\r\n\r\nabc", "def"], true).await;
    assert_eq!((tally.success, tally.connections), (2, 2), "{:?}", tally.examples);
    assert_eq!(bodies, vec![b"abcdef".to_vec(); 2]);
}

#[tokio::test]
async fn what_comes_before_the_answer_is_passed_over() {
    let pieces = &[
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    ];
    let (tally, _) = exchange(Method::GET, 2, pieces, false).await;
    assert_eq!((tally.success, tally.connections), (2, 1), "{:?}", tally.examples);
    assert_eq!(tally.statuses, [(204, 2)].into());
}

#[tokio::test]
async fn an_answer_to_head_has_a_length_and_no_body() {
    let (tally, bodies) =
        exchange(Method::HEAD, 2, &["HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n"], false).await;
    assert_eq!((tally.success, tally.connections), (2, 1), "{:?}", tally.examples);
    assert_eq!(bodies, vec![Vec::<u8>::new(); 2]);
}

#[tokio::test]
async fn an_answer_that_breaks_off_or_is_not_http_is_no_success() {
    let broken: [(&'static [&'static str], &str); 6] = [
        (&["HTTP/1.1 200 OK\r\ncontent-len"], "closed before"),
        (&["HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc"], "closed before"),
        (&["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nab"], "closed before"),
        (&["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfour\r\nabcd\r\n"], "length is none"),
        (&["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nabcd\r\n"], "longer than it says"),
        (&["SSH-2.0-OpenSSH_9.2\r\n\r\n"], "not HTTP/1.1"),
    ];
    for (pieces, said) in broken {
        let (tally, _) = exchange(Method::GET, 1, pieces, true).await;
        assert_eq!(tally.failures, [(FailureKind::Closed, 1)].into(), "{pieces:?}");
        let example = &tally.examples[&FailureKind::Closed];
        assert!(example.contains(said), "{pieces:?}: {example}");
    }
}

#[tokio::test]
async fn more_than_was_promised_ends_the_connection_and_spoils_no_other_answer() {
    let pieces =
        &["HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nabHTTP/1.1 500 Injected\r\ncontent-length: 0\r\n\r\n"];
    let (tally, _) = exchange(Method::GET, 3, pieces, false).await;
    assert_eq!((tally.success, tally.connections), (3, 3), "{:?}", tally.examples);
    assert_eq!(tally.statuses, [(200, 3)].into());
}

/// Sends one large body to a server.
async fn upload<F: Future<Output = ()> + Send + 'static>(
    serve: impl FnOnce(tokio::net::TcpStream) -> F + Send + 'static,
) -> Tally {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let uri = format!("http://{}/", listener.local_addr().unwrap()).parse().unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        serve(stream).await;
    });
    let body = Bytes::from(vec![b'x'; LARGE]);
    let request = TargetRequest { uri, method: Method::POST, headers: HeaderMap::new(), body, accepts: None };
    let plan = Plan { timeout: Duration::from_secs(5), ..Plan::closed(1, 1) };
    let outcomes =
        load::run(&[Target::new("wire", request)], &plan, CancellationToken::new(), &|_| {}).await.unwrap();
    outcomes[0].total().unwrap()
}

/// More than the buffers of both ends hold.
const LARGE: usize = 16 << 20;

#[tokio::test]
async fn an_answer_may_begin_before_the_request_has_ended() {
    let tally = upload(|mut stream| async move {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", 512 << 10);
        let (mut said, mut buffer) = (0, vec![0; 1 << 20]);
        let mut read = stream.read(&mut buffer).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        while said < 512 << 10 {
            read += stream.read(&mut buffer).await.unwrap();
            let due = (read / 32).min(512 << 10);
            stream.write_all(&vec![b'y'; due - said]).await.unwrap();
            said = due;
        }
        while stream.read(&mut buffer).await.is_ok_and(|more| more > 0) {}
    })
    .await;
    assert_eq!((tally.success, &tally.failures), (1, &[].into()), "{:?}", tally.examples);
}

#[tokio::test]
async fn a_body_that_is_refused_unread_is_counted_by_its_status() {
    let tally = upload(|mut stream| async move {
        let mut head = [0; 100];
        stream.read_exact(&mut head).await.unwrap();
        let refusal = "HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        stream.write_all(refusal.as_bytes()).await.unwrap();
        // The client reads it before the reset that unread bytes bring.
        tokio::time::sleep(Duration::from_millis(200)).await;
    })
    .await;
    assert_eq!(tally.statuses, [(413, 1)].into(), "{:?}", tally.examples);
    assert_eq!(tally.failures, [(FailureKind::Status, 1)].into());
}
