//! Recurrence: a sound subset of RFC 5545 RRULE, on the wall clock.

mod expand;
pub mod rule;

pub use expand::Occurrences;
pub use rule::{Frequency, NthDay, Rule, Until};
