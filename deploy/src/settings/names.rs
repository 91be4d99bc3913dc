//! Settings whose text has a shape.

use std::fmt;
use std::time::Duration;

use super::TargetKind;
use crate::failure::Failure;

/// What the names of stacks begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefix(String);

impl Prefix {
    /// The most characters of a prefix. Names of load balancers and roles are made of it and have at most 32 and 64.
    const MOST: usize = 21;

    /// Lower-case letters, digits and single hyphens, from a letter to a letter or digit.
    pub fn parse(text: &str, place: &str) -> Result<Self, Failure> {
        let shaped = text.starts_with(|first: char| first.is_ascii_lowercase())
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            && !text.ends_with('-')
            && !text.contains("--");
        if shaped && text.len() <= Self::MOST {
            return Ok(Self(text.to_owned()));
        }
        Err(Failure::new(format!(
            "{place}: \"{text}\" is not a prefix: a lower-case letter, then up to {} lower-case letters, digits and \
             single hyphens, not ending in a hyphen",
            Self::MOST - 1
        ))
        .hint("take something like team-a"))
    }

    /// What the name of every stack of the prefix begins with.
    pub fn stem(&self) -> String {
        format!("{}-", self.0)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Prefix {
    fn default() -> Self {
        Self("bakeoff".to_owned())
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// An AWS region's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region(String);

impl Region {
    /// Two letters, one or more words, a number: `us-east-1`, `us-gov-west-1`.
    pub fn parse(text: &str, place: &str) -> Result<Self, Failure> {
        let parts: Vec<&str> = text.split('-').collect();
        let word = |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase());
        let shaped = match parts.as_slice() {
            [country, middle @ .., number] => {
                country.len() == 2
                    && word(country)
                    && !middle.is_empty()
                    && middle.iter().all(word)
                    && number.len() == 1
                    && number.chars().all(|c| c.is_ascii_digit())
            }
            _ => false,
        };
        if shaped {
            return Ok(Self(text.to_owned()));
        }
        Err(Failure::new(format!(
            "{place}: \"{text}\" is not a region; regions look like us-east-1 or eu-west-1"
        )))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// By how many milliseconds a call to another region of the embedded cloud takes longer, there and back; 0 unless asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Distance(u16);

impl Distance {
    /// More than the way around the world.
    const MOST: u16 = 1000;

    /// A whole number of milliseconds. AWS has distances of its own.
    pub fn parse(text: &str, place: &str, target: TargetKind) -> Result<Self, Failure> {
        let millis = text.parse().ok().filter(|millis| *millis <= Self::MOST).ok_or_else(|| {
            Failure::new(format!(
                "{place}: \"{text}\" is not a distance: a whole number of milliseconds from 0 to {}",
                Self::MOST
            ))
        })?;
        if millis > 0 && target != TargetKind::Local {
            return Err(Failure::new(format!(
                "{place}: a distance goes with the embedded cloud only; AWS's regions are where they are"
            ))
            .hint("leave it out, or take --target local"));
        }
        Ok(Self(millis))
    }

    pub fn duration(self) -> Duration {
        Duration::from_millis(self.0.into())
    }

    pub fn millis(self) -> u16 {
        self.0
    }
}

impl From<u16> for Distance {
    fn from(millis: u16) -> Self {
        Self(millis.min(Self::MOST))
    }
}

/// Another endpoint for every AWS service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint(String);

impl Endpoint {
    /// `http://` or `https://`, a host, perhaps a port, nothing else.
    pub fn parse(text: &str, place: &str) -> Result<Self, Failure> {
        let uri: Option<http::Uri> = text.parse().ok();
        let shaped = uri.is_some_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https"))
                && uri.host().is_some_and(|host| !host.is_empty())
                && matches!(uri.path(), "" | "/")
                && uri.query().is_none()
        });
        if shaped {
            return Ok(Self(text.trim_end_matches('/').to_owned()));
        }
        Err(Failure::new(format!(
            "{place}: \"{text}\" is not an endpoint URL: http or https, a host, perhaps a port, no path"
        ))
        .hint("take something like http://127.0.0.1:4566"))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is on this machine, where nothing costs money.
    pub fn is_loopback(&self) -> bool {
        let uri: Option<http::Uri> = self.0.parse().ok();
        uri.as_ref().and_then(http::Uri::host).is_some_and(|host| {
            host == "localhost" || host == "[::1]" || host.starts_with("127.") || host.ends_with(".localhost")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes() {
        for good in ["a", "bakeoff", "team-a", "a1-b2", "abcdefghijklmnopqrstu"] {
            assert!(Prefix::parse(good, "--prefix").is_ok(), "{good}");
        }
        for bad in ["", "A", "1a", "a-", "-a", "a--b", "a_b", "a b", "ä", "abcdefghijklmnopqrstuv"] {
            assert!(Prefix::parse(bad, "--prefix").is_err(), "{bad}");
        }
    }

    #[test]
    fn regions() {
        for good in ["us-east-1", "eu-west-1", "ap-southeast-4", "us-gov-west-1"] {
            assert!(Region::parse(good, "--region").is_ok(), "{good}");
        }
        for bad in ["", "us", "us-1", "us-east", "useast1", "us-east-1a", "us-east-12", "US-EAST-1", "us--1"]
        {
            assert!(Region::parse(bad, "--region").is_err(), "{bad}");
        }
    }

    #[test]
    fn distances() {
        let parse = |text: &str, target| Distance::parse(text, "--distance-ms", target);
        assert_eq!(parse("35", TargetKind::Local).unwrap().duration(), Duration::from_millis(35));
        assert!(parse("0", TargetKind::Aws).is_ok());
        for bad in ["", "-1", "1001", "3.5", "35ms"] {
            assert!(parse(bad, TargetKind::Local).is_err(), "{bad}");
        }
        let refused = parse("35", TargetKind::Aws).unwrap_err();
        assert!(refused.message.contains("embedded cloud only"), "{}", refused.message);
    }

    #[test]
    fn endpoints() {
        for good in ["http://127.0.0.1:4566", "https://localhost/", "http://emulator.example:80"] {
            assert!(Endpoint::parse(good, "--endpoint-url").is_ok(), "{good}");
        }
        for bad in ["", "localhost", "127.0.0.1:4566", "ftp://x", "http://", "http://a/b", "http://a?b"] {
            assert!(Endpoint::parse(bad, "--endpoint-url").is_err(), "{bad}");
        }
        assert!(Endpoint::parse("http://127.0.0.1:1", "").unwrap().is_loopback());
        assert!(!Endpoint::parse("https://sns.eu-west-1.amazonaws.com", "").unwrap().is_loopback());
    }
}
