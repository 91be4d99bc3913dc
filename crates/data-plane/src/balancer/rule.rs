//! Whether the conditions of a rule hold for a request.
//! <https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html>

use std::net::IpAddr;

use http::HeaderName;
use http::header::HOST;
use http::request::Parts;

use super::{Condition, Rule};

impl Rule {
    pub(super) fn holds(&self, parts: &Parts, client: IpAddr) -> bool {
        self.conditions.iter().all(|condition| condition.holds(parts, client))
    }

    /// Why the rule cannot be used, if so.
    pub(super) fn check(&self) -> Result<(), String> {
        for condition in &self.conditions {
            match condition {
                Condition::Header(header) => {
                    HeaderName::try_from(&header.name)
                        .map_err(|_| format!("\"{}\" is not the name of a header", header.name))?;
                }
                Condition::SourceIp(blocks) => {
                    for (address, prefix) in blocks {
                        let most = if address.is_ipv4() { 32 } else { 128 };
                        if *prefix > most {
                            return Err(format!(
                                "{address}/{prefix} is not a CIDR block: the prefix is 0 to {most}"
                            ));
                        }
                    }
                }
                Condition::Path(_) | Condition::Host(_) | Condition::Method(_) | Condition::Query(_) => {}
            }
        }
        Ok(())
    }
}

impl Condition {
    fn holds(&self, parts: &Parts, client: IpAddr) -> bool {
        match self {
            Self::Path(patterns) => patterns.iter().any(|pattern| glob(pattern, parts.uri.path())),
            Self::Host(patterns) => {
                let host = host(parts).to_ascii_lowercase();
                patterns.iter().any(|pattern| glob(&pattern.to_ascii_lowercase(), &host))
            }
            Self::Header(header) => parts
                .headers
                .get_all(header.name.as_str())
                .iter()
                .filter_map(|value| value.to_str().ok())
                .any(|value| header.values.iter().any(|pattern| glob_ignoring_case(pattern, value))),
            Self::Method(methods) => methods.iter().any(|method| method == parts.method.as_str()),
            Self::Query(wanted) => {
                let query = parts.uri.query().unwrap_or_default();
                query.split('&').any(|pair| {
                    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                    wanted.iter().any(|(wanted_key, wanted_value)| {
                        wanted_key.as_deref().is_none_or(|wanted| glob_ignoring_case(wanted, key))
                            && glob_ignoring_case(wanted_value, value)
                    })
                })
            }
            Self::SourceIp(blocks) => {
                blocks.iter().any(|(network, prefix)| contains(*network, *prefix, client))
            }
        }
    }
}

/// The name the request is for, without a port.
pub(super) fn host(parts: &Parts) -> &str {
    let given = parts.headers.get(HOST).and_then(|value| value.to_str().ok());
    let host = given.or_else(|| parts.uri.authority().map(http::uri::Authority::as_str)).unwrap_or_default();
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

fn glob_ignoring_case(pattern: &str, text: &str) -> bool {
    glob(&pattern.to_ascii_lowercase(), &text.to_ascii_lowercase())
}

/// `*` stands for any characters, `?` for one. Takes time in proportion to both lengths at worst.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut at_pattern, mut at_text) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while at_text < text.len() {
        match pattern.get(at_pattern) {
            Some(b'*') => {
                star = Some((at_pattern, at_text));
                at_pattern += 1;
            }
            Some(wanted) if *wanted == b'?' || *wanted == text[at_text] => {
                at_pattern += 1;
                at_text += 1;
            }
            _ => {
                let Some((star_pattern, star_text)) = star else { return false };
                star = Some((star_pattern, star_text + 1));
                at_pattern = star_pattern + 1;
                at_text = star_text + 1;
            }
        }
    }
    pattern[at_pattern..].iter().all(|rest| *rest == b'*')
}

fn contains(network: IpAddr, prefix: u8, address: IpAddr) -> bool {
    match (network, address.to_canonical()) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            network.to_bits() & mask == address.to_bits() & mask
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
            network.to_bits() & mask == address.to_bits() & mask
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_whole_texts() {
        for (pattern, text, matches) in [
            ("/img/*", "/img/a/b.png", true),
            ("/img/*", "/img", false),
            ("/img/*/pics", "/img/a/pics", true),
            ("*.example.com", "www.example.com", true),
            ("*.example.com", "example.com", false),
            ("/a?c", "/abc", true),
            ("/a?c", "/ac", false),
            ("*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaac", false),
            ("", "", true),
            ("*", "", true),
            ("/a", "/ab", false),
        ] {
            assert_eq!(glob(pattern, text), matches, "{pattern} {text}");
        }
    }

    #[test]
    fn blocks_contain_their_addresses() {
        let ten = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(contains(ten("10.0.0.0"), 8, ten("10.200.3.4")));
        assert!(!contains(ten("10.0.0.0"), 8, ten("11.0.0.1")));
        assert!(contains(ten("0.0.0.0"), 0, ten("11.0.0.1")));
        assert!(contains(ten("127.0.0.1"), 32, ten("::ffff:127.0.0.1")));
        assert!(contains(ten("fe80::"), 10, ten("fe80::1")));
        assert!(!contains(ten("fe80::"), 10, ten("127.0.0.1")));
    }
}
