//! Debian's registry, with an account in front of it that gives its password as ECR does.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use axum::Router;
use serde_json::json;
use signed_http::Client;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

use crate::tool::tool;

pub const REPOSITORY: &str = "team/container";
const PATIENCE: Duration = Duration::from_secs(20);

/// `AWS:secret` as `GetAuthorizationToken` gives it, and as Debian's registry keeps it: bcrypt with few rounds.
const TOKEN: &str = "QVdTOnNlY3JldA==";
const PASSWORDS: &str = "AWS:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n";

/// A client of an account.
pub fn client(endpoint: &str, credentials: Credentials) -> Client {
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(endpoint)
        .build();
    Client::new(&config)
}

/// Debian's registry, on a port of its own, with a folder of its own; it ends when this is dropped.
pub struct DebianRegistry {
    pub client: Client,
    /// `127.0.0.1:<port>/team/container`
    pub uri: String,
    pub folder: tempfile::TempDir,
    _program: Child,
}

impl DebianRegistry {
    pub const TOKEN: &str = TOKEN;

    pub async fn start() -> DebianRegistry {
        let folder = tempfile::tempdir().unwrap();
        let configuration = write_configuration(folder.path());
        let mut program = Command::new(tool("docker-registry"))
            .arg("serve")
            .arg(configuration)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut log = BufReader::new(program.stderr.take().unwrap()).lines();
        let listening = async {
            while let Some(line) = log.next_line().await.unwrap() {
                if let Some((_, rest)) = line.split_once("listening on ") {
                    return rest.split(['"', ',']).next().unwrap().to_owned();
                }
            }
            panic!("docker-registry ended before it listened");
        };
        let address =
            tokio::time::timeout(PATIENCE, listening).await.expect("docker-registry does not listen");
        // What is not read would block it once the pipe is full.
        tokio::spawn(async move { while let Ok(Some(_)) = log.next_line().await {} });
        let endpoint = start_account(format!("http://{address}")).await;
        let client = client(&endpoint, Credentials::new("AKID", "secret", None, None, "test"));
        DebianRegistry { client, uri: format!("{address}/{REPOSITORY}"), folder, _program: program }
    }
}

fn write_configuration(folder: &Path) -> std::path::PathBuf {
    let passwords = folder.join("passwords");
    std::fs::write(&passwords, PASSWORDS).unwrap();
    let configuration = folder.join("registry.json");
    // JSON is YAML, which is what the registry reads.
    let content = json!({
        "version": "0.1",
        "log": {"level": "info", "accesslog": {"disabled": true}},
        "storage": {"filesystem": {"rootdirectory": folder.join("storage")}},
        "http": {"addr": "127.0.0.1:0", "secret": "shared with nobody"},
        "auth": {"htpasswd": {"realm": "test", "path": passwords}},
    });
    std::fs::write(&configuration, content.to_string()).unwrap();
    configuration
}

/// Answers the one call that the push makes of ECR itself; the rest it asks of the registry.
async fn start_account(registry: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let token = json!({"authorizationData": [{"authorizationToken": TOKEN, "proxyEndpoint": registry}]});
    let router = Router::new().fallback(move || async move { token.to_string() });
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    endpoint
}
