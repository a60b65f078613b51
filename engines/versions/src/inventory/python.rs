//! Python: `poetry.lock`, `uv.lock`, `pdm.lock`, `pylock.toml`, `Pipfile.lock`, pinned `requirements.txt`.

use serde_json::Value;

use super::{Inventory, json};

/// The TOML locks all list `[[package]]` (PEP 751: `[[packages]]`) with name and version.
pub(super) fn toml_lock(text: &str) -> Result<Inventory, String> {
    let lock: toml::Table = text.parse().map_err(|error: toml::de::Error| error.message().to_owned())?;
    let mut inventory = Inventory::default();
    for key in ["package", "packages"] {
        for package in lock.get(key).and_then(toml::Value::as_array).map(Vec::as_slice).unwrap_or_default() {
            let text = |key: &str| package.get(key).and_then(toml::Value::as_str).unwrap_or("");
            let source = package.get("source").and_then(toml::Value::as_table);
            let is_own = source.is_some_and(|source| {
                ["editable", "virtual", "directory"].iter().any(|key| source.contains_key(*key))
            });
            if !is_own {
                inventory.add("PyPI", text("name"), text("version"));
            }
        }
    }
    Ok(inventory)
}

pub(super) fn pipfile_lock(text: &str) -> Result<Inventory, String> {
    let lock = json(text)?;
    let mut inventory = Inventory::default();
    for group in ["default", "develop"] {
        let Some(Value::Object(packages)) = lock.get(group) else { continue };
        for (name, package) in packages {
            let version = package.get("version").and_then(Value::as_str).unwrap_or("");
            inventory.add("PyPI", name, version.trim_start_matches('='));
        }
    }
    Ok(inventory)
}

/// Only `name==version` says what is installed; everything else is named as unread.
pub(super) fn requirements(text: &str) -> Inventory {
    let mut inventory = Inventory::default();
    let joined = text.replace("\\\r\n", " ").replace("\\\n", " ");
    for line in joined.lines() {
        let line = line.split(" #").next().unwrap_or("").trim();
        if line.is_empty() || line.starts_with(['#', '-']) {
            if line.starts_with("-r") || line.starts_with("-e") || line.starts_with("--requirement") {
                inventory.miss(line, "names another place, which was not read");
            }
            continue;
        }
        let wanted = line.split(';').next().unwrap_or(line).split(" --").next().unwrap_or(line).trim();
        let (name, version) = wanted.split_once("==").unwrap_or((wanted, ""));
        let name = name.split('[').next().unwrap_or(name).trim();
        let version = version.trim_start_matches('=').trim();
        if version.is_empty() || version.contains(['*', ',', '<', '>', '!', '~']) {
            inventory.miss(wanted, "not pinned to one version");
        } else {
            inventory.add("PyPI", name, version);
        }
    }
    inventory
}
