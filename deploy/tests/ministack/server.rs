//! MiniStack as a process that a test starts and ends.

use std::fs::File;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::support::{wait_until, workspace};

/// It loads a second or two, and longer beside other tests.
const PATIENCE: Duration = Duration::from_mins(1);

/// An emulator with nothing in it, on a loopback port; it is ended with the test.
pub struct MiniStack {
    pub endpoint: String,
    child: Child,
    work: TempDir,
}

impl MiniStack {
    pub fn start() -> Self {
        let work = TempDir::new().unwrap();
        let python = workspace().join("target/tools/ministack/bin/python");
        assert!(python.exists(), "MiniStack is not installed: run `cargo xtask tools`");
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let endpoint = format!("http://127.0.0.1:{port}");
        let log = File::create(work.path().join("ministack.log")).unwrap();
        let child = Command::new(python)
            .args(["-m", "ministack"])
            .current_dir(work.path())
            .env("BIND_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", port.to_string())
            .env("MINISTACK_HOST", "localhost")
            // Its functions call this address.
            .env("AWS_ENDPOINT_URL", &endpoint)
            // It would listen on other ports, too, and not only on loopback.
            .env("IOT_MTLS_ENABLED", "0")
            .env("SFTP_ENABLED", "0")
            .env("TMPDIR", work.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut started = Self { endpoint, child, work };
        wait_until("MiniStack serves", PATIENCE, || {
            assert!(started.child.try_wait().unwrap().is_none(), "{}", started.log());
            started.log().contains(" Running on http://")
        });
        started
    }

    /// What it has told so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.file()).unwrap()
    }

    fn file(&self) -> PathBuf {
        self.work.path().join("ministack.log")
    }

    /// The host under which it serves an API of API Gateway; a path begins with the stage.
    pub fn host_of(&self, api: &str) -> String {
        let (_, port) = self.endpoint.rsplit_once(':').unwrap();
        format!("{api}.execute-api.localhost:{port}")
    }
}

impl Drop for MiniStack {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
