//! Business calendars: when it is open, how much open time lies between two moments, when an amount is used up.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::civil::{TimeOfDay, date_of, day_number};
use crate::moment::{Moment, Span};
use crate::openings::{Closings, Openings};
use crate::problem::Problem;
use crate::spans::Spans;
use crate::week::{Hours, Pieces, Week, merged, without};
use crate::zone::Zone;

/// What a business calendar is made of, as stored and exchanged. [`Calendar::new`] makes it answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BusinessHours {
    /// On whose wall clock everything here counts.
    #[serde(default, alias = "time_zone")]
    pub zone: Zone,
    /// The open hours of every week. An empty list is a calendar that only exceptions open.
    pub hours: Vec<Hours>,
    /// Days on which the hours of the week do not count.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub holidays: Vec<Holiday>,
    /// Dates with hours of their own, each at most once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<Exception>,
}

/// A day, or days up to and including `last`, on which it is closed; or only a part of each of these days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Holiday {
    /// The first closed day.
    pub date: Date,
    /// Shown as the reason.
    pub name: String,
    /// The last closed day, itself included; left out it is the same day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Date>,
    /// Closed from this time of day (half holidays); left out: from 00:00.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<TimeOfDay>,
    /// Closed up to this time of day; left out: to 24:00.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<TimeOfDay>,
    /// Also on the same days of every later year; 29 February only in leap years.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub yearly: bool,
}

/// A date with hours of its own. They replace the week and the holidays on that date, and the tail of the
/// evening before; they may themselves run across midnight. No hours: closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// On the wall clock of the calendar.
    pub date: Date,
    /// Shown as the reason; empty: closed hours like any others.
    #[serde(default)]
    pub name: String,
    /// Open from and to; they may overlap.
    #[serde(default)]
    pub hours: Vec<OpenHours>,
}

/// Hours of one date; `to` not after `from` means the next day, equal times are 24 hours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenHours {
    /// Open from then on; not 24:00.
    pub from: TimeOfDay,
    /// Open up to then, that time itself not included.
    pub to: TimeOfDay,
}

/// A business calendar ready for questions.
///
/// Windows are wall-clock times in the calendar's zone and follow the rule of [`Zone`]: an hour that is
/// skipped is not worked, and an hour that comes twice is worked twice when the window runs through it.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "BusinessHours")]
pub struct Calendar {
    pub(crate) zone: Zone,
    pub(crate) week: Week,
    /// Days that differ from the week, ascending.
    special: Vec<Special>,
}

#[derive(Clone, Debug)]
struct Special {
    day: i32,
    open: Pieces,
    why: String,
}

/// Why it is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed<'a> {
    /// Outside the hours of the week.
    Hours,
    /// A holiday or an exception of that name.
    Holiday(&'a str),
}

const MOST_DAYS: usize = 20_000;
const LAST_YEAR: i16 = 2199;

impl Calendar {
    /// Checks the parts and lays out the special days. At most 20,000 special days (a yearly holiday is one
    /// per year up to 2199); the [`Problem`] names the field.
    pub fn new(parts: &BusinessHours) -> Result<Self, Problem> {
        let week = Week::new(&parts.hours, "hours")?;
        let mut closed: BTreeMap<i32, (Pieces, String)> = BTreeMap::new();
        for (index, holiday) in parts.holidays.iter().enumerate() {
            close(holiday, &mut closed).map_err(|problem| problem.of(&format!("holidays[{index}]")))?;
            if closed.len() > MOST_DAYS {
                return Err(Problem::new("holidays", format!("more than {MOST_DAYS} days in all")));
            }
        }
        let mut special: BTreeMap<i32, Special> = BTreeMap::new();
        for (day, (cuts, why)) in closed {
            special.insert(day, Special { day, open: without(week.pieces(day), &merged(cuts)), why });
        }
        if parts.exceptions.len() > MOST_DAYS {
            return Err(Problem::new("exceptions", format!("more than {MOST_DAYS} days")));
        }
        except(&parts.exceptions, &week, &mut special)?;
        Ok(Self { zone: parts.zone.clone(), week, special: special.into_values().collect() })
    }

    /// Open without end, in UTC.
    pub fn always() -> Self {
        Self { zone: Zone::utc(), week: Week::always(), special: Vec::new() }
    }

