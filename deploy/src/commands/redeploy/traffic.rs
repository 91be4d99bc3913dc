//! Light traffic while a variant is redeployed, to see whether it serves throughout.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use workload::Workload;

use crate::failure::{Failure, chain};
use crate::work::{self, Credentials, Sample, Subject, Surroundings};

const PER_SECOND: f64 = 50.0;
/// Longer than any update may take; the traffic ends with the update.
const LONGEST: Duration = Duration::from_hours(1);
/// How long the traffic goes on after the update, so that what comes late is seen too.
const AFTERWARDS: Duration = Duration::from_millis(500);
const TIMEOUT: Duration = Duration::from_secs(10);

/// Requests under way.
pub struct Traffic {
    stop: CancellationToken,
    task: JoinHandle<Result<Vec<load::Outcome>, load::LoadError>>,
}

/// What came of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Served {
    pub requests: u64,
    pub failed: u64,
    /// What went wrong, and how often.
    pub failures: Vec<(load::FailureKind, u64)>,
    /// Requests that found the address withdrawn, where the variant has got another one; they are no failures.
    pub withdrawn: u64,
}

impl fmt::Display for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let served = self.requests.saturating_sub(self.failed + self.withdrawn);
        write!(f, ", {served} requests served meanwhile, {} failed", self.failed)?;
        if !self.failures.is_empty() {
            let kinds: Vec<String> = self
                .failures
                .iter()
                .map(|(kind, count)| format!("{count} {kind:?}").to_lowercase())
                .collect();
            write!(f, " ({})", kinds.join(", "))?;
        }
        if self.withdrawn > 0 {
            write!(f, ", {} found the old address withdrawn", self.withdrawn)?;
        }
        Ok(())
    }
}

impl Served {
    /// Takes what met no server out of the failures. Where nobody listens any more, connections that stood were closed, too.
    fn set_apart(&mut self) {
        use load::FailureKind::{Closed, Connect, Resolve, Tls};
        let nobody = |kind: load::FailureKind| matches!(kind, Connect | Resolve | Tls);
        if !self.failures.iter().any(|(kind, _)| nobody(*kind)) {
            return;
        }
        let gone = |kind: load::FailureKind| nobody(kind) || kind == Closed;
        self.withdrawn = self.failures.iter().filter(|(kind, _)| gone(*kind)).map(|(_, count)| count).sum();
        self.failures.retain(|(kind, _)| !gone(*kind));
        self.failed -= self.withdrawn;
    }
}

impl Traffic {
    /// Begins to send; `None` where the workload's requests are not known.
    pub async fn start(
        subject: &Subject,
        workload: &str,
        surroundings: &Surroundings<'_>,
    ) -> Result<Option<Self>, Failure> {
        let Ok(workload) = workload.parse::<Workload>() else { return Ok(None) };
        let target = target(subject, work::samples(workload, surroundings).await?)?;
        let mut plan = load::Plan::rate(PER_SECOND, LONGEST);
        plan.timeout = TIMEOUT;
        plan.roots.clone_from(&surroundings.target.roots);
        if let load::Shape::Open { connections, .. } = &mut plan.shape {
            *connections = 64;
        }
        let stop = CancellationToken::new();
        let shutdown = stop.clone();
        let task = tokio::spawn(async move { load::run(&[target], &plan, shutdown, &|_| {}).await });
        Ok(Some(Self { stop, task }))
    }

    /// Ends the traffic shortly after now and counts. Where the variant has `moved` to another address, the old one goes
    /// when the update is done, so requests that nobody takes there are counted apart.
    pub async fn stop(self, moved: bool) -> Result<Served, Failure> {
        tokio::time::sleep(AFTERWARDS).await;
        self.stop.cancel();
        let outcomes = match self.task.await {
            Ok(Ok(outcomes)) => outcomes,
            Ok(Err(error)) => return Err(Failure::unexpected(chain(&error))),
            Err(error) => return Err(Failure::unexpected(format!("the traffic broke off: {error}"))),
        };
        let mut served = Served { requests: 0, failed: 0, failures: Vec::new(), withdrawn: 0 };
        for outcome in outcomes {
            let total = outcome.total().map_err(|error| Failure::unexpected(chain(&error)))?;
            served.requests += total.requests;
            served.failed += total.requests - total.success;
            served.failures.extend(total.failures);
        }
        if moved {
            served.set_apart();
        }
        Ok(served)
    }
}

/// The sample requests to a variant, for the load generator, which sends them in turn.
pub fn target(subject: &Subject, samples: Vec<Sample>) -> Result<load::Target, Failure> {
    let requests = samples.into_iter().map(|sample| {
        let mut question = sample.question;
        if let Some(Credentials::Token(token)) = &subject.credentials {
            question.headers.insert(http::header::AUTHORIZATION, token.clone());
        }
        let uri =
            question.uri(subject).map_err(|error| Failure::new(format!("{}: {error}", subject.variant)))?;
        Ok(load::TargetRequest {
            uri,
            method: question.method,
            headers: question.headers,
            body: question.body,
            accepts: Some(load::Accepts(sample.accepts)),
        })
    });
    let signer = match &subject.credentials {
        Some(Credentials::Signature(signer)) => Some(signer.clone()),
        _ => None,
    };
    let seal = signer.map(|signer| {
        load::Seal(Arc::new(move |request, body| {
            // What cannot be signed is refused by the variant, and so is counted.
            if let Err(error) = signer.sign(request, body) {
                tracing::debug!(%error, "a request is not signed");
            }
        }))
    });
    Ok(load::Target {
        name: subject.variant.clone(),
        requests: requests.collect::<Result<_, Failure>>()?,
        choice: load::Choice::InTurn,
        look_every: std::num::NonZeroU32::MIN,
        seal,
        cold: None,
    })
}

#[cfg(test)]
mod tests {
    use load::FailureKind;

    use super::*;

    #[test]
    fn an_address_that_is_withdrawn_is_no_failure() {
        let failures = vec![(FailureKind::Connect, 3), (FailureKind::Closed, 1), (FailureKind::Status, 2)];
        let mut served = Served { requests: 100, failed: 6, failures, withdrawn: 0 };
        assert_eq!(
            served.to_string(),
            ", 94 requests served meanwhile, 6 failed (3 connect, 1 closed, 2 status)"
        );
        served.set_apart();
        assert_eq!(
            served.to_string(),
            ", 94 requests served meanwhile, 2 failed (2 status), 4 found the old address withdrawn"
        );
        let failures = vec![(FailureKind::Closed, 1)];
        let mut cut = Served { requests: 10, failed: 1, failures, withdrawn: 0 };
        cut.set_apart();
        assert_eq!((cut.failed, cut.withdrawn), (1, 0), "somebody still listens there");
    }
}
