//! `composer.lock`.

use serde_json::Value;

use super::{Inventory, json};

pub(super) fn read(text: &str) -> Result<Inventory, String> {
    let lock = json(text)?;
    let mut inventory = Inventory::default();
    for group in ["packages", "packages-dev"] {
        for package in lock.get(group).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default() {
            let text = |key: &str| package.get(key).and_then(Value::as_str).unwrap_or("");
            inventory.add("Packagist", text("name"), text("version"));
        }
    }
    Ok(inventory)
}
