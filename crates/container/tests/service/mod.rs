//! The container's program, run as a task runs it, and connections to it that show every byte.

#![allow(dead_code, reason = "several tests share this module, and each uses a part of it")]

use std::net::SocketAddr;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout, Command};

/// How long a test waits for anything.
const PATIENCE: Duration = Duration::from_secs(20);

pub fn program(variables: &[(&'static str, String)]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_container"));
    command.env_clear().envs(variables.iter().cloned());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).kill_on_drop(true);
    command
}

/// Runs the program to its end: its exit code and the message of its last log line.
pub async fn run_to_end(mut command: Command) -> (Option<i32>, String) {
    let output =
        tokio::time::timeout(PATIENCE, command.output()).await.expect("the program goes on").unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let last: Value = text.lines().last().map(|line| serde_json::from_str(line).unwrap()).unwrap_or_default();
    (output.status.code(), last["message"].as_str().unwrap_or_default().to_owned())
}

/// A running service.
pub struct Service {
    pub address: SocketAddr,
    child: Child,
    log: Lines<BufReader<ChildStdout>>,
}

impl Service {
    /// Starts the program for `publish` on a free port and waits until it listens.
    pub async fn start(variables: Vec<(&'static str, String)>) -> Service {
        Service::start_with("publish", variables).await
    }

    /// Starts the program for a workload.
    pub async fn start_with(workload: &str, mut variables: Vec<(&'static str, String)>) -> Service {
        variables.extend([
            ("WORKLOAD", workload.to_owned()),
            ("PORT", "0".to_owned()),
            ("BIND_ADDRESS", "127.0.0.1".to_owned()),
        ]);
        Service::of(program(&variables)).await
    }

    /// What starts the program, by itself or in a container: its stdout is the program's.
    pub async fn of(mut command: Command) -> Service {
        let mut child = command.spawn().unwrap();
        let mut log = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = tokio::time::timeout(PATIENCE, log.next_line()).await.expect("no log line in time");
        let listening: Value = serde_json::from_str(&line.unwrap().expect("the program ended")).unwrap();
        assert_eq!(listening["message"], "listening", "{listening}");
        Service { address: listening["address"].as_str().unwrap().parse().unwrap(), child, log }
    }

    pub fn signal(&self, signal: rustix::process::Signal) {
        let id = rustix::process::Pid::from_raw(self.child.id().unwrap().try_into().unwrap()).unwrap();
        rustix::process::kill_process(id, signal).unwrap();
    }

    /// Waits for the program's end; its exit status and the log lines not yet read.
    pub async fn end(mut self) -> (ExitStatus, Vec<Value>) {
        let mut lines = Vec::new();
        let reading = async {
            while let Some(line) = self.log.next_line().await.unwrap() {
                lines.push(serde_json::from_str(&line).unwrap());
            }
            self.child.wait().await.unwrap()
        };
        let status = tokio::time::timeout(PATIENCE, reading).await.expect("the program goes on");
        (status, lines)
    }

    pub async fn connect(&self) -> Connection {
        Connection { stream: BufReader::new(TcpStream::connect(self.address).await.unwrap()) }
    }

    /// One request on a connection of its own.
    pub async fn request(&self, method: &str, path: &str, content_type: Option<&str>, body: &[u8]) -> Answer {
        let mut connection = self.connect().await;
        connection.send(method, path, content_type, body).await;
        connection.answer().await
    }
}

/// A connection that stays open.
pub struct Connection {
    stream: BufReader<TcpStream>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        serde_json::from_str(&self.body).unwrap()
    }
}

impl Connection {
    pub async fn send(&mut self, method: &str, path: &str, content_type: Option<&str>, body: &[u8]) {
        let content_type = content_type.map(|value| format!("content-type: {value}\r\n")).unwrap_or_default();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: service\r\ncontent-length: {}\r\n{content_type}\r\n",
            body.len()
        );
        self.write(head.as_bytes()).await;
        self.write(body).await;
    }

    pub async fn write(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).await.unwrap();
    }

    pub async fn answer(&mut self) -> Answer {
        tokio::time::timeout(PATIENCE, self.read_answer()).await.expect("no answer in time")
    }

    /// Whether the server closes the connection without another byte.
    pub async fn is_closed(&mut self) -> bool {
        let mut byte = [0];
        tokio::time::timeout(PATIENCE, self.stream.read(&mut byte)).await.expect("still open").unwrap() == 0
    }

    async fn read_answer(&mut self) -> Answer {
        let status_line = self.line().await;
        let status = status_line.split(' ').nth(1).unwrap_or_else(|| panic!("no status in {status_line:?}"));
        let mut headers = Vec::new();
        loop {
            let line = self.line().await;
            let Some((name, value)) = line.split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let length =
            headers.iter().find(|(name, _)| name == "content-length").map_or("0", |(_, value)| value);
        let mut body = vec![0; length.parse().unwrap()];
        self.stream.read_exact(&mut body).await.unwrap();
        Answer { status: status.parse().unwrap(), headers, body: String::from_utf8(body).unwrap() }
    }

    async fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).await.unwrap();
        line.trim_end().to_owned()
    }
}
