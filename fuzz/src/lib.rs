//! What the fuzz targets share: how they cut an input into parts, the world that state machines run in, and what reads
//! requests in the embedded cloud.

mod halves;
mod http_message;
mod world;

// The sources themselves, without the services behind them: with those, the targets take minutes longer to compile.
#[path = "../../crates/local-cloud/src/signature.rs"]
#[allow(dead_code, clippy::pedantic, reason = "the embedded cloud uses all of it, and lints it")]
pub mod signature;
#[path = "../../crates/local-cloud/src/wire/mod.rs"]
#[allow(
    dead_code,
    rustdoc::broken_intra_doc_links,
    clippy::pedantic,
    reason = "the embedded cloud uses all of it, and lints it"
)]
pub mod wire;

pub use halves::halves;
pub use http_message::request;
pub use world::run;
