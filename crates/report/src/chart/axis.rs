//! What an axis shows.

use std::ops::Range;

use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};

/// One axis of a chart.
#[derive(Clone, Debug)]
pub(crate) enum Axis {
    /// Places with names, at 0, 1, 2 and so on.
    Names(Vec<String>),
    /// From 0 to this value.
    Linear { to: f64 },
    /// Between two values above 0.
    Log { from: f64, to: f64 },
}

impl Axis {
    /// From zero to a little more than the largest value.
    pub(crate) fn linear(values: impl IntoIterator<Item = f64>) -> Self {
        let most = values.into_iter().filter(|value| value.is_finite()).fold(0.0, f64::max);
        Self::Linear { to: if most > 0.0 { most * 1.05 } else { 1.0 } }
    }

    /// Around the values that are above zero, which a logarithm alone has a place for.
    pub(crate) fn log(values: impl IntoIterator<Item = f64>) -> Self {
        let positive = |value: &f64| value.is_finite() && *value > 0.0;
        let (from, to) = values
            .into_iter()
            .filter(positive)
            .fold((f64::INFINITY, 0.0_f64), |(least, most), value| (least.min(value), most.max(value)));
        if from > to {
            return Self::Log { from: 0.1, to: 10.0 };
        }
        Self::Log { from: from / 1.25, to: to * 1.25 }
    }

    /// Where a value stands: itself, or its logarithm. What is too small for a logarithm stands at the lower end.
    fn place(&self, value: f64) -> f64 {
        match self {
            Self::Names(_) | Self::Linear { .. } => value,
            Self::Log { from, .. } => value.max(*from).log10(),
        }
    }

    /// The values that are labelled.
    fn ticks(&self) -> Vec<f64> {
        match self {
            Self::Names(names) => (0..names.len()).map(float).collect(),
            Self::Linear { to } => steps(*to),
            Self::Log { from, to } => decades(*from, *to),
        }
    }

    pub(super) fn label(&self, value: f64) -> String {
        match self {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "ticks are indices")]
            Self::Names(names) => names.get(value.round() as usize).cloned().unwrap_or_default(),
            _ => figure(value),
        }
    }
}

impl Ranged for Axis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        let (low, high) = (self.place(self.range().start), self.place(self.range().end));
        let share = (self.place(*value) - low) / (high - low);
        #[expect(clippy::cast_possible_truncation, reason = "within the chart")]
        let offset = (share * f64::from(limit.1 - limit.0)).round() as i32;
        limit.0 + offset
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() { Vec::new() } else { self.ticks() }
    }

    fn range(&self) -> Range<f64> {
        match self {
            Self::Names(names) => -0.35..float(names.len()) - 0.65,
            Self::Linear { to } => 0.0..*to,
            Self::Log { from, to } => *from..*to,
        }
    }
}

/// A number with as many digits as a reader needs.
pub(crate) fn figure(value: f64) -> String {
    let digits: usize = match value.abs() {
        size if size >= 99.95 || size == 0.0 => 0,
        size if size >= 9.995 => 1,
        size if size >= 0.0995 => 2,
        size if size >= 0.000_995 => 4,
        _ => 6,
    };
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// About five round steps from zero to a value.
fn steps(to: f64) -> Vec<f64> {
    let rough = to / 5.0;
    let magnitude = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|factor| factor * magnitude)
        .find(|step| *step >= rough)
        .unwrap_or(rough);
    (0..20).map(|index| f64::from(index) * step).take_while(|value| *value <= to * 1.000_001).collect()
}

/// Powers of ten between two values, with their doubles and fivefolds where there is room.
fn decades(from: f64, to: f64) -> Vec<f64> {
    let factors: &[f64] = match (to / from).log10() {
        many if many > 4.0 => &[1.0],
        many if many > 1.2 => &[1.0, 2.0, 5.0],
        _ => &[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0],
    };
    #[expect(clippy::cast_possible_truncation, reason = "exponents are small")]
    let (least, most) = (from.log10().floor() as i32, to.log10().ceil() as i32);
    (least..=most)
        .flat_map(|exponent| factors.iter().map(move |factor| factor * 10_f64.powi(exponent)))
        .filter(|value| from <= *value && *value <= to)
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "a number of places")]
fn float(count: usize) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_the_digits_that_a_reader_needs() {
        let shown: Vec<String> =
            [0.0, 1234.5, 99.96, 12.34, 1.0, 0.5, 0.123, 0.0123, 0.000_012].map(figure).into();
        assert_eq!(shown, ["0", "1234", "100", "12.3", "1", "0.5", "0.12", "0.0123", "0.000012"]);
    }

    #[test]
    fn ticks_are_round_and_within_the_axis() {
        assert_eq!(Axis::Linear { to: 1050.0 }.ticks(), [0.0, 500.0, 1000.0]);
        assert_eq!(decades(0.8, 20.0), [1.0, 2.0, 5.0, 10.0, 20.0]);
        assert_eq!(decades(0.5, 2e6).len(), 7);
    }

    #[test]
    fn an_axis_without_values_has_a_range_all_the_same() {
        assert_eq!(Axis::log([0.0, f64::NAN]).range(), 0.1..10.0);
        assert_eq!(Axis::linear([]).range(), 0.0..1.0);
    }
}
