//! `AWS::Route53::*`

use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde::Deserialize;
use serde_json::json;

use super::kind::{Call, Code, ResourceType, Tag, failed, resource};
use crate::services::route53::{
    AliasTarget, ChangeAction, NewZone, Record, RecordType, Route53, Route53Error, absolute,
};

fn refused(error: Route53Error) -> Failure {
    let code = match &error {
        Route53Error::NoSuchZone(_) => Code::NotFound,
        Route53Error::ZoneExists => Code::AlreadyExists,
        Route53Error::ZoneNotEmpty => Code::ResourceConflict,
        Route53Error::InvalidName(_) | Route53Error::InvalidChange(_) | Route53Error::InvalidInput(_) => {
            Code::InvalidRequest
        }
    };
    failed(code, error)
}

pub(super) struct HostedZone;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ZoneProperties {
    name: String,
    hosted_zone_config: Option<ZoneConfig>,
    #[serde(default)]
    hosted_zone_tags: Vec<Tag>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ZoneConfig {
    comment: Option<String>,
}

impl ZoneProperties {
    fn comment(&self) -> &str {
        self.hosted_zone_config.as_ref().and_then(|config| config.comment.as_deref()).unwrap_or_default()
    }
}

#[async_trait]
impl ResourceType for HostedZone {
    const SCHEMA: &'static str = include_str!("schemas/route53-hosted-zone.yaml");
    type Properties = ZoneProperties;

    async fn create(call: Call<ZoneProperties>) -> Result<Resource, Failure> {
        let properties = &call.properties;
        let new = NewZone {
            name: properties.name.clone(),
            caller_reference: uuid::Uuid::new_v4().to_string(),
            comment: properties.comment().to_owned(),
            tags: call.tags(&properties.hosted_zone_tags),
            stack: Some(call.request.stack_name.clone()),
        };
        let zone = call.services.route53.create_zone(new).map_err(refused)?;
        let servers = zone.name_servers().map(|server| server.trim_end_matches('.'));
        Ok(resource(zone.id.clone(), [("Id", json!(zone.id)), ("NameServers", json!(servers))]))
    }

    async fn update(
        call: Call<ZoneProperties>,
        current: Resource,
        _: ZoneProperties,
    ) -> Result<Resource, Failure> {
        let tags = call.tags(&call.properties.hosted_zone_tags);
        let comment = call.properties.comment();
        call.services.route53.describe(&current.physical_id, comment, tags).map_err(refused)?;
        Ok(current)
    }

    async fn delete(call: Call<ZoneProperties>, current: Resource) -> Result<(), Failure> {
        match call.services.route53.delete_zone(&current.physical_id) {
            Ok(()) | Err(Route53Error::NoSuchZone(_)) => Ok(()),
            Err(error) => Err(refused(error)),
        }
    }
}

pub(super) struct RecordSet;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct RecordProperties {
    hosted_zone_id: Option<String>,
    hosted_zone_name: Option<String>,
    name: String,
    #[serde(rename = "Type")]
    kind: String,
    #[serde(rename = "TTL")]
    ttl: Option<String>,
    #[serde(default)]
    resource_records: Vec<String>,
    alias_target: Option<Alias>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Alias {
    #[serde(rename = "DNSName")]
    dns_name: String,
    hosted_zone_id: String,
    #[serde(default)]
    evaluate_target_health: bool,
}

impl RecordProperties {
    fn zone(&self, route53: &Route53) -> Result<String, Failure> {
        match (&self.hosted_zone_id, &self.hosted_zone_name) {
            (Some(id), None) => Ok(id.clone()),
            (None, Some(name)) => {
                let absolute = absolute(name).map_err(refused)?;
                let mut zones = route53.all();
                zones.retain(|zone| zone.name == absolute);
                match zones.as_slice() {
                    [zone] => Ok(zone.id.clone()),
                    _ => Err(failed(
                        Code::NotFound,
                        format!(
                            "There are {} hosted zones with the name {name}; there must be one",
                            zones.len()
                        ),
                    )),
                }
            }
            _ => {
                Err(failed(Code::InvalidRequest, "Exactly one of HostedZoneId and HostedZoneName is needed"))
            }
        }
    }

    fn record(&self) -> Result<Record, Failure> {
        let kind: RecordType = self.kind.parse().map_err(refused)?;
        let ttl = self.ttl.as_deref().map(str::parse).transpose();
        let ttl = ttl.map_err(|_| failed(Code::InvalidRequest, "TTL is not a number of seconds"))?;
        let values = self.resource_records.clone();
        let record = match &self.alias_target {
            Some(alias) => {
                let target = AliasTarget {
                    zone: alias.hosted_zone_id.clone(),
                    name: alias.dns_name.clone(),
                    evaluate_health: alias.evaluate_target_health,
                };
                Record { ttl, values, ..Record::alias(&self.name, kind, target) }
            }
            None => Record { ttl, ..Record::plain(&self.name, kind, 0, values) },
        };
        record.check().map_err(refused)?;
        Ok(record)
    }
}

#[async_trait]
impl ResourceType for RecordSet {
    const SCHEMA: &'static str = include_str!("schemas/route53-record-set.yaml");
    type Properties = RecordProperties;

    async fn create(call: Call<RecordProperties>) -> Result<Resource, Failure> {
        let (properties, route53) = (&call.properties, &call.services.route53);
        let (zone, record) = (properties.zone(route53)?, properties.record()?);
        route53.change(&zone, vec![(ChangeAction::Create, record)]).map_err(refused)?;
        Ok(resource(properties.name.clone(), []))
    }

    async fn update(
        call: Call<RecordProperties>,
        current: Resource,
        before: RecordProperties,
    ) -> Result<Resource, Failure> {
        let (properties, route53) = (&call.properties, &call.services.route53);
        let (zone, record) = (properties.zone(route53)?, properties.record()?);
        let before = before.record()?;
        let mut changes = Vec::new();
        if before.kind != record.kind {
            changes.push((ChangeAction::Delete, before));
        }
        changes.push((ChangeAction::Upsert, record));
        route53.change(&zone, changes).map_err(refused)?;
        Ok(current)
    }

    async fn delete(call: Call<RecordProperties>, _: Resource) -> Result<(), Failure> {
        let (properties, route53) = (&call.properties, &call.services.route53);
        let Ok(zone) = properties.zone(route53).and_then(|id| route53.zone(&id).map_err(refused)) else {
            return Ok(());
        };
        let wanted = properties.record()?;
        let current = zone.records().find(|record| record.name == wanted.name && record.kind == wanted.kind);
        match current.cloned() {
            Some(current) => route53.change(&zone.id, vec![(ChangeAction::Delete, current)]).map_err(refused),
            None => Ok(()),
        }
    }
}
