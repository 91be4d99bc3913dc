//! One HTTP/1.1 connection that carries one request at a time: the whole of the protocol that a load generator needs, with
//! nothing between the request and the socket. hyper's client passes a request and an answer through three channels,
//! which takes as much processor time as the kernel takes for sending and receiving them.

use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use bytes::{Buf as _, Bytes, BytesMut};
use http::StatusCode;
use http::header::HeaderName;
use httparse::Status;
use tokio::io::{AsyncReadExt as _, AsyncWrite as _};
use tokio::time::Instant;

use crate::connection::{Answer, Broken, LookedAt};
use crate::connector::Stream;
use crate::framing::{Framing, Head, invalid, parse};

/// What is read at once.
const READ: usize = 8 << 10;
/// The longest head of an answer.
const LONGEST_HEAD: usize = 256 << 10;
/// What is kept of an answer that comes before its request was written.
const MOST_EARLY: usize = 1 << 20;
/// The longest line between two chunks.
const LONGEST_LINE: usize = 16 << 10;

/// A request as it goes over the wire.
#[derive(Clone, Debug)]
pub(crate) struct Encoded {
    pub(crate) bytes: Bytes,
    /// Whether its answer has a head only.
    pub(crate) head_only: bool,
}

/// The connection.
pub(crate) struct Http1 {
    stream: Box<dyn Stream>,
    /// What has come in and was not looked at yet.
    incoming: BytesMut,
    /// Whether another request may be sent.
    open: bool,
}

impl Http1 {
    pub(crate) fn new(stream: Box<dyn Stream>) -> Self {
        Self { stream, incoming: BytesMut::new(), open: true }
    }

    /// Whether another request may be sent.
    pub(crate) fn is_open(&self) -> bool {
        self.open
    }

    /// Sends a request and reads its answer to the end.
    pub(crate) async fn exchange(
        &mut self,
        request: &Encoded,
        sent: Instant,
        cold: Option<&HeaderName>,
        mut body: LookedAt<'_>,
    ) -> Result<Answer, Broken> {
        // Set again once the answer has ended as it should.
        self.open = false;
        let whole = self.send(&request.bytes).await?;
        let (head, length) = self.head(request.head_only, cold).await?;
        let first_byte = sent.elapsed();
        let ended = match head.framing {
            Framing::Nothing => Ok(0),
            Framing::Length(length) => self.take(length, &mut body).await.map(|()| length),
            Framing::Chunks => self.chunks(&mut body).await,
            Framing::Rest => self.rest(&mut body).await,
        };
        let bytes = ended.map_err(unanswered)?;
        self.open = whole && head.reusable && self.incoming.is_empty();
        let status = StatusCode::from_u16(head.status).map_err(unanswered)?;
        Ok(Answer { status, cold: head.cold, first_byte, cut: body.cut, bytes: bytes + length as u64 })
    }

    /// Writes a request, and says whether all of it went. What comes in meanwhile is kept: a server may answer what it has read
    /// of a body, or refuse the body unread.
    async fn send(&mut self, request: &[u8]) -> Result<bool, Broken> {
        let mut written = 0;
        poll_fn(|context| {
            // Nothing is due before the request: an end here is that of a connection that was idle for too long.
            if written == 0 && self.poll_read(context).is_ready() {
                return Poll::Ready(Err(Broken::Unsent("the connection was closed while idle".into())));
            }
            while written < request.len() {
                match Pin::new(&mut self.stream).poll_write(context, &request[written..]) {
                    Poll::Ready(Ok(0)) => {
                        return Poll::Ready(Err(unanswered(io::Error::from(io::ErrorKind::WriteZero))));
                    }
                    Poll::Ready(Ok(more)) => written += more,
                    Poll::Ready(Err(error)) => return Poll::Ready(self.refused(context, &error)),
                    Poll::Pending => match self.poll_read(context) {
                        Poll::Ready(Ok(more)) if more > 0 && self.incoming.len() <= MOST_EARLY => {}
                        Poll::Ready(Ok(0)) => return Poll::Ready(self.refused(context, &ended_early())),
                        Poll::Ready(Ok(_)) => return Poll::Ready(Ok(false)),
                        Poll::Ready(Err(error)) => return Poll::Ready(self.refused(context, &error)),
                        Poll::Pending => return Poll::Pending,
                    },
                }
            }
            Pin::new(&mut self.stream).poll_flush(context).map_ok(|()| true).map_err(unanswered)
        })
        .await
    }

