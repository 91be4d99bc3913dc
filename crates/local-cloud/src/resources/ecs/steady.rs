use std::time::Duration;

use cloudformation::handler::{Failure, Request};
use data_plane::task::TaskService;

use crate::resources::kind::{Code, failed};

/// How long a service may take to become steady. AWS waits for three hours; here a task starts in a second or not at all.
const STEADY_TIMEOUT: Duration = Duration::from_mins(10);

/// Waits until the service is steady and tells what it waits for.
pub(super) async fn steady(request: &Request, handle: &TaskService, whom: &str) -> Result<(), Failure> {
    let follow = async {
        let mut status = handle.watch();
        let mut told = String::new();
        loop {
            let text = {
                let now = status.borrow_and_update();
                let newest = now.deployments.first();
                let (desired, running) =
                    newest.map_or((now.desired, now.running), |newest| (newest.desired, newest.running));
                format!("waiting for {} of {desired} tasks to be {whom}", desired.saturating_sub(running))
            };
            if text != told && !text.contains("waiting for 0 of") {
                (request.progress)(&text);
                told = text;
            }
            if status.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    let outcome = tokio::time::timeout(STEADY_TIMEOUT, async {
        tokio::select! {
            outcome = handle.steady() => outcome,
            () = follow => Ok(()),
        }
    })
    .await;
    match outcome {
        Ok(Ok(())) => Ok(()),
        Ok(Err(failure)) => Err(failed(
            Code::GeneralServiceException,
            format!(
                "Error occurred during operation 'ECS Deployment Circuit Breaker was triggered'. {failure}"
            ),
        )),
        Err(_) => {
            let events = handle.status().events;
            let last = events.first().map_or_else(String::new, |event| format!(": {}", event.message));
            let seconds = STEADY_TIMEOUT.as_secs();
            Err(failed(Code::NotStabilized, format!("the service was not steady within {seconds} s{last}")))
        }
    }
}
