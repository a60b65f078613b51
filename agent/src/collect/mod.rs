//! The collectors: each looks at one section of a host, read-only, and says what it could not see.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::clock::timed;
use crate::wire::accounts::Accounts;
use crate::wire::backups::Backups;
use crate::wire::certificates::Certificates;
use crate::wire::databases::Databases;
use crate::wire::disks::Disks;
use crate::wire::keys::Keys;
use crate::wire::load::Load;
use crate::wire::packages::{Inventory, Restarts, Updates};
use crate::wire::privileged::Privileged;
use crate::wire::sockets::Sockets;
use crate::wire::sshd::Sshd;
use crate::wire::sudo::Sudo;
use crate::wire::system::System;
use crate::wire::units::Units;
use crate::wire::{Section, Seen, Took};
use crate::{Host, packages};

mod accounts;
mod backups;
mod certificates;
mod databases;
mod disks;
mod keys;
mod load;
mod owners;
mod privileged;
mod sockets;
mod sshd;
mod sudo;
mod system;
pub mod text;
mod units;

/// Everything the agent can tell about a host, typed.
#[derive(Debug)]
pub struct Facts {
    pub system: Seen<System>,
    pub packages: Seen<Inventory>,
    pub updates: Seen<Updates>,
    pub restarts: Seen<Restarts>,
    pub sockets: Seen<Sockets>,
    pub accounts: Seen<Accounts>,
    pub sudo: Seen<Sudo>,
    pub keys: Seen<Keys>,
    pub sshd: Seen<Sshd>,
    pub disks: Seen<Disks>,
    pub load: Seen<Load>,
    pub units: Seen<Units>,
    pub certificates: Seen<Certificates>,
    pub databases: Seen<Databases>,
    pub backups: Seen<Backups>,
    pub privileged: Seen<Privileged>,
}

/// The sections in the order an agent looks at them: what tells a person something at once first, readings
/// next, what costs a walk last. Each is sent as soon as it is there.
pub const ORDER: &[Section] = &[
    Section::System,
    Section::Packages,
    Section::Updates,
    Section::Restarts,
    Section::Sockets,
    Section::Accounts,
    Section::Sshd,
    Section::Sudo,
    Section::Keys,
    Section::Disks,
    Section::Load,
    Section::Units,
    Section::Certificates,
    Section::Databases,
    Section::Backups,
    Section::Privileged,
];

/// One section, ready for the wire.
#[derive(Clone, Debug)]
pub struct Looked {
    pub section: Section,
    /// When the look ended, milliseconds since 1970.
    pub at_ms: u64,
    /// The JSON of `Seen<…>`.
    pub content: Box<RawValue>,
    /// SHA-256 of the bytes of `content`, lower-case hex.
    pub hash: String,
    pub took: Took,
}

/// Looks at everything, once, in one thread.
pub fn collect_all(host: &Host) -> Facts {
    let accounts = timed(|| accounts::collect(host));
    let sshd = timed(|| sshd::collect(host));
    Facts {
        system: timed(|| system::collect(host)),
        packages: timed(|| packages::inventory(host)),
        updates: timed(|| packages::updates(host)),
        restarts: timed(|| packages::restarts(host)),
        sockets: timed(|| sockets::collect(host)),
        sudo: timed(|| sudo::collect(host, accounts.value.as_ref())),
        keys: timed(|| keys::collect(host, accounts.value.as_ref(), sshd.value.as_ref())),
        accounts,
        sshd,
        disks: timed(|| disks::collect(host)),
        load: timed(|| load::collect(host)),
        units: timed(|| units::collect(host)),
        certificates: timed(|| certificates::collect(host)),
        databases: timed(|| databases::collect(host)),
        backups: timed(|| backups::collect(host)),
        privileged: timed(|| privileged::collect(host)),
    }
}

/// Looks at one section. `None` for a section this agent does not know.
pub fn look(host: &Host, section: &Section) -> Option<Looked> {
    Base::default().look(host, section)
}

/// How an agent looks: accounts and sshd, on which sudo rules and keys build, are collected once for all of
/// them within [`BASE_AGE`].
pub fn remembering() -> crate::Look {
    let base = Mutex::new(Base::default());
    Arc::new(move |section| {
        let mut base = base.lock().unwrap_or_else(PoisonError::into_inner);
        base.look(&Host::live(), section)
    })
}

/// How long accounts and sshd's settings serve the sections that build on them: one pass, not the next one.
const BASE_AGE: Duration = Duration::from_mins(1);

/// What several sections build on.
#[derive(Default)]
struct Base {
    accounts: Option<(Instant, Seen<Accounts>)>,
    sshd: Option<(Instant, Seen<Sshd>)>,
}

/// The kept look when it is fresh, else a new one, which is kept.
fn fresh<T>(kept: &mut Option<(Instant, Seen<T>)>, collect: impl FnOnce() -> Seen<T>) -> &Seen<T> {
    let kept_still = kept.take().filter(|(at, _)| at.elapsed() < BASE_AGE);
    &kept.insert(kept_still.unwrap_or_else(|| (Instant::now(), timed(collect)))).1
}

