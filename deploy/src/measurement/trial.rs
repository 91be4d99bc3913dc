//! What the load generator counted, as a report keeps it.

/// A turn of a target.
pub fn trial(tally: &load::Tally) -> report::Trial {
    report::Trial {
        requests: tally.requests,
        success: tally.success,
        elapsed: tally.elapsed,
        statuses: tally.statuses.clone(),
        failures: tally.failures.iter().map(|(kind, count)| (kind.to_string(), *count)).collect(),
        examples: tally.examples.iter().map(|(kind, example)| (kind.to_string(), example.clone())).collect(),
        latency: tally.latency.clone(),
        service: tally.service.clone(),
        cold: tally.cold.clone(),
        seconds: tally.seconds.iter().map(second).collect(),
        late_sends: tally.late_sends,
        dropped_sends: tally.dropped_sends,
    }
}

fn second(second: &load::Second) -> report::Second {
    let at = |quantile| report::Figure::Quantile(quantile).of(&second.latency);
    report::Second {
        requests: second.requests,
        failed: second.failed,
        cold: second.cold,
        p50: at(0.5),
        p99: at(0.99),
    }
}
