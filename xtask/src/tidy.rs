//! The rules of the house that the compiler does not check. A broken rule says what to do.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

/// A file is split when it passes 300 lines; this is where it stops (tests may be longer).
const MOST_LINES: usize = 500;
const MOST_TEST_LINES: usize = 800;

/// The storeys in the order of the stairs: a crate may use what stands before it, never what comes after.
const STAIRS: &[&str] = &[
    "engines",
    "wire",
    "kernel",
    "record",
    "face",
    "maintenance/patches",
    "maintenance/hygiene",
    "maintenance/databases",
    "maintenance/backups",
    "maintenance/compliance",
    "support/helpdesk",
    "support/knowledge",
    "support/training",
    "support/communication",
    "incidents/incident",
    "incidents/classification",
    "incidents/escalation",
    "incidents/protocols",
    "incidents/reviews",
    "improvement/monitoring",
    "improvement/feedback",
    "improvement/automation",
    "improvement/prediction",
    "improvement/collaboration",
    "agent",
    "mainstay",
    "tests",
    "xtask",
];

/// The only files with a line of `unsafe`, each with its reason in docs/adr/0002.
const UNSAFE_ALLOWED: &[&str] = &["engines/versions/src/index/map.rs", "mainstay/src/memory.rs"];

/// Who may name a database driver: the store, and who looks into other people's databases.
const DRIVER_ALLOWED: &[&str] = &["kernel/src/store/", "agent/src/", "engines/metrics/src/"];

/// Checks every rule and lists all that is broken.
pub fn run() -> Result<()> {
    let mut broken = Vec::new();
    for path in tracked()? {
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        if has_extension(&path, "rs") {
            source(&path, &text, &mut broken);
        }
        if path.ends_with("Cargo.toml") {
            stairs(&path, &text, &mut broken);
        }
        if path.contains("/migrations/") && has_extension(&path, "sql") {
            tables(&path, &text, &mut broken);
        }
    }
    if broken.is_empty() {
        println!("tidy: every rule of the house holds");
        return Ok(());
    }
    bail!("{} rules of the house are broken:\n  {}", broken.len(), broken.join("\n  "))
}

fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path).extension().is_some_and(|e| e == extension)
}

fn tracked() -> Result<Vec<String>> {
    let output =
        Command::new("git").args(["ls-files", "--cached", "--others", "--exclude-standard"]).output()?;
    let files = String::from_utf8(output.stdout)?;
    Ok(files.lines().filter(|path| Path::new(path).is_file()).map(str::to_owned).collect())
}

fn source(path: &str, text: &str, broken: &mut Vec<String>) {
    if !text.starts_with("//!") {
        broken.push(format!("{path}: say in a first line `//! …` what this file is for"));
    }
    let is_test = path.contains("tests") || path.contains("/benches/") || path.contains("/fuzz/");
    let most = if is_test { MOST_TEST_LINES } else { MOST_LINES };
    let lines = text.lines().count();
    if lines > most {
        broken.push(format!("{path}: {lines} lines, at most {most}; split it by noun"));
    }
    if text.contains(concat!("expect(", "unsafe_code")) && !UNSAFE_ALLOWED.contains(&path) {
        broken.push(format!(
            "{path}: unsafe code is kept to the files in docs/adr/0002; do without, or make the case there"
        ));
    }
    let names_driver =
        text.contains(concat!("rusqlite", "::")) || text.contains(concat!("tokio_postgres", "::"));
    if names_driver && !is_test && !DRIVER_ALLOWED.iter().any(|folder| path.starts_with(folder)) {
        broken.push(format!("{path}: only kernel/src/store names a database driver; use its facade"));
    }
}

/// A crate's dependencies stand below it on the stairs.
fn stairs(path: &str, text: &str, broken: &mut Vec<String>) {
    let folder = path.trim_end_matches("Cargo.toml").trim_end_matches('/');
    let Some(own) = step(folder) else { return };
    let dependencies = text.split("[dev-dependencies]").next().unwrap_or(text);
    for line in dependencies.lines().filter_map(|line| line.strip_prefix("mainstay-")) {
        let name: String = line.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        let below = STAIRS.iter().position(|s| s.rsplit('/').next() == Some(name.as_str()));
        let below = below.or_else(|| Path::new("engines").join(&name).is_dir().then_some(0));
        match below {
            Some(below) if below < own || (folder.starts_with("engines") && below == 0) => {}
            Some(_) => broken.push(format!(
                "{path}: mainstay-{name} stands above {folder}; let it hear an event instead of being called"
            )),
            None => broken.push(format!(
                "{path}: mainstay-{name} has no place on the stairs; add it to STAIRS in xtask/src/tidy.rs"
            )),
        }
        let engine_or_wire = folder.starts_with("engines") || folder == "wire";
        if engine_or_wire && below.is_some_and(|b| b >= 1) {
            broken.push(format!("{path}: engines and wire depend on nothing of the house; pass mainstay-{name}'s facts in as values"));
        }
        if folder == "agent" && below.is_some_and(|b| b > 1) {
            broken.push(format!(
                "{path}: the agent knows wire and engines only; move what it needs from mainstay-{name} there"
            ));
        }
    }
}

fn step(folder: &str) -> Option<usize> {
    STAIRS.iter().position(|s| *s == folder || (*s == "engines" && folder.starts_with("engines/")))
}

/// A room's tables carry its name.
fn tables(path: &str, text: &str, broken: &mut Vec<String>) {
    let mut parts = path.split('/');
    let (storey, room) = (parts.next().unwrap_or(""), parts.next().unwrap_or(""));
    if ["kernel", "record"].contains(&storey) {
        return; // shared nouns carry no prefix
    }
    for line in text.lines().filter_map(|line| line.trim_start().strip_prefix("CREATE TABLE ")) {
        let table: String = line.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
        if !table.starts_with(&format!("{room}_")) && table != room {
            broken.push(format!("{path}: table {table} belongs to room {room}; name it {room}_{table}"));
        }
    }
}
