//! What apt would do on this host, worked out from dpkg's and apt's own files without running either.
//!
//! The answer is that of `apt-get -s dist-upgrade` with apt's internal solver (apt up to 2.8; measured against
//! 2.6): sources, lists, pins, holds, phased versions, several architectures, and the way apt's problem
//! resolver mends conflicts.
//!
//! Of the lists only what can matter is read, until an answer hangs on the order in which apt learns of packages: then the
//! names of all of them are read too ([`passing`]). What is not known here is apt's cache on disk: apt that adds to one
//! made earlier stores some version texts twice, which may change the order in which it upgrades what needs one package.

mod answer;
mod automatic;
mod build;
mod config;
mod garbage;
mod glob;
mod install;
mod lists;
mod load;
mod marks;
mod passing;
mod phased;
mod pins;
mod provisions;
pub mod record;
pub mod relations;
mod resolve;
mod settings;
mod sort;
mod sources;
#[cfg(test)]
mod tests;
mod ties;
mod universe;
mod upgrade;

use build::Builder;
use config::Config;
use lists::{List, Lists};
use load::Wanted;
use pins::Pins;
use record::Record;
use settings::Settings;
use universe::Universe;
use upgrade::{Demand, Refused, Upgrade};

use super::dpkg;
use crate::Host;
use crate::wire::packages::{KeptBack, KeptBecause, Leaving, Updates};
use crate::wire::{Seen, Unseen};

/// Asking the archives again makes old lists new.
const REFRESH: &str = "apt-get update";
/// Lists older than this are said to be old: security archives change nearly every day.
const OLD_LIST_DAYS: u64 = 7;
const DAY_MS: u64 = 86_400_000;
/// How often the lists are read again because the solver asked for more names.
const MOST_ROUNDS: usize = 25;

/// Every update that waits on a Debian or Ubuntu host.
pub fn updates(host: &Host) -> Seen<Updates> {
    let status = match dpkg::records(host) {
        Ok(status) => status,
        Err(because) => return Seen::not(Unseen::new("waiting updates", because)),
    };
    let config = Config::read(host);
    let archs = architectures(host, &config, &status);
    let settings = Settings::read(&config, host);
    let (sources, mut faults) = sources::read(host, &config, &archs);
    if sources.is_empty() {
        return Seen::not(Unseen::new("waiting updates", "no package source is configured"));
    }
    let mut found = lists::find(host, &config, &sources, &archs);
    if found.found.is_empty() {
        let because =
            "the host holds no package lists: it has never asked its archives, or they were deleted";
        return Seen::not(Unseen::new("waiting updates", because).allow_with(REFRESH));
    }
    if let Some(because) = unknown_release(&settings.default_release, &found) {
        return Seen::not(Unseen::new("waiting updates", because));
    }
    let (pins, pin_faults) = Pins::read(host, &config, &settings);
    faults.extend(pin_faults);
    let mut unseen: Vec<Unseen> =
        faults.into_iter().map(|fault| Unseen::new("waiting updates that depend on it", fault)).collect();
    unseen.extend(gaps(&found, host.now_ms()));
    let status_file = found.found.len();
    found.found.push(List { is_status: true, ..List::default() });
    let ground = Ground { lists: &found.found, status, archs, settings, pins, status_file };
    match ground.solve(&mut unseen) {
        Ok(updates) => Seen::partly(updates, unseen),
        Err(because) => {
            unseen.push(Unseen::new("waiting updates", because));
            Seen { value: None, unseen, took: crate::wire::Took::default() }
        }
    }
}

