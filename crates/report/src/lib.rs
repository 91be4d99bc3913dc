//! Results to statistics, JSON and tables. Pure: it reads what was measured and writes text.
//!
//! [`Sample`] is what was measured of one variant, [`Comparison`] what may be said about several of them.

mod comparison;
mod counts;
mod difference;
mod interval;
mod pool;
mod quantiles;
mod sample;
mod table;

pub use comparison::{Comparison, Measured};
pub use difference::{Difference, Gap};
pub use interval::Interval;
pub use quantiles::{Figure, Figures, Intervals, Quantiles};
pub use sample::{Origin, Sample, Second, Trial};
