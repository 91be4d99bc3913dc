use crate::balancer::HealthCheck;
use crate::task::{ServiceStatus, TaskSpec};

/// A service as App Runner runs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunnerSpec {
    pub name: String,
    /// What each instance runs.
    pub task: TaskSpec,
    pub health_check: HealthCheck,
    pub scaling: Scaling,
}

/// An auto scaling configuration.
/// <https://docs.aws.amazon.com/apprunner/latest/api/API_AutoScalingConfiguration.html>
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scaling {
    /// Instances that are kept whatever the demand is, at least 1.
    pub min_size: u32,
    /// Instances that serve at most, at least [`Scaling::min_size`].
    pub max_size: u32,
    /// Requests that one instance serves at a time.
    pub max_concurrency: u32,
}

impl Scaling {
    /// How many instances serve `requests` at a time, within the bounds.
    #[must_use]
    pub fn instances(&self, requests: u32) -> u32 {
        requests.div_ceil(self.max_concurrency.max(1)).clamp(self.min_size, self.max_size.max(self.min_size))
    }

    /// Requests that all instances together can serve at a time.
    #[must_use]
    pub fn most_requests(&self) -> u32 {
        self.max_size.saturating_mul(self.max_concurrency)
    }
}

/// A service at one moment.
#[derive(Debug, Clone)]
pub struct RunnerStatus {
    pub paused: bool,
    /// Requests that are being served or wait for an instance.
    pub requests: u32,
    /// The instances and their deployments.
    pub instances: ServiceStatus,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instances_follow_the_requests_within_bounds() {
        let scaling = Scaling { min_size: 2, max_size: 5, max_concurrency: 10 };
        for (requests, instances) in [(0, 2), (20, 2), (21, 3), (50, 5), (51, 5), (10_000, 5)] {
            assert_eq!(scaling.instances(requests), instances, "{requests}");
        }
        assert_eq!(scaling.most_requests(), 50);
    }
}
