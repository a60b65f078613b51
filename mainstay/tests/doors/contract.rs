//! The OpenAPI document: frozen, complete, and true of every answer that the tests see.

use std::sync::OnceLock;

use serde_json::Value;

use crate::frozen;
use crate::house::Said;

fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| serde_json::from_str(&mainstay::api::document::text()).unwrap())
}

#[test]
fn the_document_is_the_frozen_one() {
    frozen("../docs/openapi.json", &mainstay::api::document::text());
}

#[test]
fn it_is_openapi_3_1_and_every_reference_leads_somewhere() {
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut names = std::collections::BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap().to_owned();
            assert!(names.insert(name.clone()), "{name} is there twice");
            assert!(
                operation["responses"]["default"].is_object(),
                "{method} {path} does not say how its faults look"
            );
        }
    }
    let mut open = vec![document];
    while let Some(value) = open.pop() {
        if let Some(to) = value.get("$ref").and_then(Value::as_str) {
            assert!(document.pointer(to.trim_start_matches('#')).is_some(), "{to} leads nowhere");
        }
        open.extend(
            value
                .as_object()
                .into_iter()
                .flat_map(|o| o.values())
                .chain(value.as_array().into_iter().flatten()),
        );
    }
}

fn fits_path(pattern: &str, path: &str) -> bool {
    let (mut a, mut b) = (pattern.split('/'), path.split('/'));
    loop {
        match (a.next(), b.next()) {
            (None, None) => return true,
            (Some(a), Some(b)) if a == b || a.starts_with('{') => {}
            _ => return false,
        }
    }
}

/// An answer is what the document says of it: status, content type, and every field of the body.
pub fn holds(method: &str, path: &str, said: &Said) {
    let path = path.split('?').next().unwrap();
    if path.starts_with("/api/v1/agent/") || path == "/api/v1/openapi.json" {
        return;
    }
    let paths = document()["paths"].as_object().unwrap();
    let (pattern, item) = paths
        .iter()
        .find(|(pattern, _)| fits_path(pattern, path))
        .unwrap_or_else(|| panic!("{path} is not in the document"));
    let responses = &item[method.to_lowercase()]["responses"];
    assert!(responses.is_object(), "{method} {pattern} is not in the document");
    let status = said.status.as_u16().to_string();
    let response = match responses.get(&status) {
        Some(response) => response,
        None if said.status.as_u16() >= 400 => &responses["default"],
        None => panic!("{method} {pattern} answered {status}, which the document does not name"),
    };
    let Some(content) = response["content"].as_object() else {
        assert!(said.text.is_empty(), "{method} {pattern} {status} has a body the document does not name");
        return;
    };
    let kind = said.header("content-type");
    let content =
        content.get(kind).unwrap_or_else(|| panic!("{method} {pattern} answered {kind}: {}", said.text));
    let wrong = differs(&content["schema"], &said.json(), "$");
    assert!(wrong.is_empty(), "{method} {pattern} {status}: {}\n{}", wrong.join("; "), said.text);
}

/// Where a value is not what its schema says. Objects that name their properties may have no others.
fn differs(schema: &Value, value: &Value, at: &str) -> Vec<String> {
    if let Some(to) = schema.get("$ref").and_then(Value::as_str) {
        return differs(document().pointer(to.trim_start_matches('#')).unwrap(), value, at);
    }
    if let Some(choices) = schema.get("oneOf").and_then(Value::as_array) {
        let all: Vec<_> = choices.iter().map(|choice| differs(choice, value, at)).collect();
        return if all.iter().any(Vec::is_empty) { Vec::new() } else { all.into_iter().flatten().collect() };
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => return Vec::new(),
    };
    let is_of = |kind: &&str| match *kind {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    };
    if !kinds.iter().any(is_of) {
        return vec![format!("{at} is {value}, not {kinds:?}")];
    }
    let mut wrong = Vec::new();
    if schema["format"] == "date-time"
        && value.as_str().is_some_and(|text| text.parse::<jiff::Timestamp>().is_err())
    {
        wrong.push(format!("{at} is no moment"));
    }
    if let (Some(properties), Some(object)) = (schema["properties"].as_object(), value.as_object()) {
        let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        wrong.extend(
            required.filter(|name| !object.contains_key(*name)).map(|name| format!("{at}.{name} is missing")),
        );
        for (name, inner) in object {
            match properties.get(name) {
                Some(schema) => wrong.extend(differs(schema, inner, &format!("{at}.{name}"))),
                None => wrong.push(format!("{at}.{name} is not in the document")),
            }
        }
    }
    for (index, inner) in value.as_array().into_iter().flatten().enumerate() {
        wrong.extend(differs(&schema["items"], inner, &format!("{at}[{index}]")));
    }
    wrong
}
