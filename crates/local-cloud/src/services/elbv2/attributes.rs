use std::collections::BTreeMap;
use std::time::Duration;

use data_plane::balancer::Algorithm;

/// An attribute that is unknown, or a value that is not honoured here.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttributeError {
    #[error("Attribute key '{0}' is not recognized")]
    Unknown(String),
    #[error("Attribute '{key}' has the value '{value}', which must be {allowed}")]
    Value { key: String, value: String, allowed: String },
}

/// Which values an attribute may have.
enum Allowed {
    Number { least: u64, most: u64 },
    OneOf(&'static [&'static str]),
}

/// Attributes of a load balancer. Those with one value only name what is not offered here; routing ones besides
/// `idle_timeout` cannot show, since loopback clients send well-formed requests without proxies before them.
///
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#load-balancer-attributes>
const LOAD_BALANCER: &[(&str, &str, Allowed)] = &[
    ("idle_timeout.timeout_seconds", "60", Allowed::Number { least: 1, most: 4000 }),
    ("client_keep_alive.seconds", "3600", Allowed::Number { least: 60, most: 604_800 }),
    ("deletion_protection.enabled", "false", Allowed::OneOf(&["true", "false"])),
    ("routing.http2.enabled", "true", Allowed::OneOf(&["true", "false"])),
    ("routing.http.drop_invalid_header_fields.enabled", "false", Allowed::OneOf(&["true", "false"])),
    (
        "routing.http.desync_mitigation_mode",
        "defensive",
        Allowed::OneOf(&["monitor", "defensive", "strictest"]),
    ),
    ("routing.http.preserve_host_header.enabled", "false", Allowed::OneOf(&["false"])),
    ("routing.http.xff_header_processing.mode", "append", Allowed::OneOf(&["append"])),
    ("access_logs.s3.enabled", "false", Allowed::OneOf(&["false"])),
    ("connection_logs.s3.enabled", "false", Allowed::OneOf(&["false"])),
    ("load_balancing.cross_zone.enabled", "true", Allowed::OneOf(&["true"])),
];

/// Attributes of a target group.
///
/// <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html#target-group-attributes>
const TARGET_GROUP: &[(&str, &str, Allowed)] = &[
    ("deregistration_delay.timeout_seconds", "300", Allowed::Number { least: 0, most: 3600 }),
    (
        "load_balancing.algorithm.type",
        "round_robin",
        Allowed::OneOf(&["round_robin", "least_outstanding_requests"]),
    ),
    (
        "load_balancing.cross_zone.enabled",
        "use_load_balancer_configuration",
        Allowed::OneOf(&["true", "false", "use_load_balancer_configuration"]),
    ),
    ("slow_start.duration_seconds", "0", Allowed::OneOf(&["0"])),
    ("stickiness.enabled", "false", Allowed::OneOf(&["false"])),
];

/// Attributes with their values, those that were not set with their defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attributes(BTreeMap<String, String>);

impl Attributes {
    /// Those of a load balancer.
    pub fn of_load_balancer(set: &[(String, String)]) -> Result<Self, AttributeError> {
        Self::checked(LOAD_BALANCER, set)
    }

    /// Those of a target group.
    pub fn of_target_group(set: &[(String, String)]) -> Result<Self, AttributeError> {
        Self::checked(TARGET_GROUP, set)
    }

    fn checked(table: &[(&str, &str, Allowed)], set: &[(String, String)]) -> Result<Self, AttributeError> {
        let mut all: BTreeMap<String, String> =
            table.iter().map(|(key, default, _)| ((*key).to_owned(), (*default).to_owned())).collect();
        for (key, value) in set {
            let Some((_, _, allowed)) = table.iter().find(|(name, _, _)| name == key) else {
                return Err(AttributeError::Unknown(key.clone()));
            };
            allowed.check(key, value)?;
            all.insert(key.clone(), value.clone());
        }
        Ok(Self(all))
    }

    /// All of them, in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    fn text(&self, key: &str) -> &str {
        self.0.get(key).map_or("", String::as_str)
    }

    fn seconds(&self, key: &str) -> Duration {
        Duration::from_secs(self.text(key).parse().unwrap_or_default())
    }

    /// How long a connection may be idle.
    #[must_use]
    pub fn idle_timeout(&self) -> Duration {
        self.seconds("idle_timeout.timeout_seconds")
    }

    /// Whether the load balancer must not be deleted.
    #[must_use]
    pub fn deletion_protection(&self) -> bool {
        self.text("deletion_protection.enabled") == "true"
    }

    /// How long a leaving target may finish its requests.
    #[must_use]
    pub fn deregistration_delay(&self) -> Duration {
        self.seconds("deregistration_delay.timeout_seconds")
    }

    /// How the next target is chosen.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        match self.text("load_balancing.algorithm.type") {
            "least_outstanding_requests" => Algorithm::LeastOutstandingRequests,
            _ => Algorithm::RoundRobin,
        }
    }
}

impl Allowed {
    fn check(&self, key: &str, value: &str) -> Result<(), AttributeError> {
        let (fits, allowed) = match self {
            Self::Number { least, most } => (
                value.parse::<u64>().is_ok_and(|number| (*least..=*most).contains(&number)),
                format!("from {least} to {most}"),
            ),
            Self::OneOf(values) => (values.contains(&value), values.join(" or ")),
        };
        if fits {
            return Ok(());
        }
        Err(AttributeError::Value { key: key.to_owned(), value: value.to_owned(), allowed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(key: &str, value: &str) -> Vec<(String, String)> {
        vec![(key.to_owned(), value.to_owned())]
    }

    #[test]
    fn defaults_are_filled_in_and_values_checked() {
        let attributes =
            Attributes::of_target_group(&set("deregistration_delay.timeout_seconds", "10")).unwrap();
        assert_eq!(attributes.deregistration_delay(), Duration::from_secs(10));
        assert_eq!(attributes.algorithm(), Algorithm::RoundRobin);
        let error = Attributes::of_target_group(&set("stickiness.enabled", "true")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "Attribute 'stickiness.enabled' has the value 'true', which must be false"
        );
        assert_eq!(
            Attributes::of_load_balancer(&set("idle_timeout.timeout_seconds", "0")).unwrap_err().to_string(),
            "Attribute 'idle_timeout.timeout_seconds' has the value '0', which must be from 1 to 4000"
        );
        assert!(Attributes::of_load_balancer(&set("x", "1")).is_err());
    }
}
