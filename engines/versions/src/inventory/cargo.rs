//! `Cargo.lock`.

use super::Inventory;

/// Packages from crates.io and other registries; those of the workspace itself have no source and are left out.
pub(super) fn read(text: &str) -> Result<Inventory, String> {
    let lock: toml::Table = text.parse().map_err(|error: toml::de::Error| error.message().to_owned())?;
    let mut inventory = Inventory::default();
    let packages = lock.get("package").and_then(toml::Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for package in packages {
        let text = |key: &str| package.get(key).and_then(toml::Value::as_str).unwrap_or("");
        let (name, source) = (text("name"), text("source"));
        if source.starts_with("registry+") || source.starts_with("sparse+") {
            inventory.add("crates.io", name, text("version"));
        } else if !source.is_empty() {
            inventory.miss(name, format!("comes from {source}, not from a registry"));
        }
    }
    Ok(inventory)
}
