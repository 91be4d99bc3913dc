//! Security groups as a packet filter. Loopback has none, so the paths that AWS would close are closed by those who ask
//! here before they connect.
//!
//! <https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html>

use super::{Cidr, Ec2, ItemKind};

/// A rule of a security group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirewallRule {
    pub group: String,
    pub outbound: bool,
    /// `None` is every protocol.
    pub protocol: Option<String>,
    /// `None` is every port.
    pub ports: Option<(u16, u16)>,
    pub peer: Peer,
}

/// Whom a rule admits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peer {
    Group(String),
    Range(Cidr),
    /// A prefix list or IPv6 range, in which nothing here lies.
    Elsewhere,
}

impl FirewallRule {
    fn covers(&self, port: u16) -> bool {
        let tcp = self.protocol.as_deref().is_none_or(|protocol| matches!(protocol, "tcp" | "6" | "-1"));
        tcp && self.ports.is_none_or(|(from, to)| (from..=to).contains(&port))
    }
}

impl Ec2 {
    /// Replaces the rules that belong to a resource: a group, or a rule that stands alone.
    pub fn set_rules(&self, owner: &str, rules: Vec<FirewallRule>) {
        self.rules().insert(owner.to_owned(), rules);
    }

    /// Forgets the rules of a resource.
    pub fn remove_rules(&self, owner: &str) {
        self.rules().remove(owner);
    }

    /// Whether somebody in the groups `from` reaches somebody in the groups `to` on a TCP port.
    ///
    /// # Errors
    /// Which side has no rule for it.
    pub fn admits(&self, from: &[String], to: &[String], port: u16) -> Result<(), String> {
        if !self.passes(from, to, port, true) {
            return Err(format!("no outbound rule of {} admits {} on port {port}", listed(from), listed(to)));
        }
        if !self.passes(to, from, port, false) {
            return Err(format!("no inbound rule of {} admits {} on port {port}", listed(to), listed(from)));
        }
        Ok(())
    }

    fn passes(&self, own: &[String], peers: &[String], port: u16, outbound: bool) -> bool {
        // Without a group of its own, an interface is in its VPC's default group, whose members reach each other and all
        // that lies outside.
        if own.is_empty() {
            return outbound || peers.is_empty();
        }
        let vpcs = self.ranges(peers);
        let rules = self.rules();
        own.iter().any(|group| {
            let mut of_group = rules
                .values()
                .flatten()
                .filter(|rule| rule.group == *group && rule.outbound == outbound)
                .peekable();
            // A group without outbound rules in its template has the one that AWS gives it, for everything.
            if outbound && of_group.peek().is_none() {
                return true;
            }
            of_group.filter(|rule| rule.covers(port)).any(|rule| match &rule.peer {
                Peer::Group(peer) => peers.contains(peer),
                Peer::Range(range) => vpcs.is_empty() || vpcs.iter().any(|vpc| range.overlaps(*vpc)),
                Peer::Elsewhere => false,
            })
        })
    }

    /// The address ranges of the VPCs of groups.
    fn ranges(&self, groups: &[String]) -> Vec<Cidr> {
        let vpc = |group: &String| match self.get(group).ok()?.kind {
            ItemKind::SecurityGroup { vpc, .. } => Some(vpc),
            _ => None,
        };
        let cidr = |vpc: String| match self.get(&vpc).ok()?.kind {
            ItemKind::Vpc { cidr } => Some(cidr),
            _ => None,
        };
        groups.iter().filter_map(vpc).filter_map(cidr).collect()
    }
}

fn listed(groups: &[String]) -> String {
    if groups.is_empty() { "the default security group".to_owned() } else { groups.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(group: &str, outbound: bool, port: u16, peer: Peer) -> FirewallRule {
        let protocol = Some("tcp".to_owned());
        FirewallRule { group: group.into(), outbound, protocol, ports: Some((port, port)), peer }
    }

    #[test]
    fn groups_admit_the_hop_before_and_nobody_else() {
        let ec2 = Ec2::default();
        let (link, balancer) = (["sg-link".to_owned()], ["sg-balancer".to_owned()]);
        let error = ec2.admits(&link, &balancer, 80).unwrap_err();
        assert_eq!(error, "no inbound rule of sg-balancer admits sg-link on port 80");
        ec2.set_rules("sgr-1", vec![rule("sg-balancer", false, 80, Peer::Group("sg-link".into()))]);
        assert_eq!(ec2.admits(&link, &balancer, 80), Ok(()));
        assert!(ec2.admits(&link, &balancer, 81).is_err());
        assert!(ec2.admits(&["sg-other".to_owned()], &balancer, 80).is_err());
        ec2.set_rules("sg-link", vec![rule("sg-link", true, 443, Peer::Range("0.0.0.0/0".parse().unwrap()))]);
        let error = ec2.admits(&link, &balancer, 80).unwrap_err();
        assert_eq!(error, "no outbound rule of sg-link admits sg-balancer on port 80");
        ec2.set_rules("sg-link", vec![rule("sg-link", true, 80, Peer::Group("sg-balancer".into()))]);
        assert_eq!(ec2.admits(&link, &balancer, 80), Ok(()));
        ec2.remove_rules("sgr-1");
        assert!(ec2.admits(&link, &balancer, 80).is_err());
    }
}