/// What the lists do not cover, and how old they are.
fn gaps(found: &Lists, now_ms: u64) -> Vec<Unseen> {
    let mut unseen = Vec::new();
    for source in &found.absent {
        let because = format!("the host holds no package list of {source}");
        unseen.push(Unseen::new("waiting updates of one source", because).allow_with(REFRESH));
    }
    for list in &found.unreadable {
        unseen.push(Unseen::new("waiting updates of one list", list));
    }
    let newest = found.found.iter().filter_map(|list| list.told.fetched_at_ms).max();
    let days = newest.map(|newest| now_ms.saturating_sub(newest) / DAY_MS);
    if let Some(days) = days.filter(|days| *days >= OLD_LIST_DAYS) {
        let because = format!("the package lists are {days} days old");
        unseen.push(Unseen::new("updates published since then", because).allow_with(REFRESH));
    }
    let mut expired: Vec<String> = Vec::new();
    for list in &found.found {
        let name = format!("{} {}", list.told.uri, list.told.origin.suite);
        if list.told.valid_until_ms.is_some_and(|until| until < now_ms) && !expired.contains(&name) {
            expired.push(name);
        }
    }
    for name in expired {
        let because = format!("the package lists of {name} are past their own date of validity");
        unseen.push(Unseen::new("updates published since then", because).allow_with(REFRESH));
    }
    unseen
}

/// apt refuses to work with a default release that no source has.
fn unknown_release(wanted: &str, found: &Lists) -> Option<String> {
    if wanted.is_empty() || wanted.get(1..2) == Some("=") || glob::fits(wanted, "now") {
        return None;
    }
    let is_known = found.found.iter().map(|list| &list.told.origin).any(|origin| {
        let names = [&origin.suite, &origin.codename, &origin.version];
        names.iter().any(|name| !name.is_empty() && glob::fits(wanted, name))
    });
    (!is_known).then(|| format!("apt would refuse: its default release {wanted} is in no source"))
}

/// Native architecture first: apt's own setting, or that of dpkg itself; foreign ones from dpkg's list.
fn architectures(host: &Host, config: &Config, status: &[Record]) -> Vec<String> {
    let of_dpkg =
        || status.iter().find(|record| &*record.name == "dpkg").map(|record| record.arch.to_string());
    let most = || status.iter().map(|record| &*record.arch).find(|arch| *arch != "all").map(str::to_owned);
    let native = config.get("APT::Architecture").map(str::to_owned).or_else(of_dpkg).or_else(most);
    let native = native.unwrap_or_else(|| "amd64".to_owned());
    let mut archs = config.list("APT::Architectures");
    if archs.is_empty() {
        let listed = host.text("/var/lib/dpkg/arch").unwrap_or_default();
        archs = listed.lines().map(str::trim).filter(|arch| !arch.is_empty()).map(str::to_owned).collect();
    }
    archs.retain(|arch| *arch != native);
    archs.insert(0, native);
    archs
}

/// Everything an upgrade is worked out from.
struct Ground<'l> {
    lists: &'l [List],
    status: Vec<Record>,
    archs: Vec<String>,
    settings: Settings,
    pins: Pins,
    status_file: usize,
}

