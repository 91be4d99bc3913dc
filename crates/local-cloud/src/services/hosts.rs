//! The host names that the cloud gives to REST APIs and load balancers, and where they really listen.
//!
//! Neither AWS's names nor those of hosted zones resolve here, so templates that put them into an output would give URLs
//! that lead nowhere.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};

use super::route53::Route53;

/// Host names with the places of their ports.
#[derive(Default)]
pub struct Hosts {
    names: RwLock<BTreeMap<String, BTreeMap<u16, Place>>>,
    zones: Arc<Route53>,
}

/// Where a host really listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub address: SocketAddr,
    /// Whether it speaks TLS there; else it speaks plain HTTP, also where AWS speaks TLS.
    pub tls: bool,
}

impl Hosts {
    /// No hosts yet. Names that records of `zones` lead to a host are names of that host, too.
    #[must_use]
    pub fn new(zones: Arc<Route53>) -> Self {
        Self { names: RwLock::default(), zones }
    }

    /// Says that `host` on `port` listens at `address`, in plain HTTP.
    pub fn add(&self, host: &str, port: u16, address: SocketAddr) {
        self.put(host, port, Place { address, tls: false });
    }

    /// Says where `host` on `port` listens.
    pub fn put(&self, host: &str, port: u16, place: Place) {
        let mut names = self.names.write().unwrap_or_else(PoisonError::into_inner);
        names.entry(host.to_ascii_lowercase()).or_default().insert(port, place);
    }

    /// Forgets one port of a host.
    pub fn remove(&self, host: &str, port: u16) {
        let mut names = self.names.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(ports) = names.get_mut(&host.to_ascii_lowercase()) {
            ports.remove(&port);
            if ports.is_empty() {
                names.remove(&host.to_ascii_lowercase());
            }
        }
    }

    /// Where `host` listens on `port`.
    #[must_use]
    pub fn place(&self, host: &str, port: u16) -> Option<Place> {
        let find = |host: &str| {
            let names = self.names.read().unwrap_or_else(PoisonError::into_inner);
            names.get(&host.to_ascii_lowercase())?.get(&port).copied()
        };
        find(host).or_else(|| find(&self.zones.target(host)?))
    }

    /// Gives every `http(s)://<own host>[:port]` in `text` as the address where it really listens.
    #[must_use]
    pub fn present(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find("http") {
            let (before, url) = rest.split_at(at);
            out.push_str(before);
            let (length, presented) = match self.resolve(url) {
                Some((length, Place { address, tls: true })) => (length, format!("https://{address}")),
                Some((length, Place { address, tls: false })) => (length, format!("http://{address}")),
                None => ("http".len(), "http".to_owned()),
            };
            out.push_str(&presented);
            rest = &url[length..];
        }
        out.push_str(rest);
        out
    }

    /// The length of an own scheme, host and port at the start of `url`, and where they lead.
    fn resolve(&self, url: &str) -> Option<(usize, Place)> {
        let (scheme, default_port) =
            if url.starts_with("https://") { ("https://", 443) } else { ("http://", 80) };
        let authority = url.strip_prefix(scheme)?;
        let end = authority
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':')))
            .unwrap_or(authority.len());
        let (host, port) = match authority[..end].split_once(':') {
            Some((host, port)) => (host, port.parse().ok()?),
            None => (&authority[..end], default_port),
        };
        self.place(host, port).map(|place| (scheme.len() + end, place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::services::route53::{AliasTarget, NewZone, Record, RecordType};

    #[test]
    fn own_hosts_are_presented_as_addresses() {
        let hosts = Hosts::default();
        hosts.add("a.execute-api.us-east-1.amazonaws.com", 443, ([127, 0, 0, 1], 4001).into());
        hosts.add("Web-1.us-east-1.elb.amazonaws.com", 80, ([127, 0, 0, 1], 4002).into());
        hosts.add("web-1.us-east-1.elb.amazonaws.com", 8080, ([127, 0, 0, 1], 4003).into());
        for (given, presented) in [
            ("https://a.execute-api.us-east-1.amazonaws.com/v1", "http://127.0.0.1:4001/v1"),
            ("http://web-1.us-east-1.elb.amazonaws.com", "http://127.0.0.1:4002"),
            (
                "x http://WEB-1.us-east-1.elb.amazonaws.com:8080/a,http://b",
                "x http://127.0.0.1:4003/a,http://b",
            ),
            (
                "http://a.execute-api.us-east-1.amazonaws.com/v1",
                "http://a.execute-api.us-east-1.amazonaws.com/v1",
            ),
            ("https://example.com", "https://example.com"),
            ("http", "http"),
            ("web-1.us-east-1.elb.amazonaws.com", "web-1.us-east-1.elb.amazonaws.com"),
        ] {
            assert_eq!(hosts.present(given), presented);
        }
        hosts.remove("a.execute-api.us-east-1.amazonaws.com", 443);
        assert_eq!(hosts.place("a.execute-api.us-east-1.amazonaws.com", 443), None);
    }

    #[test]
    fn records_give_hosts_further_names() {
        let zones = Arc::new(Route53::default());
        let hosts = Hosts::new(Arc::clone(&zones));
        let zone =
            zones.create_zone(NewZone { name: "example.com".to_owned(), ..NewZone::default() }).unwrap();
        hosts.add("web-1.us-east-1.elb.amazonaws.com", 80, ([127, 0, 0, 1], 4001).into());
        let place = Place { address: ([127, 0, 0, 1], 4002).into(), tls: true };
        hosts.put("web-1.us-east-1.elb.amazonaws.com", 443, place);
        let url = "https://www.example.com/a http://www.example.com";
        assert_eq!(hosts.present(url), url);
        let target = AliasTarget {
            zone: "Z1".to_owned(),
            name: "web-1.us-east-1.elb.amazonaws.com".to_owned(),
            evaluate_health: false,
        };
        zones.upsert(&zone.id, Record::alias("www.example.com", RecordType::A, target)).unwrap();
        assert_eq!(hosts.present(url), "https://127.0.0.1:4002/a http://127.0.0.1:4001");
    }
}
