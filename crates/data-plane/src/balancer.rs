//! Application load balancing: target groups with health checks, and listeners with rules.

mod alias;
mod answer;
mod forward;
mod health;
mod listener;
mod rule;
mod spec;
mod target;
mod target_group;
mod upstream;
mod wire;

pub use alias::Alias;
pub(crate) use forward::{Origin, prepare, remove_hop_by_hop};
pub use listener::Listener;
pub(crate) use rule::glob;
pub use spec::{
    Action, Algorithm, Condition, FixedResponse, HealthCheck, HealthCheckPort, HealthCheckProtocol,
    ListenerError, ListenerSpec, Matcher, MatcherError, Redirect, Rule, StringCondition, TargetDescription,
    TargetGroupSpec, TargetState, WeightedTargetGroup,
};
pub(crate) use target::{Outstanding, Target};
pub(crate) use target_group::Attachment;
pub use target_group::TargetGroup;
pub(crate) use upstream::{Payload, SendError, send};
