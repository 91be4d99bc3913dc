//! A cloud with an engine over its resource types, and what tests put into it.

use std::collections::BTreeMap;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use cloudformation::engine::{
    DeleteInput, Engine, ParameterInput, StackDescription, StackInput, TemplateSource,
};
use data_plane::launcher::Launcher;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use local_cloud::services::s3::ObjectAttributes;
use local_cloud::wire::WireRequest;
use local_cloud::{Cloud, CloudOptions, Services};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::task::JoinHandle;

const FIXTURE: &str = env!("CARGO_BIN_EXE_local-cloud-fixture");
const REGION: &str = "us-east-1";

pub struct TestCloud {
    pub cloud: Cloud,
    pub engine: Engine,
    _directory: TempDir,
}

/// Parameters of a stack.
pub type Parameters = BTreeMap<String, String>;

impl TestCloud {
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub async fn start_with(change: impl FnOnce(&mut CloudOptions)) -> Self {
        let directory = TempDir::new().unwrap();
        let launcher = Launcher::new(PathBuf::from(FIXTURE), vec!["launch".into()]);
        let listener = CloudOptions::bind(0).await.unwrap();
        let mut options = CloudOptions::new(listener, directory.path().to_owned(), launcher);
        change(&mut options);
        let cloud = Cloud::start(options).await.unwrap();
        let services = cloud.services(REGION).unwrap();
        let options = local_cloud::services::cloudformation::engine_options(services);
        let engine = Engine::new(local_cloud::resources::registry(services).unwrap(), options);
        Self { cloud, engine, _directory: directory }
    }

    pub fn services(&self) -> &Arc<Services> {
        self.cloud.services(REGION).unwrap()
    }

    /// Creates a stack and waits for the end, whatever it is.
    pub async fn create(&self, name: &str, template: &str, parameters: &Parameters) -> StackDescription {
        self.engine.create_stack(&self.input(name, template, parameters)).unwrap();
        let stack = self.engine.wait(name).await.unwrap();
        self.keep_created(name);
        stack
    }

