//! A public address: a port on loopback whose connections go to one machine, and to another one from one moment to the next.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::mutex::Mutex;

/// How long connecting to the machine may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The pause after an accept that failed, as it does when the process is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);
/// A connection of the former machine is closed when it was silent for so long after an answer.
const SILENCE: Duration = Duration::from_millis(50);
const BUFFER: usize = 16 * 1024;

/// Says whether a connection may pass now.
pub type Admit = Arc<dyn Fn() -> bool + Send + Sync>;

/// Where connections go: the machine's address and the word that ends those of before.
#[derive(Clone)]
struct Target {
    address: SocketAddr,
    moved: CancellationToken,
}

/// A port that forwards connections. Dropping it closes the port and all connections.
///
/// Where the target changes, open connections to the former one go on for as long as that one runs: their next HTTP answer asks
/// the client to close them, and those without traffic are closed. The addresses of AWS cut them off instead.
pub struct PublicPort {
    address: SocketAddr,
    target: watch::Sender<Option<Target>>,
    open: Arc<watch::Sender<usize>>,
    owner: Mutex<JoinSet<()>>,
}

impl PublicPort {
    /// Forwards what comes in on `socket`, as far as `admit` lets it pass. There is no target yet: connections are closed.
    ///
    /// # Errors
    /// The address of the socket cannot be read.
    pub fn start(socket: TcpListener, admit: Admit) -> io::Result<Self> {
        let address = socket.local_addr()?;
        let (target, targets) = watch::channel(None);
        let open = Arc::new(watch::Sender::new(0));
        let mut owner = JoinSet::new();
        owner.spawn(accept(socket, targets, admit, Arc::clone(&open)));
        Ok(Self { address, target, open, owner: Mutex::new(owner) })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends new connections to `address`, or closes them where there is none. Those of before end as they fall silent.
    pub fn lead_to(&self, address: Option<SocketAddr>) {
        let target = address.map(|address| Target { address, moved: CancellationToken::new() });
        if let Some(before) = self.target.send_replace(target) {
            before.moved.cancel();
        }
    }

    /// Where new connections go.
    #[must_use]
    pub fn target(&self) -> Option<SocketAddr> {
        self.target.borrow().as_ref().map(|target| target.address)
    }

    /// Waits until at most the connections of the present target are open, for `longest` at most.
    pub async fn settle(&self, longest: Duration) {
        let mut open = self.open.subscribe();
        // Too long is as good as done: what is still open is cut when its machine ends.
        let _ = timeout(longest, open.wait_for(|leaving| *leaving == 0)).await;
    }

    /// Closes the port and all connections.
    pub async fn stop(&self) {
        let mut owner = std::mem::take(&mut *self.owner.lock());
        owner.shutdown().await;
    }
}

async fn accept(
    socket: TcpListener,
    targets: watch::Receiver<Option<Target>>,
    admit: Admit,
    leaving: Arc<watch::Sender<usize>>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = socket.accept() => match accepted {
                Ok((client, _)) => {
                    let target = targets.borrow().clone();
                    if let Some(target) = target.filter(|_| admit()) {
                        connections.spawn(connect(client, target, Arc::clone(&leaving)));
                    }
                }
                Err(error) => {
                    tracing::debug!(%error, "a connection could not be accepted");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
        }
    }
}

async fn connect(client: TcpStream, target: Target, leaving: Arc<watch::Sender<usize>>) {
    let Ok(Ok(machine)) = timeout(CONNECT_TIMEOUT, TcpStream::connect(target.address)).await else {
        tracing::debug!(address = %target.address, "the machine behind an address cannot be reached");
        return;
    };
    // Only latency suffers when these cannot be set.
    let _ = (client.set_nodelay(true), machine.set_nodelay(true));
    if let Err(error) = pass(client, machine, &target.moved, &leaving).await {
        tracing::trace!(%error, "a connection ended early");
    }
}

/// Counts a connection of a former target for as long as it is open.
struct Leaving<'l>(&'l watch::Sender<usize>);

