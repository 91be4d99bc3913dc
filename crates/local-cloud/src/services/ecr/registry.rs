//! The OCI distribution API under `/v2/`.
//!
//! <https://github.com/opencontainers/distribution-spec/blob/main/spec.md>

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Method, StatusCode};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::repository::OCI_MANIFEST;
use super::{Ecr, EcrError, Repository};
use crate::services::Service;
use crate::wire::{WireRequest, WireResponse};

/// The registry on the wire.
pub struct RegistryService(pub Arc<Ecr>);

#[async_trait]
impl Service for RegistryService {
    fn name(&self) -> &'static str {
        "ecr-registry"
    }

    fn operation(&self, request: &WireRequest) -> String {
        let kind = if request.uri.path().contains("/manifests/") { "Manifest" } else { "Blob" };
        format!("{}{kind}", request.method)
    }

    async fn handle(&self, request: WireRequest) -> WireResponse {
        let answer = if self.is_authorized(&request) {
            self.run(&request).await.unwrap_or_else(Refusal::into_response)
        } else {
            let realm = format!("Basic realm=\"{}/\",service=\"ecr.amazonaws.com\"", self.0.context.endpoint);
            Refusal::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "Not Authorized")
                .into_response()
                .with_header("www-authenticate", &realm)
        };
        answer.with_header("docker-distribution-api-version", "registry/2.0")
    }
}

/// An answer, or why there is none.
type Answer = Result<WireResponse, Refusal>;

/// A refusal in the codes of the distribution API.
struct Refusal {
    status: StatusCode,
    code: &'static str,
    message: String,
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into() }
    }

    fn into_response(self) -> WireResponse {
        let error = json!({"code": self.code, "message": self.message});
        WireResponse::json(self.status, &json!({"errors": [error]}))
    }
}

impl From<EcrError> for Refusal {
    fn from(error: EcrError) -> Self {
        let (status, code) = match error {
            EcrError::NoSuchRepository { .. } => (StatusCode::NOT_FOUND, "NAME_UNKNOWN"),
            EcrError::NoSuchImage { .. } => (StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN"),
            EcrError::TagIsImmutable { .. } => (StatusCode::BAD_REQUEST, "TAG_INVALID"),
            EcrError::NoSuchBlob { .. } => (StatusCode::BAD_REQUEST, "MANIFEST_BLOB_UNKNOWN"),
            EcrError::Storage { .. } => (StatusCode::INTERNAL_SERVER_ERROR, "UNKNOWN"),
            _ => (StatusCode::BAD_REQUEST, "MANIFEST_INVALID"),
        };
        Self::new(status, code, error.to_string())
    }
}

impl RegistryService {
    fn is_authorized(&self, request: &WireRequest) -> bool {
        let given = request.header("authorization").and_then(|text| text.strip_prefix("Basic "));
        let given = given.and_then(|text| STANDARD.decode(text.trim()).ok());
        given.is_some_and(|given| given == format!("AWS:{}", self.0.password).into_bytes())
    }

    async fn run(&self, request: &WireRequest) -> Answer {
        let path = request.uri.path().trim_start_matches("/v2").trim_start_matches('/');
        if path.is_empty() {
            return Ok(WireResponse::json(StatusCode::OK, &json!({})));
        }
        if let Some(name) = path.strip_suffix("/tags/list") {
            let repository = self.repository(name)?;
            return Ok(WireResponse::json(
                StatusCode::OK,
                &json!({"name": name, "tags": repository.image_tags()}),
            ));
        }
        if let Some((name, upload)) = path.rsplit_once("/blobs/uploads") {
            let repository = self.repository(name)?;
            return self.upload(&repository, upload.trim_start_matches('/'), request).await;
        }
        if let Some((name, digest)) = path.rsplit_once("/blobs/") {
            return blob(&*self.repository(name)?, digest, request).await;
        }
        if let Some((name, reference)) = path.rsplit_once("/manifests/") {
            return manifest(&*self.repository(name)?, reference, request);
        }
        Err(Refusal::new(StatusCode::NOT_FOUND, "UNSUPPORTED", "The path is not one of the distribution API"))
    }

    fn repository(&self, name: &str) -> Result<Arc<Repository>, Refusal> {
        Ok(self.0.repository(name)?)
    }

