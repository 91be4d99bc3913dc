//! Histograms in JSON: `[[microseconds, count], …]`, which any program can read.

use hdrhistogram::Histogram;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The digits that are kept of a value.
pub(crate) const DIGITS: u8 = 3;

pub(crate) fn serialize<S: Serializer>(histogram: &Histogram<u64>, serializer: S) -> Result<S::Ok, S::Error> {
    let counts: Vec<(u64, u64)> = histogram
        .iter_recorded()
        .map(|step| (step.value_iterated_to(), step.count_since_last_iteration()))
        .collect();
    counts.serialize(serializer)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Histogram<u64>, D::Error> {
    let counts = Vec::<(u64, u64)>::deserialize(deserializer)?;
    let mut histogram = Histogram::new(DIGITS).map_err(Error::custom)?;
    for (value, count) in counts {
        histogram.record_n(value, count).map_err(Error::custom)?;
    }
    Ok(histogram)
}

/// Adds one histogram to another. Both grow by themselves, so only memory could make it fail; then what fits is kept.
pub(crate) fn add(own: &mut Histogram<u64>, others: &Histogram<u64>) {
    if own.add(others).is_err() {
        for step in others.iter_recorded() {
            own.saturating_record_n(step.value_iterated_to(), step.count_since_last_iteration());
        }
    }
}