    pub(crate) fn of_week(zone: Zone, week: Week) -> Self {
        Self { zone, week, special: Vec::new() }
    }

    /// On whose wall clock it opens and closes.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Whether it is open at that moment: the opening is inside, the closing is not. An hour that comes twice is
    /// open the second time when it was just before its end the first time.
    pub fn is_open(&self, at: Moment) -> bool {
        let clock = self.zone.clock(at);
        let (day, seconds) = crate::openings::split(clock);
        self.pieces(day).iter().any(|(start, end)| *start <= seconds && seconds < *end)
    }

    /// Why it is closed at that moment; `None` when it is open. A holiday names its whole day, also the hours
    /// that would have been closed anyway.
    pub fn closed_because(&self, at: Moment) -> Option<Closed<'_>> {
        if self.is_open(at) {
            return None;
        }
        let (day, _) = crate::openings::split(self.zone.clock(at));
        Some(self.why(day))
    }

    /// The open time inside a range. Empty for an empty or reversed range. A window that lies in a gap of the
    /// clocks is not there that day, one through a fold is an hour longer.
    pub fn open(&self, range: Span) -> Spans {
        let mut open = Spans::none();
        for span in Openings::new(self, range.start).take_while(|span| span.start < range.end) {
            open.push_in_order(span.intersection(range));
        }
        open
    }

    /// Open milliseconds from `from` to `to`: exact time, so 25 hours for a whole day on which an hour comes
    /// twice. With the two reversed the same amount negative; 0 when they are equal or it never opens.
    pub fn elapsed_ms(&self, from: Moment, to: Moment) -> i64 {
        if to < from {
            return -self.elapsed_ms(to, from);
        }
        let range = Span::new(from, to);
        Openings::new(self, from)
            .take_while(|span| span.start < to)
            .map(|span| span.intersection(range).length_ms())
            .sum()
    }

    /// The earliest moment by which that much open time has passed since `from`; for a negative amount the
    /// latest moment with that much open time up to `from`; for 0 `from` itself, open or not.
    ///
    /// A full day's amount therefore ends when the day closes, not when the next one opens. `None` when the
    /// calendar does not open that long within a hundred years.
    pub fn add_ms(&self, from: Moment, amount_ms: i64) -> Option<Moment> {
        let mut left = amount_ms.saturating_abs();
        if left == 0 {
            return Some(from);
        }
        if amount_ms > 0 {
            for span in Openings::new(self, from) {
                let start = span.start.max(from);
                let length = span.end.since(start);
                if length >= left {
                    return Some(start.plus_ms(left));
                }
                left -= length;
            }
        } else {
            for span in Closings::new(self, from) {
                let end = span.end.min(from);
                let length = end.since(span.start);
                if length >= left {
                    return Some(end.plus_ms(-left));
                }
                left -= length;
            }
        }
        None
    }

    /// When it is open next: `at` itself when it is open then. An opening in a gap of the clocks is the moment
    /// of the change. `None` when not within a hundred years.
    pub fn next_opening(&self, at: Moment) -> Option<Moment> {
        Openings::new(self, at).next().map(|span| span.start.max(at))
    }

    /// When it closes next: the end of the present opening, or of the next one. `None` when it stays open, or
    /// closed, for a hundred years.
    pub fn next_closing(&self, at: Moment) -> Option<Moment> {
        let mut openings = Openings::new(self, at);
        let mut end = openings.next()?.end;
        for span in openings {
            if span.start > end {
                return Some(end);
            }
            end = span.end;
        }
        // The walk ended with an opening: either the last there ever is, or it is still open at the horizon.
        let horizon = at.plus_ms((i64::from(crate::openings::HORIZON_DAYS) - 2) * crate::moment::DAY_MS);
        (end < horizon).then_some(end)
    }

    /// Whether any time of that date (on the calendar's wall clock) is open. Midnight tails of the evening
    /// before count for the date they reach into.
    pub fn is_business_day(&self, date: Date) -> bool {
        !self.pieces(day_number(date)).is_empty()
    }

    /// The n-th business day after that date (before it, for negative n). For 0 the date itself when it is a
    /// business day, else the next one. `None` when there are not so many within a hundred years.
    pub fn add_business_days(&self, date: Date, days: i32) -> Option<Date> {
        let start = day_number(date);
        let is_open = |day: &i32| !self.pieces(*day).is_empty();
        let reach = crate::openings::HORIZON_DAYS;
        let skip = usize::try_from(days.unsigned_abs().saturating_sub(1)).ok()?;
        let day = match days {
            0 => (start..start + reach).find(is_open),
            1.. => (start + 1..start + reach).filter(is_open).nth(skip),
            _ => (start - reach..start).rev().filter(is_open).nth(skip),
        };
        day.map(date_of)
    }

    pub(crate) fn pieces(&self, day: i32) -> &[(u32, u32)] {
        match self.special(day) {
            Some(special) => &special.open,
            None => self.week.pieces(day),
        }
    }

    pub(crate) fn why(&self, day: i32) -> Closed<'_> {
        match self.special(day) {
            Some(special) if !special.why.is_empty() => Closed::Holiday(&special.why),
            _ => Closed::Hours,
        }
    }

    pub(crate) fn last_special(&self) -> Option<i32> {
        self.special.last().map(|special| special.day)
    }

    pub(crate) fn first_special(&self) -> Option<i32> {
        self.special.first().map(|special| special.day)
    }

    fn special(&self, day: i32) -> Option<&Special> {
        if self.special.is_empty() {
            return None;
        }
        self.special.binary_search_by_key(&day, |special| special.day).ok().map(|at| &self.special[at])
    }
}

