//! The server that all generators are pointed at: a process of its own, as trivial as hyper allows.

use std::convert::Infallible;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::time::sleep_until;

use crate::Result;

/// At [`STALLING`] the server answers nothing during the first second of every five.
pub const PERIOD: Duration = Duration::from_secs(5);
pub const STALL: Duration = Duration::from_secs(1);
const STALLING: &str = "/stalling";

/// The server as its user sees it; it ends when this is dropped.
pub struct Server {
    child: Child,
    address: String,
}

impl Server {
    pub fn start() -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        let mut child = command.arg("server").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut address = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut address)?;
        Ok(Self { child, address: address.trim().to_owned() })
    }

    /// Where an answer comes at once.
    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Where answers are held up.
    pub fn stalling(&self) -> String {
        format!("http://{}{STALLING}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It ends with its input, too; this only awaits it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Prints an address, and serves there until standard input ends.
pub fn serve() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    println!("{}", listener.local_addr()?);
    runtime.spawn(accept(listener));
    std::io::stdin().read_to_end(&mut Vec::new())?;
    runtime.shutdown_background();
    Ok(())
}

async fn accept(listener: TcpListener) {
    let begin = Instant::now();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _ = stream.set_nodelay(true);
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(request, begin));
            // Generators hang up whenever their time is over.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    begin: Instant,
) -> std::result::Result<Response<Full<Bytes>>, Infallible> {
    if request.uri().path() == STALLING {
        let periods = begin.elapsed().as_secs() / PERIOD.as_secs();
        let stall = begin + PERIOD * u32::try_from(periods).unwrap_or(0);
        sleep_until((stall + STALL).into()).await;
    }
    Ok(Response::new(Full::new(Bytes::from_static(b"Hello"))))
}
