//! Inventories: what is installed, read from lock files, package lists and bills of materials.

use crate::ecosystem;
use crate::import::Damage;
use crate::matching::Package;

mod bundler;
mod cargo;
mod dotnet;
mod dpkg;
mod go;
mod maven;
mod npm;
mod php;
mod python;
mod sbom;
#[cfg(test)]
mod tests;
mod vex;
mod yarn;

pub use dpkg::read as dpkg_list;
pub use sbom::{cyclonedx, spdx};
pub use vex::{Analysis, Statement, cyclonedx_vex};

/// What a file says is installed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    /// Packages with a version.
    pub packages: Vec<Package>,
    /// Entries without a version that could be compared, each with its reason: nothing is known about them.
    pub unread: Vec<Damage>,
}

impl Inventory {
    pub(crate) fn add(&mut self, ecosystem: &str, name: &str, version: &str) {
        if name.is_empty() || version.is_empty() {
            return self.miss(name, "no version is given");
        }
        let package = Package {
            ecosystem: ecosystem.to_owned(),
            name: ecosystem::package_name(ecosystem, name),
            version: version.to_owned(),
            ..Package::default()
        };
        if !self.packages.contains(&package) {
            self.packages.push(package);
        }
    }

    pub(crate) fn miss(&mut self, name: &str, fault: impl std::fmt::Display) {
        self.unread.push(Damage { record: name.to_owned(), fault: fault.to_string() });
    }
}

/// Reads a lock file; its name tells the format. `None` when no reader knows the name.
///
/// # Errors
/// When the file is not of the format its name promises.
pub fn lock_file(file_name: &str, text: &str) -> Option<Result<Inventory, String>> {
    let name = file_name.rsplit(['/', '\\']).next().unwrap_or(file_name);
    Some(match name {
        "Cargo.lock" => cargo::read(text),
        "package-lock.json" | "npm-shrinkwrap.json" => npm::package_lock(text),
        "pnpm-lock.yaml" => npm::pnpm_lock(text),
        "yarn.lock" => yarn::read(text),
        "poetry.lock" | "uv.lock" | "pdm.lock" | "pylock.toml" => python::toml_lock(text),
        "Pipfile.lock" => python::pipfile_lock(text),
        "go.mod" => Ok(go::module_file(text)),
        "go.sum" => Ok(go::sums(text)),
        "composer.lock" => php::read(text),
        "Gemfile.lock" | "gems.locked" => Ok(bundler::read(text)),
        "pom.xml" => maven::pom(text),
        "gradle.lockfile" | "buildscript-gradle.lockfile" => Ok(maven::gradle(text)),
        "packages.lock.json" => dotnet::packages_lock(text),
        "packages.config" => dotnet::packages_config(text),
        _ if name.starts_with("requirements") && name.strip_suffix(".txt").is_some() => {
            Ok(python::requirements(text))
        }
        _ => return None,
    })
}

pub(crate) fn json(text: &str) -> Result<serde_json::Value, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}
