//! Figures against the same computed from every single latency.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod fixture;

use proptest::collection::vec;
use proptest::prelude::*;
use report::{Comparison, Difference, Figure, Quantiles, Sample, Trial};

use self::fixture::{histogram, sample, trial};

/// A variant with these latencies, in microseconds, a list a trial.
fn measured(variant: &str, trials: &[Vec<u64>]) -> Sample {
    let trials = trials.iter().map(|micros| {
        let count = u64::try_from(micros.len()).unwrap();
        Trial { latency: histogram(micros.iter().copied()), ..trial(&[(200, count)], count) }
    });
    Sample { trials: trials.collect(), ..sample(variant, &[], 0) }
}

/// A percentile in milliseconds by the nearest rank.
fn exact(micros: &[u64], percent: usize) -> [f64; 2] {
    let mut sorted = micros.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    // A share times a count is rounded in binary, which can raise the rank by one.
    [rank, (rank + 1).min(sorted.len())].map(|rank| millis(sorted[rank - 1]))
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn millis(micros: u64) -> f64 {
    micros as f64 / 1000.0
}

/// Whether a figure agrees to the histogram's three digits.
fn agrees(shown: f64, exact: f64) -> bool {
    (shown - exact).abs() <= exact * 0.001 + 0.001
}

fn latencies() -> impl Strategy<Value = Vec<Vec<u64>>> {
    vec(vec(1..50_000_000_u64, 1..80), 1..6)
}

proptest! {
    #[test]
    fn merged_trials_have_the_percentiles_of_all_requests(trials in latencies()) {
        let all = trials.concat();
        let total = measured("one", &trials).total().unwrap();
        prop_assert_eq!(total.requests, u64::try_from(all.len()).unwrap());
        prop_assert_eq!(&total.latency, &histogram(all.iter().copied()));
        let quantiles = Quantiles::of(&total.latency);
        for (percent, shown) in [
            (50, quantiles.p50), (66, quantiles.p66), (75, quantiles.p75), (80, quantiles.p80), (90, quantiles.p90),
            (95, quantiles.p95), (98, quantiles.p98), (99, quantiles.p99), (100, quantiles.max),
        ] {
            let exact = exact(&all, percent);
            prop_assert!(exact.iter().any(|exact| agrees(shown.unwrap(), *exact)), "p{}: {:?} {:?}", percent, shown, exact);
        }
        let mean = all.iter().map(|micros| millis(*micros)).sum::<f64>() / millis(u64::try_from(all.len()).unwrap() * 1000);
        prop_assert!(agrees(quantiles.mean.unwrap(), mean));
        prop_assert!(agrees(quantiles.min.unwrap(), millis(*all.iter().min().unwrap())));
    }

    #[test]
    fn differences_are_those_of_the_percentiles(one in latencies(), other in latencies()) {
        let pairs = one.len().min(other.len());
        let (one, other) = (&one[..pairs], &other[..pairs]);
        let (mine, others) = (measured("one", one), measured("other", other));
        for difference in [Difference::between(&mine, &others), Difference::unpaired(&mine, &others)] {
            let gap = difference.unwrap().gaps.p90.unwrap();
            let (mine, others) = (exact(&one.concat(), 90), exact(&other.concat(), 90));
            let close = mine.iter().any(|mine| others.iter().any(|others| {
                (gap.ms - (mine - others)).abs() <= (mine + others) * 0.001 + 0.002
                    && (gap.ratio - mine / others).abs() <= mine / others * 0.01
            }));
            prop_assert!(close, "{:?}: {:?} {:?}", gap, mine, others);
            prop_assert_eq!(gap.ms_95.is_some(), pairs > 1);
            if let Some(interval) = gap.ms_95 {
                prop_assert!(interval.contains(gap.ms));
            }
        }
    }

    #[test]
    fn a_variant_differs_from_itself_by_nothing(trials in latencies()) {
        let sample = measured("one", &trials);
        let gap = Difference::between(&sample, &sample).unwrap().gaps.p50.unwrap();
        prop_assert!(gap.ms == 0.0 && (gap.ratio - 1.0).abs() < 1e-12 && !gap.is_shown());
    }

    #[test]
    fn cold_and_warm_are_all(cold in vec(1..1_000_000_u64, 0..20), warm in vec(1..1_000_000_u64, 1..50)) {
        let mut sample = measured("one", &[[cold.clone(), warm.clone()].concat()]);
        sample.trials[0].cold = histogram(cold.iter().copied());
        let measured = &Comparison::new(&[sample], Vec::new()).results[0];
        prop_assert_eq!(measured.cold_ms.0, u64::try_from(cold.len()).unwrap());
        prop_assert_eq!(measured.warm_ms.0, u64::try_from(warm.len()).unwrap());
        let median = exact(&warm, 50);
        let shown = measured.warm_ms.1.get(Figure::Quantile(0.5)).copied().flatten().unwrap();
        prop_assert!(median.iter().any(|median| agrees(shown, *median)), "{} {:?}", shown, median);
    }
}

#[test]
fn shares_and_rates_have_the_interval_of_students_t() {
    let parts = [(90, 10), (94, 6), (86, 14), (90, 10)];
    let trials = parts.map(|(good, bad)| trial(&[(200, good), (500, bad)], 100));
    let mut sample = sample("one", &[], 0);
    sample.trials = trials.to_vec();
    let measured = &Comparison::new(&[sample], Vec::new()).results[0];
    // The deviation of 0.90, 0.94, 0.86 and 0.90 is 0.0327; Student's t with 3 degrees is 3.182.
    let reach = 3.182 * 0.032_66 / 2.0;
    let share = measured.success_95.unwrap();
    assert!(
        (share.low - (0.9 - reach)).abs() < 0.01 && (share.high - (0.9 + reach)).abs() < 0.01,
        "{share:?}"
    );
    let failed = measured.statuses_95[&500].unwrap();
    assert!(
        (failed.low - (0.1 - reach)).abs() < 0.01 && (failed.high - (0.1 + reach)).abs() < 0.01,
        "{failed:?}"
    );
    let rate = measured.rate_95.unwrap();
    assert!((rate.low - 50.0).abs() < 1e-9 && (rate.high - 50.0).abs() < 1e-9, "{rate:?}");
}
