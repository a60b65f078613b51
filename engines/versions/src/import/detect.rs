//! Which format a document has: told by its content, never by its file name alone.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::{Sink, csaf, debian, enrich, osv, yaml};

/// Reads one document, whatever it is; `name` is its path and names it when it is damaged.
pub fn read_document(name: &str, bytes: &[u8], sink: &mut Sink<'_>) {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase();
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    match (extension.as_str(), first) {
        (_, None) if ["json", "yaml", "yml", "csv"].contains(&extension.as_str()) => {
            sink.outcome.damage(name, "the file is empty");
        }
        ("yaml" | "yml", _) => with_text(name, bytes, sink, read_yaml),
        ("json", _) | (_, Some(b'{')) => read_json(name, bytes, sink),
        ("csv", _) => with_text(name, bytes, sink, read_csv),
        (_, Some(b'[')) if looks_like_list(bytes) => {
            with_text(name, bytes, sink, |_, text, sink| debian::list(text, sink));
        }
        (_, Some(b'#')) if bytes.starts_with(b"#model_version") => {
            with_text(name, bytes, sink, |_, text, sink| enrich::epss(text, sink));
        }
        _ => sink.outcome.ignored += 1,
    }
}

fn with_text(name: &str, bytes: &[u8], sink: &mut Sink<'_>, read: impl FnOnce(&str, &str, &mut Sink<'_>)) {
    match std::str::from_utf8(bytes) {
        Ok(text) => read(name, text, sink),
        Err(error) => sink.outcome.damage(name, error),
    }
}

/// The heading tells EPSS scores from the catalogue of exploited flaws; other tables (lists of changed ids) are none of
/// the known formats.
fn read_csv(_: &str, text: &str, sink: &mut Sink<'_>) {
    let heading = text.lines().find(|line| !line.trim().is_empty() && !line.starts_with('#')).unwrap_or("");
    let first = heading.split(',').next().unwrap_or("").trim().trim_matches('"');
    match first {
        "cve" => enrich::epss(text, sink),
        "cveID" => enrich::kev_csv(text, sink),
        _ if text.starts_with("#model_version") => enrich::epss(text, sink),
        _ => sink.outcome.ignored += 1,
    }
}

/// `[21 Aug 2026] DSA-…`
fn looks_like_list(bytes: &[u8]) -> bool {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or(bytes);
    [&b"] DSA-"[..], b"] DLA-", b"] DTSA-"]
        .iter()
        .any(|mark| line.windows(mark.len()).any(|part| part == *mark))
}

#[derive(Deserialize)]
struct Probe {
    id: Option<IgnoredAny>,
    affected: Option<IgnoredAny>,
    modified: Option<IgnoredAny>,
    document: Option<IgnoredAny>,
    vulnerabilities: Option<IgnoredAny>,
    #[serde(rename = "catalogVersion")]
    catalog: Option<IgnoredAny>,
    releases: Option<IgnoredAny>,
    #[serde(rename = "versions")]
    versions: Option<IgnoredAny>,
    #[serde(rename = "$schema")]
    schema: Option<IgnoredAny>,
}

fn read_json(name: &str, bytes: &[u8], sink: &mut Sink<'_>) {
    let probe = serde_json::from_slice::<Probe>(bytes);
    let result = match probe {
        Ok(probe) if probe.catalog.is_some() && probe.vulnerabilities.is_some() => enrich::kev(bytes, sink),
        Ok(probe) if probe.document.is_some() => csaf::advisories(bytes, sink),
        Ok(probe) if probe.id.is_some() || (probe.affected.is_some() && probe.modified.is_some()) => {
            osv::advisory(bytes).map(|advisory| sink.advisory(advisory))
        }
        Ok(probe) if probe.releases.is_some() && probe.schema.is_none() => json_lifecycles(name, bytes, sink),
        Ok(probe) if probe.versions.is_some() || probe.schema.is_some() => {
            sink.outcome.ignored += 1;
            Ok(())
        }
        Ok(_) => debian::advisories(bytes, sink),
        Err(_) if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') => {
            read_list(name, bytes, sink)
        }
        Err(error) if error.is_data() => osv::advisory(bytes).map(|advisory| sink.advisory(advisory)),
        Err(_) if debian::is_tracker(bytes) => debian::advisories(bytes, sink),
        Err(error) => Err(error.to_string()),
    };
    if let Err(fault) = result {
        sink.outcome.damage(name, fault);
    }
}

/// A list of OSV records in one file.
fn read_list(name: &str, bytes: &[u8], sink: &mut Sink<'_>) -> Result<(), String> {
    let records: Vec<Value> = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    for (at, record) in records.into_iter().enumerate() {
        let id = record
            .get("id")
            .and_then(Value::as_str)
            .map_or_else(|| format!("{name}, record {}", at + 1), str::to_owned);
        match osv::advisory_of_value(record) {
            Ok(advisory) => sink.advisory(advisory),
            Err(fault) => sink.outcome.damage(id, fault),
        }
    }
    Ok(())
}

fn json_lifecycles(name: &str, bytes: &[u8], sink: &mut Sink<'_>) -> Result<(), String> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    enrich::lifecycles(product_name(name), &value, sink);
    Ok(())
}

fn read_yaml(name: &str, text: &str, sink: &mut Sink<'_>) {
    let value = match yaml::value(text) {
        Ok(value) => value,
        Err(fault) => return sink.outcome.damage(name, fault),
    };
    if value.get("releases").is_some() && value.get("id").is_none() {
        return enrich::lifecycles(product_name(name), &value, sink);
    }
    if value.get("id").is_none() && value.get("affected").is_none() {
        sink.outcome.ignored += 1;
        return;
    }
    match osv::advisory_of_value(value) {
        Ok(advisory) => sink.advisory(advisory),
        Err(fault) => sink.outcome.damage(name, fault),
    }
}

/// The file name without folder and extension.
fn product_name(path: &str) -> &str {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    name.split_once('.').map_or(name, |(stem, _)| stem)
}
