//! Clock packs: what a regime demands, dated and with its source, as stored and exchanged.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::calendar::{BusinessHours, Calendar};
use crate::civil::TimeOfDay;
use crate::problem::{Problem, from_json};
use crate::zone::Zone;

/// A replaceable set of clocks. **Not legal advice**: a pack whose clocks are not `verified` was not compared
/// with the primary text by a person and must say so wherever it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pack {
    /// Unique among the packs, such as `eu-gdpr`.
    pub id: String,
    /// For people.
    pub title: String,
    /// Of the pack, so that a computed deadline can say what it was computed by.
    pub version: String,
    /// Who compared it with the primary text, and when.
    #[serde(default)]
    pub reviewed_by: Option<String>,
    /// Packs that are off are kept but give no clocks.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// What somebody who relies on it should know.
    #[serde(default)]
    pub note: String,
    /// Calendars its clocks name, such as the holidays of one country; one of the case goes before.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub calendars: BTreeMap<String, BusinessHours>,
    /// Its clocks.
    pub clocks: Vec<RunningRule>,
}

/// One clock of a pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunningRule {
    /// Unique over all packs in use, such as `gdpr.authority`.
    pub id: String,
    /// What has to be done.
    pub title: String,
    /// Who is to be told.
    pub recipient: String,
    /// What it counts from.
    pub anchor: Anchor,
    /// For the anchor `previous_report`: the clock whose report it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// How many of the unit; left out for `without_delay`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub amount: u32,
    /// Of the amount.
    pub unit: Unit,
    /// On whose wall clock days and months count and end; left out, the case's.
    #[serde(default, alias = "time_zone", skip_serializing_if = "Option::is_none")]
    pub zone: Option<Zone>,
    /// When on the last day the period ends; of no meaning for minutes and hours.
    #[serde(default)]
    pub ends: Ends,
    /// Name of the calendar for business days and the weekend rule; Monday to Friday when it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<String>,
    /// An upper limit counted from another event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<Cap>,
    /// Where the end goes when it falls on a day that is no business day; left out it stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weekend: Option<Weekend>,
    /// A new clock starts with every report, as long as `until` has not come.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repeats: bool,
    /// Ends a repeating clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Anchor>,
    /// Facts that must hold for the clock to apply, such as `high_risk`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<String>,
    /// Facts that take the clock away, such as `large_bank`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unless: Vec<String>,
    /// Article and paragraph.
    pub basis: String,
    /// Where the primary text is.
    pub source: String,
    /// The first day on which the anchor may fall; left out: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Date>,
    /// The last such day, itself included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_to: Option<Date>,
    /// Whether a person compared it with the primary text (see `reviewed_by`).
    #[serde(default)]
    pub verified: bool,
}

/// The event a period counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Anchor {
    /// It happened.
    Occurred,
    /// Somebody or something noticed it.
    Detected,
    /// The organisation is reasonably certain of it.
    Aware,
    /// It was classified as what the regime asks for (major, notifiable).
    Classified,
    /// It was determined to be material.
    MaterialityDetermined,
    /// It was, or ought to have been, known.
    Discovered,
    /// A ransom or extortion was paid.
    PaidRansom,
    /// A corrective measure is available.
    Fixed,
    /// The incident was handled.
    Handled,
    /// The end of the calendar year in which it was discovered (on the case's wall clock).
    YearEnd,
    /// The report of the clock named in `after`.
    PreviousReport,
}

/// What periods are counted in. The day of the event itself is not counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Exact minutes, through every night, weekend and clock change.
    Minutes,
    /// Exact hours, likewise.
    Hours,
    /// Days on the wall clock.
    CalendarDays,
    /// Days on which the calendar is open at all.
    BusinessDays,
    /// Seven calendar days.
    Weeks,
    /// The same day of a later month, or its last day.
    Months,
    /// As soon as possible: no period is fixed, so there is no due moment.
    WithoutDelay,
}

/// An amount of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount {
    /// How many.
    pub amount: u32,
    /// Of what.
    pub unit: Unit,
}

/// An upper limit counted from another event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cap {
    /// What the limit counts from.
    pub anchor: Anchor,
    /// How many of the unit.
    pub amount: u32,
    /// Not `without_delay`.
    pub unit: Unit,
    /// The cap does not hold when the clock starts only after it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unless_started_later: bool,
}

/// Where the end of a period goes that falls on no business day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weekend {
    /// To the next business day or the one before.
    pub roll: Roll,
    /// When on that day; left out: as the rule's own end (hours keep their time of day).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<Ends>,
}

/// Which way an end moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Roll {
    /// To the next business day.
    Forward,
    /// To the business day before.
    Backward,
}

/// When on its last day a period ends. In JSON `end_of_day`, `same_time` (as the anchor) or a time like `17:30`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ends {
    /// At 24:00.
    #[default]
    EndOfDay,
    /// At the time of day of the anchor.
    SameTime,
    /// At that time of day.
    At(TimeOfDay),
}

impl Serialize for Ends {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::EndOfDay => serializer.serialize_str("end_of_day"),
            Self::SameTime => serializer.serialize_str("same_time"),
            Self::At(time) => time.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Ends {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "end_of_day" => Ok(Self::EndOfDay),
            "same_time" => Ok(Self::SameTime),
            time => time.parse().map(Self::At).map_err(|_| {
                serde::de::Error::custom(format!(
                    "\"{time}\": write end_of_day, same_time or a time like 17:30"
                ))
            }),
        }
    }
}

