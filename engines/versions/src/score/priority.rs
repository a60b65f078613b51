//! Which flaw first, with the reason in words: known exploitation, then likelihood, then severity, weighed by exposure.

use serde::Serialize;

use super::ssvc::{Decision, Exploitation, Mission, decide, from_vector};
use super::{Rating, Scores};
use crate::import::{Exploited, Likelihood};

/// How far the affected thing can be reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exposure {
    /// Only from the machine itself.
    Local,
    /// Nobody looked; weighed like the network, because not knowing is not safety.
    #[default]
    Unknown,
    /// Listens beyond loopback.
    Network,
    /// Reachable from the public network.
    Public,
}

/// How much depends on the machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Criticality {
    /// Little.
    Low,
    /// Something.
    #[default]
    Normal,
    /// The work stands still without it.
    High,
}

/// What is known about a flaw on a machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct Facts<'a> {
    /// Its entry among the known exploited ones.
    pub exploited: Option<&'a Exploited>,
    /// Its likelihood of exploitation.
    pub likelihood: Option<&'a Likelihood>,
    /// The newest score, with its vector.
    pub scores: Option<(Scores, &'a str)>,
    /// The publisher's word (`Important`, `low` …).
    pub urgency: &'a str,
    /// How far it can be reached.
    pub exposure: Exposure,
    /// How much depends on it.
    pub criticality: Criticality,
    /// Today as `YYYY-MM-DD`, to tell whether a due date has passed.
    pub today: &'a str,
}

/// How urgent, and why.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Priority {
    /// 0 to 1000. From 900 on it is known to be exploited, whatever else is known.
    pub points: u16,
    /// The decision of the tree in [`decide`].
    pub decision: Decision,
    /// One sentence per fact that counted, in the order of weight.
    pub reasons: Vec<String>,
}

/// Weighs the facts. A missing fact lowers nothing: without score and urgency a flaw counts as medium, and the reasons
/// say so.
pub fn priority(facts: &Facts<'_>) -> Priority {
    let mut reasons = Vec::new();
    let severity = severity(facts, &mut reasons);
    let likelihood = likelihood(facts, &mut reasons);
    let reach = reach(facts, &mut reasons);
    // A flaw nobody is expected to use keeps two fifths of its severity.
    let plain = severity * (0.4 + 0.6 * likelihood) * reach;
    let points = match facts.exploited {
        Some(exploited) => {
            let is_late =
                !exploited.due.is_empty() && !facts.today.is_empty() && exploited.due.as_str() < facts.today;
            reasons.insert(0, known_words(exploited, is_late));
            900.0 + 60.0 * plain.min(1.0) + if is_late { 40.0 } else { 0.0 }
        }
        None => (plain * 900.0).min(899.0),
    };
    Priority { points: whole(points), decision: decision(facts), reasons }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1000")]
fn whole(points: f64) -> u16 {
    points.clamp(0.0, 1000.0).round() as u16
}

fn known_words(exploited: &Exploited, is_late: bool) -> String {
    let mut words = format!("known to be exploited since {}", exploited.added);
    if exploited.ransomware == "Known" {
        words += ", also for ransom";
    }
    if !exploited.due.is_empty() {
        words += if is_late { "; was due on " } else { "; due by " };
        words += &exploited.due;
    }
    words
}

/// 0 to 1.
fn severity(facts: &Facts<'_>, reasons: &mut Vec<String>) -> f64 {
    if let Some((scores, _)) = facts.scores {
        reasons.push(format!("CVSS {} score {:.1}", scores.version, scores.overall()));
        return scores.overall() / 10.0;
    }
    let word = facts.urgency.split([',', ' ', '*']).next().unwrap_or("").to_ascii_lowercase();
    let share = match word.as_str() {
        "critical" => 0.95,
        "high" | "important" => 0.8,
        "medium" | "moderate" => 0.55,
        "low" => 0.3,
        "unimportant" | "negligible" | "none" | "notice" => 0.1,
        _ => {
            reasons.push("no score and no urgency from the publisher, counted as medium".to_owned());
            return 0.55;
        }
    };
    reasons.push(format!("the publisher calls it {word}"));
    share
}

/// 0 to 1.
fn likelihood(facts: &Facts<'_>, reasons: &mut Vec<String>) -> f64 {
    match facts.likelihood {
        Some(one) => {
            reasons.push(format!(
                "exploitation within 30 days: {:.1} %, higher than {:.0} % of all flaws",
                one.probability * 100.0,
                one.percentile * 100.0
            ));
            one.percentile
        }
        None if facts.exploited.is_some() => 1.0,
        None => {
            reasons.push("no likelihood of exploitation known".to_owned());
            0.5
        }
    }
}

fn reach(facts: &Facts<'_>, reasons: &mut Vec<String>) -> f64 {
    let (by_exposure, words) = match facts.exposure {
        Exposure::Local => (0.7, "reachable from the machine itself only"),
        Exposure::Unknown => (1.0, "how far it can be reached is not known"),
        Exposure::Network => (1.0, "reachable from the network"),
        Exposure::Public => (1.2, "reachable from the public network"),
    };
    reasons.push(words.to_owned());
    let by_criticality = match facts.criticality {
        Criticality::Low => 0.85,
        Criticality::Normal => 1.0,
        Criticality::High => 1.15,
    };
    by_exposure * by_criticality
}

fn decision(facts: &Facts<'_>) -> Decision {
    let exploitation = match (facts.exploited, facts.likelihood) {
        (Some(_), _) => Exploitation::Active,
        (None, Some(one)) if one.probability >= 0.1 => Exploitation::ProofOfConcept,
        _ => Exploitation::None,
    };
    let (automatable, impact) = from_vector(facts.scores.map_or("", |(_, vector)| vector));
    let is_grave = facts.scores.is_some_and(|(scores, _)| scores.rating >= Rating::High);
    let mission = match (facts.criticality, facts.exposure) {
        (Criticality::High, _) => Mission::High,
        (Criticality::Normal, Exposure::Public) if is_grave => Mission::High,
        (Criticality::Low, Exposure::Local) => Mission::Low,
        _ => Mission::Medium,
    };
    decide(exploitation, automatable, impact, mission)
}
