//! Reads the events of a foreign calendar within limits: holidays of a feed, shifts of an old schedule.

use std::collections::BTreeMap;

use jiff::civil::{Date, DateTime};

use crate::calendar::Holiday;
use crate::civil::{date_of, day_number};
use crate::ical::lines::{Line, unescape, unfold};
use crate::moment::{DAY_MS, HOUR_MS, MINUTE_MS, Moment, SECOND_MS, Span};
use crate::problem::Problem;
use crate::recur::Rule;
use crate::recur::rule::{Until, parse_until};
use crate::zone::Zone;

/// What a foreign file may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Size of the file.
    pub most_bytes: usize,
    /// VEVENTs in it.
    pub most_events: usize,
    /// Occurrences of recurring events, all together.
    pub most_occurrences: usize,
}

impl Default for Limits {
    /// 2 MB, 20,000 events, 20,000 occurrences.
    fn default() -> Self {
        Self { most_bytes: 2_000_000, most_events: 20_000, most_occurrences: 20_000 }
    }
}

/// One occurrence of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadEvent {
    /// SUMMARY, escapes undone; empty when there is none.
    pub summary: String,
    /// UID; empty when there is none.
    pub uid: String,
    /// From its start to its end; empty when it has neither DTEND nor DURATION and is not all day.
    pub span: Span,
    /// First and last date of an all-day event.
    pub dates: Option<(Date, Date)>,
}

/// What was read, and what was left out with the reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Ascending by start.
    pub events: Vec<ReadEvent>,
    /// One sentence per event or line.
    pub skipped: Vec<String>,
}

/// Every occurrence that touches a range. All-day events and times without a zone are read on the given wall
/// clock, in gaps and folds by the rule of [`Zone`]. Cancelled events are left out; moved occurrences
/// (RECURRENCE-ID) take the place of the original. Nothing touches an empty or reversed range.
///
/// `Err` when the file is over a limit or is no calendar; faults of one event only skip that event.
pub fn read(text: &str, zone: &Zone, range: Span, limits: Limits) -> Result<Reading, Problem> {
    if text.len() > limits.most_bytes {
        return Err(Problem::new(
            "",
            format!("the file has {} bytes, at most {}", text.len(), limits.most_bytes),
        ));
    }
    let (events, mut skipped) = split(text, limits)?;
    let moved: Vec<(String, Moment)> = events
        .iter()
        .filter_map(|event| {
            let at = event.get("RECURRENCE-ID")?;
            Some((event.text("UID"), time(at, zone).ok()?.moment(zone)))
        })
        .collect();
    let mut found = Vec::new();
    for event in &events {
        if event.get("STATUS").is_some_and(|line| line.value.eq_ignore_ascii_case("CANCELLED")) {
            continue;
        }
        let name = || format!("\"{}\"", event.text("SUMMARY"));
        match event.occurrences(zone, range, &moved, limits.most_occurrences) {
            Ok(occurrences) => found.extend(occurrences),
            Err(reason) => skipped.push(format!("{}: {reason}", name())),
        }
        if found.len() > limits.most_occurrences {
            return Err(Problem::new("", format!("more than {} occurrences", limits.most_occurrences)));
        }
    }
    found.sort_by(|one, other| (one.span, &one.summary).cmp(&(other.span, &other.summary)));
    Ok(Reading { events: found, skipped })
}

/// The all-day events of a feed that touch a range as holidays, and what was left out. Events with a time of
/// day are no holidays. Nothing for an empty or reversed range.
pub fn holidays(
    text: &str,
    zone: &Zone,
    range: Span,
    limits: Limits,
) -> Result<(Vec<Holiday>, Vec<String>), Problem> {
    let reading = read(text, zone, range, limits)?;
    let mut skipped = reading.skipped;
    let mut holidays = Vec::new();
    for event in reading.events {
        match event.dates {
            Some((date, last)) if day_number(last) - day_number(date) <= 366 => {
                let last = (last != date).then_some(last);
                let name = event.summary;
                holidays.push(Holiday { date, name, last, from: None, to: None, yearly: false });
            }
            Some(_) => skipped.push(format!("\"{}\": longer than a year", event.summary)),
            None => skipped.push(format!("\"{}\": has a time of day, so it is no holiday", event.summary)),
        }
    }
    Ok((holidays, skipped))
}

