//! A repository: layers, manifests and tags.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::EcrError;
use crate::services::blob::Blob;
use crate::wire::epoch_millis;

/// A repository.
pub struct Repository {
    pub name: String,
    pub arn: String,
    /// `127.0.0.1:PORT/<name>`, which is where images are pushed to and pulled from.
    pub uri: String,
    /// The account.
    pub registry_id: String,
    /// Milliseconds since the epoch.
    pub created_at: i64,
    settings: Mutex<RepositorySettings>,
    content: Mutex<Content>,
}

/// What the owner chooses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RepositorySettings {
    /// Whether a tag, once given, stays with its image.
    pub immutable_tags: bool,
    pub scan_on_push: bool,
    /// Documents as they were given.
    pub lifecycle_policy: Option<String>,
    pub repository_policy: Option<String>,
    pub tags: BTreeMap<String, String>,
}

#[derive(Default)]
struct Content {
    blobs: BTreeMap<String, Arc<Blob>>,
    manifests: BTreeMap<String, Arc<Manifest>>,
    tags: BTreeMap<String, String>,
    uploads: BTreeMap<String, BytesMut>,
}

/// An image's manifest, or an index of several.
#[derive(Debug)]
pub struct Manifest {
    /// `sha256:…`
    pub digest: String,
    pub media_type: String,
    pub bytes: Bytes,
    /// Milliseconds since the epoch.
    pub pushed_at: i64,
    /// Bytes of configuration and layers.
    pub image_size: u64,
}

pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const MEDIA_TYPES: [&str; 4] = [OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST];

