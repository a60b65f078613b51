//! Stakeholder-Specific Vulnerability Categorization: what to do, from four questions.
//!
//! Source: CISA's SSVC guide, the decision tree of November 2021 with its 36 leaves.

use serde::Serialize;

/// Is it exploited?
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exploitation {
    /// No sign of it.
    None,
    /// A proof of concept is public.
    ProofOfConcept,
    /// In the wild.
    Active,
}

/// Can an attacker do it to many by a program?
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Automatable {
    /// A step needs care or a person.
    No,
    /// From finding targets to using the flaw.
    Yes,
}

/// How much does an attacker get?
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Impact {
    /// Some control or some information.
    Partial,
    /// All of it.
    Total,
}

/// What does it do to the mission and to people?
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mission {
    /// Little.
    Low,
    /// Supports something essential.
    Medium,
    /// Essential, or people come to harm.
    High,
}

/// What to do, least urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decision {
    /// Within the usual time.
    Track,
    /// Within the usual time, and watch it.
    TrackClosely,
    /// Sooner than usual; tell those in charge.
    Attend,
    /// As soon as possible; those in charge act.
    Act,
}

/// Walks the tree.
#[expect(clippy::match_same_arms, reason = "one row per branch of the tree, in its order")]
pub fn decide(
    exploitation: Exploitation,
    automatable: Automatable,
    impact: Impact,
    mission: Mission,
) -> Decision {
    use Decision::{Act, Attend, Track, TrackClosely};
    let leaves = match (exploitation, automatable, impact) {
        (Exploitation::None, Automatable::No, Impact::Partial) => [Track, Track, Track],
        (Exploitation::None, Automatable::No, Impact::Total) => [Track, Track, TrackClosely],
        (Exploitation::None, Automatable::Yes, _) => [Track, Track, Attend],
        (Exploitation::ProofOfConcept, Automatable::No, Impact::Partial) => [Track, Track, TrackClosely],
        (Exploitation::ProofOfConcept, _, Impact::Total) => [Track, TrackClosely, Attend],
        (Exploitation::ProofOfConcept, Automatable::Yes, Impact::Partial)
        | (Exploitation::Active, Automatable::No, Impact::Partial) => [Track, Track, Attend],
        (Exploitation::Active, Automatable::No, Impact::Total) => [Track, Attend, Act],
        (Exploitation::Active, Automatable::Yes, Impact::Partial) => [Attend, Attend, Act],
        (Exploitation::Active, Automatable::Yes, Impact::Total) => [Attend, Act, Act],
    };
    leaves[mission as usize]
}

/// Reads two of the answers off a CVSS vector of any version: a flaw that needs neither privileges, a person nor luck
/// over the network can be automated; one that takes all of confidentiality, integrity and availability is total.
pub fn from_vector(vector: &str) -> (Automatable, Impact) {
    let has = |parts: &[&str]| parts.iter().all(|part| vector.split('/').any(|given| given == *part));
    let is_automatable =
        has(&["AV:N", "AC:L", "PR:N", "UI:N"]) && !has(&["AT:P"]) || has(&["AV:N", "AC:L", "Au:N"]);
    let is_total =
        has(&["C:H", "I:H", "A:H"]) || has(&["VC:H", "VI:H", "VA:H"]) || has(&["C:C", "I:C", "A:C"]);
    (
        if is_automatable { Automatable::Yes } else { Automatable::No },
        if is_total { Impact::Total } else { Impact::Partial },
    )
}