/// A COUNT has to be walked from its start, so it is kept small in foreign files.
const MOST_COUNTED: u32 = 5_000;

#[derive(Default)]
struct RawEvent(Vec<Line>);

/// A DTSTART or the like.
#[derive(Clone)]
enum Time {
    Date(Date),
    Wall(DateTime, Zone),
    Utc(Moment),
}

fn split(text: &str, limits: Limits) -> Result<(Vec<RawEvent>, Vec<String>), Problem> {
    let (mut events, mut skipped) = (Vec::new(), Vec::new());
    let mut within: Vec<String> = Vec::new();
    let mut is_calendar = false;
    for (number, line) in unfold(text).iter().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let Some(line) = Line::parse(line.trim_start_matches('\u{feff}')) else {
            skipped.push(format!("line {}: no NAME:VALUE", number + 1));
            continue;
        };
        match line.name.as_str() {
            "BEGIN" => {
                let name = line.value.trim().to_ascii_uppercase();
                is_calendar |= name == "VCALENDAR";
                if name == "VEVENT" {
                    if events.len() == limits.most_events {
                        return Err(Problem::new("", format!("more than {} events", limits.most_events)));
                    }
                    events.push(RawEvent::default());
                }
                within.push(name);
            }
            "END" => drop(within.pop()),
            // Only the event's own lines, not those of its alarms.
            _ if within.last().is_some_and(|name| name == "VEVENT") => {
                events.last_mut().expect("a VEVENT was begun").0.push(line);
            }
            _ => {}
        }
    }
    if is_calendar { Ok((events, skipped)) } else { Err(Problem::new("", "this is no iCalendar file")) }
}

impl RawEvent {
    fn get(&self, name: &str) -> Option<&Line> {
        self.0.iter().find(|line| line.name == name)
    }

    fn text(&self, name: &str) -> String {
        self.get(name).map(|line| unescape(&line.value)).unwrap_or_default()
    }

    fn occurrences(
        &self,
        zone: &Zone,
        range: Span,
        moved: &[(String, Moment)],
        most: usize,
    ) -> Result<Vec<ReadEvent>, String> {
        let start = time(self.get("DTSTART").ok_or("has no DTSTART")?, zone)?;
        let length = self.length(&start, zone)?;
        let wall_zone = start.zone(zone);
        let is_moved = self.get("RECURRENCE-ID").is_some();
        let uid = self.text("UID");
        let mut left_out: Vec<Moment> = Vec::new();
        for line in self.0.iter().filter(|line| line.name == "EXDATE") {
            for value in line.value.split(',') {
                left_out.push(self::value(value, line, zone)?.moment(zone));
            }
        }
        if !is_moved {
            left_out.extend(moved.iter().filter(|(other, _)| *other == uid).map(|(_, at)| *at));
        }
        let mut starts = match self.get("RRULE") {
            Some(line) if !is_moved => {
                let rule: Rule = line.value.parse()?;
                if rule.count.is_some_and(|count| count > MOST_COUNTED) {
                    return Err(format!("RRULE: more than {MOST_COUNTED} times"));
                }
                let from = wall_zone.date(range.start.plus_ms(-length.ms() - 2 * DAY_MS));
                let mut walk = rule.occurrences(start.wall(), &wall_zone);
                walk.skip_to(from);
                let past = wall_zone.datetime(range.end);
                let early = from.to_datetime(jiff::civil::Time::midnight());
                let near = walk.take_while(|wall| *wall <= past).skip_while(|wall| *wall < early);
                // A few more than the limit, so that those just before the range cannot hide that it is passed.
                let mut walls: Vec<DateTime> = near.take(most + 100).collect();
                // The first is always an occurrence here: calendars in the wild count on it.
                if !walls.contains(&start.wall()) {
                    walls.insert(0, start.wall());
                }
                walls
            }
            _ => vec![start.wall()],
        };
        for line in self.0.iter().filter(|line| line.name == "RDATE") {
            for value in line.value.split(',') {
                starts.push(self::value(value, line, zone)?.wall());
            }
        }
        let summary = self.text("SUMMARY");
        let events = starts.into_iter().map(|wall| {
            let at = wall_zone.moment(wall);
            let (span, dates) = length.from(at, wall, &wall_zone);
            ReadEvent { summary: summary.clone(), uid: uid.clone(), span, dates }
        });
        let wanted = |event: &ReadEvent| {
            !left_out.contains(&event.span.start) && !event.span.intersection(range).is_empty()
        };
        Ok(events.filter(wanted).collect())
    }

