//! Amazon ECR: repositories, and the registry that images are pushed to and pulled from.
//!
//! <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/Welcome.html>

mod api;
mod error;
mod registry;
mod repository;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use data_plane::task::{Image, ImageConfig};
use serde_json::Value;

pub use api::EcrService;
pub use error::EcrError;
pub use registry::RegistryService;
pub use repository::{Manifest, Repository, RepositorySettings};

use super::RegionContext;
use super::blob::Blob;

/// The repositories of a region.
pub struct Ecr {
    context: Arc<RegionContext>,
    /// What `GetAuthorizationToken` gives for the user `AWS`.
    password: String,
    repositories: RwLock<BTreeMap<String, Arc<Repository>>>,
}

impl Ecr {
    pub(crate) fn new(context: Arc<RegionContext>) -> Self {
        let password = format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple());
        Self { context, password, repositories: RwLock::default() }
    }

    /// The registry's host and port, as image references begin with it.
    #[must_use]
    pub fn registry(&self) -> &str {
        let endpoint = self.context.endpoint.as_str();
        endpoint.split_once("://").map_or(endpoint, |(_, host)| host)
    }

    /// Makes a repository.
    ///
    /// # Errors
    /// An invalid name; a repository that exists.
    pub fn create_repository(
        &self,
        name: &str,
        settings: RepositorySettings,
    ) -> Result<Arc<Repository>, EcrError> {
        if !is_repository_name(name) {
            return Err(EcrError::InvalidName { name: name.to_owned() });
        }
        let mut repositories = self.repositories.write().unwrap_or_else(PoisonError::into_inner);
        let registry = self.context.account.clone();
        if repositories.contains_key(name) {
            return Err(EcrError::RepositoryExists { name: name.to_owned(), registry });
        }
        let arn = self.context.arn("ecr", &format!("repository/{name}"));
        let uri = format!("{}/{name}", self.registry());
        let repository = Arc::new(Repository::new(name, arn, uri, &registry, settings));
        repositories.insert(name.to_owned(), Arc::clone(&repository));
        Ok(repository)
    }

    /// Deletes a repository; one with images only when forced.
    pub fn delete_repository(&self, name: &str, force: bool) -> Result<Arc<Repository>, EcrError> {
        let mut repositories = self.repositories.write().unwrap_or_else(PoisonError::into_inner);
        let repository = repositories.get(name).ok_or_else(|| self.no_repository(name))?;
        if !force && !repository.images().is_empty() {
            let registry = self.context.account.clone();
            return Err(EcrError::RepositoryNotEmpty { name: name.to_owned(), registry });
        }
        repositories.remove(name).ok_or_else(|| self.no_repository(name))
    }

    /// A repository by its name.
    pub fn repository(&self, name: &str) -> Result<Arc<Repository>, EcrError> {
        let repositories = self.repositories.read().unwrap_or_else(PoisonError::into_inner);
        repositories.get(name).cloned().ok_or_else(|| self.no_repository(name))
    }

    /// All repositories in order of their names.
    #[must_use]
    pub fn repositories(&self) -> Vec<Arc<Repository>> {
        self.repositories.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// An image for running it: the manifest of a tag or digest, its configuration and its layers. Of an index, the
    /// image of this machine's architecture is taken.
    pub async fn image(&self, repository: &str, reference: &str) -> Result<Image, EcrError> {
        let repository = self.repository(repository)?;
        let mut manifest = repository.manifest(reference)?;
        let mut document = parse(&manifest.bytes)?;
        if document["manifests"].is_array() {
            let digest = image_of_index(&document).ok_or_else(|| repository.no_image(reference))?;
            manifest = repository.manifest(&digest)?;
            document = parse(&manifest.bytes)?;
        }
        let read = async |what, descriptor: &Value| {
            let digest = descriptor["digest"].as_str().unwrap_or_default();
            let missing =
                || EcrError::NoSuchBlob { what, digest: digest.to_owned(), name: repository.name.clone() };
            let blob = repository.blob(digest).ok_or_else(missing)?;
            let mut bytes = Vec::with_capacity(usize::try_from(blob.len()).unwrap_or_default());
            blob.read(0, blob.len(), &mut bytes).await?;
            Ok::<_, EcrError>(Bytes::from(bytes))
        };
        let config = read("configuration", &document["config"]).await?;
        let config = ImageConfig::from_json(&config).map_err(|error| EcrError::InvalidParameter {
            message: format!("The image's configuration is not valid JSON: {error}"),
        })?;
        let mut layers = Vec::new();
        for layer in document["layers"].as_array().into_iter().flatten() {
            layers.push(read("layer", layer).await?);
        }
        Ok(Image { digest: manifest.digest.clone(), layers, config })
    }

    async fn store(&self, bytes: Bytes) -> Result<Arc<Blob>, EcrError> {
        Ok(Arc::new(Blob::store(bytes, &self.context.work_dir.join("layers")).await?))
    }

    fn no_repository(&self, name: &str) -> EcrError {
        EcrError::NoSuchRepository { name: name.to_owned(), registry: self.context.account.clone() }
    }
}

fn parse(bytes: &Bytes) -> Result<Value, EcrError> {
    serde_json::from_slice(bytes).map_err(|error| EcrError::InvalidParameter {
        message: format!("The image manifest is not valid JSON: {error}"),
    })
}

fn image_of_index(document: &Value) -> Option<String> {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let fits = |entry: &&Value| {
        let platform = &entry["platform"];
        platform["os"] == "linux" && platform["architecture"] == architecture
    };
    let entry = document["manifests"].as_array()?.iter().find(fits)?;
    entry["digest"].as_str().map(str::to_owned)
}

fn is_repository_name(name: &str) -> bool {
    let part = |part: &str| {
        let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
        edge(part.chars().next()) && edge(part.chars().last()) && part.chars().all(legal)
    };
    (2..=256).contains(&name.len()) && name.split('/').all(part)
}
