//! Legal and contractual deadlines: clock packs as data, several running clocks per incident.

pub mod case;
pub mod clock;
pub mod pack;

pub use case::{Case, WORKING_DAYS};
pub use clock::{Deadline, DeadlineState, deadlines, next_due};
pub use pack::{Amount, Anchor, Cap, Ends, Pack, Roll, RunningRule, Unit, Weekend, known_facts, shipped};