    /// Keeps, for the table of fidelity, which resource types a stack's creation made.
    fn keep_created(&self, name: &str) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/fidelity/created");
        std::fs::create_dir_all(&folder).unwrap();
        for event in self.engine.events(name).unwrap() {
            if event.status == "CREATE_COMPLETE" {
                // File names have no colons on every system.
                std::fs::write(folder.join(event.resource_type.replace("::", "-")), "").unwrap();
            }
        }
    }

    /// Creates a stack that must succeed and gives its outputs.
    pub async fn created(&self, name: &str, template: &str, parameters: &Parameters) -> Parameters {
        let stack = self.create(name, template, parameters).await;
        assert_eq!(stack.status.as_str(), "CREATE_COMPLETE", "{}", self.reasons(name));
        outputs(&stack)
    }

    /// Updates a stack and waits for the end, whatever it is.
    pub async fn update(&self, name: &str, template: &str, parameters: &Parameters) -> StackDescription {
        self.engine.update_stack(&self.input(name, template, parameters)).unwrap();
        self.engine.wait(name).await.unwrap()
    }

    /// Updates a stack, which must succeed, and gives its outputs.
    pub async fn updated(&self, name: &str, template: &str, parameters: &Parameters) -> Parameters {
        let stack = self.update(name, template, parameters).await;
        assert_eq!(stack.status.as_str(), "UPDATE_COMPLETE", "{}", self.reasons(name));
        outputs(&stack)
    }

    /// The input of a call: only the parameters that the template declares, as the project's own commands do it.
    fn input(&self, name: &str, template: &str, parameters: &Parameters) -> StackInput {
        let template = TemplateSource::Inline(template.to_owned());
        let declared = self.engine.summarize(&template).unwrap().parameters;
        let given = declared.iter().filter_map(|parameter| parameters.get_key_value(&parameter.name));
        StackInput {
            stack_name: name.to_owned(),
            parameters: given
                .map(|(name, value)| (name.clone(), ParameterInput::Value(value.clone())))
                .collect(),
            template,
            capabilities: vec!["CAPABILITY_NAMED_IAM".to_owned()],
            ..StackInput::default()
        }
    }

    /// Deletes a stack and gives the status that it ends with.
    pub async fn delete(&self, name: &str) -> String {
        let id = self.engine.describe_stacks(Some(name)).unwrap().remove(0).id;
        self.engine.delete_stack(&DeleteInput { stack_name: id.clone(), ..DeleteInput::default() }).unwrap();
        self.engine.wait(&id).await.unwrap().status.as_str().to_owned()
    }

    /// Why resources of a stack failed, one line each, the first cause first.
    pub fn reasons(&self, name: &str) -> String {
        let mut events = self.engine.events(name).unwrap();
        events.reverse();
        // What is wrong with an output shows in the stack's own event, which begins the rollback.
        let tells = |status: &str| status.ends_with("FAILED") || status.ends_with("ROLLBACK_IN_PROGRESS");
        let failed = events.iter().filter(|event| tells(event.status.as_str()));
        let lines = failed.map(|event| {
            format!(
                "{} {}: {}",
                event.logical_id,
                event.status.as_str(),
                event.reason.as_deref().unwrap_or_default()
            )
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// Creates the foundation and gives all its outputs, which feed the parameters of the variants.
    pub async fn foundation(&self) -> Parameters {
        let mut outputs = Parameters::new();
        for stem in ["artifacts", "network", "topic"] {
            outputs.extend(
                self.created(stem, &template(&format!("foundation/{stem}")), &Parameters::new()).await,
            );
        }
        outputs
    }

    /// Uploads a function's zip and gives its key.
    pub async fn upload_function(&self, foundation: &Parameters) -> String {
        let zip = zip_of("bootstrap", &format!("#!/bin/sh\nexec {FIXTURE} bootstrap\n"));
        let services = self.services();
        services
            .s3
            .put_object(&foundation["ArtifactsBucket"], "function.zip", zip, ObjectAttributes::default())
            .await
            .unwrap();
        "function.zip".to_owned()
    }

    /// Pushes an image whose program is `script`, and gives its reference.
    pub async fn push_image(&self, foundation: &Parameters, tag: &str, script: &str) -> String {
        let mut layer = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(script.len() as u64);
        header.set_mode(0o755);
        layer.append_data(&mut header, "app", script.as_bytes()).unwrap();
        let layer = Bytes::from(layer.into_inner().unwrap());
        let config = json!({"architecture": "amd64", "os": "linux", "config": {"Entrypoint": ["/app"]}});
        let config = Bytes::from(config.to_string());
        let name = &foundation["RepositoryName"];
        for blob in [&layer, &config] {
            let path = format!("/v2/{name}/blobs/uploads/?digest={}", digest(blob));
            self.registry("POST", &path, blob.clone()).await;
        }
        let descriptor = |kind: &str, bytes: &Bytes| json!({"mediaType": format!("application/vnd.oci.image.{kind}"), "digest": digest(bytes), "size": bytes.len()});
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": descriptor("config.v1+json", &config),
            "layers": [descriptor("layer.v1.tar", &layer)],
        });
        self.registry("PUT", &format!("/v2/{name}/manifests/{tag}"), manifest.to_string().into()).await;
        format!("{}:{tag}", foundation["RepositoryUri"])
    }

    async fn registry(&self, method: &str, path: &str, body: Bytes) {
        let token = self
            .aws_json("ecr", "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken", &json!({}))
            .await;
        let token = token["authorizationData"][0]["authorizationToken"].as_str().unwrap().to_owned();
        let mut headers = http::HeaderMap::new();
        headers.insert("authorization", format!("Basic {token}").parse().unwrap());
        headers.insert("content-type", "application/vnd.oci.image.manifest.v1+json".parse().unwrap());
        let request = WireRequest::new(method.parse().unwrap(), path.parse().unwrap(), headers, body);
        let answer = self.cloud.router().call(request.for_service("ecr-registry", REGION)).await;
        assert!(answer.status.is_success(), "{method} {path}: {answer:?}");
    }

    /// Calls an operation of a service that speaks JSON.
    pub async fn aws_json(&self, service: &str, target: &str, input: &Value) -> Value {
        let mut headers = http::HeaderMap::new();
        headers.insert("x-amz-target", target.parse().unwrap());
        let body = input.to_string().into();
        let request = WireRequest::new(http::Method::POST, "/".parse().unwrap(), headers, body);
        let answer = self.cloud.router().call(request.for_service(service, REGION)).await;
        serde_json::from_slice(&answer.body).unwrap()
    }

    /// Calls a service by method and path.
    pub async fn rest(&self, service: &str, method: &str, path: &str, body: &str) -> (StatusCode, Value) {
        let body = Bytes::from(body.to_owned());
        let request =
            WireRequest::new(method.parse().unwrap(), path.parse().unwrap(), http::HeaderMap::new(), body);
        let answer = self.cloud.router().call(request.for_service(service, REGION)).await;
        (answer.status, serde_json::from_slice(&answer.body).unwrap_or_default())
    }

    /// The messages that reach a queue within two seconds, until there are `count`.
    pub async fn receive(&self, queue_url: &str, count: usize) -> Vec<Value> {
        let sqs = &self.services().sqs;
        let queue = sqs.queue_by_url(queue_url).unwrap();
        let mut bodies = Vec::new();
        for _ in 0..10 {
            let received = sqs.receive(&queue, 10, None, Duration::from_millis(200)).await;
            bodies.extend(received.iter().map(|message| serde_json::from_str(&message.body).unwrap()));
            if bodies.len() >= count {
                break;
            }
        }
        bodies
    }
}

