//! ECR's errors in its codes and words.

use crate::wire::ApiError;

/// Why an operation of ECR was refused.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum EcrError {
    #[error("The repository with name '{name}' does not exist in the registry with id '{registry}'")]
    NoSuchRepository { name: String, registry: String },
    #[error("The repository with name '{name}' already exists in the registry with id '{registry}'")]
    RepositoryExists { name: String, registry: String },
    #[error(
        "The repository with name '{name}' in registry with id '{registry}' cannot be deleted because it still contains images"
    )]
    RepositoryNotEmpty { name: String, registry: String },
    #[error(
        "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular expression '(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*'' (the name is {name:?})"
    )]
    InvalidName { name: String },
    #[error(
        "The image with imageId {{imageDigest:'{digest}', imageTag:'{tag}'}} does not exist within the repository with name '{name}' in the registry with id '{registry}'"
    )]
    NoSuchImage { digest: String, tag: String, name: String, registry: String },
    #[error(
        "The image tag '{tag}' already exists in the '{name}' repository and cannot be overwritten because the tag is immutable."
    )]
    TagIsImmutable { tag: String, name: String },
    #[error(
        "Image with digest '{digest}' and tag '{tag}' already exists in the repository with name '{name}'"
    )]
    ImageExists { digest: String, tag: String, name: String },
    #[error("{message}")]
    InvalidParameter { message: String },
    #[error("The {what} {digest} of the image is not in the repository '{name}'")]
    NoSuchBlob { what: &'static str, digest: String, name: String },
    #[error(
        "Lifecycle policy does not exist for the repository with name '{name}' in the registry with id '{registry}'"
    )]
    NoLifecyclePolicy { name: String, registry: String },
    #[error(
        "Repository policy does not exist for the repository with name '{name}' in the registry with id '{registry}'"
    )]
    NoRepositoryPolicy { name: String, registry: String },
    #[error("a layer could not be kept or read: {reason}")]
    Storage { reason: String },
}

impl From<std::io::Error> for EcrError {
    fn from(error: std::io::Error) -> Self {
        Self::Storage { reason: error.to_string() }
    }
}

impl From<EcrError> for ApiError {
    fn from(error: EcrError) -> Self {
        let message = error.to_string();
        let code = match error {
            EcrError::NoSuchRepository { .. } => "RepositoryNotFoundException",
            EcrError::RepositoryExists { .. } => "RepositoryAlreadyExistsException",
            EcrError::RepositoryNotEmpty { .. } => "RepositoryNotEmptyException",
            EcrError::InvalidName { .. } | EcrError::InvalidParameter { .. } => "InvalidParameterException",
            EcrError::NoSuchImage { .. } => "ImageNotFoundException",
            EcrError::ImageExists { .. } => "ImageAlreadyExistsException",
            EcrError::TagIsImmutable { .. } => "ImageTagAlreadyExistsException",
            EcrError::NoSuchBlob { .. } => "LayersNotFoundException",
            EcrError::NoLifecyclePolicy { .. } => "LifecyclePolicyNotFoundException",
            EcrError::NoRepositoryPolicy { .. } => "RepositoryPolicyNotFoundException",
            EcrError::Storage { .. } => return Self::internal(message),
        };
        Self::sender(code, message)
    }
}
