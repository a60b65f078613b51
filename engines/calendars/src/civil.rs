//! Wall-clock values: days as numbers, times of day, weekdays, months that clamp.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::moment::{DAY_MS, Moment, SECOND_MS};

/// Wall-clock milliseconds since 1970-01-01 00:00 on the wall, whatever the zone.
pub(crate) type WallMs = i64;

const DAY_SECONDS: u32 = 86_400;

/// Days from 1970-01-01 to that date; negative before.
pub(crate) fn day_number(date: Date) -> i32 {
    i32::try_from(wall_ms(date.to_datetime(jiff::civil::Time::midnight())).div_euclid(DAY_MS))
        .expect("a civil date is at most four million days from 1970")
}

/// The date of a day number; stops at the years 1 and 9999.
pub(crate) fn date_of(day: i32) -> Date {
    datetime_of(i64::from(day) * DAY_MS).date()
}

pub(crate) fn datetime_of(wall: WallMs) -> DateTime {
    jiff::tz::Offset::UTC.to_datetime(Moment::from_ms(wall).timestamp())
}

pub(crate) fn wall_ms(datetime: DateTime) -> WallMs {
    // Read as if the wall hung in Greenwich. Only the last hours of the year 9999 do not fit.
    jiff::tz::Offset::UTC.to_timestamp(datetime).map_or(Moment::MAX.ms(), jiff::Timestamp::as_millisecond)
}

/// Monday is 0.
pub(crate) fn weekday_of(day: i32) -> usize {
    usize::try_from((i64::from(day) + 3).rem_euclid(7)).expect("a remainder of 7 is small")
}

/// That many months later at the same time of day; the day of the month is clamped to the last one there is.
/// Always counted from `start`, so the 31st comes back after February.
pub(crate) fn plus_months(start: DateTime, months: i64) -> DateTime {
    let index = i64::from(start.year()) * 12 + i64::from(start.month()) - 1 + months;
    let year = i16::try_from(index.div_euclid(12)).unwrap_or(i16::MAX).clamp(1, 9999);
    let month = i8::try_from(index.rem_euclid(12) + 1).expect("a month is at most 12");
    let first = Date::new(year, month, 1).expect("the first of a month exists");
    let day = start.day().min(first.days_in_month());
    Date::new(year, month, day).expect("the day was clamped to the month").to_datetime(start.time())
}

/// Whole months from `start` to `wall` in the sense of [`plus_months`]: the greatest n whose date is not after.
pub(crate) fn months_between(start: DateTime, wall: DateTime) -> i64 {
    let months = (i64::from(wall.year()) - i64::from(start.year())) * 12 + i64::from(wall.month())
        - i64::from(start.month());
    if plus_months(start, months) <= wall { months } else { months - 1 }
}

/// A time of day in whole seconds, 00:00 to 24:00 inclusive (24:00 is the end of the day).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimeOfDay(u32);

impl TimeOfDay {
    /// 00:00, the beginning of a day.
    pub const MIDNIGHT: Self = Self(0);
    /// 24:00, the same moment as 00:00 of the next day.
    pub const END_OF_DAY: Self = Self(DAY_SECONDS);

    /// Seconds since midnight; more than 86,400 stops there.
    pub fn from_seconds(seconds: u32) -> Self {
        Self(seconds.min(DAY_SECONDS))
    }

    /// Seconds since midnight, at most 86,400.
    pub fn seconds(self) -> u32 {
        self.0
    }

    pub(crate) fn ms(self) -> i64 {
        i64::from(self.0) * SECOND_MS
    }
}

impl FromStr for TimeOfDay {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let fault = || format!("\"{text}\" is no time of day; write it like 09:00, 17:30:15 or 24:00");
        let parts: Vec<&str> = text.split(':').collect();
        let is_plain = |part: &&str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        if !(2..=3).contains(&parts.len()) || !parts.iter().all(is_plain) {
            return Err(fault());
        }
        let number = |at: usize| parts.get(at).map_or(0, |part| part.parse::<u32>().unwrap_or(u32::MAX));
        let (hour, minute, second) = (number(0), number(1), number(2));
        if hour > 24 || minute > 59 || second > 59 || (hour == 24 && minute + second > 0) {
            return Err(fault());
        }
        Ok(Self(hour * 3600 + minute * 60 + second))
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (hour, minute, second) = (self.0 / 3600, self.0 / 60 % 60, self.0 % 60);
        write!(f, "{hour:02}:{minute:02}")?;
        if second > 0 { write!(f, ":{second:02}") } else { Ok(()) }
    }
}

impl fmt::Debug for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for TimeOfDay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TimeOfDay {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A day of the week. As text: `mon` … `sun`, or the whole English name, in any case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[expect(missing_docs, reason = "their names say it")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl Weekday {
    /// From Monday to Sunday.
    pub const ALL: [Self; 7] = [
        Self::Monday,
        Self::Tuesday,
        Self::Wednesday,
        Self::Thursday,
        Self::Friday,
        Self::Saturday,
        Self::Sunday,
    ];

    /// 0 for Monday to 6 for Sunday.
    pub fn index(self) -> usize {
        self as usize
    }

    /// The English name.
    pub fn name(self) -> &'static str {
        ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"][self.index()]
    }

    pub(crate) fn short(self) -> &'static str {
        ["mon", "tue", "wed", "thu", "fri", "sat", "sun"][self.index()]
    }

    pub(crate) fn of_day(day: i32) -> Self {
        Self::ALL[weekday_of(day)]
    }
}

impl FromStr for Weekday {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let matches =
            |day: &Self| text.eq_ignore_ascii_case(day.short()) || text.eq_ignore_ascii_case(day.name());
        Self::ALL
            .into_iter()
            .find(matches)
            .ok_or_else(|| format!("\"{text}\" is no weekday; write mon, tue, wed, thu, fri, sat or sun"))
    }
}

impl Serialize for Weekday {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.short())
    }
}

impl<'de> Deserialize<'de> for Weekday {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
