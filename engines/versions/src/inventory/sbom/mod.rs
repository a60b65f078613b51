//! Bills of materials in: `CycloneDX` (1.2 to 1.6) in JSON and XML, SPDX (2.2, 2.3) in JSON and tag-value.

use super::Inventory;
use crate::ecosystem;
use crate::matching::Package;
use crate::purl::Purl;
use crate::stream;

mod cyclonedx;
mod spdx;
#[cfg(test)]
mod tests;

pub use cyclonedx::read as cyclonedx;
pub use spdx::read as spdx;

/// Reads a bill of materials of any form; `None` when the text is none.
///
/// # Errors
/// When it is cut off or not of the form its first lines promise.
pub fn bill_of_materials(text: &str, host: Option<&str>) -> Option<Result<Inventory, String>> {
    let start = text.trim_start();
    let head = &start[..start.floor_char_boundary(4096)];
    match start.chars().next()? {
        '<' if head.contains("cyclonedx.org/schema/bom") => Some(cyclonedx(text, host)),
        '{' if text.contains("\"bomFormat\"") => Some(cyclonedx(text, host)),
        '{' if text.contains("\"spdxVersion\"") => Some(spdx(text, host)),
        '{' if text.contains("spdx.org/rdf/3") => Some(Err("SPDX 3 is not read; write SPDX 2.3".to_owned())),
        _ if spdx::is_tag_value(start) => Some(spdx(text, host)),
        _ => None,
    }
}

/// A component as its document describes it.
#[derive(Debug, Default)]
struct Component {
    name: String,
    version: String,
    purl: String,
    /// The source package, where something other than the package URL tells it.
    source: Source,
    /// Module and stream of an RPM.
    module: String,
    /// No package: a file, the operating system, a lock file that stands for its contents.
    is_no_package: bool,
    /// The operating system the other components are installed on.
    is_system: bool,
}

/// A source package and its version; Trivy writes the parts of the version apart.
#[derive(Debug, Default)]
struct Source {
    name: String,
    epoch: String,
    version: String,
    release: String,
}

impl Source {
    fn whole_version(&self) -> String {
        let mut whole = self.version.clone();
        if !whole.is_empty() && !self.release.is_empty() {
            whole = format!("{whole}-{}", self.release);
        }
        if !whole.is_empty() && !["", "0"].contains(&self.epoch.as_str()) {
            whole = format!("{}:{whole}", self.epoch);
        }
        whole
    }
}

impl Component {
    /// What generators say in properties: Trivy and cdxgen the source package, Syft and Trivy the module.
    fn property(&mut self, name: &str, value: &str) {
        match name.strip_prefix("aquasecurity:trivy:").unwrap_or(name) {
            "SrcName" => value.clone_into(&mut self.source.name),
            "SrcEpoch" => value.clone_into(&mut self.source.epoch),
            "SrcVersion" => value.clone_into(&mut self.source.version),
            "SrcRelease" => value.clone_into(&mut self.source.release),
            "Class" => self.is_no_package |= self.purl.is_empty(),
            "Modularitylabel" | "syft:metadata:modularityLabel" => {
                stream::of_label(value).clone_into(&mut self.module);
            }
            _ => {}
        }
    }
}

/// The packages of a document; `host` is what the caller knows of the system they are installed on.
fn inventory(components: Vec<Component>, host: Option<&str>) -> Inventory {
    let named = components.iter().find(|one| one.is_system);
    let named =
        named.and_then(|system| ecosystem::of_os_release(&system.name.to_lowercase(), &system.version));
    let host = host.map(str::to_owned).or(named);
    let mut inventory = Inventory::default();
    for component in components {
        match component.purl.as_str() {
            "" if component.is_no_package || component.is_system => {}
            "" => inventory.miss(&component.name, "no package URL"),
            _ => add(&component, host.as_deref(), &mut inventory),
        }
    }
    inventory.without_repetition()
}

fn add(component: &Component, host: Option<&str>, inventory: &mut Inventory) {
    let text = component.purl.as_str();
    let Ok(purl) = text.parse::<Purl>() else { return inventory.miss(text, "not a package URL") };
    let found = ecosystem::of_purl(&purl.kind, &purl.namespace, &purl.name, purl.qualifier("distro"));
    let Some((ecosystem, mut name)) = found else {
        let publisher = format!("{} {}", purl.kind, purl.namespace);
        return inventory.miss(text, format!("nobody publishes advisories for {}", publisher.trim_end()));
    };
    let ecosystem = on_host(ecosystem, host);
    let mut version = if purl.version.is_empty() { &component.version } else { &purl.version }.clone();
    let mut binary = String::new();
    if let Some(epoch) = purl.qualifier("epoch").filter(|_| !version.contains(':') && !version.is_empty()) {
        version = format!("{epoch}:{version}");
    }
    if let Some((source, source_version)) = source_package(&purl, component) {
        binary = std::mem::replace(&mut name, source);
        if !source_version.is_empty() {
            version = source_version;
        }
    }
    if purl.kind == "deb" {
        version.truncate(without_rebuild(&version).len());
    }
    if version.is_empty() {
        return inventory.miss(text, "no version is given");
    }
    let source = if purl.kind == "rpm" { source_rpm(&purl, component) } else { String::new() };
    let module = match purl.qualifier("rpmmod") {
        Some(label) => stream::of_label(label).to_owned(),
        None => component.module.clone(),
    };
    inventory.take(Package {
        name: ecosystem::package_name(&ecosystem, &name),
        ecosystem,
        version,
        binary,
        source,
        module,
        ..Package::default()
    });
}

/// A package URL may tell the distribution without its release; then the host's release holds.
fn on_host(ecosystem: String, host: Option<&str>) -> String {
    match host {
        Some(host)
            if ecosystem::is_system(&ecosystem)
                && !ecosystem.contains(':')
                && ecosystem::base(host) == ecosystem =>
        {
            host.to_owned()
        }
        _ => ecosystem,
    }
}

/// Debian's and Alpine's advisories speak of source packages: `upstream=source@version` in the package URL (Syft), or
/// what a property told.
fn source_package(purl: &Purl, component: &Component) -> Option<(String, String)> {
    if !["deb", "apk"].contains(&purl.kind.as_str()) {
        return None;
    }
    let source = &component.source;
    match purl.qualifier("upstream") {
        Some(upstream) => {
            let (name, version) = upstream.split_once('@').unwrap_or((upstream, ""));
            Some((name.to_owned(), version.to_owned()))
        }
        None if source.name.is_empty() => None,
        None => Some((source.name.clone(), source.whole_version())),
    }
}

/// `upstream=openssl-3.0.7-25.el9.src.rpm` (Syft), or what a property told.
fn source_rpm(purl: &Purl, component: &Component) -> String {
    let file = purl.qualifier("upstream").and_then(|upstream| upstream.strip_suffix(".src.rpm"));
    let name = file.and_then(|file| Some(file.rsplit_once('-')?.0.rsplit_once('-')?.0));
    name.unwrap_or(&component.source.name).to_owned()
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
