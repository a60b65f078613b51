//! Bills of materials in: `CycloneDX` JSON (1.2 to 1.6) and SPDX JSON (2.2, 2.3).

use serde_json::Value;

use super::{Inventory, json};
use crate::ecosystem;
use crate::matching::Package;
use crate::purl::Purl;

const DEEPEST: usize = 32;

/// Components of a `CycloneDX` document, nested ones too. `host` is the ecosystem of system packages whose purl does not
/// tell the release.
///
/// # Errors
/// When it is no `CycloneDX` document.
pub fn cyclonedx(text: &str, host: Option<&str>) -> Result<Inventory, String> {
    let document = json(text)?;
    if document.get("bomFormat").and_then(Value::as_str) != Some("CycloneDX") {
        return Err("no CycloneDX document".to_owned());
    }
    let mut inventory = Inventory::default();
    components(&document, host, &mut inventory, 0);
    Ok(inventory)
}

fn components(value: &Value, host: Option<&str>, inventory: &mut Inventory, depth: usize) {
    for component in value.get("components").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    {
        let text = |key: &str| component.get(key).and_then(Value::as_str).unwrap_or("");
        let kind = text("type");
        match text("purl") {
            "" if ["file", "operating-system", "device", "data"].contains(&kind) => {}
            "" => inventory.miss(text("name"), "no package URL"),
            purl => add(purl, text("version"), host, inventory),
        }
        if depth < DEEPEST {
            components(component, host, inventory, depth + 1);
        }
    }
}

/// Packages of an SPDX document by their package URLs.
///
/// # Errors
/// When it is no SPDX document.
pub fn spdx(text: &str, host: Option<&str>) -> Result<Inventory, String> {
    let document = json(text)?;
    if document.get("spdxVersion").is_none() {
        return Err("no SPDX 2 document".to_owned());
    }
    let mut inventory = Inventory::default();
    for package in document.get("packages").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default() {
        let text = |key: &str| package.get(key).and_then(Value::as_str).unwrap_or("");
        let references =
            package.get("externalRefs").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let is_purl = |one: &&Value| one.get("referenceType").and_then(Value::as_str) == Some("purl");
        let purl = references
            .iter()
            .find(is_purl)
            .and_then(|one| one.get("referenceLocator"))
            .and_then(Value::as_str);
        match purl {
            Some(purl) => add(purl, text("versionInfo"), host, &mut inventory),
            None => inventory.miss(text("name"), "no package URL"),
        }
    }
    Ok(inventory)
}

/// System packages go by their source: `upstream=source@version` of a deb (syft) or `source`/`sourcerpm`-like
/// qualifiers where there are any.
fn add(text: &str, written: &str, host: Option<&str>, inventory: &mut Inventory) {
    let Ok(purl) = text.parse::<Purl>() else { return inventory.miss(text, "not a package URL") };
    let found = ecosystem::of_purl(&purl.kind, &purl.namespace, &purl.name, purl.qualifier("distro"));
    let Some((ecosystem, mut name)) = found else {
        return inventory.miss(text, format!("nobody publishes advisories for {}", purl.kind));
    };
    let mut version = if purl.version.is_empty() { written.to_owned() } else { purl.version.clone() };
    let mut binary = String::new();
    if purl.kind == "rpm"
        && let Some(epoch) = purl.qualifier("epoch").filter(|_| !version.contains(':'))
    {
        version = format!("{epoch}:{version}");
    }
    if let Some(upstream) = purl.qualifier("upstream").filter(|_| purl.kind != "rpm") {
        let (source, source_version) = upstream.split_once('@').unwrap_or((upstream, ""));
        binary = std::mem::replace(&mut name, source.to_owned());
        if !source_version.is_empty() {
            source_version.clone_into(&mut version);
        }
    }
    if purl.kind == "deb" {
        version.truncate(without_rebuild(&version).len());
    }
    let ecosystem = match host {
        Some(host)
            if ecosystem::is_system(&ecosystem)
                && !ecosystem.contains(':')
                && ecosystem::base(host) == ecosystem =>
        {
            host.to_owned()
        }
        _ => ecosystem,
    };
    if version.is_empty() {
        return inventory.miss(text, "no version is given");
    }
    let module = purl.qualifier("rpmmod").unwrap_or("").to_owned();
    let package = Package {
        name: ecosystem::package_name(&ecosystem, &name),
        ecosystem,
        version,
        binary,
        module,
        ..Package::default()
    };
    if !inventory.packages.contains(&package) {
        inventory.packages.push(package);
    }
}

/// A rebuild (`+b2`) changes the binary version, never the source version.
fn without_rebuild(version: &str) -> &str {
    match version.rsplit_once("+b") {
        Some((source, number)) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => {
            source
        }
        _ => version,
    }
}
