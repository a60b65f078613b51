//! The host agent: looks, reports, and carries out typed orders.

pub mod clock;
pub mod collect;
pub mod disk;
pub mod host;
mod identity;
pub mod link;
mod orders;
pub mod packages;
mod run;
pub mod spool;

pub use collect::{Facts, Looked, collect_all, look};
pub use host::Host;
pub use mainstay_wire as wire;
pub use orders::job::job;
pub use run::{Config, Fault, Look, run};
