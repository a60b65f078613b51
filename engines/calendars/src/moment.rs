//! A point in time and a half-open stretch between two of them, in whole milliseconds.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One second, minute, hour and day in milliseconds. A day here is 24 exact hours.
pub const SECOND_MS: i64 = 1_000;
/// One minute in milliseconds.
pub const MINUTE_MS: i64 = 60 * SECOND_MS;
/// One hour in milliseconds.
pub const HOUR_MS: i64 = 60 * MINUTE_MS;
/// 24 exact hours in milliseconds; a day on the wall may have 23 or 25.
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// A point in time: milliseconds since 1970-01-01T00:00:00Z, kept inside the years 1 to 9999.
///
/// Everything that would leave that range stops at its edge instead of overflowing. As text it is RFC 3339
/// in UTC; any offset is accepted on reading, finer parts than a millisecond are cut off (towards the past).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment(i64);

impl Moment {
    /// The beginning of the year 1.
    pub const MIN: Self = Self(-62_135_596_800_000);
    /// Late on 30 December 9999.
    pub const MAX: Self = Self(253_402_207_200_000);

    /// From milliseconds since 1970-01-01T00:00:00Z; stops at [`Moment::MIN`] and [`Moment::MAX`].
    pub fn from_ms(ms: i64) -> Self {
        Self(ms.clamp(Self::MIN.0, Self::MAX.0))
    }

    /// Milliseconds since 1970-01-01T00:00:00Z; negative before.
    pub fn ms(self) -> i64 {
        self.0
    }

    /// Later by that many milliseconds (earlier when negative); stops at [`Moment::MIN`] and [`Moment::MAX`].
    #[must_use]
    pub fn plus_ms(self, ms: i64) -> Self {
        Self::from_ms(self.0.saturating_add(ms))
    }

    /// Exact milliseconds from `earlier` to here; negative when `earlier` is the later one.
    pub fn since(self, earlier: Self) -> i64 {
        self.0 - earlier.0
    }

    /// The same moment as `jiff` has it.
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_millisecond(self.0).expect("a moment stays inside the years of a timestamp")
    }
}

impl From<Timestamp> for Moment {
    fn from(timestamp: Timestamp) -> Self {
        let nanoseconds = timestamp.as_nanosecond();
        let ms = nanoseconds.div_euclid(1_000_000);
        Self::from_ms(i64::try_from(ms).expect("a timestamp's milliseconds fit in 64 bits"))
    }
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse::<Timestamp>().map(Self::from).map_err(|_| {
            let what = match text.parse::<jiff::civil::DateTime>() {
                Ok(_) if text.len() <= 10 => "is a date, and a point in time is needed",
                Ok(_) => "has no offset, so it is no point in time",
                Err(_) => "is no point in time",
            };
            format!("\"{text}\" {what}; write it like 2026-11-23T09:00:00Z or 2026-11-23T10:00:00+01:00")
        })
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.timestamp().fmt(f)
    }
}

impl fmt::Debug for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A stretch of time: `start` belongs to it, `end` does not. A span whose end is not after its start is
/// empty: it contains nothing and measures 0, so a reversed range is the same as no range.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// The first moment inside.
    #[serde(rename = "from")]
    pub start: Moment,
    /// The first moment after it.
    #[serde(rename = "to")]
    pub end: Moment,
}

impl Span {
    /// From `start` up to `end`; reversed, it is empty.
    pub fn new(start: Moment, end: Moment) -> Self {
        Self { start, end }
    }

    /// All time there is: the years 1 to 9999.
    pub fn always() -> Self {
        Self::new(Moment::MIN, Moment::MAX)
    }

    /// Whether nothing is inside: `end` is not after `start`.
    pub fn is_empty(self) -> bool {
        self.end <= self.start
    }

    /// Length in milliseconds; 0 for an empty or reversed span.
    pub fn length_ms(self) -> i64 {
        self.end.since(self.start).max(0)
    }

    /// Whether the moment is inside: `start` is, `end` is not; never in an empty or reversed span.
    pub fn contains(self, moment: Moment) -> bool {
        self.start <= moment && moment < self.end
    }

    /// What both have in common; an empty span when that is nothing.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self::new(self.start.max(other.start), self.end.min(other.end))
    }
}
