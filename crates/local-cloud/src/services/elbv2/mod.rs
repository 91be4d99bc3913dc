//! Elastic Load Balancing: application load balancers, target groups, listeners and rules over the data plane.

mod action;
mod attributes;
mod entity;
mod error;
mod front;
mod listener;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use data_plane::balancer;

pub use action::{Action, Condition};
pub use attributes::{AttributeError, Attributes};
pub use entity::{
    Listener, ListenerSettings, ListenerTls, LoadBalancer, Rule, SECURITY_POLICIES, TargetGroup, name_in,
};
pub use error::ElbError;
pub use front::Front;
pub use wire::ElasticLoadBalancingApi;

use super::hosts::Hosts;

/// Load balancers of one region, with their ports.
pub struct ElasticLoadBalancing {
    hosts: Arc<Hosts>,
    state: Mutex<State>,
}

/// Everything by ARN.
#[derive(Default)]
struct State {
    balancers: BTreeMap<String, LoadBalancer>,
    groups: BTreeMap<String, TargetGroup>,
    listeners: BTreeMap<String, Listener>,
    rules: BTreeMap<String, Rule>,
}

impl ElasticLoadBalancing {
    /// A region without load balancers; addresses of listeners go into `hosts`.
    #[must_use]
    pub fn new(hosts: Arc<Hosts>) -> Self {
        Self { hosts, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a load balancer; it serves once it has a listener.
    pub fn create_load_balancer(&self, balancer: LoadBalancer) -> Result<(), ElbError> {
        let mut state = self.state();
        if state.balancers.values().any(|other| other.name == balancer.name) {
            return Err(ElbError::DuplicateLoadBalancer(balancer.name));
        }
        state.balancers.insert(balancer.arn.clone(), balancer);
        Ok(())
    }

    /// A load balancer by ARN.
    pub fn load_balancer(&self, arn: &str) -> Result<LoadBalancer, ElbError> {
        self.state().balancers.get(arn).cloned().ok_or_else(|| ElbError::LoadBalancerNotFound(arn.to_owned()))
    }

    /// All load balancers.
    #[must_use]
    pub fn load_balancers(&self) -> Vec<LoadBalancer> {
        self.state().balancers.values().cloned().collect()
    }

    /// Changes a load balancer in place; its listeners take over the new settings.
    pub fn update_load_balancer(&self, balancer: LoadBalancer) -> Result<(), ElbError> {
        let mut state = self.state();
        let arn = balancer.arn.clone();
        state.balancers.insert(arn.clone(), balancer);
        let listeners: Vec<String> = state
            .listeners
            .values()
            .filter(|listener| listener.balancer == arn)
            .map(|listener| listener.arn.clone())
            .collect();
        listeners.iter().try_for_each(|listener| state.refresh(listener))
    }

    /// Deletes a load balancer with its listeners; one that is gone already is a success.
    pub async fn delete_load_balancer(&self, arn: &str) -> Result<(), ElbError> {
        let listeners: Vec<String> = {
            let state = self.state();
            let Some(balancer) = state.balancers.get(arn) else { return Ok(()) };
            if balancer.attributes.deletion_protection() {
                return Err(ElbError::DeletionProtection(arn.to_owned()));
            }
            state
                .listeners
                .values()
                .filter(|listener| listener.balancer == arn)
                .map(|listener| listener.arn.clone())
                .collect()
        };
        for listener in listeners {
            self.delete_listener(&listener).await;
        }
        self.state().balancers.remove(arn);
        Ok(())
    }

    /// Adds a target group and starts its health checks.
    pub fn create_target_group(&self, group: TargetGroup) -> Result<(), ElbError> {
        let mut state = self.state();
        if state.groups.values().any(|other| other.name == group.name) {
            return Err(ElbError::DuplicateTargetGroup(group.name));
        }
        state.groups.insert(group.arn.clone(), group);
        Ok(())
    }

    /// A target group by ARN.
    pub fn target_group(&self, arn: &str) -> Result<TargetGroup, ElbError> {
        self.state().groups.get(arn).cloned().ok_or_else(|| ElbError::TargetGroupNotFound(arn.to_owned()))
    }

    /// All target groups.
    #[must_use]
    pub fn target_groups(&self) -> Vec<TargetGroup> {
        self.state().groups.values().cloned().collect()
    }

    /// Applies new settings to a target group's targets.
    pub fn update_target_group(&self, group: TargetGroup) {
        group.handle.update(group.spec());
        self.state().groups.insert(group.arn.clone(), group);
    }

    /// Deletes a target group; one that is gone already is a success.
    ///
    /// # Errors
    /// A listener or rule forwards to it.
    pub async fn delete_target_group(&self, arn: &str) -> Result<(), ElbError> {
        let group = {
            let mut state = self.state();
            if state.load_balancer_of(arn).is_some() {
                return Err(ElbError::ResourceInUse(arn.to_owned()));
            }
            state.groups.remove(arn)
        };
        if let Some(group) = group {
            group.handle.stop().await;
        }
        Ok(())
    }

    /// The load balancer that forwards to a target group, if any does.
    #[must_use]
    pub fn load_balancer_of(&self, group: &str) -> Option<String> {
        self.state().load_balancer_of(group)
    }

    /// The listeners of a load balancer, in the order of their ports.
    #[must_use]
    pub fn listeners(&self, balancer: &str) -> Vec<Listener> {
        let state = self.state();
        let mut listeners: Vec<Listener> =
            state.listeners.values().filter(|listener| listener.balancer == balancer).cloned().collect();
        listeners.sort_by_key(|listener| listener.port);
        listeners
    }

    /// ARNs of the load balancers whose listeners have a certificate.
    #[must_use]
    pub fn users_of(&self, certificate: &str) -> Vec<String> {
        let state = self.state();
        let uses = |listener: &&Listener| {
            listener.tls.as_ref().is_some_and(|tls| tls.certificates.iter().any(|arn| arn == certificate))
        };
        let balancers: BTreeSet<String> =
            state.listeners.values().filter(uses).map(|listener| listener.balancer.clone()).collect();
        balancers.into_iter().collect()
    }

    /// A listener by ARN.
    pub fn listener(&self, arn: &str) -> Result<Listener, ElbError> {
        self.state().listeners.get(arn).cloned().ok_or_else(|| ElbError::ListenerNotFound(arn.to_owned()))
    }

    /// The listener that serves a host name on a port.
    #[must_use]
    pub fn listener_at(&self, host: &str, port: u16) -> Option<Arc<balancer::Listener>> {
        let state = self.state();
        let balancer =
            state.balancers.values().find(|balancer| balancer.dns_name.eq_ignore_ascii_case(host))?;
        let mut own = state.listeners.values().filter(|listener| listener.balancer == balancer.arn);
        own.find(|listener| listener.port == port).map(|listener| Arc::clone(&listener.handle))
    }

    /// The rules of a listener, by priority.
    #[must_use]
    pub fn rules(&self, listener: &str) -> Vec<Rule> {
        let state = self.state();
        let mut rules: Vec<Rule> =
            state.rules.values().filter(|rule| rule.listener == listener).cloned().collect();
        rules.sort_by_key(|rule| rule.priority);
        rules
    }

    /// A rule by ARN.
    pub fn rule(&self, arn: &str) -> Result<Rule, ElbError> {
        self.state().rules.get(arn).cloned().ok_or_else(|| ElbError::RuleNotFound(arn.to_owned()))
    }

    /// The loopback ports of all listeners.
    #[must_use]
    pub fn ports(&self) -> Vec<u16> {
        self.state().listeners.values().map(|listener| listener.handle.address().port()).collect()
    }

    /// Closes every port and ends every health check.
    pub async fn stop(&self) {
        let (listeners, groups) = {
            let mut state = self.state();
            (std::mem::take(&mut state.listeners), std::mem::take(&mut state.groups))
        };
        futures::future::join_all(listeners.values().map(|listener| listener.handle.stop())).await;
        futures::future::join_all(groups.values().map(|group| group.handle.stop())).await;
    }
}
