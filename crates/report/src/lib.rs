//! Results to statistics, prices and documents. Pure: it reads what was measured and writes text.
//!
//! [`Results`] is the file that a run saves, with a [`Sample`] a variant. [`Comparison`] is what may be said about several
//! variants, [`Cost`] what a variant's [`Bill`] comes to, and [`Report`] all of it, to be exported in a [`Format`].

mod bill;
mod change;
mod chart;
mod comparability;
mod comparison;
mod conclusion;
mod cost;
mod counts;
mod difference;
mod export;
mod html;
mod interval;
mod pool;
mod prices;
mod published;
mod quantiles;
mod reason;
mod report;
mod resource;
mod results;
mod sample;
mod table;
mod threshold;
mod usage;

pub use bill::{Bill, Line, Per};
pub use change::{Change, Changes, Verdict};
pub use chart::ChartError;
pub use comparison::{Comparison, Measured};
pub use cost::{BreakEven, Cost, CostLine};
pub use difference::{Difference, Gap};
pub use export::{ExportError, Exporter, Format};
pub use interval::Interval;
pub use prices::{Item, PriceError, Prices, Step};
pub use published::{Published, Series};
pub use quantiles::{Figure, Figures, Intervals, Quantiles};
pub use reason::Reason;
pub use report::Report;
pub use resource::{BillError, Resource};
pub use results::{Check, Entry, Machine, Place, Plan, Results, ResultsError, Setup};
pub use sample::{Origin, Sample, Second, Trial};
pub use table::dollars;
pub use threshold::{Bound, Judgement, Metric, Threshold, ThresholdError};
pub use usage::{FunctionUse, Usage};