pub fn outputs(stack: &StackDescription) -> Parameters {
    stack.outputs.iter().map(|output| (output.key.clone(), output.value.clone())).collect()
}

/// One of the project's templates.
pub fn template(stem: &str) -> String {
    let path = format!("{}/../../templates/{stem}.yaml", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The script of an image that runs the fixture.
pub fn container_script() -> String {
    format!("#!/bin/sh\nexec {FIXTURE} container\n")
}

pub fn zip_of(name: &str, content: &str) -> Bytes {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file(name, zip::write::SimpleFileOptions::default().unix_permissions(0o755)).unwrap();
    zip.write_all(content.as_bytes()).unwrap();
    zip.finish().unwrap().into_inner().into()
}

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

pub type HttpClient = Client<HttpConnector, Full<Bytes>>;

pub fn http_client() -> HttpClient {
    Client::builder(TokioExecutor::new()).build_http()
}

pub async fn post(client: &HttpClient, url: &str, content_type: &str, body: &str) -> (StatusCode, String) {
    let request = Request::post(url).header("content-type", content_type);
    let request = request.body(Full::new(Bytes::from(body.to_owned()))).unwrap();
    match client.request(request).await {
        Ok(response) => {
            let status = response.status();
            let body = response.into_body().collect().await.unwrap().to_bytes();
            (status, String::from_utf8_lossy(&body).into_owned())
        }
        Err(error) => (StatusCode::IM_A_TEAPOT, error.to_string()),
    }
}

/// Requests that go on while something is changed.
pub struct Load {
    stop: Arc<AtomicBool>,
    served: Arc<AtomicU32>,
    worker: JoinHandle<Vec<String>>,
}

impl Load {
    /// Posts to `url` about fifty times a second.
    pub fn start(url: String) -> Self {
        let (stop, served) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let (until, count) = (Arc::clone(&stop), Arc::clone(&served));
        let worker = tokio::spawn(async move {
            let client = http_client();
            let mut failures = Vec::new();
            while !until.load(Ordering::Relaxed) {
                let (status, body) = post(&client, &url, "text/plain", "hello").await;
                if status == StatusCode::OK {
                    count.fetch_add(1, Ordering::Relaxed);
                } else {
                    failures.push(format!("{status} {body}"));
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            failures
        });
        Self { stop, served, worker }
    }

    /// Stops and gives how many were served, and what failed.
    pub async fn stop(self) -> (u32, Vec<String>) {
        self.stop.store(true, Ordering::Relaxed);
        let failures = self.worker.await.unwrap();
        (self.served.load(Ordering::Relaxed), failures)
    }
}

/// Waits until `condition` holds, for 15 s at most.
pub async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(15);
    while !condition() {
        assert!(Instant::now() < deadline, "still not: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
