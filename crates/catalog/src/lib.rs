//! The variants and foundation stacks, read from their templates.
//!
//! A variant is one template: its `Metadata: Variant:` block names the workload, the hops of a request, the artifacts it
//! needs and the settings that a user may turn; parameters, rules and outputs say the rest. [`Catalog::load`] reads the
//! built-in templates and a user's own, and refuses what does not keep the [contract](Catalog::load). Which stack feeds
//! which follows from names alone: an output of a foundation stack feeds the parameter of the same name.

mod allowed;
mod catalog;
mod contract;
mod error;
mod settings;
mod source;
mod suggestion;
mod template;
mod variant;
mod wiring;

pub use catalog::{ALL, Catalog};
pub use error::{CatalogError, Problem};
pub use template::Template;
pub use variant::{Backend, Optional, Variant};
