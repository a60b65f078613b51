//! Importers: export JSON of other products to schedules, as pure functions, with a list of what was lost.
//!
//! Each reads the answers of the product's own API as they come, pages and envelopes included, and ignores
//! fields it has no use for. A field it needs and cannot read is a [`Problem`](crate::problem::Problem) that
//! names it; what the product can express and a [`Schedule`] cannot stands in [`Imported::lost`].

pub mod goalert;
pub mod grafana;
pub mod opsgenie;
pub mod pagerduty;
mod shape;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::moment::Moment;
use crate::oncall::turns::hand_over_before;
use crate::oncall::{Every, Layer, Rotation, Schedule, Slot};
use crate::zone::Zone;

/// One schedule taken over. People are named by their id in the source; `people` has their names there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// The schedule, ready for [`Board::new`](crate::oncall::Board::new).
    pub schedule: Schedule,
    /// Names by id, of everybody the source names.
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
    fn new(name: &str, zone: &Zone) -> Self {
        let schedule = Schedule { name: name.to_owned(), zone: zone.clone(), ..Schedule::default() };
        Self { schedule, ..Self::default() }
    }

    fn lose(&mut self, what: String) {
        self.lost.push(what);
    }

    /// The id of somebody, whose name is noted; `None` when the source names nobody.
    fn person(&mut self, named: &Named) -> Option<String> {
        let Named { id, name, summary, username, email } = named;
        let id =
            [id, username, email, name, summary].into_iter().flatten().find(|id| !id.trim().is_empty())?;
        let name = [name, summary, username, email].into_iter().flatten().next().unwrap_or(id);
        self.people.insert(id.clone(), name.clone());
        Some(id.clone())
    }

    /// A turn of that one person; of nobody when the source names nobody.
    fn slot(&mut self, named: &Named) -> Slot {
        Slot(self.person(named).into_iter().collect())
    }

    /// The unit of a rotation type such as `weekly`; an unknown one is noted.
    fn unit(&mut self, word: &str, of: &str) -> Option<Every> {
        let units = [
            ("hourly", Every::Hour),
            ("daily", Every::Day),
            ("weekly", Every::Week),
            ("monthly", Every::Month),
        ];
        let found = units.into_iter().find(|(known, _)| word.eq_ignore_ascii_case(known));
        if found.is_none() {
            self.lose(format!("{of}: type {word} is not known; left out"));
        }
        found.map(|(_, every)| every)
    }
}

/// Whether a layer is in force at all; sources keep ended ones whose end lies before their start.
fn is_ever(layer: &Layer) -> bool {
    layer.from.zip(layer.until).is_none_or(|(from, until)| from < until)
}

/// The same turns told from a first hand-over that is not after `at`: in the sources a rotation also turns
/// before its start. The start moves back by whole turns, and whoever has the first turn with it.
fn begun_by(mut rotation: Rotation, zone: &Zone, at: Moment, participants: usize) -> Rotation {
    let (start, turns) = hand_over_before(&rotation, zone, at);
    let count = i64::try_from(participants.max(1)).unwrap_or(1);
    let first = (i64::from(rotation.first) - turns).rem_euclid(count);
    rotation.first = u32::try_from(first).unwrap_or(0);
    rotation.start = start;
    rotation
}
