//! What agent and server say to each other: types only, versioned.
//!
//! ```
//! use mainstay_wire::{Item, Report, Section, Seen, disks::Disks};
//!
//! let report: Report = serde_json::from_str(r#"{
//!     "protocol": 1, "spool_id": "k3", "sent_at_ms": 5, "items": [
//!         {"seq": 7, "at_ms": 4, "section": "disks", "hash": "ab…",
//!          "content": {"value": {"file_systems": []}, "unseen": []}},
//!         {"seq": 8, "at_ms": 5, "section": "units", "hash": "cd…"}]}"#)?;
//! let disks: Seen<Disks> = report.items[0].read().expect("it changed")?;
//! assert!(disks.is_whole());
//! assert_eq!(report.items[1].section, Section::Units);
//! assert!(report.items[1].content.is_none(), "looked again, and it is the same");
//! # Ok::<(), serde_json::Error>(())
//! ```
//!
//! # The protocol, version 1
//!
//! JSON over HTTP; plain HTTP to loopback only. The agent always calls, the server never does.
//!
//! | Call | Body | Answer 200 |
//! |---|---|---|
//! | `POST /api/v1/agent/enrol` | [`Enrol`] | [`Enrolled`] |
//! | `POST /api/v1/agent/report` | [`Report`] | [`Received`] |
//! | `GET /api/v1/agent/orders?wait_s=25` | – | [`Orders`], after `wait_s` seconds at the latest |
//! | `POST /api/v1/agent/output` | [`Output`] | [`Heard`] |
//!
//! All but the first carry `Authorization: Bearer KEY`. Other answers:
//!
//! | Status | Meaning | The agent |
//! |---|---|---|
//! | 400, 422 | the body is not understood | sets the batch aside after sending its items one by one; goes on with the rest |
//! | 401 | the key (or token) is not, or no longer, good | keeps spooling, asks again every few minutes, says so in its log |
//! | 409 | an older lease of this order | stops reporting it |
//! | 413 | too large | sends fewer items at once |
//! | 426 | another protocol is needed | keeps spooling, says so |
//! | 429, 5xx, none | not now | waits (`Retry-After` when given, else doubling from 1 s to 5 min, with jitter) |
//!
//! **Nothing is doubled.** Items are numbered; a number not above `acked` is skipped. Output has offsets;
//! what the server already has is skipped. An order has an id that an agent runs once, even over kill -9.
//! **Nothing is lost.** Items stay in the agent's spool on disk until `acked` covers them. When the spool
//! is full the older looks of each section go first and `dropped` counts them; the newest look of each
//! section always stays.
//!
//! **Versions.** Within version 1 fields are only added; both sides ignore fields they do not know, and a
//! missing new field has a default. An unknown section is [`Section::Other`]. An unknown order is refused
//! by its outcome, not by an error.
//!
//! **Words.** A *look* is one run of one collector; what it brought back is a [`Seen`]. A *section* is a
//! part of the facts with a hash of its own.

pub mod accounts;
pub mod backups;
pub mod certificates;
pub mod databases;
pub mod disks;
mod enrol;
pub mod keys;
pub mod load;
mod order;
pub mod packages;
pub mod privileged;
mod report;
mod section;
mod seen;
pub mod sockets;
pub mod sshd;
pub mod sudo;
pub mod system;
pub mod units;

pub use enrol::{Enrol, Enrolled, Machine};
pub use order::{
    Action, Applied, Apply, Heard, Lost, Order, Orders, Outcome, OutcomeState, Output, Pinned, RollBack,
    SAVED_FOR_DAYS, Saved, Shortage, Simulation, Step, Task, WayBack, Wish,
};
pub use report::{Item, Received, Report};
pub use section::Section;
pub use seen::{Seen, Took, Unseen};

/// The version of the protocol these types speak.
pub const PROTOCOL: u32 = 1;

/// The largest body either side accepts, bytes. An agent splits its batches long before.
pub const MOST_BODY_BYTES: usize = 8 << 20;

#[cfg(test)]
mod tests {
    use super::{Received, Section, Seen, Task, Unseen};

    #[test]
    fn words_of_another_version_are_kept_apart_not_refused() {
        let text = r#"{"acked": 3, "whole": ["disks", "quarks"], "mood": "fine", "orders": [
            {"id": "a", "fence": 1, "limit_s": 5, "task": {"do": "dance", "to": "music"}}]}"#;
        let received: Received = serde_json::from_str(text).unwrap();
        assert_eq!(received.whole, [Section::Disks, Section::Other("quarks".into())]);
        assert_eq!(received.orders[0].task, Task::Unknown);
        assert_eq!(serde_json::to_value(&received.whole).unwrap(), serde_json::json!(["disks", "quarks"]));
    }

    #[test]
    fn what_a_look_cost_is_no_part_of_its_content() {
        let mut seen = Seen::partly(1, vec![Unseen::new("a", "b").allow_with("c")]);
        let before = serde_json::to_string(&seen).unwrap();
        seen.took.cpu_us = 5;
        assert_eq!(serde_json::to_string(&seen).unwrap(), before);
        assert_eq!(before, r#"{"value":1,"unseen":[{"what":"a","because":"b","allow_with":"c"}]}"#);
    }
}
