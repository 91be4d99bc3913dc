//! Headless Chromium, spoken to through the `DevTools` protocol over a pair of pipes: no port, no `WebSocket`.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

/// How long one browser may live, from its start to its last answer.
const LIMIT: Duration = Duration::from_secs(30);
/// How long it may take to end when asked to, before it is killed.
const FAREWELL: Duration = Duration::from_secs(2);
/// The protocol is spoken over descriptors 3 and 4, which the shell takes from the pipes that it was started with.
const SHELL: &str = r#"exec "$0" "$@" 3<&0 4>&1 0</dev/null 1>&2"#;
const ARGUMENTS: [&str; 10] = [
    "--headless",
    "--remote-debugging-pipe",
    // The only page is ours, and the sandbox does not start for root.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-component-update",
    "--no-first-run",
    "--force-color-profile=srgb",
    "--host-resolver-rules=MAP * ~NOTFOUND",
];

/// Why the browser did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ChromiumError {
    #[error("there is no `chromium` on PATH and no /usr/bin/chromium; `cargo xtask tools` installs it")]
    Missing,
    #[error("{action}: {source}")]
    Io { action: &'static str, source: std::io::Error },
    #[error("Chromium gave no answer to {method} within {LIMIT:?} of its start")]
    Slow { method: String },
    #[error("Chromium ended while {method} was asked for; it said: {said}")]
    Ended { method: String, said: String },
    #[error("Chromium refused {method}: {reason}")]
    Refused { method: String, reason: String },
}

/// A browser with one page. It ends when this is dropped, also by a panic.
pub struct Chromium {
    process: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    events: VecDeque<Value>,
    session: Option<String>,
    calls: u64,
    deadline: Instant,
    /// The browser's profile, the page and what the browser complained of; removed last.
    home: TempDir,
}

impl Chromium {
    /// Starts a browser whose only page is empty.
    pub fn start() -> Result<Self, ChromiumError> {
        let program = find().ok_or(ChromiumError::Missing)?;
        let wrong = |action| move |source| ChromiumError::Io { action, source };
        let home = tempfile::tempdir().map_err(wrong("no directory for the browser's profile"))?;
        let said =
            File::create(home.path().join("stderr")).map_err(wrong("no file for what Chromium says"))?;
        let mut process = Command::new("sh")
            .args(["-c", SHELL])
            .arg(program)
            .args(ARGUMENTS)
            .arg(format!("--user-data-dir={}", home.path().join("profile").display()))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(said)
            .spawn()
            .map_err(wrong("`sh` could not be started"))?;
        let (Some(input), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err(wrong("Chromium has no pipes")(std::io::ErrorKind::BrokenPipe.into()));
        };
        let (sender, messages) = channel();
        thread::spawn(move || read(output, &sender));
        let deadline = Instant::now() + LIMIT;
        let events = VecDeque::new();
        let mut browser = Self { process, input, messages, events, session: None, calls: 0, deadline, home };
        let target = browser.call("Target.createTarget", &json!({"url": "about:blank"}))?;
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let attached = browser.call("Target.attachToTarget", &attach)?;
        browser.session = attached["sessionId"].as_str().map(str::to_owned);
        for domain in ["Page", "Runtime", "Network", "Log", "DOM", "Accessibility"] {
            browser.call(&format!("{domain}.enable"), &json!({}))?;
        }
        browser.call("Page.setLifecycleEventsEnabled", &json!({"enabled": true}))?;
        // A page without a window is shown as one that has the focus.
        browser.call("Emulation.setFocusEmulationEnabled", &json!({"enabled": true}))?;
        Ok(browser)
    }

    /// Opens a document as a file, and gives all events until nothing was loading for half a second.
    pub fn open(&mut self, html: &str) -> Result<Vec<Value>, ChromiumError> {
        let file = self.home.path().join("page.html");
        std::fs::write(&file, html)
            .map_err(|source| ChromiumError::Io { action: "the page could not be written", source })?;
        self.events.clear();
        let address = format!("file://{}", file.display());
        let loader = self.call("Page.navigate", &json!({"url": address}))?["loaderId"].clone();
        let mut events = Vec::new();
        loop {
            let event = match self.events.pop_front() {
                Some(event) => event,
                None => self.message("the page to load")?,
            };
            let idle = event["params"]["name"] == "networkIdle" && event["params"]["loaderId"] == loader;
            events.push(event);
            if idle {
                return Ok(events);
            }
        }
    }

    /// What a method of the protocol answers.
    pub fn call(&mut self, method: &str, parameters: &Value) -> Result<Value, ChromiumError> {
        self.calls += 1;
        let mut call = json!({"id": self.calls, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            call["sessionId"] = session.as_str().into();
        }
        if self.input.write_all(format!("{call}\0").as_bytes()).is_err() {
            return Err(self.ended(method));
        }
        loop {
            let mut message = self.message(method)?;
            if message["id"] != self.calls {
                self.events.push_back(message);
            } else if let Some(error) = message.get("error") {
                return Err(ChromiumError::Refused { method: method.to_owned(), reason: error.to_string() });
            } else {
                return Ok(message["result"].take());
            }
        }
    }

    fn message(&mut self, method: &str) -> Result<Value, ChromiumError> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        self.messages.recv_timeout(left).map_err(|error| match error {
            RecvTimeoutError::Timeout => ChromiumError::Slow { method: method.to_owned() },
            RecvTimeoutError::Disconnected => self.ended(method),
        })
    }

    fn ended(&self, method: &str) -> ChromiumError {
        let said = std::fs::read_to_string(self.home.path().join("stderr")).unwrap_or_default();
        ChromiumError::Ended { method: method.to_owned(), said }
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // Asked, it takes its own processes with it and leaves the profile alone; a kill leaves that to them.
        let _ = self.input.write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        let end = Instant::now() + FAREWELL;
        while Instant::now() < end && matches!(self.process.try_wait(), Ok(None)) {
            thread::sleep(Duration::from_millis(10));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Reads messages, each of which ends in a zero byte, until the browser ends.
fn read(output: ChildStdout, sender: &Sender<Value>) {
    for message in BufReader::new(output).split(0) {
        let Some(message) = message.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()) else {
            return;
        };
        if sender.send(message).is_err() {
            return;
        }
    }
}

fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories = std::env::split_paths(&path).chain([PathBuf::from("/usr/bin")]);
    directories.map(|directory| directory.join("chromium")).find(|program| program.is_file())
}