    /// What became of a request that could not be written to its end: whoever closes a connection may have said before why.
    fn refused(&mut self, context: &mut Context<'_>, error: &io::Error) -> Result<bool, Broken> {
        while let Poll::Ready(Ok(more)) = self.poll_read(context) {
            if more == 0 || self.incoming.len() > MOST_EARLY {
                break;
            }
        }
        if self.incoming.is_empty() { Err(unanswered(error)) } else { Ok(false) }
    }

    /// Reads what there is: how many bytes, and none at the end.
    fn poll_read(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        self.incoming.reserve(READ);
        let Self { stream, incoming, .. } = self;
        pin!(stream.read_buf(incoming)).poll(context)
    }

    /// Reads more, which must come.
    async fn more(&mut self) -> io::Result<()> {
        self.incoming.reserve(READ);
        if self.stream.read_buf(&mut self.incoming).await? == 0 {
            return Err(ended_early());
        }
        Ok(())
    }

    /// Reads the head of the answer, and says how long it was.
    async fn head(&mut self, head_only: bool, cold: Option<&HeaderName>) -> Result<(Head, usize), Broken> {
        loop {
            if !self.incoming.is_empty()
                && let Some((head, length)) = parse(&self.incoming, head_only, cold).map_err(unanswered)?
            {
                self.incoming.advance(length);
                if head.is_final() {
                    return Ok((head, length));
                }
                continue;
            }
            if self.incoming.len() > LONGEST_HEAD {
                return Err(Broken::Unanswered(format!(
                    "the answer's head is longer than {LONGEST_HEAD} bytes"
                )));
            }
            self.more().await.map_err(unanswered)?;
        }
    }

    /// Reads so many bytes of a body.
    async fn take(&mut self, length: u64, body: &mut LookedAt<'_>) -> io::Result<()> {
        let mut left = length;
        loop {
            let here = usize::try_from(left).unwrap_or(usize::MAX).min(self.incoming.len());
            body.receive(&self.incoming[..here]);
            self.incoming.advance(here);
            left -= here as u64;
            if left == 0 {
                return Ok(());
            }
            self.more().await?;
        }
    }

    /// Reads a body that says the length of each of its parts.
    async fn chunks(&mut self, body: &mut LookedAt<'_>) -> io::Result<u64> {
        let mut whole = 0;
        loop {
            let size = loop {
                let size = httparse::parse_chunk_size(&self.incoming);
                match size.map_err(|_| invalid("a chunk's length is none"))? {
                    Status::Complete((length, size)) => {
                        self.incoming.advance(length);
                        break size;
                    }
                    Status::Partial => self.more_of_line().await?,
                }
            };
            if size == 0 {
                break;
            }
            self.take(size, body).await?;
            whole += size;
            if !self.empty_line().await? {
                return Err(invalid("a chunk is longer than it says"));
            }
        }
        // Trailers end with an empty line.
        while !self.empty_line().await? {}
        Ok(whole)
    }

    /// Reads to the end of a line, and says whether it was empty.
    async fn empty_line(&mut self) -> io::Result<bool> {
        loop {
            if let Some(end) = self.incoming.iter().position(|byte| *byte == b'\n') {
                let empty = self.incoming[..end].iter().all(|byte| *byte == b'\r');
                self.incoming.advance(end + 1);
                return Ok(empty);
            }
            self.more_of_line().await?;
        }
    }

    async fn more_of_line(&mut self) -> io::Result<()> {
        if self.incoming.len() > LONGEST_LINE {
            return Err(invalid("a line between chunks does not end"));
        }
        self.more().await
    }

    /// Reads a body that ends with the connection.
    async fn rest(&mut self, body: &mut LookedAt<'_>) -> io::Result<u64> {
        let mut whole = 0;
        loop {
            body.receive(&self.incoming);
            whole += self.incoming.len() as u64;
            self.incoming.clear();
            self.incoming.reserve(READ);
            if self.stream.read_buf(&mut self.incoming).await? == 0 {
                return Ok(whole);
            }
        }
    }
}

fn ended_early() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the connection was closed before the answer had ended")
}

fn unanswered(error: impl std::fmt::Display) -> Broken {
    Broken::Unanswered(error.to_string())
}
