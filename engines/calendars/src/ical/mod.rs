//! iCalendar (RFC 5545): feeds out, holidays and old schedules in.

pub mod feed;
pub mod lines;
pub mod read;

pub use feed::{Alarm, Entry, Feed, Todo, TodoState, shift_feed, window_feed};
pub use read::{Limits, ReadEvent, Reading, holidays, read};
