//! Business time, on-call time, windows.

pub mod calendar;
pub mod civil;
pub mod moment;
mod openings;
pub mod problem;
pub mod spans;
pub mod week;
pub mod zone;
