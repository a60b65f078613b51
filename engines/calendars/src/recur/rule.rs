//! RRULE text to a checked rule and back.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, DateTime, Time};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::civil::Weekday;
use crate::moment::Moment;

/// A recurrence rule: RFC 5545 section 3.3.10 with FREQ `DAILY`, `WEEKLY`, `MONTHLY` and `YEARLY`, INTERVAL,
/// COUNT or UNTIL, BYMONTH, BYMONTHDAY, BYDAY (numbered in months and years), BYSETPOS and WKST.
///
/// The times of day are those of the start. FREQ by hours and less, BYHOUR, BYMINUTE, BYSECOND, BYYEARDAY and
/// BYWEEKNO are refused with their name rather than half understood. As the RFC says, days that do not exist
/// are left out and not counted (the 31st of a short month): this is not the clamping of on-call rotations.
/// BYSETPOS chooses from the whole period, also from the first one, of which the start may leave a part only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The period: FREQ.
    pub frequency: Frequency,
    /// Every n-th day, week, month or year; 1 to 10,000.
    pub interval: u32,
    /// Ends after so many occurrences.
    pub count: Option<u32>,
    /// Ends with that time.
    pub until: Option<Until>,
    /// 1 to 12; empty: all.
    pub by_month: Vec<i8>,
    /// 1 to 31, or -1 (the last day) to -31.
    pub by_month_day: Vec<i8>,
    /// Weekdays; empty: all.
    pub by_day: Vec<NthDay>,
    /// Which of the days of a period, from 1 or from its end with -1; empty: all.
    pub by_set_pos: Vec<i16>,
    /// Where weeks begin: WKST.
    pub week_start: Weekday,
}

/// The periods of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frequency {
    /// Days.
    Daily,
    /// Weeks from `week_start`.
    Weekly,
    /// Calendar months.
    Monthly,
    /// Calendar years.
    Yearly,
}

/// A weekday, all of them in the period or the n-th (from the end when negative).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NthDay {
    /// 1 to 53, or -1 (the last) to -53.
    pub nth: Option<i8>,
    /// The weekday.
    pub day: Weekday,
}

/// The last moment that counts, itself included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// The whole of that date on the wall.
    Date(Date),
    /// On the wall of the start.
    Wall(DateTime),
    /// A moment.
    Utc(Moment),
}

const FREQUENCIES: [(&str, Frequency); 4] = [
    ("DAILY", Frequency::Daily),
    ("WEEKLY", Frequency::Weekly),
    ("MONTHLY", Frequency::Monthly),
    ("YEARLY", Frequency::Yearly),
];
const DAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];

impl Rule {
    /// Every `interval` of that frequency, without end; an interval beyond 1 to 10,000 stops there.
    pub fn every(frequency: Frequency, interval: u32) -> Self {
        Self {
            frequency,
            interval: interval.clamp(1, 10_000),
            count: None,
            until: None,
            by_month: Vec::new(),
            by_month_day: Vec::new(),
            by_day: Vec::new(),
            by_set_pos: Vec::new(),
            week_start: Weekday::Monday,
        }
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let number = |low: i64, high: i64| one_number(name, value, low, high);
        match name {
            "INTERVAL" => self.interval = u32::try_from(number(1, 10_000)?).unwrap_or(1),
            "COUNT" => self.count = Some(u32::try_from(number(1, 1_000_000)?).unwrap_or(1)),
            "UNTIL" => self.until = Some(parse_until(value)?),
            "BYMONTH" => self.by_month = numbers(name, value, 1, 12, false)?,
            "BYMONTHDAY" => self.by_month_day = numbers(name, value, 1, 31, true)?,
            "BYSETPOS" => self.by_set_pos = numbers(name, value, 1, 366, true)?,
            "BYDAY" => self.by_day = value.split(',').map(parse_day).collect::<Result<_, _>>()?,
            "WKST" => self.week_start = weekday(value)?,
            "BYHOUR" | "BYMINUTE" | "BYSECOND" | "BYYEARDAY" | "BYWEEKNO" => {
                return Err(format!("{name} is not supported; the time of day is that of the start"));
            }
            _ => return Err(format!("{name} is no part of a recurrence rule")),
        }
        Ok(())
    }