impl Repository {
    pub(super) fn new(
        name: &str,
        arn: String,
        uri: String,
        registry_id: &str,
        settings: RepositorySettings,
    ) -> Self {
        Self {
            name: name.to_owned(),
            arn,
            uri,
            registry_id: registry_id.to_owned(),
            created_at: epoch_millis(),
            settings: Mutex::new(settings),
            content: Mutex::default(),
        }
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[must_use]
    pub fn settings(&self) -> RepositorySettings {
        self.settings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Changes the settings in place.
    pub fn edit_settings(&self, edit: impl FnOnce(&mut RepositorySettings)) {
        edit(&mut self.settings.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// A layer or configuration by its digest.
    #[must_use]
    pub fn blob(&self, digest: &str) -> Option<Arc<Blob>> {
        self.content().blobs.get(digest).cloned()
    }

    /// Adds a layer or configuration under the digest that was computed of it.
    pub(super) fn add_blob(&self, digest: &str, blob: Arc<Blob>) {
        self.content().blobs.insert(digest.to_owned(), blob);
    }

    /// Starts the upload of a blob and gives its ID.
    pub(super) fn start_upload(&self) -> String {
        let id = uuid::Uuid::new_v4().to_string();
        self.content().uploads.insert(id.clone(), BytesMut::new());
        id
    }

    /// Adds bytes to an upload and gives how many it has; `None` for an unknown upload.
    pub(super) fn append(&self, id: &str, bytes: &[u8]) -> Option<usize> {
        let mut content = self.content();
        let upload = content.uploads.get_mut(id)?;
        upload.extend_from_slice(bytes);
        Some(upload.len())
    }

    /// The bytes of an upload and these after them; `None` for an unknown upload.
    pub(super) fn uploaded_with(&self, id: &str, bytes: &Bytes) -> Option<Bytes> {
        let content = self.content();
        let upload = content.uploads.get(id)?;
        if upload.is_empty() {
            return Some(bytes.clone());
        }
        Some(Bytes::from([upload.as_ref(), bytes.as_ref()].concat()))
    }

    /// Ends an upload; `None` for an unknown one.
    pub(super) fn end_upload(&self, id: &str) -> Option<()> {
        self.content().uploads.remove(id).map(drop)
    }

    /// The manifest of a tag, or of a digest that begins with `sha256:`.
    pub fn manifest(&self, reference: &str) -> Result<Arc<Manifest>, EcrError> {
        let content = self.content();
        let is_digest = reference.starts_with("sha256:");
        let digest =
            if is_digest { Some(reference) } else { content.tags.get(reference).map(String::as_str) };
        let found = digest.and_then(|digest| content.manifests.get(digest)).cloned();
        found.ok_or_else(|| self.no_image(reference))
    }

    pub(super) fn no_image(&self, reference: &str) -> EcrError {
        let is_digest = reference.starts_with("sha256:");
        let null = || "null".to_owned();
        EcrError::NoSuchImage {
            digest: if is_digest { reference.to_owned() } else { null() },
            tag: if is_digest { null() } else { reference.to_owned() },
            name: self.name.clone(),
            registry: self.registry_id.clone(),
        }
    }

    /// Takes in a manifest under a tag or under its digest; everything that it names must have been uploaded before.
    pub fn put_manifest(
        &self,
        reference: &str,
        media_type: &str,
        bytes: Bytes,
    ) -> Result<Arc<Manifest>, EcrError> {
        let invalid = |message: String| EcrError::InvalidParameter { message };
        let document: Value = serde_json::from_slice(&bytes)
            .map_err(|error| invalid(format!("The image manifest is not valid JSON: {error}")))?;
        let media_type = document["mediaType"].as_str().unwrap_or(media_type).to_owned();
        if !MEDIA_TYPES.contains(&media_type.as_str()) {
            let message =
                format!("The manifest's media type {media_type:?} is none of {}", MEDIA_TYPES.join(", "));
            return Err(invalid(message));
        }
        let digest = format!("sha256:{}", hex::encode(Sha256::digest(&bytes)));
        let is_digest = reference.starts_with("sha256:");
        if is_digest && reference != digest {
            return Err(invalid(format!("The manifest's digest is {digest} and not {reference}")));
        }
        if !is_digest && !is_tag(reference) {
            return Err(invalid(format!("The image tag {reference:?} is not valid")));
        }
        let immutable = self.settings().immutable_tags;
        let mut content = self.content();
        let image_size = content.size_of(&self.name, &document)?;
        if !is_digest {
            let other = content.tags.get(reference).is_some_and(|current| *current != digest);
            if immutable && other {
                return Err(EcrError::TagIsImmutable { tag: reference.to_owned(), name: self.name.clone() });
            }
            content.tags.insert(reference.to_owned(), digest.clone());
        }
        let manifest =
            Manifest { digest: digest.clone(), media_type, bytes, pushed_at: epoch_millis(), image_size };
        Ok(Arc::clone(content.manifests.entry(digest).or_insert_with(|| Arc::new(manifest))))
    }

    /// Deletes a tag or, by digest, an image with its tags; an image whose last tag goes is deleted with it, as ECR does.
    ///
    /// Gives the tags that went, and the digest.
    pub fn delete_image(&self, reference: &str) -> Result<(String, Vec<String>), EcrError> {
        let digest = self.manifest(reference)?.digest.clone();
        let mut content = self.content();
        let of_image = |content: &Content| -> Vec<String> {
            let tags = content.tags.iter().filter(|(_, of)| **of == digest);
            tags.map(|(tag, _)| tag.clone()).collect()
        };
        let all = of_image(&content);
        let gone = if reference.starts_with("sha256:") { all } else { vec![reference.to_owned()] };
        content.tags.retain(|tag, _| !gone.contains(tag));
        if of_image(&content).is_empty() {
            content.manifests.remove(&digest);
            content.drop_unused_blobs();
        }
        Ok((digest, gone))
    }

    /// All images in order of their digests, each with its tags.
    #[must_use]
    pub fn images(&self) -> Vec<(Arc<Manifest>, Vec<String>)> {
        let content = self.content();
        let tags_of = |digest: &String| -> Vec<String> {
            let tags = content.tags.iter().filter(|(_, of)| *of == digest);
            tags.map(|(tag, _)| tag.clone()).collect()
        };
        content.manifests.iter().map(|(digest, manifest)| (Arc::clone(manifest), tags_of(digest))).collect()
    }

    /// All tags in order.
    #[must_use]
    pub fn image_tags(&self) -> Vec<String> {
        self.content().tags.keys().cloned().collect()
    }
}

impl Content {
    /// Bytes of what a manifest names.
    ///
    /// # Errors
    /// Something that it names is missing.
    fn size_of(&self, name: &str, document: &Value) -> Result<u64, EcrError> {
        let items = |member: &str| document[member].as_array().map(Vec::as_slice).unwrap_or_default();
        let missing = |what, digest: &str| EcrError::NoSuchBlob {
            what,
            digest: digest.to_owned(),
            name: name.to_owned(),
        };
        for manifest in items("manifests") {
            let digest = manifest["digest"].as_str().unwrap_or_default();
            if !self.manifests.contains_key(digest) {
                return Err(missing("manifest", digest));
            }
        }
        let mut size = 0;
        let config = document.get("config").into_iter();
        for descriptor in config.chain(items("layers")) {
            let digest = descriptor["digest"].as_str().unwrap_or_default();
            size += self.blobs.get(digest).ok_or_else(|| missing("layer", digest))?.len();
        }
        Ok(size)
    }

    /// Drops blobs that no manifest names any more.
    fn drop_unused_blobs(&mut self) {
        let texts: Vec<String> = self
            .manifests
            .values()
            .map(|manifest| String::from_utf8_lossy(&manifest.bytes).into_owned())
            .collect();
        self.blobs.retain(|digest, _| texts.iter().any(|text| text.contains(digest.as_str())));
    }
}

/// <https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests>
fn is_tag(tag: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    (1..=128).contains(&tag.len()) && tag.bytes().all(legal) && !tag.starts_with(['.', '-'])
}
