//! On-call schedules: who is on call, why, and when that changes.

pub mod board;
pub mod fairness;
pub mod layer;
pub mod schedule;
pub mod shifts;
pub mod swap;
pub mod text;
pub(crate) mod turns;

pub use board::{Because, Board, Duty};
pub use schedule::{
    Every, Layer, LayerChange, Mode, Override, OverrideKind, Rotation, Schedule, Slot, Temporary,
    TemporaryShift, Wall,
};
pub use shifts::{Change, Shift, Stretch};
