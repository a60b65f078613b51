//! The host agent: looks, reports, and carries out typed orders.

pub mod clock;
pub mod collect;
pub mod disk;
pub mod host;
pub mod link;
pub mod packages;
pub mod spool;

pub use collect::{Facts, Looked, collect_all, look};
pub use host::Host;
pub use mainstay_wire as wire;