impl Ground<'_> {
    /// Solves, reads the names the solver asked for, and solves again until it asks for nothing new.
    fn solve(&self, unseen: &mut Vec<Unseen>) -> Result<Updates, String> {
        let mut wanted = Wanted::of_status(&self.status, &self.archs[0]);
        // Pins of patterns look at every name apt knows, `name:any` among them.
        let mut is_whole = self.archs.len() > 1 && self.pins.have_patterns();
        for _ in 0..MOST_ROUNDS {
            let (universe, faults) = self.universe(&mut wanted, is_whole);
            let candidates = self.pins.candidates(&universe, self.lists);
            let mut demand = Demand::default();
            let solved = upgrade::dist_upgrade(&universe, &self.settings, &candidates, &mut demand);
            let mut has_grown = demand.is_for_order && !is_whole;
            is_whole |= demand.is_for_order;
            for group in demand.groups {
                has_grown |= wanted.add(&universe.groups[group].name);
                // What dpkg remembers of a removed package may give it; then an archive's version may come.
                for owner in universe.standing_in(group) {
                    has_grown |= wanted.add_package(universe.name(owner));
                }
            }
            if has_grown {
                continue;
            }
            unseen.extend(faults.into_iter().map(|fault| Unseen::new("waiting updates of one list", fault)));
            return match solved {
                Ok(upgrade) => Ok(self.answer(&universe, &candidates, &upgrade)),
                Err(refused) => Err(refusal(&universe, refused)),
            };
        }
        Err("the dependencies of the waiting updates do not come to an end".to_owned())
    }

    /// What matters of the lists; with the names in all the rest when `is_whole`.
    fn universe(&self, wanted: &mut Wanted, is_whole: bool) -> (Universe, Vec<String>) {
        let (records, faults) = load::records(self.lists, wanted, &self.archs[0]);
        let mut builder = Builder::new(&self.archs, self.status_file);
        if is_whole {
            drop(records);
            load::every(self.lists, wanted, |record, is_wanted| {
                if is_wanted { builder.add(record) } else { builder.pass(&record) }
            });
        } else {
            for record in records {
                builder.add(record);
            }
        }
        for record in self.status.iter().cloned() {
            builder.add(Record { file: self.status_file, ..record });
        }
        let mut universe = builder.finish();
        universe.security_files =
            self.lists.iter().map(|list| answer::is_security_archive(&list.told.origin)).collect();
        (universe, faults)
    }

    fn answer(&self, universe: &Universe, candidates: &[Option<usize>], upgrade: &Upgrade) -> Updates {
        let mut updates = Updates::default();
        for (package, version) in &upgrade.installs {
            let update = answer::update(universe, self.lists, *package, *version);
            let list = if update.installed.is_some() { &mut updates.updates } else { &mut updates.arriving };
            list.push(update);
        }
        for package in &upgrade.removals {
            let Some(current) = universe.packages[*package].current else { continue };
            let update = answer::update(universe, self.lists, *package, current);
            updates.leaving.push(Leaving {
                name: update.name,
                arch: update.arch,
                installed: update.candidate,
            });
        }
        for (package, candidate) in candidates.iter().enumerate() {
            updates.kept_back.extend(self.kept_back(universe, package, *candidate, upgrade));
        }
        updates.lists =
            self.lists.iter().filter(|list| !list.is_status).map(|list| list.told.clone()).collect();
        updates.updates.sort_by(|a, b| (&a.name, &a.arch).cmp(&(&b.name, &b.arch)));
        updates.arriving.sort_by(|a, b| (&a.name, &a.arch).cmp(&(&b.name, &b.arch)));
        updates.leaving.sort_by(|a, b| (&a.name, &a.arch).cmp(&(&b.name, &b.arch)));
        updates.kept_back.sort_by(|a, b| (&a.name, &a.arch).cmp(&(&b.name, &b.arch)));
        updates
    }

    fn kept_back(
        &self,
        universe: &Universe,
        package: usize,
        candidate: Option<usize>,
        upgrade: &Upgrade,
    ) -> Option<KeptBack> {
        let entry = &universe.packages[package];
        let (current, candidate) = (entry.current?, candidate?);
        let (installed, newer) = (&universe.versions[current].record, &universe.versions[candidate].record);
        let is_newer = universe::order(&newer.version, &installed.version).is_gt();
        let is_changed = upgrade.installs.iter().any(|(changed, _)| *changed == package);
        if !is_newer || is_changed || upgrade.removals.contains(&package) {
            return None;
        }
        let because = if entry.is_held && !self.settings.ignores_holds {
            KeptBecause::Held
        } else if upgrade::is_held_back_by_phase(universe, &self.settings, package, candidate) {
            KeptBecause::Phased
        } else {
            KeptBecause::Dependencies
        };
        let update = answer::update(universe, self.lists, package, candidate);
        Some(KeptBack {
            name: update.name,
            arch: update.arch,
            installed: installed.version.to_string(),
            candidate: update.candidate,
            is_security: update.is_security,
            because,
        })
    }
}

fn refusal(universe: &Universe, refused: Refused) -> String {
    let broken = match refused {
        Refused::Broken(broken) => broken,
        Refused::NotReinstallable(package) => {
            let name = universe.name(package);
            return format!("apt would refuse: {name} has to be installed again, and no source offers it");
        }
        Refused::NotOffered(version) => {
            let known = &universe.versions[version];
            let (name, version) = (universe.name(known.package), &known.record.version);
            return format!("apt would refuse: it has to install {name} {version}, which no source offers");
        }
    };
    let mut names: Vec<&str> = broken.iter().map(|package| universe.name(*package)).collect();
    names.sort_unstable();
    names.dedup();
    let more = if names.len() > 5 { format!(" and {} more", names.len() - 5) } else { String::new() };
    names.truncate(5);
    format!("apt would refuse: the dependencies of {}{more} are broken", names.join(", "))
}
