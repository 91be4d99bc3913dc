use super::Route53Error;

/// The records of one name and type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// In lower case, with a dot at the end.
    pub name: String,
    pub kind: RecordType,
    /// In seconds; an alias has none of its own.
    pub ttl: Option<u32>,
    /// As they stand in a zone file.
    pub values: Vec<String>,
    pub alias: Option<AliasTarget>,
}

/// Another AWS resource, or another record, that a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AliasTarget {
    /// The hosted zone of the target.
    pub zone: String,
    /// With a dot at the end.
    pub name: String,
    pub evaluate_health: bool,
}

/// The types that are kept.
/// <https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/ResourceRecordTypes.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordType {
    A,
    Aaaa,
    Caa,
    Cname,
    Mx,
    Ns,
    Soa,
    Txt,
}

const NAMES: [(RecordType, &str); 8] = [
    (RecordType::A, "A"),
    (RecordType::Aaaa, "AAAA"),
    (RecordType::Caa, "CAA"),
    (RecordType::Cname, "CNAME"),
    (RecordType::Mx, "MX"),
    (RecordType::Ns, "NS"),
    (RecordType::Soa, "SOA"),
    (RecordType::Txt, "TXT"),
];

impl RecordType {
    /// Such as `AAAA`.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }
}

impl std::str::FromStr for RecordType {
    type Err = Route53Error;

    fn from_str(text: &str) -> Result<Self, Route53Error> {
        let found = NAMES.iter().find(|(_, name)| *name == text);
        found.map(|(kind, _)| *kind).ok_or_else(|| {
            let offered: Vec<&str> = NAMES.iter().map(|(_, name)| *name).collect();
            Route53Error::InvalidInput(format!(
                "Records of type {text} are not offered here, only {}",
                offered.join(", ")
            ))
        })
    }
}

impl Record {
    /// A record with values.
    #[must_use]
    pub fn plain(name: &str, kind: RecordType, ttl: u32, values: Vec<String>) -> Self {
        Self { name: dotted(name), kind, ttl: Some(ttl), values, alias: None }
    }

    /// A record that stands for something else.
    #[must_use]
    pub fn alias(name: &str, kind: RecordType, target: AliasTarget) -> Self {
        let target = AliasTarget { name: dotted(&target.name), ..target };
        Self { name: dotted(name), kind, ttl: None, values: Vec::new(), alias: Some(target) }
    }

    /// Checks what does not depend on the zone.
    ///
    /// # Errors
    /// The name is no domain name, an alias has values, or a plain record has none or no TTL.
    pub fn check(&self) -> Result<(), Route53Error> {
        absolute(&self.name)?;
        let sound = match &self.alias {
            Some(_) => self.values.is_empty() && self.ttl.is_none(),
            None => !self.values.is_empty() && self.ttl.is_some(),
        };
        if sound {
            return Ok(());
        }
        Err(Route53Error::InvalidInput(
            "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found none or more than one"
                .to_owned(),
        ))
    }

    /// Whether it proves a name to Certificate Manager.
    #[must_use]
    pub fn validates(&self) -> bool {
        self.kind == RecordType::Cname
            && self.values.iter().any(|value| value.ends_with(".acm-validations.aws."))
    }

    /// The next name on the way to an address.
    pub(super) fn leads_to(&self) -> Option<String> {
        match (&self.alias, self.kind) {
            (Some(target), _) => Some(target.name.clone()),
            (None, RecordType::Cname) => self.values.first().map(|value| dotted(value)),
            (None, _) => None,
        }
    }
}

/// A domain name in lower case with a dot at its end.
///
/// # Errors
/// It has an empty or too long label, or characters that a name here cannot have.
pub fn absolute(name: &str) -> Result<String, Route53Error> {
    let dotted = dotted(name);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'*'))
    };
    let inner = dotted.trim_end_matches('.');
    if dotted.len() <= 256 && !inner.is_empty() && inner.split('.').all(label) {
        return Ok(dotted);
    }
    Err(Route53Error::InvalidName(name.to_owned()))
}

/// Route 53 writes the asterisk as `\052`.
fn dotted(name: &str) -> String {
    let plain = name.to_ascii_lowercase().replace("\\052", "*");
    if plain.ends_with('.') { plain } else { format!("{plain}.") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_lower_case_and_absolute() {
        assert_eq!(absolute("A.Example.com").unwrap(), "a.example.com.");
        assert_eq!(absolute("\\052.example.com.").unwrap(), "*.example.com.");
        for wrong in ["", ".", "a..b", "a b.example.com", &"a".repeat(64)] {
            assert!(absolute(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_record_has_values_or_stands_for_something() {
        let plain = Record::plain("a.test", RecordType::A, 60, vec!["192.0.2.1".into()]);
        assert!(plain.check().is_ok());
        assert!(Record { values: Vec::new(), ..plain.clone() }.check().is_err());
        assert!(Record { ttl: None, ..plain }.check().is_err());
        assert!("SRV".parse::<RecordType>().unwrap_err().to_string().contains("only A, AAAA"));
    }
}
