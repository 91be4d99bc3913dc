//! Route 53: hosted zones and their records. Nothing asks them over DNS; the cloud itself asks where a name leads.

mod record;
mod wire;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use record::{AliasTarget, Record, RecordType, absolute};
pub use wire::Route53Service;

use super::ids;

/// Hosted zones; they are the same in every region.
#[derive(Default)]
pub struct Route53 {
    zones: Mutex<BTreeMap<String, HostedZone>>,
}

/// A public hosted zone.
#[derive(Clone, Debug)]
pub struct HostedZone {
    /// `Z` and 20 capital letters and digits.
    pub id: String,
    /// With a dot at the end.
    pub name: String,
    pub caller_reference: String,
    pub comment: String,
    pub tags: BTreeMap<String, String>,
    /// The stack that made it; `None` for callers of the API.
    pub stack: Option<String>,
    /// By name and type.
    records: BTreeMap<(String, RecordType), Record>,
}

/// What a new zone is to be.
#[derive(Clone, Debug, Default)]
pub struct NewZone {
    pub name: String,
    /// Unique.
    pub caller_reference: String,
    pub comment: String,
    pub tags: BTreeMap<String, String>,
    /// The stack that makes it; `None` for callers of the API.
    pub stack: Option<String>,
}

/// What a change does with a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeAction {
    Create,
    Upsert,
    Delete,
}

/// Why Route 53 refuses; the words are AWS's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Route53Error {
    #[error("No hosted zone found with ID: {0}")]
    NoSuchZone(String),
    #[error("A hosted zone has already been created with the specified caller reference.")]
    ZoneExists,
    #[error("The specified hosted zone contains non-required resource record sets and so cannot be deleted.")]
    ZoneNotEmpty,
    #[error("{0} is not a valid domain name")]
    InvalidName(String),
    #[error("[{0}]")]
    InvalidChange(String),
    #[error("{0}")]
    InvalidInput(String),
}

/// The servers that every zone names; nobody answers there.
const NAME_SERVERS: [&str; 4] =
    ["ns-1.awsdns-00.com.", "ns-2.awsdns-00.net.", "ns-3.awsdns-00.org.", "ns-4.awsdns-00.co.uk."];
const NAME_SERVER_TTL: u32 = 172_800;
const AUTHORITY_TTL: u32 = 900;
/// More names on the way to an address are a circle.
const LONGEST_CHAIN: usize = 8;

impl HostedZone {
    /// Its name servers, with a dot at the end.
    #[must_use]
    pub fn name_servers(&self) -> [&'static str; 4] {
        NAME_SERVERS
    }

    /// Its records by name, as Route 53 orders them, and type.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        let mut records: Vec<&Record> = self.records.values().collect();
        records.sort_by_key(|record| (reversed(&record.name), record.kind));
        records.into_iter()
    }

    /// How many records it has.
    #[must_use]
    pub fn record_count(&self) -> usize {
        self.records.len()
    }

    fn contains(&self, name: &str) -> bool {
        name == self.name || name.ends_with(&format!(".{}", self.name))
    }

    /// Those that a zone has from its beginning to its end.
    fn requires(&self, record: &Record) -> bool {
        record.name == self.name && matches!(record.kind, RecordType::Ns | RecordType::Soa)
    }

    fn apply(&mut self, action: ChangeAction, record: Record) -> Result<(), Route53Error> {
        let wrong = |text: String| Err(Route53Error::InvalidChange(text));
        let (name, kind) = (record.name.clone(), record.kind);
        if !self.contains(&name) {
            return wrong(format!("RRSet with DNS name {name} is not permitted in zone {}", self.name));
        }
        let named = format!("resource record set [name='{name}', type='{}']", kind.name());
        let key = (name.clone(), kind);
        match action {
            ChangeAction::Delete => {
                if self.requires(&record) {
                    return wrong(format!(
                        "A HostedZone must contain at least one {} record for the zone itself.",
                        kind.name()
                    ));
                }
                match self.records.get(&key) {
                    None => wrong(format!("Tried to delete {named} but it was not found")),
                    Some(current) if *current != record => wrong(format!(
                        "Tried to delete {named} but the values provided do not match the current values"
                    )),
                    Some(_) => {
                        self.records.remove(&key);
                        Ok(())
                    }
                }
            }
            ChangeAction::Create | ChangeAction::Upsert => {
                if action == ChangeAction::Create && self.records.contains_key(&key) {
                    return wrong(format!("Tried to create {named} but it already exists"));
                }
                let other = self.records.keys().find(|(other, other_kind)| {
                    *other == name
                        && *other_kind != kind
                        && (kind == RecordType::Cname || *other_kind == RecordType::Cname)
                });
                if other.is_some() {
                    return wrong(format!(
                        "RRSet of type {} with DNS name {name} is not permitted as it conflicts with other records with the same DNS name in zone {}",
                        kind.name(),
                        self.name
                    ));
                }
                self.records.insert(key, record);
                Ok(())
            }
        }
    }
}

