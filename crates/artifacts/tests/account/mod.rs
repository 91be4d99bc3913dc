//! A server that plays a bucket, ECR's authorisation call and a registry, over real HTTP.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use artifacts::Digest;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use signed_http::{Client, xml};

pub const REPOSITORY: &str = "000000000000.dkr.ecr.us-east-1.amazonaws.com/team/container";

#[derive(Clone)]
pub struct Account {
    pub address: SocketAddr,
    pub state: Arc<Mutex<Stored>>,
}

#[derive(Default)]
pub struct Stored {
    /// Versions by key and ID; `None` is a marker of a deletion.
    pub versions: BTreeMap<(String, String), Option<Bytes>>,
    /// Keys that cannot be deleted.
    pub locked: Vec<String>,
    /// Content by digest.
    pub blobs: BTreeMap<String, Bytes>,
    /// Manifests by tag.
    pub manifests: BTreeMap<String, Bytes>,
    /// Method and path of every request.
    pub requests: Vec<String>,
}

impl Account {
    pub async fn start() -> Account {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let account = Account { address: listener.local_addr().unwrap(), state: Arc::default() };
        let router = Router::new()
            .fallback(serve)
            .layer(axum::extract::DefaultBodyLimit::disable())
            .with_state(account.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        account
    }

    pub fn client(&self) -> Client {
        let credentials = Credentials::new("AKID", "secret", None, None, "test");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .endpoint_url(format!("http://{}", self.address))
            .build();
        Client::new(&config)
    }

    /// The requests since the last time.
    pub fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().requests)
    }
}

async fn serve(
    State(account): State<Account>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut stored = account.state.lock().unwrap();
    stored.requests.push(format!("{method} {}", uri.path()));
    let authorization = headers.get("authorization").map(|value| value.to_str().unwrap()).unwrap_or_default();
    if let Some(path) = uri.path().strip_prefix("/v2/team/container/") {
        if authorization != format!("Basic {}", STANDARD.encode("AWS:password")) {
            return StatusCode::UNAUTHORIZED.into_response();
        }
        return registry(&mut stored, &method, path, uri.query().unwrap_or_default(), &body);
    }
    assert!(authorization.starts_with("AWS4-HMAC-SHA256 "), "{method} {uri} is not signed");
    if headers.contains_key("x-amz-target") {
        let token = STANDARD.encode("AWS:password");
        let data =
            json!({ "authorizationToken": token, "proxyEndpoint": format!("http://{}", account.address) });
        return json!({ "authorizationData": [data] }).to_string().into_response();
    }
    bucket(&mut stored, &method, &uri, &headers, &body)
}

fn registry(stored: &mut Stored, method: &Method, path: &str, query: &str, body: &Bytes) -> Response {
    let (kind, name) = path.split_once('/').unwrap();
    match (method.as_str(), kind) {
        ("HEAD", "blobs") if stored.blobs.contains_key(name) => StatusCode::OK.into_response(),
        ("POST", "blobs") => {
            (StatusCode::ACCEPTED, [("location", "/v2/team/container/uploads/1?state=a")]).into_response()
        }
        ("PUT", "uploads") => {
            let digest = query.strip_prefix("state=a&digest=").unwrap();
            if Digest::of(body).to_string() != digest {
                let error = json!({"errors": [{"code": "DIGEST_INVALID", "message": "digests differ"}]});
                return (StatusCode::BAD_REQUEST, error.to_string()).into_response();
            }
            stored.blobs.insert(digest.to_owned(), body.clone());
            StatusCode::CREATED.into_response()
        }
        ("HEAD", "manifests") if stored.manifests.contains_key(name) => {
            let digest = Digest::of(&stored.manifests[name]).to_string();
            (StatusCode::OK, [("docker-content-digest", digest)]).into_response()
        }
        ("PUT", "manifests") => {
            let manifest: Value = serde_json::from_slice(body).unwrap();
            let layers = manifest["layers"].as_array().unwrap().iter();
            let missing = layers
                .chain([&manifest["config"]])
                .find(|blob| !stored.blobs.contains_key(blob["digest"].as_str().unwrap()));
            if let Some(missing) = missing {
                let error =
                    json!({"errors": [{"code": "MANIFEST_BLOB_UNKNOWN", "message": missing.to_string()}]});
                return (StatusCode::BAD_REQUEST, error.to_string()).into_response();
            }
            stored.manifests.insert(name.to_owned(), body.clone());
            StatusCode::CREATED.into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

fn bucket(stored: &mut Stored, method: &Method, uri: &Uri, headers: &HeaderMap, body: &Bytes) -> Response {
    let key = uri.path().strip_prefix("/bucket").unwrap_or("missing").trim_start_matches('/').to_owned();
    let query = uri.query().unwrap_or_default();
    match method.as_str() {
        _ if key == "missing" => {
            (StatusCode::NOT_FOUND, "<Error><Code>NoSuchBucket</Code><Message/></Error>").into_response()
        }
        "HEAD" if stored.versions.contains_key(&(key.clone(), "null".to_owned())) => {
            StatusCode::OK.into_response()
        }
        "PUT" => {
            stored.versions.insert((key, "null".to_owned()), Some(body.clone()));
            StatusCode::OK.into_response()
        }
        "GET" if query.starts_with("versions") => list(stored).into_response(),
        "POST" if query.starts_with("delete") => {
            assert_eq!(headers["x-amz-checksum-sha256"], STANDARD.encode(Digest::of(body).bytes()));
            delete(stored, std::str::from_utf8(body).unwrap()).into_response()
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Pages of three, so that a few objects are several pages.
fn list(stored: &Stored) -> String {
    let entries = stored.versions.iter().take(3).map(|((key, id), content)| {
        let kind = if content.is_some() { "Version" } else { "DeleteMarker" };
        let key = key.replace('%', "%25").replace('&', "%26").replace('\u{1}', "%01").replace(' ', "+");
        format!("<{kind}><Key>{key}</Key><VersionId>{id}</VersionId></{kind}>")
    });
    format!(
        "<ListVersionsResult><EncodingType>url</EncodingType>{}</ListVersionsResult>",
        entries.collect::<String>()
    )
}

fn delete(stored: &mut Stored, body: &str) -> String {
    let request = xml::parse(body).unwrap();
    let mut result = String::from("<DeleteResult>");
    for object in request.children_named("Object") {
        let key = object.child_text("Key").unwrap().to_owned();
        let id = object.child_text("VersionId").unwrap().to_owned();
        if stored.locked.contains(&key) {
            result += &["<Error><Key>", &key, "</Key><Message>Access Denied</Message></Error>"].concat();
        } else {
            assert!(stored.versions.remove(&(key, id)).is_some());
        }
    }
    result + "</DeleteResult>"
}
