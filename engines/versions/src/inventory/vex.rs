//! `CycloneDX` VEX out: what was decided about which flaw in which component.

use serde::Serialize;
use serde_json::{Value, json};

use crate::matching::State;
use crate::score::Scores;

/// A decision to be published.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement<'a> {
    /// CVE or advisory id.
    pub id: &'a str,
    /// Who published the advisory.
    pub source: &'a str,
    /// Package URL of the component.
    pub component: &'a str,
    /// The state to say.
    pub analysis: Analysis,
    /// In words, for people.
    pub detail: &'a str,
    /// Score with its vector.
    pub scores: Option<(Scores, &'a str)>,
}

/// The states of `CycloneDX` that a decision can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Analysis {
    /// Affected.
    Exploitable,
    /// Affected once, and repaired.
    Resolved,
    /// Not affected.
    NotAffected,
    /// Not decided.
    InTriage,
}

impl From<State> for Analysis {
    /// Only a decision is said as one: everything undecided is in triage.
    fn from(state: State) -> Self {
        match state {
            State::Affected => Analysis::Exploitable,
            State::NotAffected => Analysis::NotAffected,
            State::Undecidable | State::UnderInvestigation | State::Unknown | State::NothingKnown => {
                Analysis::InTriage
            }
        }
    }
}

/// A `CycloneDX` 1.5 document with the statements; `serial` is a UUID in lower case and `timestamp` RFC 3339, both from
/// the caller.
pub fn cyclonedx_vex(statements: &[Statement<'_>], serial: &str, timestamp: &str) -> Value {
    let vulnerabilities: Vec<Value> = statements.iter().map(vulnerability).collect();
    let mut components: Vec<&str> = statements.iter().map(|one| one.component).collect();
    components.sort_unstable();
    components.dedup();
    let components: Vec<Value> = components.into_iter().map(component).collect();
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": format!("urn:uuid:{serial}"),
        "version": 1,
        "metadata": { "timestamp": timestamp },
        "components": components,
        "vulnerabilities": vulnerabilities,
    })
}

fn component(purl: &str) -> Value {
    let parsed: crate::purl::Purl = purl.parse().unwrap_or_default();
    let name = if parsed.name.is_empty() { purl } else { &parsed.name };
    let mut component = json!({ "type": "library", "bom-ref": purl, "name": name, "purl": purl });
    if !parsed.version.is_empty() {
        component["version"] = Value::from(parsed.version);
    }
    component
}

fn vulnerability(one: &Statement<'_>) -> Value {
    let ratings: Vec<Value> = one.scores.iter().map(|(scores, vector)| rating(*scores, vector)).collect();
    json!({
        "id": one.id,
        "source": { "name": one.source },
        "ratings": ratings,
        "analysis": { "state": one.analysis, "detail": one.detail },
        "affects": [{ "ref": one.component }],
    })
}

fn rating(scores: Scores, vector: &str) -> Value {
    use crate::score::Version;
    let method = match scores.version {
        Version::V2 => "CVSSv2",
        Version::V30 => "CVSSv3",
        Version::V31 => "CVSSv31",
        Version::V4 => "CVSSv4",
    };
    json!({ "score": scores.overall(), "severity": scores.rating, "method": method, "vector": vector })
}
