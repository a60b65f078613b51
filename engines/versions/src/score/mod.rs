//! Scores: CVSS 2, 3.0, 3.1 and 4.0 with all their metric groups.
//!
//! Versions 2 and 3 are computed here, after FIRST's specifications (v2 guide section 3.2, v3.0 section 8, v3.1 section 7
//! with its `Roundup`); version 4 by the crate `cvss`. Numbers of different versions are never mixed.

use std::fmt;

use serde::Serialize;

use crate::advisory::Severity;

mod metrics;
mod priority;
mod ssvc;
#[cfg(test)]
mod tests;
mod v2;
mod v3;

pub use priority::{Criticality, Exposure, Facts, Priority, priority};
pub use ssvc::{Automatable, Decision, Exploitation, Impact, Mission, decide};

/// The scores of one vector.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Scores {
    /// `2.0`, `3.0`, `3.1` or `4.0`.
    pub version: Version,
    /// From the base metrics alone, 0 to 10.
    pub base: f64,
    /// With temporal (version 4: threat) metrics; absent when the vector has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub temporal: Option<f64>,
    /// With all metrics; absent when the vector has no environmental ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environmental: Option<f64>,
    /// The word for [`overall`](Self::overall).
    pub rating: Rating,
}

impl Scores {
    /// The score of the most complete group the vector has.
    pub fn overall(&self) -> f64 {
        self.environmental.or(self.temporal).unwrap_or(self.base)
    }
}

/// A version of CVSS, older ones first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Version {
    /// 2.0
    #[serde(rename = "2.0")]
    V2,
    /// 3.0
    #[serde(rename = "3.0")]
    V30,
    /// 3.1
    #[serde(rename = "3.1")]
    V31,
    /// 4.0
    #[serde(rename = "4.0")]
    V4,
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Version::V2 => "2.0",
            Version::V30 => "3.0",
            Version::V31 => "3.1",
            Version::V4 => "4.0",
        })
    }
}

/// The qualitative rating of a score, by the scale of its version (version 2 has no `none` and no `critical`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rating {
    /// 0
    None,
    /// Up to 3.9.
    Low,
    /// Up to 6.9.
    Medium,
    /// Up to 8.9; in version 2 up to 10.
    High,
    /// From 9.0.
    Critical,
}

impl Rating {
    fn of(version: Version, score: f64) -> Self {
        match score {
            score if score >= 9.0 && version != Version::V2 => Rating::Critical,
            score if score >= 7.0 => Rating::High,
            score if score >= 4.0 => Rating::Medium,
            score if score > 0.0 || version == Version::V2 => Rating::Low,
            _ => Rating::None,
        }
    }
}

/// Why a text is no CVSS vector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VectorFault {
    /// Neither a known prefix nor the form of version 2.
    UnknownVersion,
    /// A metric the version does not have, or a value the metric does not have.
    Unknown(String),
    /// A metric written twice.
    Twice(String),
    /// A base metric is missing.
    Missing(&'static str),
    /// The crate for version 4 refuses it.
    Refused(String),
}

impl fmt::Display for VectorFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VectorFault::UnknownVersion => f.write_str("no vector of CVSS 2.0, 3.0, 3.1 or 4.0"),
            VectorFault::Unknown(part) => write!(f, "unknown metric or value {part:?}"),
            VectorFault::Twice(metric) => write!(f, "metric {metric} is given twice"),
            VectorFault::Missing(metric) => write!(f, "base metric {metric} is missing"),
            VectorFault::Refused(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for VectorFault {}

/// Computes the scores of a vector.
pub fn score(vector: &str) -> Result<Scores, VectorFault> {
    let vector = vector.trim();
    if let Some(metrics) = vector.strip_prefix("CVSS:3.0/") {
        v3::score(metrics, Version::V30)
    } else if let Some(metrics) = vector.strip_prefix("CVSS:3.1/") {
        v3::score(metrics, Version::V31)
    } else if vector.starts_with("CVSS:4.0/") {
        score_v4(vector)
    } else if vector.starts_with("CVSS:") {
        Err(VectorFault::UnknownVersion)
    } else {
        let plain = vector.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(vector);
        v2::score(plain)
    }
}

/// The best of several scores: the newest version that can be read, never an average.
pub fn newest(severities: &[Severity]) -> Option<(Scores, &str)> {
    let read = severities
        .iter()
        .filter_map(|severity| Some((score(&severity.score).ok()?, severity.score.as_str())));
    read.max_by_key(|(scores, _)| scores.version)
}

const V4_THREAT: [&str; 1] = ["E"];
const V4_ENVIRONMENT: [&str; 14] =
    ["CR", "IR", "AR", "MAV", "MAC", "MAT", "MPR", "MUI", "MVC", "MVI", "MVA", "MSC", "MSI", "MSA"];

fn score_v4(vector: &str) -> Result<Scores, VectorFault> {
    let value = |text: &str| {
        let vector: cvss::v4::Vector =
            text.parse().map_err(|error: cvss::Error| VectorFault::Refused(error.to_string()))?;
        Ok(vector.score().value())
    };
    // The crate takes the one metric whose values are words in any case; the specification does not.
    let urgencies = ["U:X", "U:Clear", "U:Green", "U:Amber", "U:Red"];
    if let Some(part) = vector.split('/').find(|part| part.starts_with("U:") && !urgencies.contains(part)) {
        return Err(VectorFault::Unknown(part.to_owned()));
    }
    let all = value(vector)?;
    let is_given = |part: &&str, group: &[&str]| {
        part.split_once(':').is_some_and(|(metric, value)| group.contains(&metric) && value != "X")
    };
    let without = |groups: &[&[&str]]| {
        let kept = vector.split('/').filter(|part| !groups.iter().any(|group| is_given(part, group)));
        value(&kept.collect::<Vec<_>>().join("/"))
    };
    let has_threat = vector.split('/').any(|part| is_given(&part, &V4_THREAT));
    let has_environment = vector.split('/').any(|part| is_given(&part, &V4_ENVIRONMENT));
    Ok(Scores {
        version: Version::V4,
        base: without(&[&V4_THREAT, &V4_ENVIRONMENT])?,
        temporal: if has_threat { Some(without(&[&V4_ENVIRONMENT])?) } else { None },
        environmental: has_environment.then_some(all),
        rating: Rating::of(Version::V4, all),
    })
}
