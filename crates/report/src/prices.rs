//! Prices of a region, from a dated file.

use indexmap::IndexMap;
use serde::Deserialize;

/// The price files that come with the program, by region.
const BUILT_IN: [(&str, &str); 1] = [("us-east-1", include_str!("../prices/us-east-1.toml"))];

/// What things cost in a region.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    pub region: String,
    /// The day on which the prices were read, `YYYY-MM-DD`.
    pub collected: String,
    /// Items by the key that a [`crate::Line`] names.
    pub items: IndexMap<String, Item>,
}

/// What one thing costs, in US dollars.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Item {
    /// What is counted, in the singular: `request`, `GB-second`, `hour`.
    pub unit: String,
    /// How many units the prices are for.
    #[serde(default = "one")]
    pub per: f64,
    /// The first step holds from the first unit of a month on.
    pub steps: Vec<Step>,
    /// Where the price was read.
    pub source: String,
    /// What makes it less certain, such as that others than AWS say so.
    pub note: Option<String>,
}

/// A price that holds up to a number of units a month.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    pub usd: f64,
    /// Units a month up to which it holds; without it, for all that are more.
    pub to: Option<f64>,
}

/// Why something cannot be priced.
#[derive(Debug, thiserror::Error)]
pub enum PriceError {
    #[error("there are no prices of {region}; there are those of {known}. A file of prices can be given")]
    Region { region: String, known: String },
    #[error("it is no file of prices: {0}")]
    Shape(#[from] toml::de::Error),
}

fn one() -> f64 {
    1.0
}

impl Prices {
    /// The prices of a region that come with the program.
    pub fn built_in(region: &str) -> Result<Self, PriceError> {
        let Some((_, text)) = BUILT_IN.iter().find(|(known, _)| *known == region) else {
            let known: Vec<&str> = BUILT_IN.iter().map(|(known, _)| *known).collect();
            return Err(PriceError::Region { region: region.to_owned(), known: known.join(", ") });
        };
        Self::from_toml(text)
    }

    /// Reads a price file.
    pub fn from_toml(text: &str) -> Result<Self, PriceError> {
        Ok(toml::from_str(text)?)
    }
}

impl Item {
    /// What a number of units in one month costs, in US dollars.
    #[must_use]
    pub fn monthly(&self, units: f64) -> f64 {
        let mut below = 0.0;
        let mut usd = 0.0;
        for step in &self.steps {
            let upper = step.to.unwrap_or(f64::INFINITY);
            usd += (units.min(upper) - below).max(0.0) * step.usd / self.per;
            below = upper;
        }
        usd
    }

    /// What one unit costs at first, in US dollars.
    #[must_use]
    pub fn first(&self) -> f64 {
        self.steps.first().map_or(0.0, |step| step.usd / self.per)
    }
}
