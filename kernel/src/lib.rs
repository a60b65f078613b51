//! Machinery every storey stands on: the store, the time, ids, faults. It knows no HTTP and no HTML.

pub mod access;
mod bearer;
pub mod clock;
pub mod counter;
pub mod cx;
pub mod events;
pub mod fault;
pub mod files;
mod ground;
pub mod id;
pub mod jobs;
pub mod node;
pub mod notify;
pub mod outbound;
pub mod people;
pub mod search;
pub mod secrets;
pub mod session;
pub mod settings;
pub mod store;
pub mod tenancy;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use clock::Clock;
pub use cx::{Cx, Who};
pub use fault::{Fault, Problem};
pub use ground::{Ground, JUMP_MS};
pub use id::Ref;
#[doc(hidden)]
pub use inventory;

use store::{Migration, Schema};

/// The tables of the ground floor.
pub const SCHEMA: Schema = Schema {
    part: "kernel",
    steps: &[
        Migration { name: "0001_ground", text: include_str!("migrations/0001_ground.sql") },
        Migration { name: "0002_notices", text: include_str!("migrations/0002_notices.sql") },
    ],
};

#[cfg(test)]
mod tests;