    fn check(self) -> Result<Self, String> {
        if self.count.is_some() && self.until.is_some() {
            return Err("COUNT and UNTIL exclude each other".to_owned());
        }
        let is_numbered = self.by_day.iter().any(|day| day.nth.is_some());
        if is_numbered && !matches!(self.frequency, Frequency::Monthly | Frequency::Yearly) {
            return Err("a numbered BYDAY (like 2MO) needs FREQ=MONTHLY or YEARLY".to_owned());
        }
        if self.frequency == Frequency::Weekly && !self.by_month_day.is_empty() {
            return Err("BYMONTHDAY has no meaning with FREQ=WEEKLY".to_owned());
        }
        if is_numbered
            && self.frequency == Frequency::Yearly
            && self.by_month.is_empty()
            && !self.by_month_day.is_empty()
        {
            return Err(
                "a numbered BYDAY and BYMONTHDAY need BYMONTH to tell the period they count in".to_owned()
            );
        }
        let has_other = !(self.by_month.is_empty() && self.by_month_day.is_empty() && self.by_day.is_empty());
        if !self.by_set_pos.is_empty() && !has_other {
            return Err("BYSETPOS needs another BY part to choose from".to_owned());
        }
        Ok(self)
    }
}

impl FromStr for Rule {
    type Err = String;

    /// Accepts the value alone or with `RRULE:` before it, in any case.
    fn from_str(text: &str) -> Result<Self, String> {
        if text.len() > 1_000 {
            return Err("a recurrence rule has at most 1000 characters".to_owned());
        }
        let upper = text.trim().to_ascii_uppercase();
        let parts: Vec<&str> =
            upper.trim_start_matches("RRULE:").split(';').filter(|part| !part.is_empty()).collect();
        let mut rule = None;
        for part in &parts {
            if let Some(value) = part.strip_prefix("FREQ=") {
                let known = FREQUENCIES.iter().find(|(name, _)| *name == value);
                let (_, frequency) = known.ok_or_else(|| {
                    format!("FREQ={value} is not supported; use DAILY, WEEKLY, MONTHLY or YEARLY")
                })?;
                rule = Some(Self::every(*frequency, 1));
            }
        }
        let mut rule = rule.ok_or_else(|| format!("\"{text}\" has no FREQ"))?;
        let mut seen: Vec<&str> = Vec::new();
        for part in parts {
            let (name, value) = part.split_once('=').ok_or_else(|| format!("\"{part}\" is no NAME=VALUE"))?;
            if seen.contains(&name) {
                return Err(format!("{name} stands twice"));
            }
            seen.push(name);
            if name != "FREQ" {
                rule.set(name, value)?;
            }
        }
        rule.check()
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let frequency = FREQUENCIES.iter().find(|(_, frequency)| *frequency == self.frequency);
        write!(f, "FREQ={}", frequency.expect("every frequency has a name").0)?;
        if self.interval != 1 {
            write!(f, ";INTERVAL={}", self.interval)?;
        }
        if let Some(count) = self.count {
            write!(f, ";COUNT={count}")?;
        }
        match self.until {
            Some(Until::Date(date)) => write!(f, ";UNTIL={}", date.strftime("%Y%m%d"))?,
            Some(Until::Wall(wall)) => write!(f, ";UNTIL={}", wall.strftime("%Y%m%dT%H%M%S"))?,
            Some(Until::Utc(moment)) => {
                write!(f, ";UNTIL={}", moment.timestamp().strftime("%Y%m%dT%H%M%SZ"))?;
            }
            None => {}
        }
        list(f, "BYMONTH", &self.by_month)?;
        list(f, "BYMONTHDAY", &self.by_month_day)?;
        list(f, "BYDAY", &self.by_day)?;
        list(f, "BYSETPOS", &self.by_set_pos)?;
        if self.week_start == Weekday::Monday {
            Ok(())
        } else {
            write!(f, ";WKST={}", DAYS[self.week_start.index()])
        }
    }
}

