use std::sync::Arc;

use async_trait::async_trait;
use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::Schedule;
use crate::services::Service;
use crate::services::page::PageRequest;
use crate::wire::{ApiError, WireRequest, WireResponse};
use crate::{Inventory, Services};

/// The scheduler on the wire, as far as it describes schedules.
///
/// <https://docs.aws.amazon.com/scheduler/latest/APIReference/API_Operations.html>
pub struct SchedulerService(pub Arc<Services>);

#[async_trait]
impl Service for SchedulerService {
    fn name(&self) -> &'static str {
        "scheduler"
    }

    fn operation(&self, request: &WireRequest) -> String {
        let path = request.uri.path().trim_matches('/');
        let parts: Vec<&str> = path.split('/').collect();
        let name = match (&request.method, parts.as_slice()) {
            (&Method::GET, ["schedules"]) => "ListSchedules",
            (&Method::GET, ["schedules", _]) => "GetSchedule",
            (&Method::DELETE, ["schedules", _]) => "DeleteSchedule",
            (method, _) => return format!("{method} {}", request.uri.path()),
        };
        name.to_owned()
    }

    async fn handle(&self, request: WireRequest) -> WireResponse {
        let path = request.uri.path().trim_matches('/').to_owned();
        let parts: Vec<&str> = path.split('/').collect();
        let scheduler = &self.0.scheduler;
        let missing = |name: &str| {
            let message = format!("Schedule {name} does not exist.");
            ApiError::with_status(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
        };
        let answer = match (&request.method, parts.as_slice()) {
            (&Method::GET, ["schedules"]) => PageRequest::of_query(&request, "NextToken", "MaxResults")
                .of(scheduler.all(), |schedule| &schedule.name, 100, 100)
                .map_err(|error| error.coded("ValidationException", "ValidationException"))
                .map(|page| {
                    let listed: Vec<Value> = page.items.iter().map(summary).collect();
                    let mut answer = json!({"Schedules": listed});
                    if let Some(token) = page.next {
                        answer["NextToken"] = token.into();
                    }
                    answer
                }),
            (&Method::GET, ["schedules", name]) => {
                scheduler.schedule(name).map(|schedule| described(&schedule)).ok_or_else(|| missing(name))
            }
            (&Method::DELETE, ["schedules", name]) => {
                if scheduler.remove(name) {
                    Ok(json!({}))
                } else {
                    Err(missing(name))
                }
            }
            _ => Err(ApiError::unknown_operation(&request, &self.operation(&request))),
        };
        WireResponse::of_rest_json(&request, answer.map(|value| (StatusCode::OK, Some(value))))
    }

    fn inventory(&self, inventory: &mut Inventory) {
        let schedules = self.0.scheduler.all();
        inventory.others.extend(schedules.iter().map(|schedule| format!("schedule {}", schedule.name)));
    }
}

fn state(schedule: &Schedule) -> &'static str {
    if schedule.enabled { "ENABLED" } else { "DISABLED" }
}

fn summary(schedule: &Schedule) -> Value {
    json!({
        "Arn": schedule.arn,
        "GroupName": "default",
        "Name": schedule.name,
        "State": state(schedule),
        "Target": {"Arn": schedule.target.arn},
    })
}

fn described(schedule: &Schedule) -> Value {
    let mut described = summary(schedule);
    let target = &schedule.target;
    described["ScheduleExpression"] = schedule.expression_text.clone().into();
    described["ScheduleExpressionTimezone"] = "UTC".into();
    described["FlexibleTimeWindow"] = json!({"Mode": "OFF"});
    if let Some(description) = &schedule.description {
        described["Description"] = description.clone().into();
    }
    described["Target"] = json!({
        "Arn": target.arn,
        "RoleArn": target.role,
        "Input": target.input,
        "RetryPolicy": {
            "MaximumEventAgeInSeconds": target.max_age.as_secs(),
            "MaximumRetryAttempts": target.retries,
        },
    });
    described
}
