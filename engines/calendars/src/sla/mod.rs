//! SLA clocks: how much business time a request has used of what was promised, and the proof of the figure.

pub mod clock;
mod measure;
pub mod policy;
mod timeline;

pub use clock::{Clock, ClockState, Mark, clocks};
pub use measure::{Interval, IntervalKind, Why};
pub use policy::{Event, EventKind, Policy, Replan, Rules, Target, TargetKind};
