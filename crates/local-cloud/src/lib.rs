//! An embedded AWS: wire protocols, services and resource types on loopback.
//!
//! [`Cloud::start`] binds one HTTP server on 127.0.0.1 for all AWS APIs. The [`Router`] tells the service of a
//! request, the service's wire handler decodes it, and the state behind it is plain Rust in [`Services`], which
//! resource handlers call directly.

mod admin;
mod cloud;
mod faults;
mod inventory;
pub mod resources;
mod router;
mod server;
pub mod services;
mod signature;
pub mod wire;

pub use cloud::{Cloud, CloudError, CloudOptions, Leftovers};
pub use faults::{FaultKind, Faults};
pub use inventory::{Inventory, Process};
pub use router::Router;
pub use services::{RegionContext, Service, Services};
