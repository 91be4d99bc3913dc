//! `AWS::Scheduler::*`

use std::time::Duration;

use async_trait::async_trait;
use cloudformation::handler::{Failure, Resource};
use serde::Deserialize;
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::kind::{Call, Code, ResourceType, exists, failed, resource};
use crate::services::scheduler::{self, Action, Expression, PRINCIPAL, Target};
use crate::wire::epoch_millis;

pub(super) struct Schedule;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Properties {
    name: Option<String>,
    description: Option<String>,
    schedule_expression: String,
    state: Option<String>,
    start_date: Option<String>,
    end_date: Option<String>,
    target: TargetProperties,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TargetProperties {
    arn: String,
    role_arn: String,
    input: Option<String>,
    retry_policy: Option<RetryPolicy>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RetryPolicy {
    maximum_event_age_in_seconds: Option<u64>,
    maximum_retry_attempts: Option<u32>,
}

fn invalid(message: impl std::fmt::Display) -> Failure {
    failed(Code::InvalidRequest, message)
}

fn date(text: Option<&String>) -> Result<Option<OffsetDateTime>, Failure> {
    let read = |text: &String| {
        OffsetDateTime::parse(text, &Rfc3339)
            .map_err(|_| invalid(format!("Invalid date {text}: yyyy-mm-ddThh:mm:ssZ")))
    };
    text.map(read).transpose()
}

impl Properties {
    fn schedule(&self, call: &Call<Self>, name: String) -> Result<scheduler::Schedule, Failure> {
        let target = &self.target;
        if Action::of(&target.arn).is_none() {
            return Err(invalid(format!(
                "Provided Arn is not in correct format: schedules of this cloud invoke functions and start state machines, and {} is neither",
                target.arn
            )));
        }
        if !call.services.iam.trusts(&target.role_arn, PRINCIPAL) {
            return Err(invalid(
                "The execution role you provide must allow AWS EventBridge Scheduler to assume the role.",
            ));
        }
        let expression = Expression::parse(&self.schedule_expression).map_err(|reason| {
            invalid(format!("Invalid Schedule Expression {}: {reason}.", self.schedule_expression))
        })?;
        let policy = target.retry_policy.as_ref();
        Ok(scheduler::Schedule {
            arn: call.arn("scheduler", &format!("schedule/default/{name}")),
            name,
            description: self.description.clone(),
            expression: expression.with_minute(call.services.context.schedule_minute),
            expression_text: self.schedule_expression.clone(),
            enabled: self.state.as_deref() != Some("DISABLED"),
            starts_at: date(self.start_date.as_ref())?,
            ends_at: date(self.end_date.as_ref())?,
            target: Target {
                arn: target.arn.clone(),
                role: target.role_arn.clone(),
                input: target.input.clone().unwrap_or_else(|| "{}".to_owned()),
                retries: policy.and_then(|policy| policy.maximum_retry_attempts).unwrap_or(185),
                max_age: Duration::from_secs(
                    policy.and_then(|policy| policy.maximum_event_age_in_seconds).unwrap_or(86_400),
                ),
            },
            created_at: epoch_millis(),
        })
    }
}

#[async_trait]
impl ResourceType for Schedule {
    const SCHEMA: &'static str = include_str!("schemas/scheduler-schedule.yaml");
    type Properties = Properties;

    async fn create(call: Call<Properties>) -> Result<Resource, Failure> {
        let name = call.name(call.properties.name.as_ref(), 64);
        if call.services.scheduler.schedule(&name).is_some() {
            return Err(exists("AWS::Scheduler::Schedule", &name));
        }
        let schedule = call.properties.schedule(&call, name.clone())?;
        let arn = schedule.arn.clone();
        call.services.scheduler.put(&call.services, schedule);
        Ok(resource(name, [("Arn", json!(arn))]))
    }

    async fn update(call: Call<Properties>, current: Resource, _: Properties) -> Result<Resource, Failure> {
        let schedule = call.properties.schedule(&call, current.physical_id.clone())?;
        call.services.scheduler.put(&call.services, schedule);
        Ok(current)
    }

    async fn delete(call: Call<Properties>, current: Resource) -> Result<(), Failure> {
        call.services.scheduler.remove(&current.physical_id);
        Ok(())
    }
}
