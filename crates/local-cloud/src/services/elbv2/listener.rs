use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use data_plane::balancer::{self, ListenerSpec};
use tokio::net::TcpListener;

use super::{Action, Condition, ElasticLoadBalancing, ElbError, Listener, ListenerSettings, Rule, State};
use crate::services::hosts::Place;
use crate::services::ids;

impl ElasticLoadBalancing {
    /// Adds a listener and opens a loopback port for it.
    pub async fn create_listener(
        &self,
        balancer_arn: &str,
        settings: ListenerSettings,
    ) -> Result<Listener, ElbError> {
        let port = settings.port;
        let balancer = self.load_balancer(balancer_arn)?;
        let spec = {
            let state = self.state();
            let taken = |listener: &Listener| listener.balancer == balancer_arn && listener.port == port;
            if state.listeners.values().any(taken) {
                return Err(ElbError::DuplicateListener(balancer_arn.to_owned()));
            }
            state.check_association(balancer_arn, &settings.default_actions)?;
            state.spec(&settings, balancer.attributes.idle_timeout(), &[])?
        };
        let socket =
            TcpListener::bind(("127.0.0.1", 0)).await.map_err(|error| ElbError::Port(error.to_string()))?;
        let handle = balancer::Listener::start(spec, socket)
            .map_err(|error| ElbError::Validation(error.to_string()))?;
        let place = Place { address: handle.address(), tls: settings.tls.is_some() };
        self.hosts.put(&balancer.dns_name, port, place);
        let arn = format!("{}/{}", balancer_arn.replacen(":loadbalancer/", ":listener/", 1), ids::hex(16));
        let listener = Listener {
            arn: arn.clone(),
            balancer: balancer_arn.to_owned(),
            port,
            tls: settings.tls,
            default_actions: settings.default_actions,
            tags: settings.tags,
            handle,
        };
        self.state().listeners.insert(arn, listener.clone());
        Ok(listener)
    }

    /// Replaces a listener's settings at once. It keeps its loopback port.
    pub fn update_listener(&self, arn: &str, settings: ListenerSettings) -> Result<(), ElbError> {
        let (port, tls) = (settings.port, settings.tls.is_some());
        let current = self.listener(arn)?;
        let balancer = self.load_balancer(&current.balancer)?;
        if port != current.port && self.listeners(&balancer.arn).iter().any(|other| other.port == port) {
            return Err(ElbError::DuplicateListener(balancer.arn));
        }
        let mut state = self.state();
        state.check_association(&balancer.arn, &settings.default_actions)?;
        let before = state.listeners.get(arn).cloned();
        if let Some(listener) = state.listeners.get_mut(arn) {
            listener.port = port;
            listener.tls = settings.tls;
            listener.default_actions = settings.default_actions;
            listener.tags = settings.tags;
        }
        if let Err(error) = state.refresh(arn) {
            state.listeners.extend(before.map(|listener| (arn.to_owned(), listener)));
            return Err(error);
        }
        drop(state);
        // Callers know the old address under the old port only, so the same loopback port can serve the new one.
        self.hosts.remove(&balancer.dns_name, current.port);
        self.hosts.put(&balancer.dns_name, port, Place { address: current.handle.address(), tls });
        Ok(())
    }

    /// Deletes a listener with its rules and closes its port; one that is gone already is a success.
    pub async fn delete_listener(&self, arn: &str) {
        let (listener, host) = {
            let mut state = self.state();
            state.rules.retain(|_, rule| rule.listener != arn);
            let Some(listener) = state.listeners.remove(arn) else { return };
            let host = state.balancers.get(&listener.balancer).map(|balancer| balancer.dns_name.clone());
            (listener, host)
        };
        if let Some(host) = host {
            self.hosts.remove(&host, listener.port);
        }
        listener.handle.stop().await;
    }

    /// Adds a rule, which counts from the next request on.
    pub fn create_rule(
        &self,
        listener_arn: &str,
        priority: u32,
        conditions: Vec<Condition>,
        actions: Vec<Action>,
        tags: BTreeMap<String, String>,
    ) -> Result<Rule, ElbError> {
        let mut state = self.state();
        let Some(listener) = state.listeners.get(listener_arn) else {
            return Err(ElbError::ListenerNotFound(listener_arn.to_owned()));
        };
        let arn = format!("{}/{}", listener.arn.replacen(":listener/", ":listener-rule/", 1), ids::hex(16));
        let balancer = listener.balancer.clone();
        state.check_association(&balancer, &actions)?;
        state.check_priority(listener_arn, priority, &arn)?;
        let rule =
            Rule { arn: arn.clone(), listener: listener_arn.to_owned(), priority, conditions, actions, tags };
        state.rules.insert(arn.clone(), rule.clone());
        if let Err(error) = state.refresh(listener_arn) {
            state.rules.remove(&arn);
            return Err(error);
        }
        Ok(rule)
    }

