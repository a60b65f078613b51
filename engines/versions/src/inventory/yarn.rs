//! `yarn.lock`, of version 1 (its own format) and later (YAML).

use serde_json::Value;

use super::Inventory;
use crate::import::yaml;

pub(super) fn read(text: &str) -> Result<Inventory, String> {
    if text.contains("__metadata:") { berry(text) } else { Ok(classic(text)) }
}

fn berry(text: &str) -> Result<Inventory, String> {
    let Value::Object(lock) = yaml::value(text)? else { return Err("not a table of packages".to_owned()) };
    let mut inventory = Inventory::default();
    for (key, package) in &lock {
        let resolution = package.get("resolution").and_then(Value::as_str).unwrap_or("");
        if key == "__metadata" || resolution.contains("@workspace:") {
            continue;
        }
        let version = package.get("version").and_then(Value::as_str).unwrap_or("");
        match resolution.get(1..).and_then(|rest| rest.find('@')) {
            Some(at) if resolution[at + 1..].starts_with("@npm:") => {
                inventory.add("npm", &resolution[..=at], version);
            }
            Some(at) => inventory.miss(&resolution[..=at], format!("comes from {}", &resolution[at + 2..])),
            None => inventory.miss(key, "no resolution"),
        }
    }
    Ok(inventory)
}

/// A heading of names at the start of a line, `  version "1.2.3"` below it.
fn classic(text: &str) -> Inventory {
    let mut inventory = Inventory::default();
    let mut name = "";
    for line in text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
        if !line.starts_with(' ') {
            let first = line.trim_end_matches(':').split(',').next().unwrap_or("").trim().trim_matches('"');
            name = alias(first).unwrap_or_else(|| {
                first.get(1..).and_then(|rest| rest.find('@')).map_or(first, |at| &first[..=at])
            });
        } else if let Some(version) = line.strip_prefix("  version ") {
            inventory.add("npm", name, version.trim().trim_matches('"'));
        }
    }
    inventory
}

/// `other@npm:real@^1`: what is installed is `real`.
fn alias(heading: &str) -> Option<&str> {
    let (_, real) = heading.split_once("@npm:")?;
    Some(real.get(1..)?.find('@').map_or(real, |at| &real[..=at]))
}
