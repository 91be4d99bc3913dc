use std::sync::Arc;

use async_trait::async_trait;
use http::{Method, StatusCode};

use super::{
    AliasTarget, ChangeAction, HostedZone, NewZone, Record, RecordType, Route53, Route53Error, absolute,
    bare, reversed,
};
use crate::Inventory;
use crate::services::page::PageRequest;
use crate::services::{Service, ids};
use crate::wire::{ApiError, Element, Node, Protocol, WireRequest, WireResponse, epoch_millis, iso_millis};

/// The members of a record that are offered.
const RECORD_MEMBERS: [&str; 5] = ["Name", "Type", "TTL", "ResourceRecords", "AliasTarget"];

const NAMESPACE: &str = "https://route53.amazonaws.com/doc/2013-04-01/";

/// Route 53 on the wire: REST with XML.
///
/// <https://docs.aws.amazon.com/Route53/latest/APIReference/API_Operations_Amazon_Route_53.html>
pub struct Route53Service(pub Arc<Route53>);

/// The root of an answer, with what stands in it.
struct Answer {
    root: &'static str,
    node: Node,
    /// Where the zone is that was made.
    location: Option<String>,
}

#[async_trait]
impl Service for Route53Service {
    fn name(&self) -> &'static str {
        "route53"
    }

    fn operation(&self, request: &WireRequest) -> String {
        let path = request.uri.path().trim_matches('/');
        let parts: Vec<&str> = path.split('/').skip(1).collect();
        let name = match (&request.method, parts.as_slice()) {
            (&Method::POST, ["hostedzone"]) => "CreateHostedZone",
            (&Method::GET, ["hostedzone"]) => "ListHostedZones",
            (&Method::GET, ["hostedzonesbyname"]) => "ListHostedZonesByName",
            (&Method::GET, ["hostedzone", _]) => "GetHostedZone",
            (&Method::DELETE, ["hostedzone", _]) => "DeleteHostedZone",
            (&Method::POST, ["hostedzone", _, "rrset"]) => "ChangeResourceRecordSets",
            (&Method::GET, ["hostedzone", _, "rrset"]) => "ListResourceRecordSets",
            (&Method::GET, ["change", _]) => "GetChange",
            (&Method::GET, ["tags", _, _]) => "ListTagsForResource",
            (method, _) => return format!("{method} {}", request.uri.path()),
        };
        name.to_owned()
    }

    async fn handle(&self, request: WireRequest) -> WireResponse {
        let answer = match self.answer(&request) {
            Ok(Answer { root, node, location }) => {
                let body = node.to_xml(root, Some(NAMESPACE));
                let status = if location.is_some() { StatusCode::CREATED } else { StatusCode::OK };
                let response = WireResponse::with_body(status, "text/xml", body);
                location.iter().fold(response, |response, place| response.with_header("location", place))
            }
            Err(error) => error.into_response(Protocol::Query, &request),
        };
        answer.with_header("x-amzn-requestid", &request.request_id)
    }

    fn inventory(&self, inventory: &mut Inventory) {
        // Zones of callers, and the records in them, are theirs. What certificates leave behind is nobody's.
        for zone in self.0.all() {
            let left = zone.records().filter(|record| record.validates());
            inventory.others.extend(left.map(|record| format!("validation-record {}", record.name)));
            if zone.stack.is_some() {
                inventory.others.push(format!("hosted-zone {}", zone.name));
            }
        }
    }
}

impl From<Route53Error> for ApiError {
    fn from(error: Route53Error) -> Self {
        let (status, code) = match &error {
            Route53Error::NoSuchZone(_) => (StatusCode::NOT_FOUND, "NoSuchHostedZone"),
            Route53Error::ZoneExists => (StatusCode::CONFLICT, "HostedZoneAlreadyExists"),
            Route53Error::ZoneNotEmpty => (StatusCode::BAD_REQUEST, "HostedZoneNotEmpty"),
            Route53Error::InvalidName(_) => (StatusCode::BAD_REQUEST, "InvalidDomainName"),
            Route53Error::InvalidChange(_) => (StatusCode::BAD_REQUEST, "InvalidChangeBatch"),
            Route53Error::InvalidInput(_) => (StatusCode::BAD_REQUEST, "InvalidInput"),
        };
        Self::with_status(status, code, error.to_string())
    }
}

