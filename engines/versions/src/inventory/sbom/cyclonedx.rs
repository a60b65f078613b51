//! `CycloneDX` in JSON and XML. Only `components` and what is nested in them is installed: tools, services, ancestors and
//! formulas have components of their own that are not.

use serde_json::Value;

use super::super::{Inventory, json, xml};
use super::{Component, inventory};

const DEEPEST: usize = 32;

/// Components of a `CycloneDX` document, nested ones too. `host` is the ecosystem of system packages whose purl does not
/// tell the release.
///
/// # Errors
/// When it is no `CycloneDX` document.
pub fn read(text: &str, host: Option<&str>) -> Result<Inventory, String> {
    let components = if text.trim_start().starts_with('<') { of_xml(text)? } else { of_json(text)? };
    Ok(inventory(components, host))
}

fn start(kind: &str) -> Component {
    let is_no_package = ["file", "container", "data", "cryptographic-asset", "machine-learning-model"];
    Component {
        is_no_package: is_no_package.contains(&kind),
        is_system: kind == "operating-system",
        ..Component::default()
    }
}

fn of_json(text: &str) -> Result<Vec<Component>, String> {
    let document = json(text)?;
    if document.get("bomFormat").and_then(Value::as_str) != Some("CycloneDX") {
        return Err("no CycloneDX document".to_owned());
    }
    let mut all = Vec::new();
    components(&document, &mut all, 0);
    Ok(all)
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn components(value: &Value, all: &mut Vec<Component>, depth: usize) {
    for one in list(value, "components") {
        let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or("").to_owned();
        let mut component = Component {
            name: text(one, "name"),
            version: text(one, "version"),
            purl: text(one, "purl"),
            ..start(&text(one, "type"))
        };
        for property in list(one, "properties") {
            component.property(&text(property, "name"), &text(property, "value"));
        }
        all.push(component);
        if depth < DEEPEST {
            components(one, all, depth + 1);
        }
    }
}

fn of_xml(text: &str) -> Result<Vec<Component>, String> {
    let mut all: Vec<Component> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut property = String::new();
    let mut is_bill = false;
    xml::walk(text, |path, step| match step {
        xml::Step::Open(tag) => {
            is_bill |= path.len() == 1 && path[0] == "bom";
            if component_depth(path) == Some(path.len()) {
                open.push(all.len());
                all.push(start(&xml::attribute(tag, "type")));
            } else if path.last().is_some_and(|name| name == "property") {
                property = xml::attribute(tag, "name");
            }
        }
        xml::Step::Close(value) => {
            let Some(depth) = component_depth(path) else { return };
            let Some(component) = open.last().and_then(|at| all.get_mut(*at)) else { return };
            let below: Vec<&str> = path[depth..].iter().map(String::as_str).collect();
            match below.as_slice() {
                [] => drop(open.pop()),
                ["name"] => value.clone_into(&mut component.name),
                ["version"] => value.clone_into(&mut component.version),
                ["purl"] => value.clone_into(&mut component.purl),
                ["properties", "property"] => component.property(&property, value),
                _ => {}
            }
        }
    })?;
    if is_bill { Ok(all) } else { Err("no CycloneDX document".to_owned()) }
}

/// How many steps of a path lead to the innermost component that is part of the inventory:
/// `bom/components/component`, then `components/component` again and again.
fn component_depth(path: &[String]) -> Option<usize> {
    let (root, rest) = path.split_first()?;
    let pairs = rest.chunks_exact(2).take_while(|pair| pair[0] == "components" && pair[1] == "component");
    let count = pairs.count();
    (root == "bom" && count > 0).then_some(1 + 2 * count)
}
