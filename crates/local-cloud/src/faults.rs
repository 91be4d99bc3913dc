//! Faults that are injected on purpose, so that callers' handling of throttling and outages can be proved.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::wire::ApiError;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FaultKind {
    /// The service says that the caller is too fast.
    Throttle,
    /// The service fails.
    Internal,
    /// The service says that the account may not do this.
    Denied,
    /// The service does a part of a batch and leaves the rest to be asked for again. Only DynamoDB's `BatchWriteItem` does.
    Partial,
}

impl FaultKind {
    /// Whether an operation can fail so; `*` stands for any.
    #[must_use]
    pub fn suits(self, service: &str, operation: &str) -> bool {
        self != Self::Partial || (service, operation) == ("dynamodb", "BatchWriteItem")
    }
}

/// Faults by service and operation.
#[derive(Debug, Default)]
pub struct Faults {
    /// Spares the lock on the way of every call while there is no fault, which is nearly always.
    armed: AtomicBool,
    planned: Mutex<HashMap<(String, String), Planned>>,
}

#[derive(Clone, Copy, Debug)]
struct Planned {
    kind: FaultKind,
    left: Option<u64>,
}

impl Faults {
    /// Makes the next `times` calls of an operation fail; without `times`, every call until [`Faults::clear`].
    ///
    /// `service` is the signing name (`sns`), `operation` the API's name (`Publish`), or `*` for all.
    pub fn plan(&self, service: &str, operation: &str, kind: FaultKind, times: Option<u64>) {
        let mut planned = self.planned.lock().unwrap_or_else(PoisonError::into_inner);
        planned.insert((service.to_owned(), operation.to_owned()), Planned { kind, left: times });
        self.armed.store(true, Ordering::Release);
    }

    /// Forgets all faults.
    pub fn clear(&self) {
        let mut planned = self.planned.lock().unwrap_or_else(PoisonError::into_inner);
        planned.clear();
        self.armed.store(false, Ordering::Release);
    }

    /// Whether any fault may be planned, without taking a lock.
    pub(crate) fn armed(&self) -> bool {
        self.armed.load(Ordering::Acquire)
    }

    /// The error that this call meets, if one is planned for it.
    pub(crate) fn strike(&self, service: &str, operation: &str) -> Option<ApiError> {
        let kind = self.take(service, operation, |kind| kind != FaultKind::Partial)?;
        Some(error(service, kind))
    }

    /// Whether this call is to do a part of its work only.
    pub(crate) fn is_partial(&self, service: &str, operation: &str) -> bool {
        self.take(service, operation, |kind| kind == FaultKind::Partial).is_some()
    }

    /// The fault that is planned for a call, counted, if it is one of those that are looked for.
    fn take(&self, service: &str, operation: &str, wanted: impl Fn(FaultKind) -> bool) -> Option<FaultKind> {
        if !self.armed() {
            return None;
        }
        let mut planned = self.planned.lock().unwrap_or_else(PoisonError::into_inner);
        for name in [operation, "*"] {
            let key = (service.to_owned(), name.to_owned());
            let Some(fault) = planned.get_mut(&key).filter(|fault| wanted(fault.kind)) else { continue };
            match &mut fault.left {
                Some(0) => continue,
                Some(left) => *left -= 1,
                None => {}
            }
            return Some(fault.kind);
        }
        None
    }
}

/// What a service says that is closed to an account. App Runner's own words to new customers are not documented.
const NOT_AVAILABLE: &str = "The service is not available to this account.";

/// The error in the service's own words; SNS and S3 have codes and statuses of their own for throttling.
fn error(service: &str, kind: FaultKind) -> ApiError {
    match (kind, service) {
        (FaultKind::Throttle, "sns") => {
            ApiError::with_status(StatusCode::TOO_MANY_REQUESTS, "Throttled", "Rate exceeded")
        }
        (FaultKind::Throttle, "s3") => ApiError::with_status(
            StatusCode::SERVICE_UNAVAILABLE,
            "SlowDown",
            "Please reduce your request rate.",
        ),
        (FaultKind::Throttle, "cloudformation" | "iam" | "sts" | "elasticloadbalancing") => {
            ApiError::sender("Throttling", "Rate exceeded")
        }
        (FaultKind::Throttle, "dynamodb") => ApiError::sender(
            "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
            "The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the UpdateTable API.",
        ),
        (FaultKind::Throttle, "lambda") => {
            ApiError::with_status(StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException", "Rate exceeded")
        }
        (FaultKind::Throttle, _) => ApiError::sender("ThrottlingException", "Rate exceeded"),
        (FaultKind::Denied, "cloudformation" | "iam" | "sts" | "elasticloadbalancing" | "s3") => {
            ApiError::with_status(StatusCode::FORBIDDEN, "AccessDenied", NOT_AVAILABLE)
        }
        (FaultKind::Denied, "sns") => {
            ApiError::with_status(StatusCode::FORBIDDEN, "AuthorizationError", NOT_AVAILABLE)
        }
        (FaultKind::Denied, _) => ApiError::sender("AccessDeniedException", NOT_AVAILABLE),
        (FaultKind::Internal, "sns") => ApiError::with_status(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalError",
            "An internal error occurred.",
        ),
        (FaultKind::Internal, "s3") => ApiError::with_status(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalError",
            "We encountered an internal error. Please try again.",
        ),
        (FaultKind::Internal, "dynamodb") => ApiError::with_status(
            StatusCode::INTERNAL_SERVER_ERROR,
            "com.amazonaws.dynamodb.v20120810#InternalServerError",
            "Internal server error",
        ),
        (FaultKind::Internal | FaultKind::Partial, _) => {
            ApiError::internal("The request processing has failed because of an unknown error.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_the_work_is_no_error() {
        let faults = Faults::default();
        faults.plan("dynamodb", "BatchWriteItem", FaultKind::Partial, Some(1));
        assert_eq!(faults.strike("dynamodb", "BatchWriteItem"), None);
        assert!(faults.is_partial("dynamodb", "BatchWriteItem"));
        assert!(!faults.is_partial("dynamodb", "BatchWriteItem"));
        assert!(FaultKind::Partial.suits("dynamodb", "BatchWriteItem"));
        assert!(!FaultKind::Partial.suits("dynamodb", "*") && FaultKind::Internal.suits("dynamodb", "*"));
    }

    #[test]
    fn strikes_as_often_as_planned() {
        let faults = Faults::default();
        assert_eq!(faults.strike("sns", "Publish"), None);
        faults.plan("sns", "Publish", FaultKind::Throttle, Some(2));
        assert_eq!(faults.strike("sns", "ListTopics"), None);
        assert_eq!(faults.strike("sns", "Publish").unwrap().status, StatusCode::TOO_MANY_REQUESTS);
        assert!(faults.strike("sns", "Publish").is_some());
        assert_eq!(faults.strike("sns", "Publish"), None);
        faults.plan("sqs", "*", FaultKind::Internal, None);
        assert_eq!(faults.strike("sqs", "SendMessage").unwrap().status, StatusCode::INTERNAL_SERVER_ERROR);
        faults.clear();
        assert_eq!(faults.strike("sqs", "SendMessage"), None);
    }
}