impl Route53Service {
    fn answer(&self, request: &WireRequest) -> Result<Answer, ApiError> {
        let path = request.uri.path().trim_matches('/').to_owned();
        let parts: Vec<&str> = path.split('/').collect();
        let unknown = || {
            let operation = self.operation(request);
            let message = format!("The operation {operation} of route53 is not offered by this cloud.");
            ApiError::with_status(StatusCode::NOT_IMPLEMENTED, "NotImplemented", message)
        };
        let ["2013-04-01", rest @ ..] = parts.as_slice() else { return Err(unknown()) };
        let ok = |root, node| Ok(Answer { root, node, location: None });
        match (&request.method, rest) {
            (&Method::POST, ["hostedzone"]) => self.create(request),
            (&Method::GET, ["hostedzone"]) => {
                let (most, marker) = (most(request)?, request.query_param("marker"));
                let page = PageRequest::new(marker.clone(), None)
                    .of(self.0.all(), |zone| &zone.id, most, most)
                    .map_err(|error| Route53Error::InvalidInput(error.to_string()))?;
                let marker = marker.unwrap_or_default();
                let listed =
                    listed(&page.items, most).with("Marker", marker).with("IsTruncated", page.next.is_some());
                ok(
                    "ListHostedZonesResponse",
                    match page.next {
                        Some(next) => listed.with("NextMarker", next),
                        None => listed,
                    },
                )
            }
            (&Method::GET, ["hostedzonesbyname"]) => {
                let from = request.query_param("dnsname").map(|name| absolute(&name)).transpose()?;
                let mut zones = self.0.all();
                zones.retain(|zone| from.as_ref().is_none_or(|from| reversed(&zone.name) >= reversed(from)));
                zones.sort_by_key(|zone| reversed(&zone.name));
                let most = most(request)?;
                let next = zones.get(most).map(|next| (next.name.clone(), bare(&next.id).to_owned()));
                zones.truncate(most);
                let listed = listed(&zones, most).with("IsTruncated", next.is_some());
                ok(
                    "ListHostedZonesByNameResponse",
                    match next {
                        Some((name, id)) => listed.with("NextDNSName", name).with("NextHostedZoneId", id),
                        None => listed,
                    },
                )
            }
            (&Method::GET, ["hostedzone", id]) => {
                let zone = self.0.zone(id)?;
                let node =
                    Node::Struct(vec![("HostedZone", hosted(&zone)), ("DelegationSet", delegation(&zone))]);
                ok("GetHostedZoneResponse", node)
            }
            (&Method::DELETE, ["hostedzone", id]) => {
                self.0.delete_zone(id)?;
                ok("DeleteHostedZoneResponse", Node::Struct(vec![("ChangeInfo", change_info(&change_id()))]))
            }
            (&Method::POST, ["hostedzone", id, "rrset"]) => {
                self.0.change(id, changes(&Element::parse(&request.body)?)?)?;
                let node = Node::Struct(vec![("ChangeInfo", change_info(&change_id()))]);
                ok("ChangeResourceRecordSetsResponse", node)
            }
            (&Method::GET, ["hostedzone", id, "rrset"]) => {
                ok("ListResourceRecordSetsResponse", records(&self.0.zone(id)?, request)?)
            }
            // Nothing has to spread, so every change is everywhere at once.
            (&Method::GET, ["change", id]) if !is_change_id(id) => {
                let message = format!("A change with the specified change ID ({id}) does not exist.");
                Err(ApiError::with_status(StatusCode::NOT_FOUND, "NoSuchChange", message))
            }
            (&Method::GET, ["change", id]) => {
                ok("GetChangeResponse", Node::Struct(vec![("ChangeInfo", change_info(id))]))
            }
            (&Method::GET, ["tags", "healthcheck", id]) => {
                let message = format!("No health check exists with the specified ID: {id}");
                Err(ApiError::with_status(StatusCode::NOT_FOUND, "NoSuchHealthCheck", message))
            }
            (&Method::GET, ["tags", "hostedzone", id]) => {
                let zone = self.0.zone(id)?;
                let tags = zone.tags.iter().map(|(key, value)| {
                    Node::Struct(vec![("Key", key.as_str().into()), ("Value", value.as_str().into())])
                });
                let set = Node::Struct(vec![
                    ("ResourceType", "hostedzone".into()),
                    ("ResourceId", zone.id.as_str().into()),
                    ("Tags", Node::Named("Tag", tags.collect())),
                ]);
                ok("ListTagsForResourceResponse", Node::Struct(vec![("ResourceTagSet", set)]))
            }
            _ => Err(unknown()),
        }
    }

