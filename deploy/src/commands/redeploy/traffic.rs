//! Light traffic while a variant is redeployed, to see whether it serves throughout.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use workload::Workload;

use crate::failure::{Failure, chain};
use crate::load_plan::Mix;
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
    pub failures: BTreeMap<load::FailureKind, u64>,
    /// Requests that found the address withdrawn, where the variant has got another one; they are no failures.
    pub withdrawn: u64,
}

impl fmt::Display for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let served = self.requests.saturating_sub(self.failed + self.withdrawn);
        write!(f, ", {served} requests served meanwhile, {} failed", self.failed)?;
        if !self.failures.is_empty() {
            let kinds: Vec<String> =
                self.failures.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
            write!(f, " ({})", kinds.join(", "))?;
        }
        if self.withdrawn > 0 {
            write!(f, ", {} found the old address withdrawn", self.withdrawn)?;
        }
        Ok(())
    }
}

impl Served {
    /// Takes out of the failures what the withdrawal of the address explains: an address that is withdrawn answers nothing
    /// any more, so it is what ended after the last good answer was asked for, provided that some of it met no server. API
    /// Gateway refuses requests to a domain whose mapping is gone before the domain itself is
    /// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-mappings.html>).
    fn set_apart(&mut self, raw: &[load::Raw]) {
        use load::FailureKind::{Connect, Resolve, Tls};
        let good = raw.iter().filter(|one| one.failure.is_none());
        let Some(last) = good.map(|one| one.at.saturating_sub(one.latency)).max() else { return };
        let late: Vec<load::FailureKind> =
            raw.iter().filter(|one| one.at >= last).filter_map(|one| one.failure).collect();
        if !late.iter().any(|kind| matches!(kind, Connect | Resolve | Tls)) {
            return;
        }
        self.withdrawn = late.len() as u64;
        self.failed -= self.withdrawn;
        for kind in late {
            self.failures.entry(kind).and_modify(|count| *count -= 1);
        }
        self.failures.retain(|_, count| *count > 0);
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
        let target = target(subject, work::samples(workload, surroundings, &Mix::default()).await?)?;
        let mut plan = load::Plan::rate(PER_SECOND, LONGEST);
        plan.timeout = TIMEOUT;
        plan.raw = true;
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
        let mut served = Served { requests: 0, failed: 0, failures: BTreeMap::new(), withdrawn: 0 };
        for outcome in outcomes {
            let total = outcome.total().map_err(|error| Failure::unexpected(chain(&error)))?;
            served.requests += total.requests;
            served.failed += total.requests - total.success;
            served.failures.extend(total.failures);
            if moved {
                served.set_apart(&total.raw);
            }
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
        cold: Some(http::HeaderName::from_static(workload::COLD_START_HEADER)),
    })
}

#[cfg(test)]
mod tests {
    use load::FailureKind;

    use super::*;

    /// Requests that took 5 ms each, by when they ended and how.
    fn raw(ends: &[(u64, Option<FailureKind>)]) -> Vec<load::Raw> {
        let one = |(at, failure): &(u64, Option<FailureKind>)| load::Raw {
            at: Duration::from_millis(*at),
            latency: Duration::from_millis(5),
            service: None,
            first_byte: None,
            status: None,
            failure: *failure,
            cold: false,
        };
        ends.iter().map(one).collect()
    }

    fn served(raw: &[load::Raw]) -> Served {
        let mut failures = BTreeMap::new();
        for kind in raw.iter().filter_map(|one| one.failure) {
            *failures.entry(kind).or_default() += 1;
        }
        Served { requests: raw.len() as u64, failed: failures.values().sum(), failures, withdrawn: 0 }
    }

    #[test]
    fn what_the_withdrawal_of_an_address_explains_is_no_failure() {
        use FailureKind::{Closed, Connect, Status};
        let raw = raw(&[
            (20, None),
            (40, Some(Status)),
            (60, None),
            (80, None),
            (78, Some(Closed)),
            (100, Some(Status)),
            (120, Some(Connect)),
            (140, Some(Connect)),
        ]);
        let mut served = served(&raw);
        assert_eq!(
            served.to_string(),
            ", 3 requests served meanwhile, 5 failed (2 connect, 1 closed, 2 status)"
        );
        served.set_apart(&raw);
        assert_eq!(
            served.to_string(),
            ", 3 requests served meanwhile, 1 failed (1 status), 4 found the old address withdrawn"
        );
    }

    #[test]
    fn what_fails_while_somebody_listens_is_a_failure() {
        for ends in [
            &[(20, None), (40, Some(FailureKind::Closed)), (60, Some(FailureKind::Status))][..],
            &[(20, Some(FailureKind::Connect)), (40, None)],
            &[(20, Some(FailureKind::Connect))],
        ] {
            let raw = raw(ends);
            let mut served = served(&raw);
            let before = served.clone();
            served.set_apart(&raw);
            assert_eq!(served, before, "{ends:?}");
        }
    }
}
