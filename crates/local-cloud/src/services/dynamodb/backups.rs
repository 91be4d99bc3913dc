//! Continuous backups: whether a table has point-in-time recovery. Nothing can be restored, and restoring is not offered.
//!
//! <https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeContinuousBackups.html>

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::DynamoDbError;
use crate::wire::epoch_millis;

/// AWS keeps 35 days unless told otherwise.
const DAYS: u32 = 35;

/// Tables with point-in-time recovery.
#[derive(Debug, Default)]
pub struct ContinuousBackups {
    tables: Mutex<BTreeMap<String, Recovery>>,
}

#[derive(Clone, Copy, Debug)]
struct Recovery {
    days: u32,
    since_millis: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    point_in_time_recovery_specification: Option<Specification>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Specification {
    point_in_time_recovery_enabled: bool,
    recovery_period_in_days: Option<u32>,
}

impl ContinuousBackups {
    /// `UpdateContinuousBackups` of a table that exists.
    pub fn update(&self, table: &str, request: &Bytes) -> Result<Bytes, DynamoDbError> {
        let input: Input = serde_json::from_slice(request)
            .map_err(|error| DynamoDbError::serialization(error.to_string()))?;
        let wanted = input.point_in_time_recovery_specification.ok_or_else(|| {
            DynamoDbError::validation(
                "1 validation error detected: Value null at 'pointInTimeRecoverySpecification' failed to satisfy constraint: Member must not be null",
            )
        })?;
        let days = wanted.recovery_period_in_days.unwrap_or(DAYS);
        if !(1..=DAYS).contains(&days) {
            return Err(DynamoDbError::validation(format!(
                "RecoveryPeriodInDays is {days}; it must be 1 to {DAYS}"
            )));
        }
        let mut tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        if wanted.point_in_time_recovery_enabled {
            let since_millis = tables.get(table).map_or_else(epoch_millis, |recovery| recovery.since_millis);
            tables.insert(table.to_owned(), Recovery { days, since_millis });
        } else {
            tables.remove(table);
        }
        drop(tables);
        Ok(self.describe(table))
    }

    /// `DescribeContinuousBackups` of a table that exists.
    pub fn describe(&self, table: &str) -> Bytes {
        let tables = self.tables.lock().unwrap_or_else(PoisonError::into_inner);
        let recovery = match tables.get(table) {
            None => json!({"PointInTimeRecoveryStatus": "DISABLED"}),
            Some(recovery) => json!({
                "PointInTimeRecoveryStatus": "ENABLED",
                "RecoveryPeriodInDays": recovery.days,
                "EarliestRestorableDateTime": seconds(recovery.since_millis),
                "LatestRestorableDateTime": seconds(epoch_millis()),
            }),
        };
        let status =
            json!({"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": recovery});
        json!({"ContinuousBackupsDescription": status}).to_string().into()
    }

    /// Forgets a table that is deleted.
    pub fn forget(&self, table: &str) {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner).remove(table);
    }
}

/// JSON protocols write times as seconds with a fraction.
fn seconds(millis: i64) -> Value {
    json!(std::time::Duration::from_millis(millis.unsigned_abs()).as_secs_f64())
}
