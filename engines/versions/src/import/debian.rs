//! The Debian security tracker: its JSON, and the DSA and DLA lists.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use super::Sink;
use crate::advisory::{Advisory, Affected, Event, EventKind, Range, RangeKind, Status};
use crate::changelog::cve_ids;
use crate::ecosystem;

/// Reads the tracker's JSON: one advisory per source package and CVE, with one entry per release. The file is read
/// package by package; a package that cannot be read is named, the rest is kept.
///
/// # Errors
/// When the text is no JSON object at all, or is cut off; what was read before is handed on.
pub fn advisories(json: &[u8], sink: &mut Sink<'_>) -> Result<(), String> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    reader.deserialize_map(Packages(sink)).map_err(|error| error.to_string())
}

struct Packages<'a, 's>(&'a mut Sink<'s>);

impl<'de> Visitor<'de> for Packages<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("source packages")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(source) = map.next_key::<String>()? {
            map.next_value_seed(Flaws { source: &source, sink: self.0 })?;
        }
        Ok(())
    }
}

/// The flaws of one source package.
struct Flaws<'a, 's> {
    source: &'a str,
    sink: &'a mut Sink<'s>,
}

impl<'de> DeserializeSeed<'de> for Flaws<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        let Value::Object(flaws) = Value::deserialize(from)? else {
            self.sink.outcome.damage(self.source, "not an object of flaws");
            return Ok(());
        };
        for (id, flaw) in flaws {
            match serde_json::from_value::<Flaw>(flaw) {
                Ok(flaw) => self.sink.advisory(flaw.read(self.source, id)),
                Err(error) => self.sink.outcome.damage(format!("{} {id}", self.source), error),
            }
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Flaw {
    #[serde(default)]
    description: String,
    releases: BTreeMap<String, Release>,
}

#[derive(Deserialize)]
struct Release {
    status: String,
    #[serde(default)]
    fixed_version: Option<String>,
    #[serde(default)]
    urgency: Option<String>,
    #[serde(default)]
    nodsa: Option<String>,
}

impl Flaw {
    fn read(self, source: &str, id: String) -> Advisory {
        let affected =
            self.releases.into_iter().map(|(codename, release)| release.read(source, &codename)).collect();
        Advisory {
            id,
            source: "debian-tracker".to_owned(),
            summary: self.description,
            affected,
            ..Advisory::default()
        }
    }
}

impl Release {
    /// `resolved` with version 0 was never affected; `open` is affected in every version of the release so far;
    /// everything else is not known yet.
    fn read(self, source: &str, codename: &str) -> Affected {
        let fixed = self.fixed_version.as_deref().unwrap_or("");
        let (status, ranges) = match (self.status.as_str(), fixed) {
            ("resolved", "0") => (Status::NotAffected, Vec::new()),
            ("resolved", "") => (Status::UnderInvestigation, Vec::new()),
            ("resolved", fixed) => (Status::ByVersion, vec![until(Some(fixed))]),
            ("open", _) => (Status::ByVersion, vec![until(None)]),
            _ => (Status::UnderInvestigation, Vec::new()),
        };
        let urgency = match (self.urgency.unwrap_or_default(), self.nodsa) {
            (urgency, Some(_)) => format!("{urgency}, no-dsa"),
            (urgency, None) => urgency,
        };
        let release = ecosystem::debian_release(codename).unwrap_or(codename);
        Affected {
            ecosystem: format!("Debian:{release}"),
            name: source.to_owned(),
            status,
            ranges,
            urgency,
            ..Affected::default()
        }
    }
}

fn until(fixed: Option<&str>) -> Range {
    let mut events = vec![Event { kind: EventKind::Introduced, version: "0".to_owned() }];
    events.extend(fixed.map(|fixed| Event { kind: EventKind::Fixed, version: fixed.to_owned() }));
    Range { kind: RangeKind::Ecosystem, events }
}

/// Reads `data/DSA/list` or `data/DLA/list`: one advisory per heading, its CVE ids, one entry per release and package.
pub fn list(text: &str, sink: &mut Sink<'_>) {
    let mut current: Option<Advisory> = None;
    for (number, line) in text.lines().enumerate() {
        if line.starts_with('[') {
            if let Some(done) = current.take() {
                sink.advisory(done);
            }
            match read_heading(line) {
                Some(advisory) => current = Some(advisory),
                None => sink.outcome.damage(format!("line {}", number + 1), "not a heading of a DSA or DLA"),
            }
            continue;
        }
        let Some(advisory) = &mut current else { continue };
        let line = line.trim();
        if line.starts_with('{') {
            advisory.related.extend(cve_ids(line).into_iter().map(str::to_owned));
        } else if line.starts_with('[') {
            match read_package(line) {
                Some(affected) => advisory.affected.push(affected),
                None => sink
                    .outcome
                    .damage(format!("{}, line {}", advisory.id, number + 1), "not a package of a release"),
            }
        }
    }
    if let Some(done) = current {
        sink.advisory(done);
    }
}

/// `[21 Aug 2026] DSA-5999-1 openssl - security update`
fn read_heading(line: &str) -> Option<Advisory> {
    let (date, rest) = line.strip_prefix('[')?.split_once("] ")?;
    let (id, summary) = rest.split_once(' ')?;
    if !id.starts_with("DSA-") && !id.starts_with("DLA-") && !id.starts_with("DTSA-") {
        return None;
    }
    Some(Advisory {
        id: id.to_owned(),
        source: "debian-list".to_owned(),
        summary: summary.trim().to_owned(),
        published: read_date(date).unwrap_or_default(),
        ..Advisory::default()
    })
}

fn read_date(text: &str) -> Option<String> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let mut words = text.split_whitespace();
    let (day, month, year) = (words.next()?, words.next()?, words.next()?);
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    Some(format!("{:04}-{month:02}-{:02}T00:00:00Z", year.parse::<u16>().ok()?, day.parse::<u8>().ok()?))
}

