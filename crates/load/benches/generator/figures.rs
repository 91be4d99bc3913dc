//! Figures and the bounds that are wanted of them.

/// The middle one of several values, or the mean of the middle two.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let (low, high) = ((values.len().max(1) - 1) / 2, values.len() / 2);
    values.get(low).zip(values.get(high)).map_or(f64::NAN, |(low, high)| f64::midpoint(*low, *high))
}

/// Prints a figure beside what is wanted of it.
pub fn judge(what: &str, figure: &str, wanted: &str, met: bool) {
    println!("  {what:<58} {figure:>9}   wanted {wanted:<16} {}", if met { "met" } else { "NOT MET" });
}

#[expect(clippy::cast_precision_loss, reason = "no count here reaches 2^52")]
pub fn float(count: u64) -> f64 {
    count as f64
}

/// Milliseconds of whole microseconds.
pub fn millis(micros: u64) -> f64 {
    float(micros) / 1000.0
}
