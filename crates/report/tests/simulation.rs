//! Intervals and differences on simulated trials of which the truth is known.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use report::{Difference, Figure, Intervals, Sample, Trial};

const TRIALS: usize = 12;
const REQUESTS: usize = 300;

/// A draw from the normal distribution (Box and Muller).
fn normal(random: &mut StdRng) -> f64 {
    let radius = (-2.0 * (1.0 - random.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.random::<f64>()).cos()
}

/// What the requests of a round have in common: the machine is now a little faster, now a little slower.
fn weather(random: &mut StdRng) -> f64 {
    (normal(random) * 0.1).exp()
}

/// The latency of one request in microseconds: log-normal, with a slow one now and then.
fn latency(random: &mut StdRng, weather: f64) -> f64 {
    let slow = if random.random::<f64>() < 0.02 { 4.0 } else { 1.0 };
    2000.0 * weather * slow * (normal(random) * 0.4).exp()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "microseconds above zero")]
fn record(random: &mut StdRng, weather: f64, own: f64, requests: usize) -> Histogram<u64> {
    let mut histogram = Histogram::new(3).unwrap();
    for _ in 0..requests {
        histogram.record((latency(random, weather) * own) as u64).unwrap();
    }
    histogram
}

fn sample(name: &str, latencies: Vec<Histogram<u64>>) -> Sample {
    let empty = Histogram::new(3).unwrap();
    let trials = latencies.into_iter().map(|latency| Trial {
        requests: latency.len(),
        success: latency.len(),
        elapsed: Duration::from_secs(1),
        statuses: BTreeMap::new(),
        failures: BTreeMap::new(),
        examples: BTreeMap::new(),
        service: latency.clone(),
        latency,
        cold: empty.clone(),
        seconds: Vec::new(),
        late_sends: 0,
        dropped_sends: 0,
    });
    let (variant, workload) = (name.to_owned(), "simulated".to_owned());
    Sample { variant, workload, trials: trials.collect(), warm_up: Vec::new(), doubts: Vec::new() }
}

#[test]
fn intervals_of_percentiles_hold_the_truth_95_times_in_100() {
    let mut random = StdRng::seed_from_u64(7);
    let mut truth = Histogram::new(3).unwrap();
    for _ in 0..4000 {
        let weather = weather(&mut random);
        truth.add(record(&mut random, weather, 1.0, REQUESTS)).unwrap();
    }
    let runs = 500;
    let mut held = [0_u32; 4];
    for _ in 0..runs {
        let trials = (0..TRIALS)
            .map(|_| {
                let weather = weather(&mut random);
                record(&mut random, weather, 1.0, REQUESTS)
            })
            .collect();
        let intervals = Intervals::of(&sample("one", trials));
        let figures = [
            (intervals.p50, Figure::Quantile(0.5)),
            (intervals.p90, Figure::Quantile(0.9)),
            (intervals.p99, Figure::Quantile(0.99)),
            (intervals.mean, Figure::Mean),
        ];
        for (count, (interval, figure)) in held.iter_mut().zip(figures) {
            *count += u32::from(interval.unwrap().contains(figure.of(&truth).unwrap()));
        }
    }
    for (name, held) in ["p50", "p90", "p99", "mean"].iter().zip(held) {
        let share = f64::from(held) / f64::from(runs) * 100.0;
        assert!((92.0..=98.0).contains(&share), "{name}: {share} % of the intervals hold the truth");
    }
}

/// Whether a comparison of two variants, of which the second takes `slower` times as long, shows a difference of medians.
fn shows(random: &mut StdRng, trials: usize, slower: f64) -> bool {
    let (mut one, mut other) = (Vec::new(), Vec::new());
    for _ in 0..trials {
        let round = weather(random);
        // Each turn has some weather of its own beside that of its round.
        let own = |random: &mut StdRng| round * (normal(random) * 0.02).exp();
        let first = own(random);
        one.push(record(random, first, 1.0, REQUESTS));
        let second = own(random);
        other.push(record(random, second, slower, REQUESTS));
    }
    let difference = Difference::between(&sample("other", other), &sample("one", one)).unwrap();
    difference.gaps.p50.unwrap().is_shown()
}

#[test]
fn two_equal_variants_are_seldom_called_different() {
    for trials in [3, 5, 10] {
        let mut random = StdRng::seed_from_u64(11);
        let false_differences = (0..200).filter(|_| shows(&mut random, trials, 1.0)).count();
        assert!(false_differences <= 10, "{false_differences} of 200 with {trials} trials");
    }
}

#[test]
fn a_tenth_slower_is_found_in_ten_trials() {
    let mut random = StdRng::seed_from_u64(13);
    let found = (0..50).filter(|_| shows(&mut random, 10, 1.1)).count();
    assert!(found >= 45, "{found} of 50");
}

#[test]
fn two_equal_runs_are_seldom_called_different() {
    let mut random = StdRng::seed_from_u64(17);
    let mut run = |trials: usize| {
        let latencies = (0..trials).map(|_| {
            let weather = weather(&mut random);
            record(&mut random, weather, 1.0, REQUESTS)
        });
        sample("one", latencies.collect())
    };
    for (before, after) in [(3, 3), (4, 10)] {
        let shown = (0..200).filter(|_| {
            let difference = Difference::unpaired(&run(after), &run(before)).unwrap();
            difference.gaps.p50.unwrap().is_shown()
        });
        let shown = shown.count();
        assert!(shown <= 10, "{shown} of 200 with {before} and {after} trials");
    }
}
