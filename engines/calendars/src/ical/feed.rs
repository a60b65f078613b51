//! Feeds: shifts and windows as VEVENT, obligations as VTODO, times in UTC, stable UIDs.

use std::fmt::Write;

use sha2::{Digest, Sha256};

use crate::ical::lines::{escape, put};
use crate::moment::{DAY_MS, MINUTE_MS, Moment, Span};
use crate::oncall::Board;
use crate::window::Occurrence;

/// A calendar to be written.
#[derive(Clone, Debug, Default)]
pub struct Feed {
    /// Shown by calendar programs as the calendar's name.
    pub name: String,
    /// Its VEVENTs.
    pub entries: Vec<Entry>,
    /// Its VTODOs.
    pub todos: Vec<Todo>,
}

/// A VEVENT.
#[derive(Clone, Debug)]
pub struct Entry {
    /// What makes the entry the same entry in the next feed: hashed, so it may be private.
    pub identity: Vec<String>,
    /// DTSTART and DTEND; an empty span is not written.
    pub span: Span,
    /// Shown in calendars.
    pub summary: String,
    /// Left out when empty.
    pub description: String,
    /// Before the start.
    pub alarms: Vec<Alarm>,
}

/// A VALARM that shows the summary so many minutes before the start (before the due moment of a todo).
#[derive(Clone, Copy, Debug)]
pub struct Alarm {
    /// How long before, in minutes.
    pub minutes_before: u32,
}

/// A VTODO: an obligation.
#[derive(Clone, Debug)]
pub struct Todo {
    /// What makes it the same todo in the next feed: hashed, so it may be private.
    pub identity: Vec<String>,
    /// DUE.
    pub due: Moment,
    /// Shown in task lists.
    pub summary: String,
    /// Left out when empty.
    pub description: String,
    /// STATUS, and COMPLETED where it is done.
    pub state: TodoState,
    /// 1 (highest) to 9; 0 is none. Higher numbers stop at 9.
    pub priority: u8,
    /// Before the due moment.
    pub alarms: Vec<Alarm>,
}

/// How far a todo is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TodoState {
    /// NEEDS-ACTION.
    Open,
    /// IN-PROCESS.
    InProcess,
    /// COMPLETED, at that moment.
    Done {
        /// When.
        at: Moment,
    },
    /// CANCELLED.
    Cancelled,
}

impl Feed {
    /// The feed as RFC 5545 text: CRLF, lines of at most 75 octets, UTC, alarms before the end. `stamp` is the
    /// time of writing (DTSTAMP). Empty and reversed entries are left out: they cannot be shown.
    pub fn write(&self, stamp: Moment) -> String {
        let mut out = String::new();
        put(&mut out, "BEGIN", "VCALENDAR");
        put(&mut out, "VERSION", "2.0");
        put(&mut out, "PRODID", "-//Mainstay//calendars//EN");
        put(&mut out, "CALSCALE", "GREGORIAN");
        put(&mut out, "METHOD", "PUBLISH");
        if !self.name.is_empty() {
            put(&mut out, "X-WR-CALNAME", &escape(&self.name));
        }
        self.entries
            .iter()
            .filter(|entry| !entry.span.is_empty())
            .for_each(|entry| entry.write(&mut out, stamp));
        self.todos.iter().for_each(|todo| todo.write(&mut out, stamp));
        put(&mut out, "END", "VCALENDAR");
        out
    }
}

impl Entry {
    fn write(&self, out: &mut String, stamp: Moment) {
        put(out, "BEGIN", "VEVENT");
        put(out, "UID", &uid(&self.identity));
        put(out, "DTSTAMP", &utc(stamp));
        put(out, "DTSTART", &utc(self.span.start));
        put(out, "DTEND", &utc(round_up(self.span.end)));
        texts(out, &self.summary, &self.description);
        put(out, "TRANSP", "TRANSPARENT");
        alarms(out, &self.alarms, &self.summary);
        put(out, "END", "VEVENT");
    }
}

impl Todo {
    fn write(&self, out: &mut String, stamp: Moment) {
        put(out, "BEGIN", "VTODO");
        put(out, "UID", &uid(&self.identity));
        put(out, "DTSTAMP", &utc(stamp));
        put(out, "DUE", &utc(self.due));
        texts(out, &self.summary, &self.description);
        if self.priority > 0 {
            put(out, "PRIORITY", &self.priority.min(9).to_string());
        }
        match self.state {
            TodoState::Open => put(out, "STATUS", "NEEDS-ACTION"),
            TodoState::InProcess => put(out, "STATUS", "IN-PROCESS"),
            TodoState::Cancelled => put(out, "STATUS", "CANCELLED"),
            TodoState::Done { at } => {
                put(out, "STATUS", "COMPLETED");
                put(out, "COMPLETED", &utc(at));
                put(out, "PERCENT-COMPLETE", "100");
            }
        }
        // Without a start the trigger of an alarm has to name the end it is related to.
        for alarm in &self.alarms {
            self::alarm(out, "TRIGGER;RELATED=END", *alarm, &self.summary);
        }
        put(out, "END", "VTODO");
    }
}

