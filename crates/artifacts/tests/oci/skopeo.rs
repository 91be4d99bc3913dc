//! skopeo, logged in to a few registries.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::process::Command;

use crate::tool::tool;

const PATIENCE: Duration = Duration::from_mins(1);

pub struct Skopeo {
    folder: tempfile::TempDir,
}

impl Skopeo {
    /// One that knows these registries' tokens: repository URI and token.
    pub fn with(tokens: &[(&str, &str)]) -> Skopeo {
        let folder = tempfile::tempdir().unwrap();
        let registries: Map<String, Value> = tokens
            .iter()
            .map(|(uri, token)| (uri.split('/').next().unwrap().to_owned(), json!({ "auth": token })))
            .collect();
        let skopeo = Skopeo { folder };
        std::fs::write(skopeo.auth_file(), json!({ "auths": registries }).to_string()).unwrap();
        skopeo
    }

    fn auth_file(&self) -> PathBuf {
        self.folder.path().join("auth.json")
    }

    /// What skopeo writes to stdout, or to stderr when it refuses.
    async fn run(&self, arguments: &[&str]) -> Result<Vec<u8>, String> {
        let running = Command::new(tool("skopeo"))
            .arg("--insecure-policy")
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", self.folder.path())
            .env("REGISTRY_AUTH_FILE", self.auth_file())
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(PATIENCE, running).await.expect("skopeo goes on").unwrap();
        if output.status.success() {
            return Ok(output.stdout);
        }
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// What it says of an image.
    pub async fn inspect(&self, image: &str, options: &[&str]) -> Vec<u8> {
        let arguments = [&["inspect", "--tls-verify=false"], options, &[image]].concat();
        self.run(&arguments).await.unwrap()
    }

    pub async fn copy(&self, source: &str, destination: &str, options: &[&str]) -> Result<(), String> {
        let plain = ["copy", "--quiet", "--src-tls-verify=false", "--dest-tls-verify=false"];
        self.run(&[&plain, options, &[source, destination]].concat()).await.map(drop)
    }
}

/// A folder in the OCI layout, as skopeo names it. With no tag it is the only image of the folder.
pub fn layout(folder: &Path) -> String {
    format!("oci:{}", folder.display())
}
