//! What an on-call schedule is made of, as stored and exchanged.

use std::fmt;

use jiff::civil::DateTime;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::civil::{datetime_of, wall_ms};
use crate::moment::Moment;
use crate::week::Hours;
use crate::zone::{Zone, parse_wall};

/// A schedule: layers from the lowest to the topmost, overrides on them, temporary schedules above all.
///
/// Who is on call is worked out from below: each layer in turn changes the answer as its [`Mode`] says, then
/// the overrides in the order of the list. While a temporary schedule runs, it alone decides; of several the
/// last in the list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// For people; also in feeds.
    pub name: String,
    /// The wall clock of every layer that has none of its own.
    #[serde(default, alias = "time_zone")]
    pub zone: Zone,
    /// From the lowest to the topmost; none is nobody on call.
    pub layers: Vec<Layer>,
    /// Changes for a while, applied in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<Override>,
    /// Schedules that decide alone while they run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub temporary: Vec<Temporary>,
}

/// One layer: people in order, how they take turns, when the layer is in force at all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// Shown in the reasons.
    pub name: String,
    /// What it does to those below.
    #[serde(default)]
    pub mode: Mode,
    /// Whose turn it is, in order: a person, several at once, or an empty list for nobody.
    pub participants: Vec<Slot>,
    /// How they take turns; without a rotation all of them are on call together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<Rotation>,
    /// On call only inside these hours; left out means always, an empty list never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restrictions: Option<Vec<Hours>>,
    /// The wall clock of this layer (follow the sun); left out it is the schedule's.
    #[serde(default, alias = "time_zone", skip_serializing_if = "Option::is_none")]
    pub zone: Option<Zone>,
    /// The wall clock of the restrictions, where it is another one than that of the hand-overs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restrictions_zone: Option<Zone>,
    /// In force from then on; left out: always was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Moment>,
    /// In force up to then, itself not included; left out: without end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Moment>,
    /// Later lists of participants. See [`LayerChange`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<LayerChange>,
}

/// From `at` on the layer has these participants. Whoever's turn it is at that moment keeps it when still in
/// the list; when not, the next of the old order who is still there takes over; when none is, the first of the
/// new list. Turns before `at` stay as they were.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerChange {
    /// From then on.
    pub at: Moment,
    /// The whole new list.
    pub participants: Vec<Slot>,
}

/// What a layer does to the answer of the layers below it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Takes their place whenever it has somebody.
    #[default]
    Replace,
    /// Is on call together with them.
    Add,
    /// Joins the layer directly below: the two are one layer with the people of both.
    Beside,
    /// Takes their place even when it has nobody, inside its `from` and `until`.
    Only,
}

/// How participants take turns. The first turn belongs to the participant number `first` and begins at
/// `start`; before that nobody of the layer is on call.
///
/// Hourly turns last exact hours from the start. Daily, weekly and monthly hand-overs happen when the wall
/// clock shows the time of `start`: a turn has 23 or 25 hours when the clocks change. Monthly hand-overs on
/// a day that a month does not have come on its last day; each is counted from `start`, so none drifts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// What a turn is counted in.
    pub every: Every,
    /// That many hours, days, weeks or months per turn, 1 to 10,000.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub length: u32,
    /// The first hand-over on the layer's wall clock.
    pub start: Wall,
    /// On call only for so many minutes (on the wall for daily and longer turns) from each hand-over on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_for_minutes: Option<u32>,
    /// Position in the list of participants that has the first turn.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub first: u32,
}

/// What turns are counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Every {
    /// Exact hours.
    Hour,
    /// Days on the wall clock.
    Day,
    /// Weeks on the wall clock.
    Week,
    /// Months on the wall clock, clamped to their last day.
    Month,
}

/// A change of who is on call for a while. Applied after the layers, in the order of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// From then on.
    pub from: Moment,
    /// Up to then, itself not included; after `from`.
    pub to: Moment,
    /// What it does.
    pub kind: OverrideKind,
    /// Who is added or comes in for somebody; for `remove` who is taken off (left out: everybody).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// For `replace`: whose place is taken, only while that person is on call. Left out: everybody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<String>,
}

/// What an override does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OverrideKind {
    /// `person` is on call too.
    Add,
    /// `person` is not.
    Remove,
    /// `person` is, in the place of `instead_of`.
    Replace,
}

/// Between `from` and `to` only these shifts count, even where there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Temporary {
    /// Shown in the reasons.
    #[serde(default)]
    pub name: String,
    /// It decides from then on.
    pub from: Moment,
    /// Up to then, itself not included; after `from`.
    pub to: Moment,
    /// Cut to the schedule's own time; where there is none, nobody is on call.
    pub shifts: Vec<TemporaryShift>,
}

/// One shift of a temporary schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TemporaryShift {
    /// The name.
    pub person: String,
    /// On call from then on.
    pub from: Moment,
    /// Up to then, itself not included; after `from`.
    pub to: Moment,
}

/// One turn's people. In JSON a name, or a list of names (empty: nobody has this turn).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slot(pub Vec<String>);

impl From<&str> for Slot {
    fn from(person: &str) -> Self {
        Self(vec![person.to_owned()])
    }
}

impl Serialize for Slot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [person] => serializer.serialize_str(person),
            people => people.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Slot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct People;
        impl<'de> Visitor<'de> for People {
            type Value = Slot;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name or a list of names")
            }

            fn visit_str<E>(self, person: &str) -> Result<Slot, E> {
                Ok(Slot::from(person))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut people: A) -> Result<Slot, A::Error> {
                let mut slot = Slot::default();
                while let Some(person) = people.next_element()? {
                    slot.0.push(person);
                }
                Ok(slot)
            }
        }
        deserializer.deserialize_any(People)
    }
}

/// A wall-clock time without a zone, in whole seconds, like `2026-11-23T09:00`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wall(pub(crate) i64);

impl Wall {
    /// The date and time as written; whether the wall ever shows it depends on the zone.
    pub fn datetime(self) -> DateTime {
        datetime_of(self.0)
    }
}

impl From<DateTime> for Wall {
    /// Fractions of a second are cut off.
    fn from(datetime: DateTime) -> Self {
        Self(wall_ms(datetime).div_euclid(1000) * 1000)
    }
}

impl Serialize for Wall {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.datetime())
    }
}

impl<'de> Deserialize<'de> for Wall {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parse_wall(&String::deserialize(deserializer)?).map(Self::from).map_err(serde::de::Error::custom)
    }
}

fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_one(length: &u32) -> bool {
    *length == 1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(first: &u32) -> bool {
    *first == 0
}
