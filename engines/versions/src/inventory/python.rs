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
            match place(package) {
                Place::Index => inventory.add("PyPI", text("name"), text("version")),
                Place::Own => {}
                Place::Elsewhere(kind) => {
                    inventory.miss(text("name"), format!("comes from {kind}, not from an index"));
                }
            }
        }
    }
    Ok(inventory)
}

enum Place {
    /// `PyPI` or another index.
    Index,
    /// The project itself.
    Own,
    /// A repository, a folder or a file.
    Elsewhere(String),
}

/// uv says in a table `source` which key it has, Poetry writes `type` there, PDM and PEP 751 keys of the package.
fn place(package: &toml::Value) -> Place {
    let own = ["editable", "virtual", "directory"];
    let elsewhere = ["git", "url", "path", "file", "vcs", "archive"];
    let empty = toml::Table::new();
    let source = package.get("source").and_then(toml::Value::as_table).unwrap_or(&empty);
    let kind = source.get("type").and_then(toml::Value::as_str).unwrap_or("");
    let has = |key: &&&str| {
        **key == kind || package.get(**key).is_some() || (kind.is_empty() && source.contains_key(**key))
    };
    match (own.iter().find(has), elsewhere.iter().find(has)) {
        (Some(_), _) => Place::Own,
        (None, Some(kind)) => Place::Elsewhere((*kind).to_owned()),
        (None, None) => Place::Index,
    }
}

/// Every group of packages: `default`, `develop` and those the project names itself.
pub(super) fn pipfile_lock(text: &str) -> Result<Inventory, String> {
    let Value::Object(lock) = json(text)? else { return Err("not an object of groups".to_owned()) };
    let mut inventory = Inventory::default();
    for packages in lock.iter().filter(|(group, _)| *group != "_meta").filter_map(|(_, one)| one.as_object())
    {
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
        let line =
            line.split_once(" #").or_else(|| line.split_once("\t#")).map_or(line, |(line, _)| line).trim();
        if line.is_empty() || line.starts_with(['#', '-']) {
            if ["-r", "-e", "--requirement", "--editable"].iter().any(|flag| line.starts_with(flag)) {
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
