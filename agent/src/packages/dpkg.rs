//! The inventory of Debian and Ubuntu: dpkg's status file.

use std::collections::HashMap;
use std::io::{Read, Write};

use super::apt::record::Record;
use super::stanza::{Cutter, Stanza};
use crate::Host;
use crate::wire::packages::{Family, Package, PackageState};

const STATUS: &str = "/var/lib/dpkg/status";
/// Beside it, images without a package manager (distroless) keep one file per package.
const STATUS_FOLDER: &str = "/var/lib/dpkg/status.d";
/// Entries of updates dpkg has not merged yet.
const UPDATES: &str = "/var/lib/dpkg/updates";

/// Whether this host keeps packages with dpkg.
pub fn is_here(host: &Host) -> bool {
    host.exists(STATUS) || host.exists(STATUS_FOLDER)
}

/// Every entry of the status file, in order; pending updates of an interrupted dpkg replace theirs.
pub fn records(host: &Host) -> Result<Vec<Record>, String> {
    let mut records = Vec::new();
    match host.open(STATUS) {
        Ok(file) => read(file, &mut records).map_err(|fault| crate::host::reason(STATUS, &fault))?,
        Err(fault) if !host.exists(STATUS_FOLDER) => return Err(crate::host::reason(STATUS, &fault)),
        Err(_) => {}
    }
    for name in host.list(STATUS_FOLDER).unwrap_or_default() {
        if !name.ends_with(".md5sums") {
            let path = format!("{STATUS_FOLDER}/{name}");
            let file = host.open(&path).map_err(|fault| crate::host::reason(&path, &fault))?;
            let before = records.len();
            read(file, &mut records).map_err(|fault| crate::host::reason(&path, &fault))?;
            for record in &mut records[before..] {
                record
                    .status
                    .get_or_insert_with(|| super::apt::record::Status::parse("install ok installed"));
            }
        }
    }
    let mut pending = Vec::new();
    for name in host.list(UPDATES).unwrap_or_default() {
        if name.bytes().all(|byte| byte.is_ascii_digit()) {
            let path = format!("{UPDATES}/{name}");
            let file = host.open(&path).map_err(|fault| crate::host::reason(&path, &fault))?;
            read(file, &mut pending).map_err(|fault| crate::host::reason(&path, &fault))?;
        }
    }
    replace(&mut records, pending);
    Ok(records)
}

fn read(mut from: impl Read, records: &mut Vec<Record>) -> std::io::Result<()> {
    let mut cutter = Cutter::new(|stanza: Stanza<'_>| records.extend(Record::parse(stanza, 0)));
    let mut buffer = vec![0; 64 << 10];
    loop {
        let read = from.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        cutter.write_all(&buffer[..read])?;
    }
    cutter.finish();
    Ok(())
}

fn replace(records: &mut Vec<Record>, pending: Vec<Record>) {
    let key = |record: &Record| (record.name.clone(), record.arch.clone());
    let mut places: HashMap<_, usize> =
        records.iter().enumerate().map(|(at, record)| (key(record), at)).collect();
    for record in pending {
        if let Some(at) = places.get(&key(&record)) {
            records[*at] = record;
        } else {
            places.insert(key(&record), records.len());
            records.push(record);
        }
    }
}

/// The installed packages of these entries.
pub fn packages(records: &[Record]) -> Vec<Package> {
    records.iter().filter_map(package).collect()
}

fn package(record: &Record) -> Option<Package> {
    let status = record.status.as_ref().filter(|status| status.is_present())?;
    let state = match &*status.state {
        _ if status.needs_reinstall => PackageState::Broken,
        "half-installed" => PackageState::Broken,
        "unpacked" | "half-configured" => PackageState::Unconfigured,
        "triggers-awaited" | "triggers-pending" => PackageState::TriggersPending,
        _ => PackageState::Installed,
    };
    Some(Package {
        family: Family::Dpkg,
        name: record.name.to_string(),
        version: record.version.to_string(),
        arch: record.arch.to_string(),
        source: record.source.to_string(),
        source_version: record.source_version.to_string(),
        state,
        is_held: status.is_hold,
        module: None,
        installed_bytes: Some(record.installed_kib * 1024).filter(|bytes| *bytes > 0),
        installed_at_ms: None,
    })
}