fn texts(out: &mut String, summary: &str, description: &str) {
    put(out, "SUMMARY", &escape(summary));
    if !description.is_empty() {
        put(out, "DESCRIPTION", &escape(description));
    }
}

fn alarms(out: &mut String, alarms: &[Alarm], summary: &str) {
    for one in alarms {
        alarm(out, "TRIGGER", *one, summary);
    }
}

fn alarm(out: &mut String, trigger: &str, alarm: Alarm, summary: &str) {
    put(out, "BEGIN", "VALARM");
    put(out, "ACTION", "DISPLAY");
    put(out, trigger, &format!("-PT{}M", alarm.minutes_before));
    put(out, "DESCRIPTION", &escape(summary));
    put(out, "END", "VALARM");
}

/// `20261123T090000Z`; fractions of a second are cut off.
fn utc(moment: Moment) -> String {
    moment.timestamp().strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// To the next whole second, so that an entry of less than a second does not end at its start.
fn round_up(moment: Moment) -> Moment {
    Moment::from_ms(
        moment.ms().div_euclid(1000) * 1000 + if moment.ms().rem_euclid(1000) > 0 { 1000 } else { 0 },
    )
}

/// The same for the same identity, whatever else changes.
fn uid(identity: &[String]) -> String {
    let mut hash = Sha256::new();
    for part in identity {
        // The length before each part keeps ("ab", "c") apart from ("a", "bc").
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let mut uid = String::with_capacity(41);
    for byte in hash.finalize().iter().take(16) {
        write!(uid, "{byte:02x}").expect("a string takes all that is written");
    }
    uid + "@mainstay"
}

/// A feed of on-call shifts in a range: of one person, or of everybody with the names in the summaries.
///
/// A shift that runs out of the range is cut there, and its description says so. A UID is made of schedule id,
/// person and the start of the shift, so a shift that is lengthened stays the same entry. An empty or reversed
/// range, or a person who is not in the schedule, makes a feed without entries.
pub fn shift_feed(
    board: &Board,
    schedule_id: &str,
    person: Option<&str>,
    range: Span,
    alarms: &[Alarm],
) -> Feed {
    let name = &board.schedule().name;
    let later = Span::new(range.end, range.end.plus_ms(MINUTE_MS));
    let goes_on = board.time_of_people(later);
    let wanted =
        board.shifts(range).into_iter().filter(|shift| person.is_none_or(|person| person == shift.person));
    let entries = wanted.map(|shift| {
        let is_cut = shift.span.end == range.end
            && goes_on.get(shift.person).is_some_and(|time| time.contains(range.end));
        let note = if is_cut { "\nGoes on after this; the feed ends here." } else { "" };
        Entry {
            identity: vec![schedule_id.to_owned(), shift.person.to_owned(), shift.span.start.to_string()],
            span: shift.span,
            summary: match person {
                Some(_) => format!("On call: {name}"),
                None => format!("{}: {name}", shift.person),
            },
            description: format!("{} is on call in {name}.{note}", shift.person),
            alarms: alarms.to_vec(),
        }
    });
    Feed { name: name.clone(), entries: entries.collect(), todos: Vec::new() }
}

/// A feed of maintenance windows: one entry per occurrence, with the freezes in its description. None for an
/// empty list.
pub fn window_feed(name: &str, window_id: &str, occurrences: &[Occurrence<'_>]) -> Feed {
    let entries = occurrences.iter().map(|occurrence| {
        let description = match occurrence.frozen_by.as_slice() {
            [] => String::new(),
            reasons => format!("Frozen at times: {}", reasons.join(", ")),
        };
        Entry {
            identity: vec![window_id.to_owned(), occurrence.span.start.to_string()],
            span: occurrence.span,
            summary: name.to_owned(),
            description,
            alarms: Vec::new(),
        }
    });
    Feed { name: name.to_owned(), entries: entries.collect(), todos: Vec::new() }
}

/// How far ahead a feed reasonably goes: a year.
pub const FEED_AHEAD_MS: i64 = 366 * DAY_MS;