    /// Replaces a rule.
    pub fn update_rule(&self, rule: Rule) -> Result<(), ElbError> {
        let mut state = self.state();
        let Some(before) = state.rules.get(&rule.arn).cloned() else {
            return Err(ElbError::RuleNotFound(rule.arn));
        };
        let Some(listener) = state.listeners.get(&rule.listener) else {
            return Err(ElbError::ListenerNotFound(rule.listener));
        };
        let balancer = listener.balancer.clone();
        state.check_association(&balancer, &rule.actions)?;
        state.check_priority(&rule.listener, rule.priority, &rule.arn)?;
        state.rules.insert(rule.arn.clone(), rule.clone());
        if let Err(error) = state.refresh(&rule.listener) {
            state.rules.insert(before.arn.clone(), before);
            return Err(error);
        }
        Ok(())
    }

    /// Deletes a rule; one that is gone already is a success.
    pub fn delete_rule(&self, arn: &str) -> Result<(), ElbError> {
        let mut state = self.state();
        match state.rules.remove(arn) {
            Some(rule) if state.listeners.contains_key(&rule.listener) => state.refresh(&rule.listener),
            _ => Ok(()),
        }
    }
}

impl State {
    /// Gives a listener's data plane what its entity and its rules say now.
    pub(super) fn refresh(&self, arn: &str) -> Result<(), ElbError> {
        let Some(listener) = self.listeners.get(arn) else {
            return Err(ElbError::ListenerNotFound(arn.to_owned()));
        };
        let idle = self
            .balancers
            .get(&listener.balancer)
            .map_or(Duration::from_mins(1), |balancer| balancer.attributes.idle_timeout());
        let rules: Vec<Rule> = self.rules.values().filter(|rule| rule.listener == arn).cloned().collect();
        let settings = ListenerSettings {
            port: listener.port,
            tls: listener.tls.clone(),
            default_actions: listener.default_actions.clone(),
            tags: BTreeMap::new(),
        };
        let spec = self.spec(&settings, idle, &rules)?;
        listener.handle.update(spec).map_err(|error| ElbError::Validation(error.to_string()))
    }

    fn spec(
        &self,
        settings: &ListenerSettings,
        idle_timeout: Duration,
        rules: &[Rule],
    ) -> Result<ListenerSpec, ElbError> {
        let groups: BTreeMap<String, Arc<balancer::TargetGroup>> =
            self.groups.iter().map(|(arn, group)| (arn.clone(), Arc::clone(&group.handle))).collect();
        let compile = |actions: &[Action]| match actions {
            [action] => action.compile(&groups),
            _ => Err(ElbError::Validation("A listener or rule must have exactly one action here".into())),
        };
        let rules = rules.iter().map(|rule| {
            let conditions = rule.conditions.iter().map(Condition::compile).collect::<Result<_, _>>()?;
            Ok(balancer::Rule { priority: rule.priority, conditions, action: compile(&rule.actions)? })
        });
        Ok(ListenerSpec {
            port: settings.port,
            tls: settings.tls.as_ref().map(|tls| tls.spec.clone()),
            default_action: compile(&settings.default_actions)?,
            rules: rules.collect::<Result<_, ElbError>>()?,
            idle_timeout,
        })
    }

    /// The load balancer that forwards to a target group.
    pub(super) fn load_balancer_of(&self, group: &str) -> Option<String> {
        let names =
            |actions: &[Action]| actions.iter().flat_map(Action::target_groups).any(|(arn, _)| arn == group);
        let listener = self.listeners.values().find(|listener| names(&listener.default_actions));
        let by_rule = || {
            self.rules
                .values()
                .find(|rule| names(&rule.actions))
                .and_then(|rule| self.listeners.get(&rule.listener))
        };
        listener.or_else(by_rule).map(|listener| listener.balancer.clone())
    }

    fn check_association(&self, balancer: &str, actions: &[Action]) -> Result<(), ElbError> {
        let groups: BTreeSet<String> =
            actions.iter().flat_map(Action::target_groups).map(|(arn, _)| arn).collect();
        for group in groups {
            if !self.groups.contains_key(&group) {
                return Err(ElbError::TargetGroupNotFound(group));
            }
            if self.load_balancer_of(&group).is_some_and(|other| other != balancer) {
                return Err(ElbError::AssociationLimit(group));
            }
        }
        Ok(())
    }

    fn check_priority(&self, listener: &str, priority: u32, rule: &str) -> Result<(), ElbError> {
        let mut others = self.rules.values().filter(|other| other.listener == listener && other.arn != rule);
        if others.any(|other| other.priority == priority) {
            Err(ElbError::PriorityInUse(priority))
        } else {
            Ok(())
        }
    }
}