/// `[bookworm] - openssl 3.0.17-1~deb12u3`, or a mark like `<unfixed>` in place of the version.
fn read_package(line: &str) -> Option<Affected> {
    let (codename, rest) = line.strip_prefix('[')?.split_once(']')?;
    let mut words = rest.trim().strip_prefix('-')?.split_whitespace();
    let (name, version) = (words.next()?, words.next()?);
    let (status, ranges) = match version {
        "<not-affected>" => (Status::NotAffected, Vec::new()),
        "<undetermined>" => (Status::UnderInvestigation, Vec::new()),
        mark if mark.starts_with('<') => (Status::ByVersion, vec![until(None)]),
        fixed => (Status::ByVersion, vec![until(Some(fixed))]),
    };
    let release = ecosystem::debian_release(codename).unwrap_or(codename);
    Some(Affected {
        ecosystem: format!("Debian:{release}"),
        name: name.to_owned(),
        status,
        ranges,
        urgency: if version.starts_with('<') {
            version.trim_matches(['<', '>']).to_owned()
        } else {
            String::new()
        },
        ..Affected::default()
    })
}

/// Whether a JSON text looks like the tracker's: an object of objects of objects with `releases`.
pub(crate) fn is_tracker(json: &[u8]) -> bool {
    struct First;
    impl<'de> Visitor<'de> for First {
        type Value = bool;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("source packages")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
            if map.next_key::<String>()?.is_none() {
                return Ok(false);
            }
            let flaws = map.next_value::<BTreeMap<String, Value>>()?;
            let is_tracker = flaws.values().all(|flaw| flaw.get("releases").is_some()) && !flaws.is_empty();
            // The rest is not looked at; an early end is what the caller wants.
            Err(serde::de::Error::custom(if is_tracker { "tracker" } else { "other" }))
        }
    }
    let mut reader = serde_json::Deserializer::from_slice(json);
    reader.deserialize_map(First).is_err_and(|error| error.to_string().starts_with("tracker"))
}
