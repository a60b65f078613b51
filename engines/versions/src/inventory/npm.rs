//! `package-lock.json` (versions 1 to 3) and `pnpm-lock.yaml` (5 to 9).

use serde_json::Value;

use super::{Inventory, json};
use crate::import::yaml;

pub(super) fn package_lock(text: &str) -> Result<Inventory, String> {
    let lock = json(text)?;
    let mut inventory = Inventory::default();
    match (lock.get("packages"), lock.get("dependencies")) {
        (Some(Value::Object(packages)), _) => {
            for (path, package) in packages {
                let Some((_, from_path)) = path.rsplit_once("node_modules/") else { continue }; // the project itself
                if package.get("link").and_then(Value::as_bool) == Some(true) {
                    continue;
                }
                let name = package.get("name").and_then(Value::as_str).unwrap_or(from_path);
                add(&mut inventory, name, package);
            }
        }
        (_, Some(Value::Object(_))) => nested(&mut inventory, &lock, 0),
        _ => return Err("neither packages nor dependencies".to_owned()),
    }
    Ok(inventory)
}

fn nested(inventory: &mut Inventory, package: &Value, depth: usize) {
    let Some(Value::Object(dependencies)) = package.get("dependencies").filter(|_| depth < 64) else {
        return;
    };
    for (name, one) in dependencies {
        add(inventory, name, one);
        nested(inventory, one, depth + 1);
    }
}

fn add(inventory: &mut Inventory, name: &str, package: &Value) {
    let version = package.get("version").and_then(Value::as_str).unwrap_or("");
    match version.strip_prefix("npm:").and_then(|alias| alias.rsplit_once('@')) {
        Some((real, version)) => inventory.add("npm", real, version),
        None if version.contains("://") || version.contains("file:") || version.contains("git+") => {
            inventory.miss(name, format!("comes from {version}, not from a registry"));
        }
        None => inventory.add("npm", name, version),
    }
}

pub(super) fn pnpm_lock(text: &str) -> Result<Inventory, String> {
    let lock = yaml::value(text)?;
    let mut inventory = Inventory::default();
    if lock.get("lockfileVersion").is_none() {
        return Err("no lockfileVersion".to_owned());
    }
    let Some(Value::Object(packages)) = lock.get("packages") else { return Ok(inventory) };
    for (key, package) in packages {
        let named = || {
            let text = |key: &str| package.get(key).and_then(Value::as_str);
            Some((text("name")?.to_owned(), text("version")?.to_owned()))
        };
        match named().or_else(|| pnpm_key(key)) {
            Some((name, version)) => inventory.add("npm", &name, &version),
            None => inventory.miss(key, "does not come from a registry"),
        }
    }
    Ok(inventory)
}

/// `/name/1.2.3_peer@4`, `/name@1.2.3(peer@4)` and `name@1.2.3`, with scopes.
fn pnpm_key(key: &str) -> Option<(String, String)> {
    let key = key.split('(').next().unwrap_or(key);
    let bare = key.strip_prefix('/').unwrap_or(key);
    let (name, version) = match bare.rfind('@').filter(|at| *at > 0 && !bare[*at..].contains('/')) {
        Some(at) if bare[at + 1..].starts_with(|c: char| c.is_ascii_digit()) && !bare[..at].contains('_') => {
            (&bare[..at], &bare[at + 1..])
        }
        _ => bare.split('_').next().unwrap_or(bare).rsplit_once('/')?,
    };
    version.starts_with(|c: char| c.is_ascii_digit()).then(|| (name.to_owned(), version.to_owned()))
}
