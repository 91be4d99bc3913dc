//! The domain under which a variant is served: its hosted zone, and what its certificate leaves there.

use std::collections::BTreeMap;

use http::Method;
use signed_http::Request;
use signed_http::xml::{self, Element};

use crate::context::Context;
use crate::failure::{Failure, chain};
use crate::plan::Given;
use crate::settings::TargetKind;
use crate::target::Target;

/// The parameters of a variant that is served at `<stack>.<domain>`, with records in a hosted zone.
const DOMAIN: &str = "DomainName";
const ZONE: &str = "HostedZoneId";
/// Stands for the zone of the embedded cloud until that cloud runs.
const PENDING: &str = "ZPENDING";
const API: &str = "/2013-04-01";
/// What the records say by which Certificate Manager knows who owns a name.
const VALIDATION: &str = ".acm-validations.aws";

/// Adds what goes without saying: without a domain there is no zone, and the embedded cloud has a zone for any domain.
pub fn complete(context: &Context, given: &mut Given) -> Result<(), Failure> {
    for (id, values) in given.iter_mut() {
        let variant = context.catalog.variant(id)?;
        let (Some(domain), Some(zone)) = (variant.flag(DOMAIN), variant.flag(ZONE)) else { continue };
        let implied = match values.get(domain).map(String::as_str) {
            _ if values.contains_key(zone) => None,
            None => None,
            Some("") => Some(""),
            Some(_) => (context.settings.target == TargetKind::Local).then_some(PENDING),
        };
        if let Some(implied) = implied {
            values.insert(zone.to_owned(), implied.to_owned());
        }
    }
    Ok(())
}

/// Finds the zones of the embedded cloud that [`complete`] left open, or makes them.
pub async fn settle(context: &Context, target: &Target, given: &mut Given) -> Result<(), Failure> {
    for (id, values) in given.iter_mut() {
        let variant = context.catalog.variant(id)?;
        let (Some(domain), Some(zone)) = (variant.flag(DOMAIN), variant.flag(ZONE)) else { continue };
        if values.get(zone).is_some_and(|zone| zone == PENDING)
            && let Some(domain) = values.get(domain)
        {
            let found = own_zone(target, domain).await.map_err(|reason| {
                Failure::unexpected(format!("the embedded cloud has no hosted zone for {domain}: {reason}"))
            })?;
            values.insert(zone.to_owned(), found);
        }
    }
    Ok(())
}

/// The zone with the longest name that the domain belongs to, or a new one for the domain.
async fn own_zone(target: &Target, domain: &str) -> Result<String, String> {
    let listed = call(target, Request::new("route53", Method::GET, format!("{API}/hostedzone"))).await?;
    let zones = listed.child("HostedZones").map(|zones| zones.children.as_slice()).unwrap_or_default();
    let fitting = zones.iter().filter(|zone| {
        let name = zone.child_text("Name").unwrap_or_default().trim_end_matches('.');
        domain == name || domain.ends_with(&format!(".{name}"))
    });
    if let Some(zone) = fitting.max_by_key(|zone| zone.child_text("Name").map(str::len)) {
        return id(zone);
    }
    let body = format!(
        "<CreateHostedZoneRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Name>{domain}</Name>\
         <CallerReference>deploy {domain}</CallerReference></CreateHostedZoneRequest>"
    );
    let request = Request::new("route53", Method::POST, format!("{API}/hostedzone")).body(body);
    id(call(target, request).await?.child("HostedZone").ok_or("the answer names no zone")?)
}

fn id(zone: &Element) -> Result<String, String> {
    let id = zone.child_text("Id").ok_or("the answer names no zone")?;
    Ok(id.trim_start_matches("/hostedzone/").to_owned())
}

async fn call(target: &Target, request: Request) -> Result<Element, String> {
    let answer = target.signed.call(request).await.map_err(|error| chain(&error))?;
    xml::parse(&String::from_utf8_lossy(&answer.body)).ok_or_else(|| "the answer is not XML".to_owned())
}

/// The name at which a stack is served, and its hosted zone; `None` for one without a domain.
fn place(stack: &str, parameters: &BTreeMap<String, String>) -> Option<(String, String)> {
    let value = |name| parameters.get(name).filter(|value| !value.is_empty());
    Some((format!("{stack}.{}", value(DOMAIN)?), value(ZONE)?.clone()))
}

