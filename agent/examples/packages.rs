//! Prints what waits on this host (or below the folder named), as apt would say it, and what the look cost.
//! With `--changelogs` and names of packages, downloads those and prints what their new versions fix.

use mainstay_agent::{Host, clock, packages};

fn main() {
    if std::env::args().nth(1).as_deref() == Some("--changelogs") {
        return changelogs(&std::env::args().skip(2).collect::<Vec<_>>());
    }
    let root = std::env::args().nth(1);
    let host = root.map_or_else(Host::live, |root| Host::fixture(root, clock::now_ms()));
    let inventory = clock::timed(|| packages::inventory(&host));
    let updates = clock::timed(|| packages::updates(&host));
    let restarts = clock::timed(|| packages::restarts(&host));
    if let Some(value) = &updates.value {
        for update in value.updates.iter().chain(&value.arriving) {
            let old = update.installed.as_deref().unwrap_or("new");
            println!("{} {old} -> {} [{}]", update.name, update.candidate, update.arch);
        }
        for gone in &value.leaving {
            println!("{} {} -> removed", gone.name, gone.installed);
        }
        println!("{} kept back", value.kept_back.len());
    }
    if let Some(value) = &restarts.value {
        for unit in &value.units {
            println!("{} {:?}: {} processes run old code", unit.unit, unit.kind, unit.processes.len());
        }
        println!("kernel {:?}, reboot {:?}", value.kernel, value.reboot);
    }
    let gaps = inventory.unseen.iter().chain(&updates.unseen).chain(&restarts.unseen);
    for gap in gaps {
        println!("not visible: {}, because {}", gap.what, gap.because);
    }
    let packages = inventory.value.map_or(0, |value| value.packages.len());
    println!(
        "{packages} packages {} µs, updates {} µs, restarts {} µs",
        inventory.took.cpu_us, updates.took.cpu_us, restarts.took.cpu_us
    );
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    println!("{}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default());
}

fn changelogs(names: &[String]) {
    let seen = packages::changelogs(&Host::live(), names);
    for log in seen.value.iter().flat_map(|value| &value.packages) {
        let (entries, ids) = (log.entries.len(), log.cves.join(" "));
        println!("{} {} -> {}: {entries} entries: {ids}", log.source, log.installed, log.candidate);
    }
    for gap in &seen.unseen {
        println!("not visible: {}, because {}", gap.what, gap.because);
    }
}
