//! What a variant costs.

use serde::Serialize;

use crate::prices::{Item, Prices};
use crate::{Bill, Line, Per};

/// Hours in a month, as AWS counts them in its price examples.
const HOURS_A_MONTH: f64 = 730.0;
/// Requests a second between which break-even rates are looked for.
const RATES: (f64, f64) = (0.001, 100_000.0);

/// What a variant costs, in US dollars, at the prices of the first unit of a month; free tiers left out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cost {
    /// While it is up and nobody asks anything.
    pub idle_per_hour: f64,
    /// What an hour costs more as soon as requests come, however many.
    pub busy_per_hour: f64,
    /// What a million requests add to that.
    pub per_million: f64,
    pub lines: Vec<CostLine>,
    /// What is not in the sums, one sentence each.
    pub unpriced: Vec<String>,
    #[serde(skip)]
    terms: Vec<Term>,
}

/// One line of a bill with its price.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CostLine {
    pub what: String,
    pub per: Per,
    /// Dollars an hour, or a million requests.
    pub usd: f64,
}

#[derive(Clone, Debug, PartialEq)]
struct Term {
    quantity: f64,
    per: Per,
    item: Item,
}

/// A rate at which two variants cost the same.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct BreakEven {
    /// Requests per second, kept up all the time.
    pub rate: f64,
    /// What both then cost an hour.
    pub usd_per_hour: f64,
    /// Whether the first of the two is the cheaper one above this rate.
    pub first_cheaper_above: bool,
}

impl Cost {
    /// Prices a bill. What the prices lack is named among what is not in the sums.
    #[must_use]
    pub fn of(bill: &Bill, prices: &Prices) -> Self {
        let (mut lines, mut terms) = (Vec::new(), Vec::new());
        let mut unpriced = bill.unpriced.clone();
        for line in &bill.lines {
            let Some(item) = prices.items.get(&line.item) else {
                unpriced.push(format!("{}: the prices of {} lack {}", line.what, prices.region, line.item));
                continue;
            };
            lines.push(CostLine { what: line.what.clone(), per: line.per, usd: usd(line, item) });
            terms.push(Term { quantity: line.quantity, per: line.per, item: item.clone() });
        }
        // An empty sum of floats is -0.0.
        let sum = |per| lines.iter().filter(|line| line.per == per).map(|line| line.usd).sum::<f64>() + 0.0;
        let (idle_per_hour, busy_per_hour, per_million) =
            (sum(Per::Hour), sum(Per::BusyHour), sum(Per::Request));
        Self { idle_per_hour, busy_per_hour, per_million, lines, unpriced, terms }
    }

    /// Dollars an hour at a rate of requests per second that is kept up for a month, quantity discounts included.
    #[must_use]
    pub fn hourly(&self, rate: f64) -> f64 {
        let requests = rate * 3600.0 * HOURS_A_MONTH;
        self.terms
            .iter()
            .map(|term| {
                let units = match term.per {
                    Per::BusyHour if rate <= 0.0 => 0.0,
                    Per::Hour | Per::BusyHour => term.quantity * HOURS_A_MONTH,
                    Per::Request => term.quantity * requests,
                };
                term.item.monthly(units) / HOURS_A_MONTH
            })
            .sum()
    }

    /// Dollars for a number of requests within a number of hours.
    #[must_use]
    pub fn run(&self, requests: f64, hours: f64) -> f64 {
        (self.idle_per_hour + self.busy_per_hour) * hours + self.per_million * requests / 1e6
    }

    /// The rates at which this variant and another cost the same, rising; none where one is always the cheaper.
    #[must_use]
    pub fn break_even(&self, other: &Self) -> Vec<BreakEven> {
        let gap = |exponent: f64| self.hourly(10_f64.powf(exponent)) - other.hourly(10_f64.powf(exponent));
        let (low, high) = (RATES.0.log10(), RATES.1.log10());
        let steps = 800;
        let at = |step: u32| low + (high - low) * f64::from(step) / f64::from(steps);
        let mut found = Vec::new();
        for step in 0..steps {
            let (mut left, mut right) = (at(step), at(step + 1));
            let rising = gap(left) < 0.0;
            if gap(left) == 0.0 || rising == (gap(right) < 0.0) {
                continue;
            }
            for _ in 0..60 {
                let middle = f64::midpoint(left, right);
                if (gap(middle) < 0.0) == rising {
                    left = middle;
                } else {
                    right = middle;
                }
            }
            let rate = 10_f64.powf(right);
            found.push(BreakEven { rate, usd_per_hour: self.hourly(rate), first_cheaper_above: !rising });
        }
        found
    }
}

/// Dollars an hour, or a million requests.
fn usd(line: &Line, item: &Item) -> f64 {
    line.quantity
        * item.first()
        * match line.per {
            Per::Hour | Per::BusyHour => 1.0,
            Per::Request => 1e6,
        }
}
