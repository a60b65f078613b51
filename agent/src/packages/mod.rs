//! Packages of this host: installed, waiting, running old code, changelogs.

mod apk;
pub mod apt;
mod changelog;
mod dates;
mod deb;
mod dpkg;
mod fetch;
mod restarts;
mod rpm;
pub mod stanza;

pub use changelog::{cve_ids, newer_entries};
pub use deb::{DebFault, changelog as changelog_of_deb};
pub use fetch::changelogs;
pub use restarts::restarts;

use crate::Host;
use crate::wire::packages::{Inventory, Package, Updates};
use crate::wire::{Seen, Unseen};

/// Every installed package, of every package system found on the host.
pub fn inventory(host: &Host) -> Seen<Inventory> {
    let (mut packages, mut unseen, mut is_seen) = (Vec::new(), Vec::new(), false);
    let mut take = |what: &str, read: Result<Vec<Package>, String>| match read {
        Ok(read) => {
            packages.extend(read);
            is_seen = true;
        }
        Err(because) => unseen.push(Unseen::new(what, because)),
    };
    if dpkg::is_here(host) {
        take("Debian packages", dpkg::records(host).map(|records| dpkg::packages(&records)));
    }
    let mut unreadable = 0;
    // On Debian rpm may be installed as a tool, with an empty database of its own.
    if let Some(database) = rpm::database(host) {
        let read = rpm::packages(host, &database);
        unreadable = read.as_ref().map_or(0, |(_, unreadable)| *unreadable);
        take("rpm packages", read.map(|(packages, _)| packages));
    }
    if let Some(place) = apk::place(host) {
        take("Alpine packages", apk::packages(host, place));
    }
    if unreadable > 0 {
        unseen.push(Unseen::new("some rpm packages", format!("{unreadable} of their headers are damaged")));
    }
    if !is_seen {
        let nothing = || Unseen::new("packages", "no database of dpkg, rpm or apk is on this host");
        if unseen.is_empty() {
            unseen.push(nothing());
        }
        return Seen { value: None, unseen, took: crate::wire::Took::default() };
    }
    packages.sort_by(|a, b| {
        (a.family, &a.name, &a.arch, &a.version).cmp(&(b.family, &b.name, &b.arch, &b.version))
    });
    Seen::partly(Inventory { packages }, unseen)
}

/// Every update that waits.
pub fn updates(host: &Host) -> Seen<Updates> {
    if dpkg::is_here(host) {
        return apt::updates(host);
    }
    let command = match (rpm::database(host), apk::place(host)) {
        (Some(_), _) => "dnf check-update",
        (None, Some(_)) => "apk version -l '<'",
        (None, None) => {
            return Seen::not(Unseen::new(
                "waiting updates",
                "no database of dpkg, rpm or apk is on this host",
            ));
        }
    };
    let because =
        format!("they are worked out for Debian and Ubuntu only; `{command}` lists them on the host");
    Seen::not(Unseen::new("waiting updates", because))
}
