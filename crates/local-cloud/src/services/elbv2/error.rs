use super::AttributeError;

/// Why Elastic Load Balancing refuses; code and words are AWS's.
///
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/CommonErrors.html>
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ElbError {
    #[error("A load balancer with the same name '{0}' exists, but with different settings")]
    DuplicateLoadBalancer(String),
    #[error("A target group with the same name '{0}' exists, but with different settings")]
    DuplicateTargetGroup(String),
    #[error("A listener already exists on this port for this load balancer '{0}'")]
    DuplicateListener(String),
    #[error("Load balancers '[{0}]' not found")]
    LoadBalancerNotFound(String),
    #[error("Target groups '{0}' not found")]
    TargetGroupNotFound(String),
    #[error("Listener '{0}' not found")]
    ListenerNotFound(String),
    #[error("Rule '{0}' not found")]
    RuleNotFound(String),
    #[error("Priority '{0}' is currently in use")]
    PriorityInUse(u32),
    #[error("Target group '{0}' is currently in use by a listener or a rule")]
    ResourceInUse(String),
    #[error("The following target groups cannot be associated with more than one load balancer: {0}")]
    AssociationLimit(String),
    #[error("Load balancer '{0}' cannot be deleted because deletion protection is enabled")]
    DeletionProtection(String),
    #[error("{0}")]
    Validation(String),
    #[error(transparent)]
    Attribute(#[from] AttributeError),
    #[error("no loopback port could be opened for the listener: {0}")]
    Port(String),
}

impl ElbError {
    /// The error code of the API.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::DuplicateLoadBalancer(_) => "DuplicateLoadBalancerName",
            Self::DuplicateTargetGroup(_) => "DuplicateTargetGroupName",
            Self::DuplicateListener(_) => "DuplicateListener",
            Self::LoadBalancerNotFound(_) => "LoadBalancerNotFound",
            Self::TargetGroupNotFound(_) => "TargetGroupNotFound",
            Self::ListenerNotFound(_) => "ListenerNotFound",
            Self::RuleNotFound(_) => "RuleNotFound",
            Self::PriorityInUse(_) => "PriorityInUse",
            Self::ResourceInUse(_) => "ResourceInUse",
            Self::AssociationLimit(_) => "TargetGroupAssociationLimit",
            Self::DeletionProtection(_) => "OperationNotPermitted",
            Self::Validation(_) => "ValidationError",
            Self::Attribute(_) => "InvalidConfigurationRequest",
            Self::Port(_) => "InternalFailure",
        }
    }
}
