//! Importers: export JSON of other products to schedules, as pure functions, with a list of what was lost.

pub mod goalert;
pub mod grafana;
pub mod opsgenie;
pub mod pagerduty;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::civil::{TimeOfDay, Weekday};
use crate::oncall::{Every, Schedule};
use crate::week::Hours;

/// One schedule taken over. People are named by their id in the source; `people` has their names there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    pub schedule: Schedule,
    pub people: BTreeMap<String, String>,
    /// What could not be taken over exactly, and how it was treated. Empty when the import is exact.
    pub lost: Vec<String>,
}

/// Somebody named in an export, by whichever fields the source has.
#[derive(Clone, Debug, Default, Deserialize)]
struct Named {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    summary: Option<String>,
    #[serde(default)]
    username: Option<String>,
    #[serde(default)]
    email: Option<String>,
}

impl Imported {
    /// The id of somebody, whose name is noted; `None` when the source names nobody.
    fn person(&mut self, named: &Named) -> Option<String> {
        let Named { id, name, summary, username, email } = named;
        let id =
            [id, username, email, name, summary].into_iter().flatten().find(|id| !id.trim().is_empty())?;
        let name = [name, summary, username, email].into_iter().flatten().next().unwrap_or(id);
        self.people.insert(id.clone(), name.clone());
        Some(id.clone())
    }
}

/// A turn of that many seconds in the unit that hands over at the same wall-clock time; `None` when it is no
/// whole number of hours.
fn every(seconds: u64) -> Option<(Every, u32)> {
    let units = [(Every::Week, 604_800), (Every::Day, 86_400), (Every::Hour, 3_600)];
    let (every, unit) = units.into_iter().find(|(_, unit)| seconds > 0 && seconds.is_multiple_of(*unit))?;
    Some((every, u32::try_from(seconds / unit).ok()?))
}

/// A weekly window from a day and second of the day on, at most a week long. Without a day, every day.
fn window(day: Option<Weekday>, from: u32, seconds: u32) -> Hours {
    let seconds = seconds.clamp(1, 604_800);
    let end = from + seconds;
    let to_day = day.filter(|_| seconds > 86_400);
    let to_day = to_day.map(|day| Weekday::ALL[(day.index() + (end / 86_400) as usize) % 7]);
    let to = if end == 86_400 { end } else { end % 86_400 };
    Hours {
        days: day.map(|day| vec![day]),
        from: TimeOfDay::from_seconds(from),
        // 24:00 is not the end of a later day: there it is 00:00 of the day named.
        to: TimeOfDay::from_seconds(if to_day.is_some() { end % 86_400 } else { to }),
        to_day,
    }
}

/// Either a list or the only one.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore<T> {
    More(Vec<T>),
    One(Box<T>),
}

impl<T> OneOrMore<T> {
    fn list(self) -> Vec<T> {
        match self {
            Self::More(list) => list,
            Self::One(one) => vec![*one],
        }
    }
}
