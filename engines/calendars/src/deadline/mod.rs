//! Legal and contractual deadlines: clock packs as data, several running clocks per incident.

pub mod clock;
pub mod pack;

pub use clock::{Case, Deadline, DeadlineState, WORKING_DAYS, deadlines, next_due};
pub use pack::{Amount, Anchor, Cap, Ends, Pack, Roll, RunningRule, Unit, Weekend, known_facts, shipped};
