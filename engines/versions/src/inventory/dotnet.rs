//! `packages.lock.json` and `packages.config` of `NuGet`.

use quick_xml::Reader;
use quick_xml::events::Event;
use serde_json::Value;

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
    let mut reader = Reader::from_str(text);
    let mut inventory = Inventory::default();
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Empty(tag) | Event::Start(tag) if tag.local_name().as_ref() == "package" => {
                let value = |key: &str| {
                    let found = tag.attributes().flatten().find(|one| one.key.as_ref() == key);
                    found.map(|one| one.value.into_owned()).unwrap_or_default()
                };
                inventory.add("NuGet", &value("id"), &value("version"));
            }
            Event::Eof => return Ok(inventory),
            _ => {}
        }
    }
}
