//! One built artifact on its way to the target.

use signed_http::{Client, SignedHttpError, TransportError};
use thiserror::Error;

use crate::bucket::{self, Object};
use crate::{Artifact, Built, Package, registry};

/// Where packages go.
#[derive(Clone, Copy, Debug)]
pub struct Destination<'a> {
    /// The bucket for zips and programs.
    pub bucket: &'a str,
    /// The repository for images, as the output `RepositoryUri` gives it.
    pub repository_uri: &'a str,
}

/// An artifact that is where CloudFormation finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uploaded {
    /// The artifact.
    pub artifact: Artifact,
    /// What a template's parameter takes: the key of an object, or an image's reference. It names the content.
    pub reference: String,
    /// Whether it was there already, so that nothing was sent.
    pub was_there: bool,
}

/// An upload, or a deletion of uploads, that did not succeed.
#[derive(Debug, Error)]
pub enum UploadError {
    /// A service refused or could not be reached.
    #[error("{action}: {source}")]
    Call {
        /// What was to be done.
        action: String,
        /// What went wrong.
        source: SignedHttpError,
    },
    /// The registry could not be reached.
    #[error("{action}: {source}")]
    Registry {
        /// What was to be done.
        action: String,
        /// What went wrong.
        source: TransportError,
    },
    /// The registry refused.
    #[error("{action}: the registry answered {status}: {message}")]
    RegistryRefused {
        /// What was to be done.
        action: String,
        /// The HTTP status.
        status: u16,
        /// What the registry said.
        message: String,
    },
    /// An answer or an address is not what it should be.
    #[error("{action}: {reason}")]
    Unexpected {
        /// What was to be done.
        action: String,
        /// What is wrong.
        reason: String,
    },
    /// Some objects could not be deleted.
    #[error("{count} objects of the bucket {bucket} could not be deleted, the first is {key}: {reason}")]
    Undeletable {
        /// The bucket.
        bucket: String,
        /// How many.
        count: usize,
        /// The first of them.
        key: String,
        /// What S3 said about it.
        reason: String,
    },
}

/// Uploads an artifact unless its content is there already.
///
/// # Errors
/// [`UploadError`].
pub async fn upload(
    client: &Client,
    built: &Built,
    destination: Destination<'_>,
) -> Result<Uploaded, UploadError> {
    let artifact = built.artifact.clone();
    match &built.package {
        Package::Zip { digest, bytes } => {
            let reference = format!("{artifact}-{}.zip", digest.short());
            let object = Object { key: &reference, content_type: "application/zip", content: bytes.clone() };
            let sent = bucket::put_if_absent(client, destination.bucket, object).await?;
            Ok(Uploaded { artifact, reference, was_there: !sent })
        }
        Package::Program { digest, bytes } => {
            let reference = format!("{artifact}-{}", digest.short());
            let content_type = "application/octet-stream";
            let object = Object { key: &reference, content_type, content: bytes.clone() };
            let sent = bucket::put_if_absent(client, destination.bucket, object).await?;
            Ok(Uploaded { artifact, reference, was_there: !sent })
        }
        Package::Image(image) => {
            let pushed = registry::push(client, destination.repository_uri, image).await?;
            Ok(Uploaded { artifact, reference: pushed.reference, was_there: pushed.was_there })
        }
    }
}