impl fmt::Display for NthDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(nth) = self.nth {
            write!(f, "{nth}")?;
        }
        f.write_str(DAYS[self.day.index()])
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

fn list<T: fmt::Display>(f: &mut fmt::Formatter<'_>, name: &str, values: &[T]) -> fmt::Result {
    for (index, value) in values.iter().enumerate() {
        if index == 0 { write!(f, ";{name}={value}")? } else { write!(f, ",{value}")? }
    }
    Ok(())
}

fn one_number(name: &str, value: &str, low: i64, high: i64) -> Result<i64, String> {
    let number = value.parse::<i64>().ok().filter(|number| (low..=high).contains(number));
    number.ok_or_else(|| format!("{name}={value}: a whole number from {low} to {high} is needed"))
}

fn numbers<T: TryFrom<i64>>(
    name: &str,
    value: &str,
    low: i64,
    high: i64,
    signed: bool,
) -> Result<Vec<T>, String> {
    let one = |part: &str| {
        let number = one_number(name, part, if signed { -high } else { low }, high)?;
        let fault = || format!("{name}={part}: 0 is no position");
        if number == 0 { Err(fault()) } else { T::try_from(number).map_err(|_| fault()) }
    };
    value.split(',').map(one).collect()
}

fn weekday(text: &str) -> Result<Weekday, String> {
    let place = DAYS.iter().position(|day| *day == text);
    place.map(|place| Weekday::ALL[place]).ok_or_else(|| format!("\"{text}\" is no weekday; write MO to SU"))
}

fn parse_day(text: &str) -> Result<NthDay, String> {
    let at = text.len().checked_sub(2).filter(|at| text.is_char_boundary(*at));
    let (nth, day) = text.split_at(at.ok_or_else(|| format!("BYDAY={text}: write MO to SU"))?);
    let nth = match nth.trim_start_matches('+') {
        "" => None,
        number => Some(i8::try_from(one_number("BYDAY", number, -53, 53)?).unwrap_or(1)),
    };
    if nth == Some(0) {
        return Err(format!("BYDAY={text}: 0 is no position"));
    }
    Ok(NthDay { nth, day: weekday(day).map_err(|message| format!("BYDAY={text}: {message}"))? })
}

/// `20261231`, `20261231T235959` or `20261231T235959Z`.
pub(crate) fn parse_until(text: &str) -> Result<Until, String> {
    let fault = || format!("\"{text}\" is no date or time like 20261231 or 20261231T235959Z");
    let (date, time) = text.split_once('T').map_or((text, None), |(date, time)| (date, Some(time)));
    let date = parse_date(date).ok_or_else(fault)?;
    let Some(time) = time else { return Ok(Until::Date(date)) };
    let (time, is_utc) = time.strip_suffix('Z').map_or((time, false), |time| (time, true));
    let wall = date.to_datetime(parse_time(time).ok_or_else(fault)?);
    Ok(if is_utc { Until::Utc(crate::zone::Zone::utc().moment(wall)) } else { Until::Wall(wall) })
}

fn parse_date(text: &str) -> Option<Date> {
    let is_plain = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    let part = |from: usize, to: usize| text.get(from..to)?.parse::<i16>().ok();
    if !is_plain || part(0, 4)? == 0 {
        return None;
    }
    Date::new(part(0, 4)?, i8::try_from(part(4, 6)?).ok()?, i8::try_from(part(6, 8)?).ok()?).ok()
}

fn parse_time(text: &str) -> Option<Time> {
    let is_plain = text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit());
    let part = |from: usize| text.get(from..from + 2)?.parse::<i8>().ok();
    if is_plain { Time::new(part(0)?, part(2)?, part(4)?.min(59), 0).ok() } else { None }
}
