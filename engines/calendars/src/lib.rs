//! Business time, on-call time, windows.

pub mod calendar;
pub mod civil;
pub mod deadline;
pub mod ical;
pub mod import;
pub mod moment;
pub mod oncall;
mod openings;
pub mod problem;
pub mod recur;
pub mod sla;
pub mod spans;
pub mod week;
pub mod window;
pub mod zone;
