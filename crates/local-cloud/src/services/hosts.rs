//! The host names that the cloud gives to REST APIs and load balancers, and where they really listen.
//!
//! AWS's names do not resolve here, so templates that put them into an output would give URLs that lead nowhere.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{PoisonError, RwLock};

/// Host names with the addresses of their ports.
#[derive(Debug, Default)]
pub struct Hosts {
    names: RwLock<BTreeMap<String, BTreeMap<u16, SocketAddr>>>,
}

impl Hosts {
    /// Says that `host` on `port` listens at `address`.
    pub fn add(&self, host: &str, port: u16, address: SocketAddr) {
        let mut names = self.names.write().unwrap_or_else(PoisonError::into_inner);
        names.entry(host.to_ascii_lowercase()).or_default().insert(port, address);
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
    pub fn address(&self, host: &str, port: u16) -> Option<SocketAddr> {
        let names = self.names.read().unwrap_or_else(PoisonError::into_inner);
        names.get(&host.to_ascii_lowercase())?.get(&port).copied()
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
                Some((length, address)) => (length, format!("http://{address}")),
                None => ("http".len(), "http".to_owned()),
            };
            out.push_str(&presented);
            rest = &url[length..];
        }
        out.push_str(rest);
        out
    }

    /// The length of an own scheme, host and port at the start of `url`, and where they lead.
    fn resolve(&self, url: &str) -> Option<(usize, SocketAddr)> {
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
        self.address(host, port).map(|address| (scheme.len() + end, address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(hosts.address("a.execute-api.us-east-1.amazonaws.com", 443), None);
    }
}
