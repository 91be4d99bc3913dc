//! Conditions under which a run counts as failed, such as `p99>200ms`.

use std::fmt;
use std::str::FromStr;

use crate::{Comparison, Figure, Measured};

/// A condition that must not hold of any variant, or of the one that it names: `[VARIANT:]METRIC(>|>=|<|<=)VALUE`.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    /// As it was written.
    text: String,
    /// The only variant that it concerns.
    pub variant: Option<String>,
    pub metric: Metric,
    pub bound: Bound,
    /// Milliseconds of a latency, per cent of a share, requests per second of a rate.
    pub value: f64,
}

/// What a threshold looks at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Metric {
    /// From the moment a request was meant to start.
    Latency(Figure),
    /// Requests with the right answer, per cent of all.
    Ok,
    /// Requests per second.
    Rate,
}

/// On which side of the value a figure fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    Above,
    AtLeast,
    Below,
    AtMost,
}

/// What a threshold found at one variant.
#[derive(Clone, Debug, PartialEq)]
pub struct Judgement {
    pub threshold: Threshold,
    pub variant: String,
    pub workload: String,
    /// `None` where nothing was measured.
    pub figure: Option<f64>,
    /// Whether the condition holds, so that the run failed. Where nothing was measured, it failed, too.
    pub failed: bool,
}

/// Why a threshold cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ThresholdError {
    #[error("`{text}` compares nothing; write a metric, one of > >= < <= and a value, such as p99>200ms")]
    Operator { text: String },
    #[error(
        "`{metric}` is no metric of `{text}`; there are p50, p66, p75, p80, p90, p95, p98, p99, p99.9, max, mean, min, ok and rate"
    )]
    Metric { text: String, metric: String },
    #[error("`{value}` is no value of {metric} in `{text}`; write {wanted}")]
    Value { text: String, metric: String, value: String, wanted: &'static str },
    #[error("`{text}` names the variant {variant}, which was not measured; there are {known}")]
    Variant { text: String, variant: String, known: String },
}

impl FromStr for Threshold {
    type Err = ThresholdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        let at = text.find(['<', '>']).ok_or_else(|| ThresholdError::Operator { text: text.to_owned() })?;
        let (left, right) = text.split_at(at);
        let bounds =
            [(">=", Bound::AtLeast), ("<=", Bound::AtMost), (">", Bound::Above), ("<", Bound::Below)];
        let (bound, value) = bounds
            .iter()
            .find_map(|(sign, bound)| Some((*bound, right.strip_prefix(sign)?.trim())))
            .ok_or_else(|| ThresholdError::Operator { text: text.to_owned() })?;
        let (variant, name) = match left.rsplit_once(':') {
            Some((variant, name)) => (Some(variant.trim().to_owned()), name.trim()),
            None => (None, left.trim()),
        };
        let metric = Metric::named(name)
            .ok_or_else(|| ThresholdError::Metric { text: text.to_owned(), metric: name.to_owned() })?;
        let value = metric.read(value).ok_or_else(|| ThresholdError::Value {
            text: text.to_owned(),
            metric: name.to_owned(),
            value: value.to_owned(),
            wanted: metric.wanted(),
        })?;
        Ok(Self { text: text.to_owned(), variant, metric, bound, value })
    }
}

impl fmt::Display for Threshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Metric {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "ok" => Self::Ok,
            "rate" => Self::Rate,
            name => Self::Latency(Figure::named(name)?),
        })
    }

    /// A value with its unit.
    fn read(self, text: &str) -> Option<f64> {
        let digits =
            text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let number: f64 = number.parse().ok()?;
        let factor = match (self, unit.trim_start()) {
            (Self::Latency(_), "us" | "µs") => 0.001,
            (Self::Latency(_), "s") => 1000.0,
            (Self::Latency(_), "ms") | (Self::Ok, "%") | (Self::Rate, "" | "/s") => 1.0,
            _ => return None,
        };
        let allowed = !matches!(self, Self::Ok) || number <= 100.0;
        allowed.then_some(number * factor)
    }

    fn wanted(self) -> &'static str {
        match self {
            Self::Latency(_) => "a number with us, ms or s, such as 200ms",
            Self::Ok => "a number up to 100 with %, such as 99.9%",
            Self::Rate => "requests per second, such as 100 or 100/s",
        }
    }

    /// What was measured; in the unit of [`Threshold::value`].
    #[expect(clippy::cast_precision_loss, reason = "nobody sends 2^52 requests")]
    fn of(self, measured: &Measured) -> Option<f64> {
        match self {
            Self::Latency(figure) => measured.latency_ms.get(figure).copied().flatten(),
            Self::Ok if measured.requests == 0 => None,
            Self::Ok => Some(measured.success as f64 / measured.requests as f64 * 100.0),
            Self::Rate => Some(measured.rate),
        }
    }
}

impl Threshold {
    /// Judges each variant that it concerns.
    pub fn judge(&self, comparison: &Comparison) -> Result<Vec<Judgement>, ThresholdError> {
        let concerned =
            |measured: &&Measured| self.variant.as_ref().is_none_or(|variant| *variant == measured.variant);
        let judgements: Vec<Judgement> = comparison
            .results
            .iter()
            .filter(concerned)
            .map(|measured| {
                let figure = self.metric.of(measured);
                Judgement {
                    threshold: self.clone(),
                    variant: measured.variant.clone(),
                    workload: measured.workload.clone(),
                    figure,
                    failed: figure.is_none_or(|figure| self.bound.holds(figure, self.value)),
                }
            })
            .collect();
        match &self.variant {
            Some(variant) if judgements.is_empty() => {
                let known: Vec<&str> =
                    comparison.results.iter().map(|measured| measured.variant.as_str()).collect();
                Err(ThresholdError::Variant {
                    text: self.text.clone(),
                    variant: variant.clone(),
                    known: known.join(", "),
                })
            }
            _ => Ok(judgements),
        }
    }
}

impl Bound {
    fn holds(self, figure: f64, value: f64) -> bool {
        match self {
            Self::Above => figure > value,
            Self::AtLeast => figure >= value,
            Self::Below => figure < value,
            Self::AtMost => figure <= value,
        }
    }
}

impl fmt::Display for Judgement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.threshold.metric {
            Metric::Latency(_) => " ms",
            Metric::Ok => " %",
            Metric::Rate => "/s",
        };
        let figure = self.figure.map_or_else(
            || "nothing was measured".to_owned(),
            |figure| format!("measured {figure:.3}{unit}"),
        );
        write!(f, "{}: {} ({figure})", self.variant, self.threshold)
    }
}