    fn length(&self, start: &Time, zone: &Zone) -> Result<Length, String> {
        let is_date = matches!(start, Time::Date(_));
        if let Some(line) = self.get("DTEND") {
            let end = time(line, zone)?;
            return match (start, &end) {
                (Time::Date(first), Time::Date(end)) => {
                    Ok(Length::Days((day_number(*end) - day_number(*first)).max(1)))
                }
                _ => Ok(Length::Exact(end.moment(zone).since(start.moment(zone)).max(0))),
            };
        }
        if let Some(line) = self.get("DURATION") {
            let ms =
                duration(&line.value).ok_or_else(|| format!("DURATION {} is not understood", line.value))?;
            return Ok(if is_date {
                Length::Days(i32::try_from(ms / DAY_MS).unwrap_or(1).max(1))
            } else {
                Length::Exact(ms)
            });
        }
        Ok(if is_date { Length::Days(1) } else { Length::Exact(0) })
    }
}

enum Length {
    Days(i32),
    Exact(i64),
}

impl Length {
    fn ms(&self) -> i64 {
        match self {
            Self::Days(days) => i64::from(*days) * DAY_MS,
            Self::Exact(ms) => *ms,
        }
    }

    fn from(&self, at: Moment, wall: DateTime, zone: &Zone) -> (Span, Option<(Date, Date)>) {
        match self {
            Self::Exact(ms) => (Span::new(at, at.plus_ms(*ms)), None),
            Self::Days(days) => {
                let first = day_number(wall.date());
                let end = date_of(first + days).to_datetime(jiff::civil::Time::midnight());
                (Span::new(at, zone.moment(end)), Some((wall.date(), date_of(first + days - 1))))
            }
        }
    }
}

impl Time {
    fn moment(&self, zone: &Zone) -> Moment {
        match self {
            Self::Date(date) => zone.moment(date.to_datetime(jiff::civil::Time::midnight())),
            Self::Wall(wall, own) => own.moment(*wall),
            Self::Utc(moment) => *moment,
        }
    }

    fn zone(&self, zone: &Zone) -> Zone {
        match self {
            Self::Date(_) => zone.clone(),
            Self::Wall(_, own) => own.clone(),
            Self::Utc(_) => Zone::utc(),
        }
    }

    fn wall(&self) -> DateTime {
        match self {
            // As written, even where the wall skips it that day: later occurrences keep the time.
            Self::Wall(wall, _) => *wall,
            Self::Date(date) => date.to_datetime(jiff::civil::Time::midnight()),
            Self::Utc(moment) => Zone::utc().datetime(*moment),
        }
    }
}

fn time(line: &Line, zone: &Zone) -> Result<Time, String> {
    value(&line.value, line, zone)
}

fn value(value: &str, line: &Line, zone: &Zone) -> Result<Time, String> {
    let name = &line.name;
    match parse_until(value.trim()).map_err(|reason| format!("{name}: {reason}"))? {
        Until::Date(date) => Ok(Time::Date(date)),
        Until::Utc(moment) => Ok(Time::Utc(moment)),
        Until::Wall(wall) => {
            let own = line.parameter("TZID").map(|id| Zone::named(id.trim_start_matches('/')));
            let own = own.transpose().map_err(|reason| format!("{name}: {reason}"))?;
            Ok(Time::Wall(wall, own.unwrap_or_else(|| zone.clone())))
        }
    }
}

/// `P1W`, `P2DT3H30M` and the like; negative and empty ones are refused.
fn duration(text: &str) -> Option<i64> {
    let units = BTreeMap::from([
        ('W', 7 * DAY_MS),
        ('D', DAY_MS),
        ('H', HOUR_MS),
        ('M', MINUTE_MS),
        ('S', SECOND_MS),
    ]);
    let rest = text.trim().trim_start_matches('+').strip_prefix('P')?;
    let (mut total, mut number) = (0_i64, String::new());
    for character in rest.chars().filter(|character| *character != 'T') {
        if character.is_ascii_digit() && number.len() < 9 {
            number.push(character);
        } else {
            total += number.parse::<i64>().ok()? * units.get(&character)?;
            number.clear();
        }
    }
    (number.is_empty() && total > 0).then_some(total)
}