/// Deletes the records that proved a stack's name, if the name is the stack's no longer. CloudFormation makes them with the
/// certificate and leaves them when it goes.
/// <https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1603>
pub async fn forget(
    context: &Context,
    target: &Target,
    stack: &str,
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
) {
    let (before, after) = (place(stack, before), place(stack, after));
    let Some((name, zone)) = before.filter(|before| Some(before) != after.as_ref()) else { return };
    if let Err(reason) = forget_name(target, &name, &zone).await {
        context.printer.warn(&format!(
            "the record that proved {name} to the certificate's issuer may still stand in the hosted zone {zone}: {reason}"
        ));
    }
}

async fn forget_name(target: &Target, name: &str, zone: &str) -> Result<(), String> {
    let path = format!("{API}/hostedzone/{zone}/rrset");
    // Records are ordered by their labels from the last to the first, so those below the name follow it.
    let list = Request::new("route53", Method::GET, path.clone()).query("name", name).query("maxitems", "20");
    let listed = call(target, list).await?;
    let records = listed.child("ResourceRecordSets").map(|records| records.children.as_slice());
    for record in records.unwrap_or_default().iter().filter(|record| proves(record, name)) {
        let text = |name| record.child_text(name).unwrap_or_default();
        let value = record.child("ResourceRecords").and_then(|all| all.children.first()?.child_text("Value"));
        let body = format!(
            "<ChangeResourceRecordSetsRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><ChangeBatch><Changes>\
             <Change><Action>DELETE</Action><ResourceRecordSet><Name>{}</Name><Type>CNAME</Type><TTL>{}</TTL>\
             <ResourceRecords><ResourceRecord><Value>{}</Value></ResourceRecord></ResourceRecords></ResourceRecordSet>\
             </Change></Changes></ChangeBatch></ChangeResourceRecordSetsRequest>",
            text("Name"),
            text("TTL"),
            value.unwrap_or_default()
        );
        call(target, Request::new("route53", Method::POST, format!("{path}/")).body(body)).await?;
    }
    Ok(())
}

/// Whether a record is the one by which Certificate Manager knows who owns `name`.
fn proves(record: &Element, name: &str) -> bool {
    let own = record.child_text("Name").unwrap_or_default();
    let below = own.strip_suffix(&format!(".{name}.")).is_some_and(|label| label.starts_with('_'));
    let values = record.child("ResourceRecords").map(|records| records.children.as_slice());
    below
        && record.child_text("Type") == Some("CNAME")
        && values.unwrap_or_default().iter().all(|value| {
            value.child_text("Value").is_some_and(|value| value.trim_end_matches('.').ends_with(VALIDATION))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_proved_the_name_is_forgotten() {
        let record = |name: &str, kind: &str, value: &str| {
            let text = format!(
                "<R><Name>{name}</Name><Type>{kind}</Type><ResourceRecords><ResourceRecord><Value>{value}</Value>\
                 </ResourceRecord></ResourceRecords></R>"
            );
            xml::parse(&text).unwrap()
        };
        let value = "_b.jkddzztszm.acm-validations.aws.";
        assert!(proves(&record("_a.x.example.com.", "CNAME", value), "x.example.com"));
        assert!(!proves(&record("_a.y.example.com.", "CNAME", value), "x.example.com"));
        assert!(!proves(&record("_a.x.example.com.", "CNAME", "elsewhere.example."), "x.example.com"));
        assert!(!proves(&record("_a.x.example.com.", "TXT", value), "x.example.com"));
    }

    #[test]
    fn a_stack_with_a_domain_has_a_place() {
        let parameters = |domain: &str, zone: &str| {
            BTreeMap::from([(DOMAIN.to_owned(), domain.to_owned()), (ZONE.to_owned(), zone.to_owned())])
        };
        let named = place("team-a", &parameters("example.com", "Z1"));
        assert_eq!(named, Some(("team-a.example.com".to_owned(), "Z1".to_owned())));
        assert_eq!(place("team-a", &parameters("", "")), None);
        assert_eq!(place("team-a", &BTreeMap::new()), None);
    }
}
