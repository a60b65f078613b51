//! Go: `go.mod` says what is built in; `go.sum` names more than that and is read only when asked for.

use super::Inventory;

/// The `require` lines, replaced where `replace` says so, and the standard library by the `toolchain` or `go` line.
pub(super) fn module_file(text: &str) -> Inventory {
    let mut inventory = Inventory::default();
    let (mut block, mut language, mut toolchain) = ("", "", "");
    let mut required: Vec<(&str, &str)> = Vec::new();
    let mut replaced: Vec<Replacement<'_>> = Vec::new();
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
            [verb] if verb.ends_with('(') => {
                block = verb.trim_end_matches('(');
                continue;
            }
            [verb, rest @ ..] if block.is_empty() => (*verb, rest),
            rest => (block, rest),
        };
        match (verb, words) {
            ("require", [name, version]) => required.push((name, version)),
            ("replace", words) => replaced.extend(Replacement::read(words)),
            ("go", [version]) => language = version,
            ("toolchain", [version]) => toolchain = version.strip_prefix("go").unwrap_or(version),
            _ => {}
        }
    }
    for (name, version) in required {
        // One for this very version goes before one for all versions.
        let is_for = |one: &&Replacement<'_>, of: &str| one.name == name && one.of == of;
        let by =
            replaced.iter().find(|one| is_for(one, version)).or(replaced.iter().find(|one| is_for(one, "")));
        match by {
            None => inventory.add("Go", name, version),
            Some(Replacement { with, version, .. }) if *with == name => inventory.add("Go", name, version),
            Some(Replacement { with, .. }) => inventory.miss(name, format!("replaced by {with}")),
        }
    }
    let has_version = toolchain.starts_with(|c: char| c.is_ascii_digit()); // else it is `default`
    let standard = if has_version { toolchain } else { language };
    if !standard.is_empty() {
        inventory.add("Go", "stdlib", &format!("go{standard}"));
    }
    inventory
}

/// `name [version] => other [version]`.
struct Replacement<'a> {
    name: &'a str,
    of: &'a str,
    with: &'a str,
    version: &'a str,
}

impl<'a> Replacement<'a> {
    fn read(words: &[&'a str]) -> Option<Self> {
        let (left, right) = words.split_at(words.iter().position(|word| *word == "=>")?);
        Some(Replacement {
            name: left.first()?,
            of: left.get(1).unwrap_or(&""),
            with: right.get(1)?,
            version: right.get(2).unwrap_or(&""),
        })
    }
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