impl Route53 {
    fn zones(&self) -> MutexGuard<'_, BTreeMap<String, HostedZone>> {
        self.zones.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a zone with the records that every zone has.
    ///
    /// # Errors
    /// The name is no domain name, or the reference was used before.
    pub fn create_zone(&self, new: NewZone) -> Result<HostedZone, Route53Error> {
        let mut zones = self.zones();
        if zones.values().any(|zone| zone.caller_reference == new.caller_reference) {
            return Err(Route53Error::ZoneExists);
        }
        let name = absolute(&new.name)?;
        let servers = NAME_SERVERS.map(str::to_owned).to_vec();
        let authority = format!("{} awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400", NAME_SERVERS[0]);
        let required = [
            Record::plain(&name, RecordType::Ns, NAME_SERVER_TTL, servers),
            Record::plain(&name, RecordType::Soa, AUTHORITY_TTL, vec![authority]),
        ];
        let zone = HostedZone {
            id: format!("Z{}", ids::letters_and_digits(20).to_uppercase()),
            name,
            caller_reference: new.caller_reference,
            comment: new.comment,
            tags: new.tags,
            stack: new.stack,
            records: required
                .into_iter()
                .map(|record| ((record.name.clone(), record.kind), record))
                .collect(),
        };
        zones.insert(zone.id.clone(), zone.clone());
        Ok(zone)
    }

    /// All zones.
    #[must_use]
    pub fn all(&self) -> Vec<HostedZone> {
        self.zones().values().cloned().collect()
    }

    /// A zone by ID, with or without `/hostedzone/` before it.
    pub fn zone(&self, id: &str) -> Result<HostedZone, Route53Error> {
        let id = bare(id);
        self.zones().get(id).cloned().ok_or_else(|| Route53Error::NoSuchZone(id.to_owned()))
    }

    /// Changes what a zone says about itself.
    pub fn describe(
        &self,
        id: &str,
        comment: &str,
        tags: BTreeMap<String, String>,
    ) -> Result<(), Route53Error> {
        let mut zones = self.zones();
        let zone = zones.get_mut(bare(id)).ok_or_else(|| Route53Error::NoSuchZone(id.to_owned()))?;
        (zone.comment, zone.tags) = (comment.to_owned(), tags);
        Ok(())
    }

    /// Deletes a zone.
    ///
    /// # Errors
    /// It does not exist, or has records beside those that every zone has.
    pub fn delete_zone(&self, id: &str) -> Result<(), Route53Error> {
        let mut zones = self.zones();
        let zone = zones.get(bare(id)).ok_or_else(|| Route53Error::NoSuchZone(id.to_owned()))?;
        if zone.records().any(|record| !zone.requires(record)) {
            return Err(Route53Error::ZoneNotEmpty);
        }
        zones.remove(bare(id));
        Ok(())
    }

    /// Applies all changes to a zone, or none.
    ///
    /// # Errors
    /// The zone does not exist, or one of the changes is wrong.
    pub fn change(&self, id: &str, changes: Vec<(ChangeAction, Record)>) -> Result<(), Route53Error> {
        let mut zones = self.zones();
        let zone = zones.get_mut(bare(id)).ok_or_else(|| Route53Error::NoSuchZone(id.to_owned()))?;
        let mut next = zone.clone();
        for (action, record) in changes {
            next.apply(action, record)?;
        }
        *zone = next;
        Ok(())
    }

