//! OSV records, from JSON or from YAML.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::advisory::{Advisory, Affected, Event, EventKind, Range, RangeKind, Severity};
use crate::ecosystem;
use crate::stream::is_module_build;

/// Reads one OSV record. Fields the schema does not know are left aside; `null` reads as absent.
///
/// # Errors
/// When it is not an OSV record: no object, no id, or a field of the wrong type.
pub fn advisory(json: &[u8]) -> Result<Advisory, String> {
    let record: Osv = serde_json::from_slice(json).map_err(|error| error.to_string())?;
    record.read()
}

/// The same from a value, for YAML.
pub(crate) fn advisory_of_value(value: Value) -> Result<Advisory, String> {
    let record: Osv = serde_json::from_value(value).map_err(|error| error.to_string())?;
    record.read()
}

pub(super) fn nullable<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    from: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

#[derive(Deserialize)]
pub(crate) struct Osv {
    id: String,
    #[serde(default, deserialize_with = "nullable")]
    aliases: Vec<String>,
    #[serde(default, deserialize_with = "nullable")]
    related: Vec<String>,
    #[serde(default, deserialize_with = "nullable")]
    upstream: Vec<String>,
    #[serde(default, deserialize_with = "nullable")]
    summary: String,
    #[serde(default, deserialize_with = "nullable")]
    details: String,
    #[serde(default, deserialize_with = "nullable")]
    published: String,
    #[serde(default, deserialize_with = "nullable")]
    modified: String,
    #[serde(default, deserialize_with = "nullable")]
    withdrawn: String,
    #[serde(default, deserialize_with = "nullable")]
    severity: Vec<OsvSeverity>,
    #[serde(default, deserialize_with = "nullable")]
    affected: Vec<OsvAffected>,
    #[serde(default, deserialize_with = "nullable")]
    database_specific: Value,
}

#[derive(Deserialize)]
struct OsvSeverity {
    #[serde(rename = "type", default, deserialize_with = "nullable")]
    kind: String,
    #[serde(default, deserialize_with = "nullable")]
    score: String,
}

#[derive(Deserialize, Default)]
struct OsvAffected {
    #[serde(default, deserialize_with = "nullable")]
    package: OsvPackage,
    #[serde(default, deserialize_with = "nullable")]
    severity: Vec<OsvSeverity>,
    #[serde(default, deserialize_with = "nullable")]
    ranges: Vec<OsvRange>,
    #[serde(default, deserialize_with = "nullable")]
    versions: Vec<String>,
    #[serde(default, deserialize_with = "nullable")]
    ecosystem_specific: Value,
    #[serde(default, deserialize_with = "nullable")]
    database_specific: Value,
}

#[derive(Deserialize, Default)]
struct OsvPackage {
    #[serde(default, deserialize_with = "nullable")]
    ecosystem: String,
    #[serde(default, deserialize_with = "nullable")]
    name: String,
}

#[derive(Deserialize)]
struct OsvRange {
    #[serde(rename = "type", default, deserialize_with = "nullable")]
    kind: String,
    #[serde(default, deserialize_with = "nullable")]
    events: Vec<OsvEvent>,
}

#[derive(Deserialize)]
struct OsvEvent {
    introduced: Option<String>,
    fixed: Option<String>,
    last_affected: Option<String>,
    limit: Option<String>,
}

impl Osv {
    fn read(self) -> Result<Advisory, String> {
        if self.id.trim().is_empty() {
            return Err("the record has no id".to_owned());
        }
        let summary = if self.summary.is_empty() { first_line(&self.details) } else { self.summary };
        let mut related = self.upstream;
        related.extend(self.related);
        let urgency =
            word(&self.database_specific, &["severity"]).or_else(|| leading_word(&summary, &self.affected));
        let mut severities: Vec<Severity> = self.severity.into_iter().map(OsvSeverity::read).collect();
        let mut affected = Vec::with_capacity(self.affected.len());
        let stream = stream_in(&summary);
        for one in self.affected {
            for severity in one.severity.iter().filter(|severity| !severity.score.is_empty()) {
                let severity = Severity { kind: severity.kind.clone(), score: severity.score.clone() };
                if !severities.contains(&severity) {
                    severities.push(severity);
                }
            }
            affected.extend(one.read(stream)?);
        }
        Ok(Advisory {
            id: self.id,
            source: "osv".to_owned(),
            aliases: self.aliases,
            related,
            summary,
            published: known_date(self.published),
            modified: known_date(self.modified),
            withdrawn: self.withdrawn,
            severities,
            urgency: urgency.unwrap_or_default(),
            affected,
        })
    }
}

