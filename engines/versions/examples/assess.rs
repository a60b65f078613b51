//! Assesses an inventory against an index: `assess [--all] INDEX INVENTORY [ECOSYSTEM]`, one verdict as JSON per line.
//!
//! The inventory is a lock file, a `CycloneDX` document (JSON or XML), an SPDX 2 document (JSON or tag-value), a list of
//! `dpkg-query` with six columns (then ECOSYSTEM says which release, e.g. `Debian:12`), or packages as JSON, one per
//! line. Verdicts *not affected* and *nothing known* are left out without `--all`; everything else that is not decided
//! is always there. Entries that could not be read go to standard error, and the exit code is then 3.

use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use mainstay_versions::import::Damage;
use mainstay_versions::index::Index;
use mainstay_versions::inventory::{Inventory, bill_of_materials, dpkg_list, lock_file, text_of};
use mainstay_versions::matching::State;
use mainstay_versions::verdict::assess;

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_all = arguments.first().is_some_and(|first| first == "--all");
    if is_all {
        arguments.remove(0);
    }
    let result = match arguments.as_slice() {
        [index, inventory] => run(index, inventory, None, is_all),
        [index, inventory, ecosystem] => run(index, inventory, Some(ecosystem), is_all),
        _ => Err("usage: assess [--all] INDEX INVENTORY [ECOSYSTEM]".to_owned()),
    };
    match result {
        Ok(unread) if unread.is_empty() => ExitCode::SUCCESS,
        Ok(unread) => {
            for damage in &unread {
                eprintln!("unread: {damage}");
            }
            ExitCode::from(3)
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(index: &str, inventory: &str, ecosystem: Option<&str>, is_all: bool) -> Result<Vec<Damage>, String> {
    let index = Index::open(Path::new(index)).map_err(|fault| fault.to_string())?;
    let bytes = std::fs::read(inventory).map_err(|error| format!("{inventory}: {error}"))?;
    let inventory =
        read(inventory, &text_of(&bytes), ecosystem).map_err(|fault| format!("{inventory}: {fault}"))?;
    let mut output = BufWriter::new(std::io::stdout().lock());
    for package in &inventory.packages {
        for verdict in assess(&index, package, |state| is_all || state != State::NotAffected) {
            if !is_all && verdict.state == State::NothingKnown {
                continue;
            }
            let line = serde_json::to_string(&verdict).map_err(|error| error.to_string())?;
            writeln!(output, "{line}").map_err(|error| error.to_string())?;
        }
    }
    output.flush().map_err(|error| error.to_string())?;
    Ok(inventory.unread)
}

fn read(path: &str, text: &str, ecosystem: Option<&str>) -> Result<Inventory, String> {
    if let Some(inventory) = lock_file(path, text) {
        return inventory;
    }
    if let Some(inventory) = bill_of_materials(text, ecosystem) {
        return inventory;
    }
    if text.trim_start().starts_with('{') {
        return Ok(json_lines(text));
    }
    let ecosystem = ecosystem.ok_or("a list of packages needs its ECOSYSTEM, for instance Debian:12")?;
    Ok(dpkg_list(text, ecosystem))
}

fn json_lines(text: &str) -> Inventory {
    let mut inventory = Inventory::default();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match serde_json::from_str(line) {
            Ok(package) => inventory.packages.push(package),
            Err(error) => {
                inventory
                    .unread
                    .push(Damage { record: format!("line {}", at + 1), fault: error.to_string() });
            }
        }
    }
    inventory
}
