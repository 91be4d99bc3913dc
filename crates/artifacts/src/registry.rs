//! Images in ECR, through the distribution API that every registry speaks.
//! <https://github.com/opencontainers/distribution-spec/blob/main/spec.md>

use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};
use signed_http::{Client, JsonVersion, Response};

use crate::UploadError;
use crate::image::{Blob, Image, MANIFEST_TYPE};

/// An image in a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// `<repository URI>@sha256:…`, which always means this content.
    pub reference: String,
    /// Whether it was there already, so that nothing was sent.
    pub was_there: bool,
}

/// Pushes an image under a tag that names its content, unless it is there already. Blobs that the repository has are not
/// sent again.
///
/// # Errors
/// [`UploadError`].
pub async fn push(client: &Client, repository_uri: &str, image: &Image) -> Result<Pushed, UploadError> {
    let repository = Repository::log_in(client, repository_uri).await?;
    let digest = image.digest();
    let reference = format!("{repository_uri}@{digest}");
    let tag = digest.short();
    if repository.has_manifest(&tag, &digest.to_string()).await? {
        return Ok(Pushed { reference, was_there: true });
    }
    for blob in image.layers.iter().chain([&image.config]) {
        if !repository.has_blob(blob).await? {
            repository.put_blob(blob).await?;
        }
    }
    repository.put_manifest(&tag, &image.manifest).await?;
    Ok(Pushed { reference, was_there: false })
}

struct Repository<'a> {
    client: &'a Client,
    uri: &'a str,
    /// The registry's address, `https://host` or, on a loopback, `http://host:port`.
    registry: String,
    name: &'a str,
    authorization: String,
}

impl<'a> Repository<'a> {
    async fn log_in(client: &'a Client, uri: &'a str) -> Result<Repository<'a>, UploadError> {
        let action = || format!("logging in to the registry of {uri}");
        let unexpected =
            |reason: &str| UploadError::Unexpected { action: action(), reason: reason.to_owned() };
        let (_host, name) = uri
            .split_once('/')
            .filter(|(host, name)| !host.is_empty() && !name.is_empty())
            .ok_or_else(|| unexpected("a repository URI is <host>/<name>"))?;
        let answer = client
            .json(
                "ecr",
                "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken",
                JsonVersion::V1_1,
                json!({}),
            )
            .await
            .map_err(|source| UploadError::Call { action: action(), source })?;
        let data = &answer["authorizationData"][0];
        let token = data["authorizationToken"].as_str().ok_or_else(|| unexpected("ECR gave no token"))?;
        let registry = data["proxyEndpoint"].as_str().ok_or_else(|| unexpected("ECR gave no endpoint"))?;
        let registry = registry.trim_end_matches('/').to_owned();
        Ok(Repository { client, uri, registry, name, authorization: format!("Basic {token}") })
    }

    async fn has_manifest(&self, tag: &str, digest: &str) -> Result<bool, UploadError> {
        let action = format!("looking for {}:{tag}", self.uri);
        let answer = self
            .send(&action, self.request(Method::HEAD, &self.path("manifests", tag)), Bytes::new())
            .await?;
        match answer.status {
            200 => Ok(answer.header("docker-content-digest") == Some(digest)),
            404 => Ok(false),
            _ => Err(refused(action, &answer)),
        }
    }

    async fn has_blob(&self, blob: &Blob) -> Result<bool, UploadError> {
        let action = format!("looking for {} in {}", blob.digest, self.uri);
        let path = self.path("blobs", &blob.digest.to_string());
        let answer = self.send(&action, self.request(Method::HEAD, &path), Bytes::new()).await?;
        match answer.status {
            200 => Ok(true),
            404 => Ok(false),
            _ => Err(refused(action, &answer)),
        }
    }

    /// One POST and one PUT: ECR loses data when a blob is sent in parts.
    async fn put_blob(&self, blob: &Blob) -> Result<(), UploadError> {
        let action = format!("pushing {} to {}", blob.digest, self.uri);
        let started = self
            .send(&action, self.request(Method::POST, &self.path("blobs", "uploads/")), Bytes::new())
            .await?;
        if started.status != 202 {
            return Err(refused(action, &started));
        }
        let location = started.header("location").ok_or_else(|| UploadError::Unexpected {
            action: action.clone(),
            reason: "the registry named no location for the upload".to_owned(),
        })?;
        let separator = if location.contains('?') { '&' } else { '?' };
        let path = format!("{location}{separator}digest={}", blob.digest);
        let put = self.request(Method::PUT, &path).header("content-type", "application/octet-stream");
        let answer = self.send(&action, put, Bytes::copy_from_slice(&blob.bytes)).await?;
        if answer.status == 201 { Ok(()) } else { Err(refused(action, &answer)) }
    }

    async fn put_manifest(&self, tag: &str, manifest: &Blob) -> Result<(), UploadError> {
        let action = format!("pushing {}:{tag}", self.uri);
        let put =
            self.request(Method::PUT, &self.path("manifests", tag)).header("content-type", MANIFEST_TYPE);
        let answer = self.send(&action, put, Bytes::copy_from_slice(&manifest.bytes)).await?;
        if answer.status == 201 { Ok(()) } else { Err(refused(action, &answer)) }
    }

    fn path(&self, kind: &str, name: &str) -> String {
        format!("/v2/{}/{kind}/{name}", self.name)
    }

    /// A request to a path of the registry, or to a full address that the registry gave. Credentials go to the registry
    /// only: an upload may be sent elsewhere with an address that carries its own permission.
    fn request(&self, method: Method, address: &str) -> http::request::Builder {
        let uri =
            if address.starts_with('/') { format!("{}{address}", self.registry) } else { address.to_owned() };
        let request = Request::builder().method(method).header("accept", MANIFEST_TYPE);
        let request = if uri.starts_with(&format!("{}/", self.registry)) {
            request.header("authorization", &self.authorization)
        } else {
            request
        };
        request.uri(uri)
    }

    async fn send(
        &self,
        action: &str,
        request: http::request::Builder,
        body: Bytes,
    ) -> Result<Response, UploadError> {
        let request = request.body(body).map_err(|error| UploadError::Unexpected {
            action: action.to_owned(),
            reason: format!("the address is not valid: {error}"),
        })?;
        let answer = self.client.transport().send_with_retries(request).await;
        answer.map_err(|source| UploadError::Registry { action: action.to_owned(), source })
    }
}

/// The registry's error body is `{"errors":[{"code":…,"message":…}]}`.
fn refused(action: String, answer: &Response) -> UploadError {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let first = &body["errors"][0];
    let message = match (first["code"].as_str(), first["message"].as_str()) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        _ => "without a reason".to_owned(),
    };
    UploadError::RegistryRefused { action, status: answer.status, message }
}