impl OsvSeverity {
    fn read(self) -> Severity {
        Severity { kind: self.kind, score: self.score }
    }
}

impl OsvAffected {
    /// An entry without a package speaks of a repository only: nothing installed can be compared with it.
    fn read(self, stream: &str) -> Result<Option<Affected>, String> {
        let OsvPackage { ecosystem, name } = self.package;
        if ecosystem.is_empty() || name.is_empty() {
            return Ok(None);
        }
        let urgency = word(&self.database_specific, &["informational", "severity"])
            .or_else(|| word(&self.ecosystem_specific, &["urgency", "severity"]));
        let module = word(&self.ecosystem_specific, &["module", "rpmmod"]);
        let mut affected = Affected {
            name: ecosystem::package_name(&ecosystem, &name),
            ecosystem,
            ranges: self.ranges.into_iter().map(OsvRange::read).collect::<Result<_, _>>()?,
            versions: self.versions,
            module: module.unwrap_or_default(),
            urgency: urgency.unwrap_or_default(),
            ..Affected::default()
        };
        let events = affected.ranges.iter().flat_map(|range| &range.events);
        if affected.module.is_empty() && events.into_iter().any(|event| is_module_build(&event.version)) {
            stream.clone_into(&mut affected.module);
        }
        Ok(Some(affected))
    }
}

/// `AlmaLinux` and Rocky name the module and stream in the summary only: `Important: nodejs:18 security update`. Two of
/// them leave open which package belongs to which.
fn stream_in(summary: &str) -> &str {
    let is_stream = |word: &&str| {
        let halves = word.split_once(':');
        halves
            .is_some_and(|(module, stream)| !module.is_empty() && !stream.is_empty() && !stream.contains(':'))
    };
    let mut streams = summary.split([' ', ',']).filter(is_stream);
    match (streams.next(), streams.next()) {
        (Some(stream), None) => stream,
        _ => "",
    }
}

impl OsvRange {
    fn read(self) -> Result<Range, String> {
        let kind = match self.kind.as_str() {
            "SEMVER" => RangeKind::Semver,
            "ECOSYSTEM" => RangeKind::Ecosystem,
            "GIT" => RangeKind::Git,
            other => return Err(format!("a range has the unknown type {other:?}")),
        };
        let mut events = Vec::with_capacity(self.events.len());
        for event in self.events {
            let kinds = [
                (EventKind::Introduced, event.introduced),
                (EventKind::Fixed, event.fixed),
                (EventKind::LastAffected, event.last_affected),
                (EventKind::Limit, event.limit),
            ];
            let before = events.len();
            events.extend(
                kinds.into_iter().filter_map(|(kind, version)| Some(Event { kind, version: version? })),
            );
            if events.len() == before {
                return Err("an event of a range says nothing known".to_owned());
            }
        }
        Ok(Range { kind, events })
    }
}

fn word(value: &Value, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| value.get(name)?.as_str()).map(str::to_owned)
}

/// `AlmaLinux` and Rocky write the urgency as the first word of the summary: `Important: kernel security update`.
fn leading_word(summary: &str, affected: &[OsvAffected]) -> Option<String> {
    let publisher = ecosystem::base(&affected.first()?.package.ecosystem);
    let word = summary.split_once(':')?.0;
    let is_urgency = ["Critical", "Important", "Moderate", "Low"].contains(&word);
    (["AlmaLinux", "Rocky Linux"].contains(&publisher) && is_urgency).then(|| word.to_owned())
}

fn first_line(details: &str) -> String {
    details
        .lines()
        .map(|line| line.trim().trim_start_matches('#').trim())
        .find(|line| !line.is_empty())
        .unwrap_or("")
        .to_owned()
}

/// Some publishers write the zero date where they do not know.
fn known_date(date: String) -> String {
    if date.starts_with("0001-01-01") { String::new() } else { date }
}
