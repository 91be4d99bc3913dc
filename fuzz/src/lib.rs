//! What the fuzz targets share: how they cut an input into parts, and the world that state machines run in.

mod halves;
mod world;

pub use halves::halves;
pub use world::run;
