//! What agent and server say to each other: types only, versioned.

pub mod packages;
mod section;
mod seen;

pub use section::Section;
pub use seen::{Seen, Took, Unseen};

/// The version of the protocol these types speak.
pub const PROTOCOL: u32 = 1;
