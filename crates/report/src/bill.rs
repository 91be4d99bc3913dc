//! What a variant is billed for, in quantities and without prices.

use serde::{Deserialize, Serialize};

/// What a variant is billed for. Prices make a [`crate::Cost`] of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bill {
    pub lines: Vec<Line>,
    /// What may cost something that no line stands for, one sentence each.
    #[serde(default)]
    pub unpriced: Vec<String>,
}

/// One thing that is billed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// The item's key in the price file.
    pub item: String,
    /// How many of the item's units.
    pub quantity: f64,
    pub per: Per,
    /// What it is in the variant, for people: `Service: 2 tasks of 0.25 vCPU`.
    pub what: String,
}

/// What a quantity is counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Per {
    /// Each hour that the variant is up, with or without requests.
    Hour,
    /// Each hour in which requests come, however many.
    BusyHour,
    Request,
}