    async fn upload(&self, repository: &Repository, id: &str, request: &WireRequest) -> Answer {
        let unknown =
            || Refusal::new(StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN", "The upload is not known");
        let digest = request.query_param("digest");
        match (&request.method, id) {
            (&Method::POST, "") => {
                if let Some(answer) = self.mount(repository, request) {
                    return Ok(answer);
                }
                if let Some(digest) = digest {
                    return self.finish(repository, &digest, request.body.clone()).await;
                }
                let id = repository.start_upload();
                Ok(progress(repository, &id, 0, StatusCode::ACCEPTED))
            }
            (&Method::PATCH, id) => {
                let length = repository.append(id, &request.body).ok_or_else(unknown)?;
                Ok(progress(repository, id, length, StatusCode::ACCEPTED))
            }
            (&Method::GET, id) => {
                let length = repository.append(id, &[]).ok_or_else(unknown)?;
                Ok(progress(repository, id, length, StatusCode::NO_CONTENT))
            }
            (&Method::PUT, id) => {
                let Some(digest) = digest else {
                    return Err(Refusal::new(
                        StatusCode::BAD_REQUEST,
                        "DIGEST_INVALID",
                        "The query has no digest",
                    ));
                };
                let bytes = repository.uploaded_with(id, &request.body).ok_or_else(unknown)?;
                let answer = self.finish(repository, &digest, bytes).await?;
                // A failed upload stays as it was, so that a retry meets the same reason and not an unknown upload.
                repository.end_upload(id).ok_or_else(unknown)?;
                Ok(answer)
            }
            (&Method::DELETE, id) => {
                repository.end_upload(id).ok_or_else(unknown)?;
                Ok(WireResponse::empty(StatusCode::NO_CONTENT))
            }
            _ => Err(not_allowed(request)),
        }
    }

    /// Takes a blob over from another repository, where the caller asks for it and it is there.
    fn mount(&self, repository: &Repository, request: &WireRequest) -> Option<WireResponse> {
        let digest = request.query_param("mount")?;
        let source = self.0.repository(&request.query_param("from")?).ok()?;
        repository.add_blob(&digest, source.blob(&digest)?);
        Some(created(repository, &digest))
    }

    async fn finish(&self, repository: &Repository, digest: &str, bytes: Bytes) -> Answer {
        let actual = format!("sha256:{}", hex::encode(Sha256::digest(&bytes)));
        if digest != actual {
            let message = format!("The digest of what was uploaded is {actual} and not {digest}");
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "DIGEST_INVALID", message));
        }
        let blob = self.0.store(bytes).await?;
        repository.add_blob(digest, blob);
        Ok(created(repository, digest))
    }
}

fn created(repository: &Repository, digest: &str) -> WireResponse {
    WireResponse::empty(StatusCode::CREATED)
        .with_header("location", &format!("/v2/{}/blobs/{digest}", repository.name))
        .with_header("docker-content-digest", digest)
}

fn progress(repository: &Repository, id: &str, length: usize, status: StatusCode) -> WireResponse {
    WireResponse::empty(status)
        .with_header("location", &format!("/v2/{}/blobs/uploads/{id}", repository.name))
        .with_header("docker-upload-uuid", id)
        .with_header("range", &format!("0-{}", length.saturating_sub(1)))
}

async fn blob(repository: &Repository, digest: &str, request: &WireRequest) -> Answer {
    let unknown =
        || Refusal::new(StatusCode::NOT_FOUND, "BLOB_UNKNOWN", format!("The blob {digest} is not here"));
    let blob = repository.blob(digest).ok_or_else(unknown)?;
    let response = WireResponse::empty(StatusCode::OK)
        .with_header("content-type", "application/octet-stream")
        .with_header("docker-content-digest", digest)
        .with_header("etag", &format!("\"{digest}\""));
    match request.method {
        Method::HEAD => Ok(response.with_header("content-length", &blob.len().to_string())),
        Method::GET => {
            let mut bytes = Vec::with_capacity(usize::try_from(blob.len()).unwrap_or_default());
            blob.read(0, blob.len(), &mut bytes).await.map_err(EcrError::from)?;
            Ok(WireResponse { body: bytes.into(), ..response })
        }
        _ => Err(not_allowed(request)),
    }
}

fn manifest(repository: &Repository, reference: &str, request: &WireRequest) -> Answer {
    match request.method {
        Method::GET | Method::HEAD => {
            let found = repository.manifest(reference)?;
            let mut response =
                WireResponse::with_body(StatusCode::OK, &found.media_type, found.bytes.clone())
                    .with_header("docker-content-digest", &found.digest)
                    .with_header("etag", &format!("\"{}\"", found.digest));
            if request.method == Method::HEAD {
                response = response.with_header("content-length", &found.bytes.len().to_string());
            }
            Ok(response)
        }
        Method::PUT => {
            let media_type = request.header("content-type").unwrap_or(OCI_MANIFEST);
            let put = repository.put_manifest(reference, media_type, request.body.clone())?;
            Ok(WireResponse::empty(StatusCode::CREATED)
                .with_header("location", &format!("/v2/{}/manifests/{}", repository.name, put.digest))
                .with_header("docker-content-digest", &put.digest))
        }
        Method::DELETE => {
            repository.delete_image(reference)?;
            Ok(WireResponse::empty(StatusCode::ACCEPTED))
        }
        _ => Err(not_allowed(request)),
    }
}

fn not_allowed(request: &WireRequest) -> Refusal {
    let message = format!("{} is not allowed here", request.method);
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", message)
}
