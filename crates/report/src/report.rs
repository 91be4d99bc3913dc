//! A report: everything that the formats show, computed once.

use std::collections::BTreeMap;

use crate::{Comparison, Cost, Judgement, Prices, Results, Threshold, ThresholdError};

/// What is to be shown of a run.
#[derive(Clone, Debug)]
pub struct Report<'r> {
    pub results: &'r Results,
    pub comparison: Comparison,
    /// What variants cost, by their names; only those with a bill.
    pub costs: BTreeMap<String, Cost>,
    /// The day of the prices and their region.
    pub priced: Option<(String, String)>,
    /// What the thresholds found.
    pub judgements: Vec<Judgement>,
}

impl<'r> Report<'r> {
    /// Computes the figures of a run. This takes a moment: each interval is found by resampling.
    #[must_use]
    pub fn new(results: &'r Results) -> Self {
        Self {
            results,
            comparison: results.comparison(),
            costs: BTreeMap::new(),
            priced: None,
            judgements: Vec::new(),
        }
    }

    /// Prices the variants' bills.
    #[must_use]
    pub fn priced(mut self, prices: &Prices) -> Self {
        for entry in &self.results.entries {
            if let Some(bill) = &entry.setup.bill {
                self.costs.insert(entry.sample.variant.clone(), Cost::of(bill, prices));
            }
        }
        self.priced = Some((prices.region.clone(), prices.collected.clone()));
        self
    }

    /// Judges the variants by thresholds.
    pub fn judged(mut self, thresholds: &[Threshold]) -> Result<Self, ThresholdError> {
        for threshold in thresholds {
            self.judgements.extend(threshold.judge(&self.comparison)?);
        }
        Ok(self)
    }

    /// Whether a threshold was crossed.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.judgements.iter().any(|judgement| judgement.failed)
    }
}
