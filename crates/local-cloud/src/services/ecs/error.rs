use crate::wire::ApiError;

/// Why ECS refuses; codes and words are AWS's.
///
/// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html>
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EcsError {
    #[error("Cluster not found.")]
    ClusterNotFound,
    #[error("The Cluster cannot be deleted while Services are active.")]
    ClusterContainsServices,
    #[error("Service not found.")]
    ServiceNotFound,
    #[error("Unable to describe task definition.")]
    DefinitionNotFound,
    #[error("TaskDefinition is inactive")]
    DefinitionInactive,
    #[error("The referenced task was not found.")]
    TaskNotFound,
    #[error("{0}")]
    InvalidParameter(String),
    /// A task would stop before its program starts.
    #[error("{0}")]
    CannotStart(String),
}

impl From<EcsError> for ApiError {
    fn from(error: EcsError) -> Self {
        let code = match &error {
            EcsError::ClusterNotFound => "ClusterNotFoundException",
            EcsError::ClusterContainsServices => "ClusterContainsServicesException",
            EcsError::ServiceNotFound => "ServiceNotFoundException",
            EcsError::DefinitionNotFound | EcsError::DefinitionInactive => "ClientException",
            EcsError::TaskNotFound | EcsError::InvalidParameter(_) | EcsError::CannotStart(_) => {
                "InvalidParameterException"
            }
        };
        Self::sender(code, error.to_string())
    }
}