impl Base {
    fn look(&mut self, host: &Host, section: &Section) -> Option<Looked> {
        Some(match section {
            Section::System => ready(section, &timed(|| system::collect(host))),
            Section::Packages => ready(section, &timed(|| packages::inventory(host))),
            Section::Updates => ready(section, &timed(|| packages::updates(host))),
            Section::Restarts => ready(section, &timed(|| packages::restarts(host))),
            Section::Sockets => ready(section, &timed(|| sockets::collect(host))),
            // Asked for itself a section is always looked at anew.
            Section::Accounts => {
                self.accounts = None;
                ready(section, fresh(&mut self.accounts, || accounts::collect(host)))
            }
            Section::Sshd => {
                self.sshd = None;
                ready(section, fresh(&mut self.sshd, || sshd::collect(host)))
            }
            Section::Sudo => {
                let accounts = fresh(&mut self.accounts, || accounts::collect(host));
                ready(section, &timed(|| sudo::collect(host, accounts.value.as_ref())))
            }
            Section::Keys => {
                let accounts = fresh(&mut self.accounts, || accounts::collect(host));
                let sshd = fresh(&mut self.sshd, || sshd::collect(host));
                ready(section, &timed(|| keys::collect(host, accounts.value.as_ref(), sshd.value.as_ref())))
            }
            Section::Disks => ready(section, &timed(|| disks::collect(host))),
            Section::Load => ready(section, &timed(|| load::collect(host))),
            Section::Units => ready(section, &timed(|| units::collect(host))),
            Section::Certificates => ready(section, &timed(|| certificates::collect(host))),
            Section::Databases => ready(section, &timed(|| databases::collect(host))),
            Section::Backups => ready(section, &timed(|| backups::collect(host))),
            Section::Privileged => ready(section, &timed(|| privileged::collect(host))),
            Section::Other(_) => return None,
        })
    }
}

impl Facts {
    /// Every section, ready for the wire.
    pub fn looks(&self) -> Vec<Looked> {
        vec![
            ready(&Section::System, &self.system),
            ready(&Section::Packages, &self.packages),
            ready(&Section::Updates, &self.updates),
            ready(&Section::Restarts, &self.restarts),
            ready(&Section::Sockets, &self.sockets),
            ready(&Section::Accounts, &self.accounts),
            ready(&Section::Sudo, &self.sudo),
            ready(&Section::Keys, &self.keys),
            ready(&Section::Sshd, &self.sshd),
            ready(&Section::Disks, &self.disks),
            ready(&Section::Load, &self.load),
            ready(&Section::Units, &self.units),
            ready(&Section::Certificates, &self.certificates),
            ready(&Section::Databases, &self.databases),
            ready(&Section::Backups, &self.backups),
            ready(&Section::Privileged, &self.privileged),
        ]
    }
}

/// How often a section is looked at. What changes by hand is looked at every few minutes, readings every
/// minute, what costs a walk once an hour.
pub fn interval(section: &Section) -> Duration {
    Duration::from_secs(match section {
        Section::Load | Section::Disks => 60,
        Section::Sockets | Section::Units | Section::Restarts => 300,
        Section::Privileged | Section::Packages | Section::Updates | Section::Databases => 3600,
        _ => 900,
    })
}

fn ready<T: Serialize>(section: &Section, seen: &Seen<T>) -> Looked {
    let content = serde_json::value::to_raw_value(seen).expect("plain facts have only string keys");
    Looked {
        section: section.clone(),
        at_ms: crate::clock::now_ms(),
        hash: text::hex(&Sha256::digest(content.get().as_bytes())),
        took: seen.took,
        content,
    }
}

/// The operating system alone, for an agent that enrols.
pub fn system(host: &Host) -> Seen<System> {
    system::collect(host)
}

#[cfg(test)]
mod tests {
    use super::{Base, ORDER};
    use crate::Host;
    use crate::wire::Section;

    #[test]
    fn every_section_has_its_place_in_the_order() {
        let sorted = |sections: &[Section]| {
            let mut sections = sections.to_vec();
            sections.sort();
            sections
        };
        assert_eq!(sorted(ORDER), sorted(Section::ALL));
        assert_eq!((&ORDER[0], ORDER.last()), (&Section::System, Some(&Section::Privileged)));
    }

    #[test]
    fn keys_and_sudo_build_on_the_accounts_of_the_same_pass() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("etc")).unwrap();
        let passwd = folder.path().join("etc/passwd");
        std::fs::write(&passwd, "ada:x:1000:1000::/home/ada:/bin/sh\n").unwrap();
        let (host, mut base) = (Host::fixture(folder.path(), 0), Base::default());
        let first = base.look(&host, &Section::Accounts).unwrap();
        let at = base.accounts.as_ref().unwrap().0;
        base.look(&host, &Section::Keys).unwrap();
        base.look(&host, &Section::Sudo).unwrap();
        assert_eq!(base.accounts.as_ref().unwrap().0, at, "collected once");
        std::fs::write(&passwd, "eve:x:0:0::/root:/bin/sh\n").unwrap();
        let second = base.look(&host, &Section::Accounts).unwrap();
        assert_ne!(first.hash, second.hash, "asked for itself it is looked at anew");
    }
}
