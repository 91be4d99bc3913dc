//! The embedded cloud's registry.

use aws_credential_types::Credentials;
use data_plane::launcher::Launcher;
use local_cloud::{Cloud, CloudOptions};
use serde_json::{Value, json};
use signed_http::{Client, JsonVersion};

use crate::debian::{REPOSITORY, client};

/// A call of ECR.
pub async fn ecr(client: &Client, operation: &str, input: Value) -> Value {
    let target = format!("AmazonEC2ContainerRegistry_V20150921.{operation}");
    client.json("ecr", &target, JsonVersion::V1_1, input).await.unwrap()
}

/// The embedded cloud with a repository.
pub struct EmbeddedCloud {
    pub cloud: Cloud,
    pub client: Client,
    /// `127.0.0.1:<port>/team/container`
    pub uri: String,
    _work_dir: tempfile::TempDir,
}

impl EmbeddedCloud {
    pub async fn start() -> EmbeddedCloud {
        let work_dir = tempfile::tempdir().unwrap();
        let listener = CloudOptions::bind(0).await.unwrap();
        // The cloud starts no process here, so the launcher may be anything.
        let launcher = Launcher::new("/bin/false".into(), Vec::new());
        let options = CloudOptions::new(listener, work_dir.path().to_path_buf(), launcher);
        let (id, secret) = (options.access_key_id.clone(), options.secret_access_key.clone());
        let cloud = Cloud::start(options).await.unwrap();
        let client = client(cloud.endpoint(), Credentials::new(id, secret, None, None, "test"));
        let created = ecr(&client, "CreateRepository", json!({ "repositoryName": REPOSITORY })).await;
        let uri = created["repository"]["repositoryUri"].as_str().unwrap().to_owned();
        EmbeddedCloud { cloud, client, uri, _work_dir: work_dir }
    }

    pub async fn token(&self) -> String {
        let answer = ecr(&self.client, "GetAuthorizationToken", json!({})).await;
        answer["authorizationData"][0]["authorizationToken"].as_str().unwrap().to_owned()
    }
}