impl TryFrom<BusinessHours> for Calendar {
    type Error = Problem;

    fn try_from(parts: BusinessHours) -> Result<Self, Problem> {
        Self::new(&parts)
    }
}

fn close(holiday: &Holiday, closed: &mut BTreeMap<i32, (Pieces, String)>) -> Result<(), Problem> {
    let last = holiday.last.unwrap_or(holiday.date);
    let length = day_number(last) - day_number(holiday.date);
    if !(0..=366).contains(&length) {
        return Err(Problem::new("last", "a holiday ends on its first day or later, within a year"));
    }
    let cut = (
        holiday.from.unwrap_or(TimeOfDay::MIDNIGHT).seconds(),
        holiday.to.unwrap_or(TimeOfDay::END_OF_DAY).seconds(),
    );
    if cut.1 <= cut.0 {
        return Err(Problem::new("to", "a part of a holiday ends after it begins, on the same day"));
    }
    let until = if holiday.yearly { LAST_YEAR } else { holiday.date.year() };
    for year in holiday.date.year()..=until.max(holiday.date.year()) {
        let Ok(first) = Date::new(year, holiday.date.month(), holiday.date.day()) else { continue };
        for day in day_number(first)..=day_number(first) + length {
            let (cuts, why) = closed.entry(day).or_default();
            cuts.push(cut);
            if !why.split(", ").any(|name| name == holiday.name) {
                if !why.is_empty() {
                    why.push_str(", ");
                }
                why.push_str(&holiday.name);
            }
        }
    }
    Ok(())
}

fn except(
    exceptions: &[Exception],
    week: &Week,
    special: &mut BTreeMap<i32, Special>,
) -> Result<(), Problem> {
    let mut tails = Vec::new();
    for (index, exception) in exceptions.iter().enumerate() {
        let day = day_number(exception.date);
        let mut open = Vec::new();
        for (window, hours) in exception.hours.iter().enumerate() {
            if hours.from == TimeOfDay::END_OF_DAY {
                let field = format!("exceptions[{index}].hours[{window}].from");
                return Err(Problem::new(
                    field,
                    "a window cannot begin at 24:00; write 00:00 of the next day",
                ));
            }
            let (from, to) = (hours.from.seconds(), hours.to.seconds());
            if to > from {
                open.push((from, to));
            } else {
                open.push((from, 86_400));
                tails.push((day + 1, (0, to)));
            }
        }
        let is_second = exceptions[..index].iter().any(|earlier| earlier.date == exception.date);
        if is_second {
            let message = format!("{} has an exception already; put all hours into one", exception.date);
            return Err(Problem::new(format!("exceptions[{index}].date"), message));
        }
        special.insert(day, Special { day, open: merged(open), why: exception.name.clone() });
    }
    for (day, tail) in tails {
        let entry = special.entry(day).or_insert_with(|| Special {
            day,
            open: week.pieces(day).to_vec(),
            why: String::new(),
        });
        let mut open = std::mem::take(&mut entry.open);
        open.push(tail);
        entry.open = merged(open);
    }
    Ok(())
}