    fn create(&self, request: &WireRequest) -> Result<Answer, ApiError> {
        let input = Element::parse(&request.body)?;
        let config = input.child("HostedZoneConfig");
        let setting = |name| config.and_then(|config| config.child_text(name));
        if input.child("VPC").is_some() || setting("PrivateZone") == Some("true") {
            let message = "Private hosted zones are not offered by this cloud.".to_owned();
            return Err(Route53Error::InvalidInput(message).into());
        }
        let zone = self.0.create_zone(NewZone {
            name: required(&input, "Name")?.to_owned(),
            caller_reference: required(&input, "CallerReference")?.to_owned(),
            comment: setting("Comment").unwrap_or_default().to_owned(),
            ..NewZone::default()
        })?;
        let node = Node::Struct(vec![
            ("HostedZone", hosted(&zone)),
            ("ChangeInfo", change_info(&change_id())),
            ("DelegationSet", delegation(&zone)),
        ]);
        let location = format!("https://route53.amazonaws.com/2013-04-01/hostedzone/{}", bare(&zone.id));
        Ok(Answer { root: "CreateHostedZoneResponse", node, location: Some(location) })
    }
}

fn required<'e>(element: &'e Element, name: &str) -> Result<&'e str, ApiError> {
    element
        .child_text(name)
        .filter(|text| !text.is_empty())
        .ok_or_else(|| Route53Error::InvalidInput(format!("{} needs a {name}", element.name)).into())
}

fn changes(input: &Element) -> Result<Vec<(ChangeAction, Record)>, ApiError> {
    let batch = input.child("ChangeBatch").and_then(|batch| batch.child("Changes"));
    let wrong = |message: String| ApiError::from(Route53Error::InvalidInput(message));
    let batch = batch.ok_or_else(|| wrong("ChangeResourceRecordSetsRequest needs Changes".to_owned()))?;
    let change = |change: &Element| {
        let action = match required(change, "Action")? {
            "CREATE" => ChangeAction::Create,
            "UPSERT" => ChangeAction::Upsert,
            "DELETE" => ChangeAction::Delete,
            other => return Err(wrong(format!("The action {other} is none of CREATE, UPSERT and DELETE"))),
        };
        let set = change.child("ResourceRecordSet");
        let set = set.ok_or_else(|| wrong("A change needs a ResourceRecordSet".to_owned()))?;
        if let Some(other) = set.children.iter().find(|child| !RECORD_MEMBERS.contains(&child.name.as_str()))
        {
            return Err(wrong(format!("{} of a record is not offered here", other.name)));
        }
        let (name, kind) = (required(set, "Name")?, required(set, "Type")?.parse()?);
        let alias = set.child("AliasTarget").map(|target| {
            Ok::<_, ApiError>(AliasTarget {
                zone: required(target, "HostedZoneId")?.to_owned(),
                name: required(target, "DNSName")?.to_owned(),
                evaluate_health: target.child_text("EvaluateTargetHealth") == Some("true"),
            })
        });
        let ttl = set.child_text("TTL").map(|text| {
            text.parse::<u32>().map_err(|_| wrong(format!("The TTL {text} is no number of seconds")))
        });
        let values = set.child("ResourceRecords").into_iter().flat_map(|list| list.all("ResourceRecord"));
        let values =
            values.map(|one| Ok(required(one, "Value")?.to_owned())).collect::<Result<_, ApiError>>()?;
        let record = match alias.transpose()? {
            Some(target) => Record { values, ttl: ttl.transpose()?, ..Record::alias(name, kind, target) },
            None => Record { ttl: ttl.transpose()?, ..Record::plain(name, kind, 0, values) },
        };
        record.check()?;
        Ok((action, record))
    };
    batch.all("Change").map(change).collect()
}