impl<'de> Deserialize<'de> for Anchor {
    /// From its word. As text and not as a variant, so that a fault in a map of anchors names the anchor.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        Self::ALL.into_iter().find(|anchor| anchor.name() == word).ok_or_else(|| {
            let words = Self::ALL.map(Self::name).join(", ");
            serde::de::Error::custom(format!("there is no anchor \"{word}\"; there are: {words}"))
        })
    }
}

impl Anchor {
    /// Every one.
    pub const ALL: [Self; 11] = [
        Self::Occurred,
        Self::Detected,
        Self::Aware,
        Self::Classified,
        Self::MaterialityDetermined,
        Self::Discovered,
        Self::PaidRansom,
        Self::Fixed,
        Self::Handled,
        Self::YearEnd,
        Self::PreviousReport,
    ];

    /// The word in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Occurred => "occurred",
            Self::Detected => "detected",
            Self::Aware => "aware",
            Self::Classified => "classified",
            Self::MaterialityDetermined => "materiality_determined",
            Self::Discovered => "discovered",
            Self::PaidRansom => "paid_ransom",
            Self::Fixed => "fixed",
            Self::Handled => "handled",
            Self::YearEnd => "year_end",
            Self::PreviousReport => "previous_report",
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.unit {
            Unit::Minutes => "minute",
            Unit::Hours => "hour",
            Unit::CalendarDays => "calendar day",
            Unit::BusinessDays => "business day",
            Unit::Weeks => "week",
            Unit::Months => "month",
            Unit::WithoutDelay => return f.write_str("without delay"),
        };
        write!(f, "{} {unit}{}", self.amount, if self.amount == 1 { "" } else { "s" })
    }
}

impl Pack {
    /// Refuses calendars that are not sound, periods of 0 or of more than ten years, a `previous_report` without `after` and the other way
    /// round, and ids that stand twice.
    pub fn check(&self) -> Result<(), Problem> {
        self.ready_calendars()?;
        for (index, rule) in self.clocks.iter().enumerate() {
            let fault =
                |field: &str, message: &str| Problem::new(format!("clocks[{index}].{field}"), message);
            limit(rule.amount, rule.unit).map_err(|message| fault("amount", message))?;
            if let Some(cap) = &rule.cap {
                if Unit::WithoutDelay == cap.unit || Unit::WithoutDelay == rule.unit {
                    return Err(fault("cap", "a cap needs a period, its own and that of the clock"));
                }
                limit(cap.amount, cap.unit).map_err(|message| fault("cap.amount", message))?;
            }
            if (rule.anchor == Anchor::PreviousReport) != rule.after.is_some() {
                return Err(fault("after", "names the clock whose report is the anchor previous_report"));
            }
            if self.clocks[..index].iter().any(|earlier| earlier.id == rule.id) {
                return Err(fault("id", "this pack has a clock of that id already"));
            }
        }
        Ok(())
    }

    pub(crate) fn ready_calendars(&self) -> Result<BTreeMap<&str, Calendar>, Problem> {
        let ready = |(name, parts): (&'_ String, &BusinessHours)| {
            Calendar::new(parts).map_err(|problem| problem.of(&format!("calendars.{name}")))
        };
        self.calendars.iter().map(|(name, parts)| Ok((name.as_str(), ready((name, parts))?))).collect()
    }
}

fn limit(amount: u32, unit: Unit) -> Result<(), &'static str> {
    let most = match unit {
        Unit::Minutes => 5_270_400,
        Unit::Hours => 87_840,
        Unit::CalendarDays | Unit::BusinessDays => 3_660,
        Unit::Weeks => 522,
        Unit::Months => 120,
        Unit::WithoutDelay if amount == 0 => return Ok(()),
        Unit::WithoutDelay => return Err("without_delay has no amount"),
    };
    if (1..=most).contains(&amount) { Ok(()) } else { Err("a period lasts at least 1 and at most ten years") }
}

/// The packs that come with the product, each a file of its own. None is verified yet; see [`Pack`].
pub fn shipped() -> Vec<Pack> {
    const FILES: [&str; 11] = [
        include_str!("../../packs/eu-gdpr.json"),
        include_str!("../../packs/eu-nis2.json"),
        include_str!("../../packs/eu-dora.json"),
        include_str!("../../packs/eu-cra.json"),
        include_str!("../../packs/us-federal.json"),
        include_str!("../../packs/us-states.json"),
        include_str!("../../packs/us-circia.json"),
        include_str!("../../packs/uk.json"),
        include_str!("../../packs/uk-csr-bill.json"),
        include_str!("../../packs/asia-pacific.json"),
        include_str!("../../packs/others.json"),
    ];
    FILES.iter().map(|text| from_json(text).expect("a test reads every shipped pack")).collect()
}

/// Every fact the packs ask for, so that a misspelt one can be told from one that matters.
pub fn known_facts(packs: &[Pack]) -> BTreeSet<&str> {
    let rules = packs.iter().flat_map(|pack| &pack.clocks);
    rules.flat_map(|rule| rule.needs.iter().chain(&rule.unless)).map(String::as_str).collect()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(amount: &u32) -> bool {
    *amount == 0
}

fn yes() -> bool {
    true
}
