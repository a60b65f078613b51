//! Go: `go.mod` says what is built in; `go.sum` names more than that and is read only when asked for.

use super::Inventory;

/// The `require` lines, replaced where `replace` says so, and the standard library by the `toolchain` or `go` line.
pub(super) fn module_file(text: &str) -> Inventory {
    let mut inventory = Inventory::default();
    let (mut block, mut language, mut toolchain) = ("", "", "");
    let mut required: Vec<(&str, &str)> = Vec::new();
    let mut replaced: Vec<(&str, &str)> = Vec::new();
    for line in text.lines() {
        let line = line.split("//").next().unwrap_or("").trim();
        let words: Vec<&str> = line.split_whitespace().map(|word| word.trim_matches('"')).collect();
        let (verb, words) = match words.as_slice() {
            [] => continue,
            [")"] => {
                block = "";
                continue;
            }
            [verb, "("] => {
                block = verb;
                continue;
            }
            [verb, rest @ ..] if block.is_empty() => (*verb, rest),
            rest => (block, rest),
        };
        match (verb, words) {
            ("require", [name, version]) => required.push((name, version)),
            ("replace", [name, rest @ ..]) => {
                let Some(arrow) = rest.iter().position(|word| *word == "=>") else { continue };
                match &rest[arrow + 1..] {
                    [other, version] => replaced.push((name, if other == name { version } else { "" })),
                    _ => replaced.push((name, "")),
                }
            }
            ("go", [version]) => language = version,
            ("toolchain", [version]) => toolchain = version.strip_prefix("go").unwrap_or(version),
            _ => {}
        }
    }
    for (name, version) in required {
        match replaced.iter().find(|(other, _)| *other == name) {
            Some((_, "")) => inventory.miss(name, "replaced by another module"),
            Some((_, version)) => inventory.add("Go", name, version),
            None => inventory.add("Go", name, version),
        }
    }
    let standard = if toolchain.is_empty() { language } else { toolchain };
    if !standard.is_empty() {
        inventory.add("Go", "stdlib", &format!("go{standard}"));
    }
    inventory
}

/// Every module whose content was ever checked: an upper bound of what is built in.
pub(super) fn sums(text: &str) -> Inventory {
    let mut inventory = Inventory::default();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        if let (Some(name), Some(version)) = (words.next(), words.next())
            && !version.ends_with("/go.mod")
        {
            inventory.add("Go", name, version);
        }
    }
    inventory
}
