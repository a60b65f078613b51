//! What runs old code: processes that hold replaced files, and a kernel that is not the installed one.
//!
//! A process runs old code when it has a file mapped as code, or as a library, that has been deleted since.
//! Files programs make for themselves (temporary files, shared memory, just-in-time code) do not count, and
//! neither do containers: their files come from an image, not from this host's packages.

mod kernel;
mod maps;
mod owner;
#[cfg(test)]
mod tests;
mod unit;

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;

use crate::Host;
use crate::wire::packages::{
    PROGRAMS_IN_NO_UNIT, REBOOT, RebootReason, Restarts, StaleKind, StaleProcess, StaleUnit,
};
use crate::wire::{Seen, Unseen};

/// Everything that runs old code.
pub fn restarts(host: &Host) -> Seen<Restarts> {
    let ids = match host.processes() {
        Ok(ids) => ids,
        Err(fault) => return Seen::not(Unseen::new("restart needs", crate::host::reason("/proc", &fault))),
    };
    let mut seen = Restarts::default();
    let (mut stale, mut hidden) = (Vec::new(), BTreeSet::new());
    let is_everybody_listed = !host.is_live() || ids.contains(&1);
    for pid in ids {
        match look(host, pid) {
            Look::Sound => seen.processes_seen += 1,
            Look::Hidden(names) => {
                seen.processes_hidden += 1;
                hidden.extend(names);
            }
            Look::Gone => {}
            Look::Stale(process) => {
                seen.processes_seen += 1;
                stale.push(process);
            }
        }
    }
    // A process that ends right after an upgrade needs no restart: look once more.
    stale.retain(|process: &StaleProcess| matches!(look(host, process.pid), Look::Stale(_)));
    let mut unseen = Vec::new();
    if seen.processes_hidden > 0 {
        let of = match seen.processes_hidden {
            1 => "1 process".to_owned(),
            many => format!("{many} processes"),
        };
        let because = format!("the maps of {of} may not be read by this user");
        unseen.push(Unseen::new("old code in other users' processes", because).hides(hidden));
    }
    if !is_everybody_listed {
        let because = "/proc is mounted so that this user sees only its own";
        unseen.push(Unseen::new("processes of other users", because));
    }
    name_owners(host, &mut stale);
    seen.units = by_unit(host, stale);
    seen.kernel = kernel::kernel(host);
    seen.reboot = reasons(host, &seen);
    Seen::partly(seen, unseen)
}

enum Look {
    Sound,
    /// Not ours to see; what it may be.
    Hidden(Vec<String>),
    /// It ended meanwhile.
    Gone,
    Stale(StaleProcess),
}

fn look(host: &Host, pid: u32) -> Look {
    let text = match host.proc_text(format!("{pid}/maps")) {
        Ok(text) => text,
        Err(fault) if fault.kind() == ErrorKind::PermissionDenied => return hidden(host, pid),
        Err(_) => return Look::Gone,
    };
    let files = maps::replaced(&text);
    if files.is_empty() || unit::is_container(&host.proc_text(format!("{pid}/cgroup")).unwrap_or_default()) {
        return Look::Sound;
    }
    let program = std::fs::read_link(host.proc(format!("{pid}/exe"))).unwrap_or_default();
    let program = program.to_string_lossy();
    let program = program.strip_suffix(" (deleted)").unwrap_or(&program).to_owned();
    Look::Stale(StaleProcess { pid, program, files, packages: Vec::new() })
}

/// Whose processes these are is public, even where what they run is not.
fn hidden(host: &Host, pid: u32) -> Look {
    let Ok(groups) = host.proc_text(format!("{pid}/cgroup")) else {
        return Look::Hidden(vec![PROGRAMS_IN_NO_UNIT.to_owned(), REBOOT.to_owned()]);
    };
    if unit::is_container(&groups) {
        return Look::Sound;
    }
    match unit::of_cgroup(&groups) {
        Some((name, StaleKind::Reboot)) => Look::Hidden(vec![name, REBOOT.to_owned()]),
        Some((name, _)) => Look::Hidden(vec![name]),
        None if pid == 1 => Look::Hidden(vec![PROGRAMS_IN_NO_UNIT.to_owned(), REBOOT.to_owned()]),
        None => Look::Hidden(vec![PROGRAMS_IN_NO_UNIT.to_owned()]),
    }
}

fn name_owners(host: &Host, stale: &mut [StaleProcess]) {
    let files: BTreeSet<&str> =
        stale.iter().flat_map(|process| process.files.iter().map(String::as_str)).collect();
    let owners = owner::owners(host, &files.into_iter().collect::<Vec<_>>());
    for process in stale {
        let packages: BTreeSet<String> =
            process.files.iter().filter_map(|file| owners.get(file).cloned()).collect();
        process.packages = packages.into_iter().collect();
    }
}

fn by_unit(host: &Host, stale: Vec<StaleProcess>) -> Vec<StaleUnit> {
    let mut units: BTreeMap<String, StaleUnit> = BTreeMap::new();
    for process in stale {
        let groups = host.proc_text(format!("{}/cgroup", process.pid)).unwrap_or_default();
        let (name, kind) = unit::of_cgroup(&groups).unwrap_or_else(|| {
            let name = process.program.rsplit('/').next().unwrap_or_default();
            (name.to_owned(), if process.pid == 1 { StaleKind::Reboot } else { StaleKind::Process })
        });
        let fresh = StaleUnit { unit: name.clone(), kind, ..StaleUnit::default() };
        units.entry(name).or_insert(fresh).processes.push(process);
    }
    let programs: Vec<&str> = units.values().map(|unit| unit.processes[0].program.as_str()).collect();
    let owners = owner::owners(host, &programs);
    for unit in units.values_mut() {
        unit.package = owners.get(&unit.processes[0].program).cloned();
    }
    units.into_values().collect()
}

fn reasons(host: &Host, seen: &Restarts) -> Vec<RebootReason> {
    let mut reasons = Vec::new();
    reasons.extend(seen.kernel.as_ref().and_then(kernel::reason));
    if ["/run/reboot-required", "/var/run/reboot-required"].iter().any(|path| host.exists(path)) {
        let text =
            host.text("/run/reboot-required.pkgs").or_else(|_| host.text("/var/run/reboot-required.pkgs"));
        let text = text.unwrap_or_default();
        let packages: BTreeSet<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        reasons.push(RebootReason::Asked { packages: packages.into_iter().map(str::to_owned).collect() });
    }
    let core = seen.units.iter().filter(|unit| unit.kind == StaleKind::Reboot);
    reasons.extend(core.map(|unit| RebootReason::Core { unit: unit.unit.clone() }));
    reasons
}
