use std::time::Duration;

/// A target tracking policy.
///
/// <https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html>
#[derive(Clone, Debug, PartialEq)]
pub struct ScalingPolicy {
    pub arn: String,
    pub name: String,
    /// `service/cluster/name`
    pub resource_id: String,
    pub metric: Metric,
    /// In percent.
    pub target: f64,
    pub scale_in_cooldown: Duration,
    pub scale_out_cooldown: Duration,
    pub disable_scale_in: bool,
}

/// What is held at the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    Cpu,
    Memory,
}

impl ScalingPolicy {
    /// How many tasks bring the metric to the target: as many as are needed to scale out, one fewer at a time to scale in,
    /// and that only once the metric is well below.
    #[must_use]
    pub fn wanted(&self, running: u32, value: f64) -> u32 {
        let ratio = f64::from(running) * value / self.target;
        if value > self.target {
            // The number of tasks is small and positive, so the cast is exact.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let needed = ratio.ceil().clamp(0.0, 100_000.0) as u32;
            needed.max(running)
        } else if !self.disable_scale_in
            && value < self.target * 0.9
            && running > 0
            && ratio <= f64::from(running - 1)
        {
            running - 1
        } else {
            running
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_out_by_what_is_needed_and_in_by_one() {
        let mut policy = ScalingPolicy {
            arn: String::new(),
            name: String::new(),
            resource_id: String::new(),
            metric: Metric::Cpu,
            target: 60.0,
            scale_in_cooldown: Duration::ZERO,
            scale_out_cooldown: Duration::ZERO,
            disable_scale_in: false,
        };
        assert_eq!(policy.wanted(2, 90.0), 3);
        assert_eq!(policy.wanted(2, 240.0), 8);
        assert_eq!(policy.wanted(2, 60.0), 2);
        assert_eq!(policy.wanted(4, 10.0), 3);
        assert_eq!(policy.wanted(2, 40.0), 2);
        policy.disable_scale_in = true;
        assert_eq!(policy.wanted(4, 10.0), 4);
    }
}
