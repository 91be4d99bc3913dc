//! Results to statistics, JSON and tables. Pure: it reads what was measured and writes text.
//!
//! [`Sample`] is what was measured of one variant, [`Comparison`] what may be said about several of them.

mod comparison;
mod quantiles;
mod sample;
mod table;

pub use comparison::{Comparison, Measured};
pub use quantiles::Quantiles;
pub use sample::{Origin, Sample};
