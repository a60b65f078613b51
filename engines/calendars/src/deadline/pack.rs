//! Clock packs: what a regime demands, dated and with its source, as stored and exchanged.

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::civil::TimeOfDay;
use crate::problem::{Problem, from_json};

/// A replaceable set of clocks. **Not legal advice**: a pack whose clocks are not `verified` was not compared
/// with the primary text by a person and must say so wherever it is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pack {
    pub id: String,
    pub title: String,
    /// Of the pack, so that a computed deadline can say what it was computed by.
    pub version: String,
    /// Who compared it with the primary text, and when.
    #[serde(default)]
    pub reviewed_by: Option<String>,
    /// Packs that are off are kept but give no clocks.
    #[serde(default = "yes")]
    pub enabled: bool,
    #[serde(default)]
    pub note: String,
    pub clocks: Vec<RunningRule>,
}

/// One clock of a pack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunningRule {
    /// Unique over all packs in use, such as `gdpr.authority`.
    pub id: String,
    pub title: String,
    pub recipient: String,
    pub anchor: Anchor,
    /// For the anchor `previous_report`: the clock whose report it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    pub amount: u32,
    pub unit: Unit,
    /// When on the last day the period ends; of no meaning for minutes and hours.
    #[serde(default)]
    pub ends: Ends,
    /// Name of the calendar for business days and the weekend rule; Monday to Friday when it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<String>,
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
    #[serde(default)]
    pub verified: bool,
}

/// The event a period counts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Anchor {
    Occurred,
    Detected,
    Aware,
    Classified,
    MaterialityDetermined,
    Discovered,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    Minutes,
    Hours,
    CalendarDays,
    BusinessDays,
    Weeks,
    Months,
}

/// An amount of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount {
    pub amount: u32,
    pub unit: Unit,
}

/// An upper limit counted from another event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cap {
    pub anchor: Anchor,
    pub amount: u32,
    pub unit: Unit,
    /// The cap does not hold when the clock starts only after it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unless_started_later: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weekend {
    pub roll: Roll,
    /// When on that day; left out: as the rule's own end (hours keep their time of day).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends: Option<Ends>,
}

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
    #[default]
    EndOfDay,
    SameTime,
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

impl Anchor {
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
        };
        write!(f, "{} {unit}{}", self.amount, if self.amount == 1 { "" } else { "s" })
    }
}

impl Pack {
    /// Refuses periods of 0 or of more than ten years, a `previous_report` without `after` and the other way
    /// round, repeats without anything to repeat from, and ids that stand twice.
    pub fn check(&self) -> Result<(), Problem> {
        for (index, rule) in self.clocks.iter().enumerate() {
            let fault =
                |field: &str, message: &str| Problem::new(format!("clocks[{index}].{field}"), message);
            limit(rule.amount, rule.unit).map_err(|message| fault("amount", message))?;
            if let Some(cap) = &rule.cap {
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
}

fn limit(amount: u32, unit: Unit) -> Result<(), &'static str> {
    let most = match unit {
        Unit::Minutes => 5_270_400,
        Unit::Hours => 87_840,
        Unit::CalendarDays | Unit::BusinessDays => 3_660,
        Unit::Weeks => 522,
        Unit::Months => 120,
    };
    if (1..=most).contains(&amount) { Ok(()) } else { Err("a period lasts at least 1 and at most ten years") }
}

/// The packs that come with the product, each a file of its own. None is verified yet; see [`Pack`].
pub fn shipped() -> Vec<Pack> {
    const FILES: [&str; 6] = [
        include_str!("../../packs/eu-gdpr.json"),
        include_str!("../../packs/eu-nis2.json"),
        include_str!("../../packs/eu-dora.json"),
        include_str!("../../packs/eu-cra.json"),
        include_str!("../../packs/us-federal.json"),
        include_str!("../../packs/us-circia.json"),
    ];
    FILES.iter().map(|text| from_json(text).expect("a test reads every shipped pack")).collect()
}

fn yes() -> bool {
    true
}
