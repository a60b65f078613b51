//! Inventories: what is installed, read from lock files, package lists and bills of materials.

use std::collections::HashSet;

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
mod xml;
mod yarn;

pub use dpkg::read as dpkg_list;
pub use sbom::{bill_of_materials, cyclonedx, spdx};
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
        self.take(package);
    }

    pub(crate) fn take(&mut self, package: Package) {
        let is_readable = |text: &str| !text.contains(char::REPLACEMENT_CHARACTER);
        if is_readable(&package.name) && is_readable(&package.version) {
            self.packages.push(package);
        } else {
            self.miss(&package.name, "not UTF-8");
        }
    }

    /// What a file names twice is there once.
    pub(crate) fn without_repetition(mut self) -> Self {
        let mut seen = HashSet::new();
        self.packages.retain(|package| seen.insert(package.clone()));
        self
    }

    pub(crate) fn miss(&mut self, name: &str, fault: impl std::fmt::Display) {
        self.unread.push(Damage { record: name.to_owned(), fault: fault.to_string() });
    }
}

/// The text of a file: UTF-8, or UTF-16 with its mark, as some Windows tools write it. Bytes that are neither become
/// U+FFFD, and the readers name what has one instead of judging it.
pub fn text_of(bytes: &[u8]) -> String {
    let wide = |decode: fn([u8; 2]) -> u16| {
        let units = bytes[2..].chunks_exact(2).map(|pair| decode([pair[0], pair[1]]));
        char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    };
    match bytes {
        [0xFF, 0xFE, ..] => wide(u16::from_le_bytes),
        [0xFE, 0xFF, ..] => wide(u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// Reads a lock file; its name tells the format. `None` when no reader knows the name.
///
/// # Errors
/// When the file is not of the format its name promises.
pub fn lock_file(file_name: &str, text: &str) -> Option<Result<Inventory, String>> {
    let name = file_name.rsplit(['/', '\\']).next().unwrap_or(file_name);
    let read = match name {
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
        _ if name.starts_with("pylock.") && has_extension(name, "toml") => python::toml_lock(text),
        _ if name.contains("requirements") && has_extension(name, "txt") => Ok(python::requirements(text)),
        _ => return None,
    };
    Some(read.map(Inventory::without_repetition))
}

fn has_extension(name: &str, extension: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, found)| found.eq_ignore_ascii_case(extension))
}

pub(crate) fn json(text: &str) -> Result<serde_json::Value, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}
