//! Lambda zips and container images, built from the workspace without Docker, and their uploads.
//!
//! - [`Workspace`] is the source; [`Artifact`] names what is built from it: `lambda/<binary>` or `container`.
//! - [`build`] compiles and packs, for this machine or for AWS ([`Flavor`]); what was packed before is not packed again.
//! - [`zip`] and [`image`] are the packages, byte for byte the same for the same program.
//! - [`bucket`] and [`registry`] put packages where CloudFormation finds them, under names that follow the content, and
//!   [`bucket::empty`] clears the way for a deletion.
//! - [`upload`] sends one built artifact to the place that its kind needs.

mod artifact;
pub mod bucket;
mod build;
mod cache;
mod cargo;
mod digest;
mod flavor;
pub mod image;
mod process_group;
pub mod registry;
mod static_rustc;
mod target;
mod upload;
mod workspace;
pub mod zip;

pub use artifact::{Artifact, UnknownArtifact};
pub use build::{BuildError, BuildEvent, Built, Package, build};
pub use digest::Digest;
pub use flavor::{Architecture, Flavor, UnknownArchitecture};
pub use upload::{Destination, UploadError, Uploaded, upload};
pub use workspace::Workspace;