/// A page of the records of a zone, from the name and type that the caller gives on.
fn records(zone: &HostedZone, request: &WireRequest) -> Result<Node, ApiError> {
    const MOST: usize = 300;
    let wrong = |message: String| ApiError::from(Route53Error::InvalidInput(message));
    let name = request.query_param("name").map(|name| absolute(&name)).transpose()?;
    let kind = request.query_param("type").map(|kind| kind.parse::<RecordType>()).transpose()?;
    let most = match request.query_param("maxitems") {
        None => MOST,
        Some(text) => match text.parse() {
            Ok(most @ 1..) => MOST.min(most),
            _ => return Err(wrong(format!("maxitems is {text}; it must be 1 or more"))),
        },
    };
    let from = name.map(|name| (reversed(&name), kind));
    let wanted = |record: &&Record| {
        let Some((name, kind)) = &from else { return true };
        let own = reversed(&record.name);
        own > *name || own == *name && kind.is_none_or(|kind| record.kind >= kind)
    };
    let mut all: Vec<&Record> = zone.records().filter(wanted).collect();
    let next = all.get(most).map(|next| (next.name.clone(), next.kind.name()));
    all.truncate(most);
    Ok(Node::members([
        ("ResourceRecordSets", Some(Node::Named("ResourceRecordSet", all.into_iter().map(record).collect()))),
        ("IsTruncated", Some(next.is_some().into())),
        ("NextRecordName", next.as_ref().map(|(name, _)| name.as_str().into())),
        ("NextRecordType", next.as_ref().map(|(_, kind)| (*kind).into())),
        ("MaxItems", Some(most.to_string().into())),
    ]))
}

/// How many zones the caller wants; more than 100 are 100.
fn most(request: &WireRequest) -> Result<usize, ApiError> {
    let size = PageRequest::new(None, request.query_param("maxitems")).size(100, usize::MAX);
    Ok(size.map_err(|error| Route53Error::InvalidInput(error.to_string()))?.min(100))
}

fn listed(zones: &[HostedZone], most: usize) -> Node {
    Node::Struct(vec![
        ("HostedZones", Node::Named("HostedZone", zones.iter().map(hosted).collect())),
        ("MaxItems", most.to_string().into()),
    ])
}

fn hosted(zone: &HostedZone) -> Node {
    let comment = (!zone.comment.is_empty()).then(|| zone.comment.as_str().into());
    Node::Struct(vec![
        ("Id", format!("/hostedzone/{}", bare(&zone.id)).into()),
        ("Name", zone.name.as_str().into()),
        ("CallerReference", zone.caller_reference.as_str().into()),
        ("Config", Node::members([("Comment", comment), ("PrivateZone", Some(false.into()))])),
        ("ResourceRecordSetCount", zone.record_count().into()),
    ])
}

fn delegation(zone: &HostedZone) -> Node {
    let servers = zone.name_servers().map(|server| Node::from(server.trim_end_matches('.')));
    Node::Struct(vec![("NameServers", Node::Named("NameServer", servers.to_vec()))])
}

fn record(record: &Record) -> Node {
    let values = record.values.iter().map(|value| Node::Struct(vec![("Value", value.as_str().into())]));
    let values = (!record.values.is_empty()).then(|| Node::Named("ResourceRecord", values.collect()));
    let alias = record.alias.as_ref().map(|target| {
        Node::Struct(vec![
            ("HostedZoneId", target.zone.as_str().into()),
            ("DNSName", target.name.as_str().into()),
            ("EvaluateTargetHealth", target.evaluate_health.into()),
        ])
    });
    Node::members([
        ("Name", Some(record.name.replace('*', "\\052").into())),
        ("Type", Some(record.kind.name().into())),
        ("TTL", record.ttl.map(|ttl| i64::from(ttl).into())),
        ("ResourceRecords", values),
        ("AliasTarget", alias),
    ])
}

fn change_id() -> String {
    format!("C{}", ids::letters_and_digits(20).to_uppercase())
}

fn is_change_id(id: &str) -> bool {
    let id = id.strip_prefix('C').unwrap_or_default();
    id.len() == 20 && id.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

fn change_info(id: &str) -> Node {
    Node::Struct(vec![
        ("Id", format!("/change/{id}").into()),
        ("Status", "INSYNC".into()),
        ("SubmittedAt", iso_millis(epoch_millis()).into()),
    ])
}
