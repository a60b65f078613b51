//! Maven and Gradle: `pom.xml` whose versions are written out, `gradle.lockfile`.

use std::collections::HashMap;

use super::Inventory;
use super::xml::{Step, walk};

/// Direct dependencies with their versions; properties of the same file and `dependencyManagement` are followed. What
/// is inherited from a parent or is a range cannot be known from this file alone and is named as unread.
pub(super) fn pom(text: &str) -> Result<Inventory, String> {
    let pom = Pom::read(text)?;
    let mut inventory = Inventory::default();
    for one in pom.dependencies.iter().filter(|one| !one.is_managed) {
        let name = format!("{}:{}", pom.fill(&one.group), pom.fill(&one.artifact));
        let managed = || {
            let is_it = |other: &&Dependency| {
                other.is_managed && other.group == one.group && other.artifact == one.artifact
            };
            pom.dependencies.iter().find(is_it).map(|other| other.version.as_str())
        };
        let version = if one.version.is_empty() { managed().unwrap_or("") } else { &one.version };
        let version = pom.fill(version);
        if version.is_empty() {
            inventory.miss(&name, "its version is set in a parent");
        } else if version.contains(['[', '(', ',', '$']) {
            inventory.miss(&name, format!("{version} is not one version"));
        } else {
            inventory.add("Maven", &name, &version);
        }
    }
    Ok(inventory)
}

#[derive(Default)]
struct Dependency {
    group: String,
    artifact: String,
    version: String,
    is_managed: bool,
}

#[derive(Default)]
struct Pom {
    properties: HashMap<String, String>,
    dependencies: Vec<Dependency>,
}

impl Pom {
    fn read(text: &str) -> Result<Self, String> {
        let mut pom = Pom::default();
        walk(text, |path, step| match step {
            Step::Open(_) if path.last().is_some_and(|name| name == "dependency") => {
                let is_managed = path.iter().any(|name| name == "dependencyManagement");
                pom.dependencies.push(Dependency { is_managed, ..Dependency::default() });
            }
            Step::Open(_) => {}
            Step::Close(value) => pom.close(path, value),
        })?;
        Ok(pom)
    }

    fn close(&mut self, path: &[String], value: &str) {
        let names: Vec<&str> = path.iter().map(String::as_str).collect();
        match names.as_slice() {
            ["project", "properties", name] => {
                drop(self.properties.insert((*name).to_owned(), value.to_owned()));
            }
            ["project", name @ ("version" | "groupId")]
            | ["project", "parent", name @ ("version" | "groupId")] => {
                self.properties.entry(format!("project.{name}")).or_insert_with(|| value.to_owned());
            }
            // Plugins have dependencies of their own; they run at build time and are not shipped.
            names if names.contains(&"plugin") || names.contains(&"profile") => {
                let is_dependency = names.last() == Some(&"dependency");
                self.dependencies.truncate(self.dependencies.len() - usize::from(is_dependency));
            }
            [.., "dependency", field] => {
                let Some(open) = self.dependencies.last_mut() else { return };
                match *field {
                    "groupId" => value.clone_into(&mut open.group),
                    "artifactId" => value.clone_into(&mut open.artifact),
                    "version" => value.clone_into(&mut open.version),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// Puts properties in; a circle of them ends after a few rounds and leaves its `$`.
    fn fill(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for _ in 0..8 {
            let Some(start) = text.find("${") else { break };
            let Some(end) = text[start..].find('}') else { break };
            let Some(value) = self.properties.get(&text[start + 2..start + end]) else { break };
            if text.len() + value.len() > 1024 {
                break;
            }
            text.replace_range(start..=start + end, value);
        }
        text
    }
}

/// `group:artifact:version=configurations` per line.
pub(super) fn gradle(text: &str) -> Inventory {
    let mut inventory = Inventory::default();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.starts_with("empty=")) {
        let coordinates = line.split('=').next().unwrap_or("").trim();
        if let Some((name, version)) = coordinates.rsplit_once(':') {
            inventory.add("Maven", name, version);
        }
    }
    inventory
}
