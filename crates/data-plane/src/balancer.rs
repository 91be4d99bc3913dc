//! Application load balancing: target groups with health checks, and listeners with rules.

mod answer;
mod forward;
mod health;
mod listener;
mod rule;
mod spec;
mod target;
mod target_group;

pub(crate) use forward::remove_hop_by_hop;
pub use listener::Listener;
pub use spec::{
    Action, Algorithm, Condition, FixedResponse, HealthCheck, HealthCheckPort, ListenerError, ListenerSpec,
    Matcher, MatcherError, Protocol, Redirect, Rule, StringCondition, TargetDescription, TargetGroupSpec,
    TargetState, WeightedTargetGroup,
};
pub use target_group::TargetGroup;
