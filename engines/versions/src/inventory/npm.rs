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
        // A project without any dependency has a lock file too.
        _ if lock.get("lockfileVersion").is_some() => {}
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

/// Version 1 writes the place of a package that is from no registry as its version, later ones as `resolved`.
fn add(inventory: &mut Inventory, name: &str, package: &Value) {
    let text = |key: &str| package.get(key).and_then(Value::as_str).unwrap_or("");
    let (version, resolved) = (text("version"), text("resolved"));
    if let Some((real, version)) = version.strip_prefix("npm:").and_then(|alias| alias.rsplit_once('@')) {
        return inventory.add("npm", real, version);
    }
    let is_elsewhere = |place: &str| place.starts_with("git") || place.starts_with("file:");
    if is_elsewhere(resolved) {
        inventory.miss(name, format!("comes from {resolved}, not from a registry"));
    } else if version.contains(':') {
        inventory.miss(name, format!("comes from {version}, not from a registry"));
    } else {
        inventory.add("npm", name, version);
    }
}

pub(super) fn pnpm_lock(text: &str) -> Result<Inventory, String> {
    let lock = yaml::value(text)?;
    let mut inventory = Inventory::default();
    let format = lock.get("lockfileVersion").and_then(Value::as_str).ok_or("no lockfileVersion")?;
    let major: u32 = format.split('.').next().and_then(|major| major.parse().ok()).unwrap_or(0);
    let Some(Value::Object(packages)) = lock.get("packages") else { return Ok(inventory) };
    for (key, package) in packages {
        let found = if major < 6 { pnpm_path(key) } else { pnpm_key(key) };
        // A name of its own stands only where the key tells a place instead of a registry's name.
        match found.filter(|_| package.get("name").is_none()) {
            Some((name, version)) => inventory.add("npm", name, version),
            None => inventory.miss(key, "does not come from a registry"),
        }
    }
    Ok(inventory)
}

/// `name@1.2.3`, `/@scope/name@1.2.3(peer@4)`.
fn pnpm_key(key: &str) -> Option<(&str, &str)> {
    let key = key.split('(').next().unwrap_or(key);
    let key = key.strip_prefix('/').unwrap_or(key);
    let at = key.get(1..)?.find('@')? + 1;
    let (name, version) = (&key[..at], &key[at + 1..]);
    version.starts_with(|c: char| c.is_ascii_digit()).then_some((name, version))
}

/// `/name/1.2.3_peer@4`, `/@scope/name/1.2.3`, before version 6; another registry's host stands in front of the slash.
fn pnpm_path(key: &str) -> Option<(&str, &str)> {
    let path = &key[key.find('/')? + 1..];
    let slash = if path.starts_with('@') {
        let scope = path.find('/')? + 1;
        scope + path[scope..].find('/')?
    } else {
        path.find('/')?
    };
    let (name, version) = (&path[..slash], &path[slash + 1..]);
    let version = version.split('_').next().unwrap_or(version);
    let is_plain = version.starts_with(|c: char| c.is_ascii_digit()) && !version.contains('/');
    is_plain.then_some((name, version))
}
