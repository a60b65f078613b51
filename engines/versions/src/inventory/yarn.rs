//! `yarn.lock`, of version 1 (its own format) and later (YAML).

use serde_json::Value;

use super::Inventory;
use crate::import::yaml;

pub(super) fn read(text: &str) -> Result<Inventory, String> {
    let is_berry = text.lines().any(|line| line.trim_end() == "__metadata:");
    if is_berry { berry(text) } else { Ok(classic(text)) }
}

fn berry(text: &str) -> Result<Inventory, String> {
    let Value::Object(lock) = yaml::value(text)? else { return Err("not a table of packages".to_owned()) };
    let mut inventory = Inventory::default();
    for (key, package) in &lock {
        let resolution = package.get("resolution").and_then(Value::as_str).unwrap_or("");
        let own = ["@workspace:", "@link:", "@portal:"];
        if key == "__metadata" || own.iter().any(|mark| resolution.contains(mark)) {
            continue;
        }
        let version = package.get("version").and_then(Value::as_str).unwrap_or("");
        let Some((name, place)) = split_name(resolution) else {
            inventory.miss(key, "no resolution");
            continue;
        };
        // A patch is laid over a version of the registry; the version is that one's.
        let is_published = place.starts_with("npm:") || place.starts_with(&format!("patch:{name}@npm"));
        if is_published {
            inventory.add("npm", name, version);
        } else {
            inventory.miss(name, format!("comes from {place}, not from a registry"));
        }
    }
    Ok(inventory)
}

/// `@scope/name@range` at the at sign that is not the scope's.
fn split_name(text: &str) -> Option<(&str, &str)> {
    let at = text.get(1..)?.find('@')? + 1;
    Some((&text[..at], &text[at + 1..]))
}

/// A heading of names at the start of a line, `  version "1.2.3"` below it.
fn classic(text: &str) -> Inventory {
    let mut inventory = Inventory::default();
    let mut heading = "";
    for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        if !line.starts_with(' ') {
            heading =
                line.trim_end().trim_end_matches(':').split(", ").next().unwrap_or("").trim_matches('"');
        } else if let Some(version) = line.strip_prefix("  version ") {
            let version = version.trim().trim_matches('"');
            match registry_name(heading) {
                Ok(name) => inventory.add("npm", name, version),
                Err(place) => inventory.miss(heading, format!("comes from {place}, not from a registry")),
            }
        }
    }
    inventory
}

/// The name of the package in a heading: of `other@npm:real@^1` it is `real`; a range with a slash or a colon is a place
/// (`git+ssh://…`, `file:../x`, `user/repository`).
fn registry_name(heading: &str) -> Result<&str, &str> {
    let Some((name, range)) = split_name(heading) else { return Ok(heading) };
    if let Some(real) = range.strip_prefix("npm:") {
        return Ok(split_name(real).map_or(real, |(real, _)| real));
    }
    if range.contains(['/', ':']) { Err(range) } else { Ok(name) }
}