    /// Adds a record, or replaces the one of its name and type.
    pub fn upsert(&self, id: &str, record: Record) -> Result<(), Route53Error> {
        self.change(id, vec![(ChangeAction::Upsert, record)])
    }

    /// The name that a name leads to at last, by aliases and canonical names; `None` for one without such a record.
    #[must_use]
    pub fn target(&self, host: &str) -> Option<String> {
        let zones = self.zones();
        let mut name = absolute(host).ok()?;
        let mut found = false;
        for _ in 0..LONGEST_CHAIN {
            let next = zones.values().find_map(|zone| {
                [RecordType::A, RecordType::Cname]
                    .into_iter()
                    .find_map(|kind| zone.records.get(&(name.clone(), kind))?.leads_to())
            });
            match next {
                Some(next) => (name, found) = (next, true),
                None => return found.then(|| name.trim_end_matches('.').to_owned()),
            }
        }
        None
    }
}

/// Names are ordered by their labels, from the last to the first.
fn reversed(name: &str) -> Vec<String> {
    name.trim_end_matches('.').rsplit('.').map(str::to_owned).collect()
}

/// An ID as it stands in ARNs.
fn bare(id: &str) -> &str {
    id.strip_prefix("/hostedzone/").unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(name: &str) -> NewZone {
        NewZone { name: name.to_owned(), caller_reference: "once".to_owned(), ..NewZone::default() }
    }

    fn zone() -> (Route53, String) {
        let route53 = Route53::default();
        let zone = route53.create_zone(new("Example.COM")).unwrap();
        assert_eq!((zone.name.as_str(), zone.record_count()), ("example.com.", 2));
        (route53, zone.id)
    }

    fn cname(name: &str, value: &str) -> Record {
        Record::plain(name, RecordType::Cname, 60, vec![value.to_owned()])
    }

    #[test]
    fn changes_are_made_together_or_not_at_all() {
        let (route53, id) = zone();
        let wrong = route53.change(
            &id,
            vec![
                (ChangeAction::Create, cname("a.example.com", "x.test.")),
                (ChangeAction::Create, cname("a.other.com", "x.test.")),
            ],
        );
        assert_eq!(
            wrong.unwrap_err().to_string(),
            "[RRSet with DNS name a.other.com. is not permitted in zone example.com.]"
        );
        assert_eq!(route53.zone(&id).unwrap().record_count(), 2);
        route53.upsert(&id, cname("a.example.com", "x.test.")).unwrap();
        let again = route53.change(&id, vec![(ChangeAction::Create, cname("a.example.com", "y.test."))]);
        assert!(again.unwrap_err().to_string().contains("already exists"));
        let other = route53.change(&id, vec![(ChangeAction::Delete, cname("a.example.com", "y.test."))]);
        assert!(other.unwrap_err().to_string().contains("do not match"));
        assert_eq!(route53.delete_zone(&id), Err(Route53Error::ZoneNotEmpty));
        route53.change(&id, vec![(ChangeAction::Delete, cname("A.example.com.", "x.test."))]).unwrap();
        route53.delete_zone(&format!("/hostedzone/{id}")).unwrap();
        assert!(matches!(route53.zone(&id), Err(Route53Error::NoSuchZone(_))));
    }

    #[test]
    fn names_lead_to_the_end_of_their_chain() {
        let (route53, id) = zone();
        let alias = AliasTarget { zone: "Z1".into(), name: "b.example.com.".into(), evaluate_health: false };
        route53.upsert(&id, Record::alias("a.example.com", RecordType::A, alias)).unwrap();
        route53.upsert(&id, cname("b.example.com", "lb.elb.amazonaws.com")).unwrap();
        assert_eq!(route53.target("A.example.com").as_deref(), Some("lb.elb.amazonaws.com"));
        assert_eq!(route53.target("example.com"), None);
        route53.upsert(&id, cname("c.example.com", "d.example.com")).unwrap();
        route53.upsert(&id, cname("d.example.com", "c.example.com")).unwrap();
        assert_eq!(route53.target("c.example.com"), None);
    }

    #[test]
    fn a_reference_makes_one_zone() {
        let (route53, _) = zone();
        let again = route53.create_zone(new("example.com"));
        assert_eq!(again.unwrap_err(), Route53Error::ZoneExists);
    }
}