impl<'l> Leaving<'l> {
    fn begin(count: &'l watch::Sender<usize>) -> Self {
        count.send_modify(|count| *count += 1);
        Self(count)
    }
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

/// Passes bytes in both directions until both sides have ended, or until a moved connection is silent after an answer.
async fn pass(
    mut client: TcpStream,
    mut machine: TcpStream,
    moved: &CancellationToken,
    leaving: &watch::Sender<usize>,
) -> io::Result<()> {
    let (mut from_client, mut to_client) = client.split();
    let (mut from_machine, mut to_machine) = machine.split();
    let (mut asked, mut answered) = (vec![0; BUFFER], vec![0; BUFFER]);
    let (mut asking, mut answering) = (true, true);
    // Whether the last bytes were an answer's; a connection without any is silent too.
    let mut at_rest = true;
    let mut mark: Option<Leaving<'_>> = None;
    while answering {
        tokio::select! {
            read = from_client.read(&mut asked), if asking => {
                let length = read?;
                asking = length > 0;
                at_rest = at_rest && !asking;
                if asking { to_machine.write_all(&asked[..length]).await? } else { to_machine.shutdown().await? }
            }
            read = from_machine.read(&mut answered) => {
                let length = read?;
                answering = length > 0;
                let begins = !std::mem::replace(&mut at_rest, true);
                match asking_to_close(&answered[..length]).filter(|_| mark.is_some() && begins) {
                    Some(answer) => to_client.write_all(&answer).await?,
                    None => to_client.write_all(&answered[..length]).await?,
                }
            }
            () = moved.cancelled(), if mark.is_none() => mark = Some(Leaving::begin(leaving)),
            () = sleep(SILENCE), if mark.is_some() && at_rest => break,
        }
    }
    to_client.shutdown().await
}

/// The beginning of an HTTP/1.1 answer with `Connection: close`; `None` for bytes that are none.
fn asking_to_close(bytes: &[u8]) -> Option<Vec<u8>> {
    const KEEP: &[u8] = b"\r\nConnection: keep-alive\r\n";
    const CLOSE: &[u8] = b"\r\nConnection: close\r\n";
    // An interim answer is followed by the one that counts.
    if !bytes.starts_with(b"HTTP/1.1 ") || bytes.starts_with(b"HTTP/1.1 1") {
        return None;
    }
    let find = |wanted: &[u8]| bytes.windows(wanted.len()).position(|window| window == wanted);
    let head = find(b"\r\n\r\n")?;
    let (at, replaced) = match find(KEEP).filter(|at| *at < head) {
        Some(at) => (at, KEEP.len()),
        None => (find(b"\r\n")?, 2),
    };
    Some([&bytes[..at], CLOSE, &bytes[at + replaced..]].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers each byte with `name`.
    async fn machine(name: u8) -> (SocketAddr, JoinSet<()>) {
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let mut owner = JoinSet::new();
        owner.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((mut stream, _)) = socket.accept().await {
                connections.spawn(async move {
                    while stream.read_u8().await.is_ok() && stream.write_u8(name).await.is_ok() {}
                });
            }
        });
        (address, owner)
    }

    async fn ask(stream: &mut TcpStream) -> Option<u8> {
        stream.write_u8(b'?').await.ok()?;
        stream.read_u8().await.ok()
    }

    async fn port(admit: bool) -> PublicPort {
        PublicPort::start(TcpListener::bind("127.0.0.1:0").await.unwrap(), Arc::new(move || admit)).unwrap()
    }

    #[tokio::test]
    async fn connections_follow_the_target() {
        let ((first, _one), (second, _two)) = (machine(b'1').await, machine(b'2').await);
        let port = port(true).await;
        let mut nowhere = TcpStream::connect(port.address()).await.unwrap();
        assert_eq!(nowhere.read(&mut [0]).await.unwrap_or(0), 0);

        port.lead_to(Some(first));
        let mut kept = TcpStream::connect(port.address()).await.unwrap();
        assert_eq!(ask(&mut kept).await, Some(b'1'));
        port.lead_to(Some(second));
        assert_eq!(ask(&mut kept).await, Some(b'1'), "an open connection is not torn");
        let mut new = TcpStream::connect(port.address()).await.unwrap();
        assert_eq!(ask(&mut new).await, Some(b'2'));
        port.settle(Duration::from_secs(10)).await;
        assert_eq!(kept.read(&mut [0]).await.unwrap(), 0, "it ends when it is silent");
        assert_eq!(ask(&mut new).await, Some(b'2'));
        assert_eq!(port.target(), Some(second));

        port.stop().await;
        assert!(TcpStream::connect(port.address()).await.is_err());
    }

    #[test]
    fn answers_ask_to_close() {
        let asked =
            |text: &str| asking_to_close(text.as_bytes()).map(|bytes| String::from_utf8(bytes).unwrap());
        let close = "HTTP/1.1 200 OK\r\nConnection: close\r\nA: b\r\n\r\nbody".to_owned();
        assert_eq!(asked("HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody"), Some(close.clone()));
        assert_eq!(asked("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nA: b\r\n\r\nbody"), Some(close));
        for other in ["HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 200 OK\r\nA: b", "rest of a body"] {
            assert_eq!(asked(other), None);
        }
    }

    #[tokio::test]
    async fn what_is_not_admitted_is_closed() {
        let (address, _machine) = machine(b'1').await;
        let port = port(false).await;
        port.lead_to(Some(address));
        let mut refused = TcpStream::connect(port.address()).await.unwrap();
        assert_eq!(refused.read(&mut [0]).await.unwrap_or(0), 0);
    }
}
