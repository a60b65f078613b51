//! What publishers say: one shape for every source.

use serde::{Deserialize, Serialize};

/// One advisory. Texts are kept as the publisher wrote them; an empty text means that it said nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Advisory {
    /// The publisher's own id (`DSA-5432-1`, `GHSA-…`, `CVE-…`).
    pub id: String,
    /// The source it was imported from (`osv`, `debian-tracker`, `debian-list`, `csaf`).
    pub source: String,
    /// Other names of the same flaw.
    pub aliases: Vec<String>,
    /// Flaws it speaks of without being the same (`related` and `upstream` of OSV).
    pub related: Vec<String>,
    /// One line.
    pub summary: String,
    /// RFC 3339, as written; empty when unknown (the zero date of some sources is unknown).
    pub published: String,
    /// RFC 3339, as written; empty when unknown.
    pub modified: String,
    /// When it was taken back; a withdrawn advisory is never a finding.
    pub withdrawn: String,
    /// Scores the publisher gave, as vectors.
    pub severities: Vec<Severity>,
    /// The publisher's own word for how urgent it is (`Important`, `low`, `end-of-life` …).
    pub urgency: String,
    /// Whom it touches.
    pub affected: Vec<Affected>,
}

impl Advisory {
    /// Every CVE id it names, its own first, without repetition.
    pub fn cves(&self) -> impl Iterator<Item = &str> {
        let names = || std::iter::once(&self.id).chain(&self.aliases).chain(&self.related);
        names()
            .enumerate()
            .filter(move |(at, name)| names().take(*at).all(|other| other != *name))
            .map(|(_, name)| name.as_str())
            .filter(|name| name.starts_with("CVE-"))
    }
}

/// A score in the form its standard gives it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Severity {
    /// `CVSS_V2`, `CVSS_V3`, `CVSS_V4`, `Ubuntu` …
    pub kind: String,
    /// The vector or word.
    pub score: String,
}

/// What an advisory says about one package of one ecosystem.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Affected {
    /// As OSV names it, with the release: `Debian:12`.
    pub ecosystem: String,
    /// Source package for Debian and Ubuntu, origin for Alpine, binary package for RPM, registry name else.
    pub name: String,
    /// The publisher's word, before any version is looked at.
    pub status: Status,
    /// Ranges of affected versions.
    pub ranges: Vec<Range>,
    /// Affected versions one by one.
    pub versions: Vec<String>,
    /// RPM module and stream (`nodejs:18`); empty for ordinary packages and where the source does not tell.
    pub module: String,
    /// The package's own urgency, where it differs from the advisory's.
    pub urgency: String,
}

/// The state a publisher gives a package.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Ranges and versions tell which are affected.
    #[default]
    ByVersion,
    /// Said not to be affected: the versions listed, or all when none is.
    NotAffected,
    /// Not known yet, says the publisher.
    UnderInvestigation,
}

/// Affected versions between events.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// In which order the events stand.
    pub kind: RangeKind,
    /// In any order, as OSV allows.
    pub events: Vec<Event>,
}

/// In which order the events of a range stand.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RangeKind {
    /// The order of the ecosystem.
    #[default]
    Ecosystem,
    /// Semantic Versioning.
    Semver,
    /// Commits: nothing a version can be compared with.
    Git,
}

/// One event of a range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// What happens.
    pub kind: EventKind,
    /// At which version; `0` of an introduction is before every version.
    pub version: String,
}

/// What happens at a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// The first affected version.
    Introduced,
    /// The first version that is not affected any more.
    Fixed,
    /// The last affected version.
    LastAffected,
    /// Versions from here on are not spoken of.
    Limit,
}
