//! SPDX 2.2 and 2.3, in JSON and in tag-value form.

use serde_json::Value;

use super::super::{Inventory, json};
use super::{Component, inventory};

/// Packages of an SPDX document by their package URLs.
///
/// # Errors
/// When it is no SPDX document.
pub fn read(text: &str, host: Option<&str>) -> Result<Inventory, String> {
    let components = if is_tag_value(text.trim_start()) { of_tag_value(text) } else { of_json(text)? };
    Ok(inventory(components, host))
}

/// A tag-value document names its version in its first lines.
pub(super) fn is_tag_value(text: &str) -> bool {
    let is_comment = |line: &&str| line.trim().is_empty() || line.starts_with('#');
    let first = text.lines().find(|line| !is_comment(line));
    text.lines().take(50).any(|line| line.starts_with("SPDXVersion: SPDX-2"))
        && first.is_some_and(|line| line.contains(": "))
}

impl Component {
    fn purpose(&mut self, purpose: &str) {
        self.is_no_package |= ["CONTAINER", "FILE", "DEVICE"].contains(&purpose);
        self.is_system |= purpose.replace('_', "-") == "OPERATING-SYSTEM";
    }

    /// Trivy names the source package in words: `built package from: glibc 2.36-9+deb12u4`.
    fn source_info(&mut self, text: &str) {
        let source = text.trim().strip_prefix("built package from: ").and_then(|rest| rest.split_once(' '));
        if let Some((name, version)) = source {
            (self.source.name, self.source.version) = (name.to_owned(), version.trim().to_owned());
        }
    }

    /// What Trivy says of a lock file that stands for its contents: `Class: lang-pkgs`.
    fn remark(&mut self, text: &str) {
        self.is_no_package |= text.trim().starts_with("Class: ");
    }

    fn reference(&mut self, kind: &str, locator: &str) {
        let is_purl = kind == "purl" || kind.ends_with("/references/purl");
        if is_purl && self.purl.is_empty() {
            locator.trim().clone_into(&mut self.purl);
        }
    }
}

fn of_json(text: &str) -> Result<Vec<Component>, String> {
    let document = json(text)?;
    if document.get("spdxVersion").is_none() {
        return Err("no SPDX 2 document".to_owned());
    }
    let list =
        |value: &Value, key: &str| value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or("").to_owned();
    let is_described = |one: &&Value| text(one, "relationshipType") == "DESCRIBES";
    let described: Vec<String> = list(&document, "relationships")
        .iter()
        .filter(is_described)
        .map(|one| text(one, "relatedSpdxElement"))
        .chain(list(&document, "documentDescribes").iter().filter_map(Value::as_str).map(str::to_owned))
        .collect();
    let mut all = Vec::new();
    for package in list(&document, "packages") {
        let mut component = Component {
            name: text(&package, "name"),
            version: version(&text(&package, "versionInfo")),
            ..Component::default()
        };
        component.purpose(&text(&package, "primaryPackagePurpose"));
        component.source_info(&text(&package, "sourceInfo"));
        for one in list(&package, "externalRefs") {
            component.reference(&text(&one, "referenceType"), &text(&one, "referenceLocator"));
        }
        for one in list(&package, "annotations") {
            component.remark(&text(&one, "comment"));
        }
        for one in list(&package, "attributionTexts").iter().filter_map(Value::as_str) {
            component.remark(one);
        }
        // The repository a document describes is no action that a workflow uses, though its package URL looks like one.
        if component.purl.starts_with("pkg:github/") && described.contains(&text(&package, "SPDXID")) {
            component.purl.clear();
            component.is_no_package = true;
        }
        all.push(component);
    }
    Ok(all)
}

fn version(text: &str) -> String {
    if ["NOASSERTION", "NONE"].contains(&text) { String::new() } else { text.to_owned() }
}

fn of_tag_value(text: &str) -> Vec<Component> {
    let mut all: Vec<Component> = Vec::new();
    let mut is_in_package = false;
    let mut is_in_text = false;
    for line in text.lines() {
        if is_in_text {
            is_in_text = !line.contains("</text>");
            continue;
        }
        let Some((tag, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        is_in_text = value.starts_with("<text>") && !value.contains("</text>");
        let value = value.trim_start_matches("<text>").trim_end_matches("</text>").trim();
        match tag.trim() {
            "PackageName" => {
                all.push(Component { name: value.to_owned(), ..Component::default() });
                is_in_package = true;
            }
            "FileName" | "SnippetSPDXID" | "LicenseID" => is_in_package = false,
            tag => {
                if let Some(component) = all.last_mut().filter(|_| is_in_package) {
                    package_tag(component, tag, value);
                }
            }
        }
    }
    all
}

fn package_tag(component: &mut Component, tag: &str, value: &str) {
    match tag {
        "PackageVersion" => component.version = version(value),
        "PrimaryPackagePurpose" => component.purpose(value),
        "PackageSourceInfo" => component.source_info(value),
        "PackageAttributionText" | "AnnotationComment" => component.remark(value),
        "ExternalRef" => {
            let mut words = value.split_whitespace();
            if let (Some(_), Some(kind), Some(locator)) = (words.next(), words.next(), words.next()) {
                component.reference(kind, locator);
            }
        }
        _ => {}
    }
}
