//! The host agent: looks, reports, and carries out typed orders.
//!
//! ```
//! use mainstay_agent::{Host, collect_all};
//!
//! let facts = collect_all(&Host::live());
//! let load = facts.load.value.expect("every Linux tells its load");
//! println!("{} processors", load.processors.count);
//! for gap in &facts.sockets.unseen {
//!     println!("not visible: {}, because {}", gap.what, gap.because);
//! }
//! ```
//!
//! [`collect_all`] looks once at everything; [`look`] at one section. [`run()`] is the agent of a machine: it
//! enrols once ([`Config::server`], [`Config::token`]), looks in intervals, keeps what it saw in a spool on
//! disk, sends it in order, and takes orders. An order that needs a process calls [`Config::job_program`]
//! with the folder of the order, and that program calls [`job`].
//!
//! A collector reads through [`Host`], which may be the machine or a folder with a machine's files. Nothing
//! a collector does changes the host.

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
