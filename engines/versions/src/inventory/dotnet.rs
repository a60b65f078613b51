//! `packages.lock.json` and `packages.config` of `NuGet`.

use serde_json::Value;

use super::xml::{Step, attribute, walk};
use super::{Inventory, json};

pub(super) fn packages_lock(text: &str) -> Result<Inventory, String> {
    let lock = json(text)?;
    let Some(Value::Object(frameworks)) = lock.get("dependencies") else {
        return Err("no dependencies".to_owned());
    };
    let mut inventory = Inventory::default();
    for packages in frameworks.values().filter_map(Value::as_object) {
        for (name, package) in packages {
            let text = |key: &str| package.get(key).and_then(Value::as_str).unwrap_or("");
            if text("type") != "Project" {
                inventory.add("NuGet", name, text("resolved"));
            }
        }
    }
    Ok(inventory)
}

pub(super) fn packages_config(text: &str) -> Result<Inventory, String> {
    let mut inventory = Inventory::default();
    walk(text, |path, step| {
        if let Step::Open(tag) = step
            && path.last().is_some_and(|name| name == "package")
        {
            inventory.add("NuGet", &attribute(tag, "id"), &attribute(tag, "version"));
        }
    })?;
    Ok(inventory)
}
