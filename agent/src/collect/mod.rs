//! The collectors: each looks at one section of a host, read-only, and says what it could not see.

use std::time::Duration;

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
    Some(match section {
        Section::System => ready(section, &timed(|| system::collect(host))),
        Section::Packages => ready(section, &timed(|| packages::inventory(host))),
        Section::Updates => ready(section, &timed(|| packages::updates(host))),
        Section::Restarts => ready(section, &timed(|| packages::restarts(host))),
        Section::Sockets => ready(section, &timed(|| sockets::collect(host))),
        Section::Accounts => ready(section, &timed(|| accounts::collect(host))),
        Section::Sudo => {
            ready(section, &timed(|| sudo::collect(host, accounts::collect(host).value.as_ref())))
        }
        Section::Keys => ready(
            section,
            &timed(|| {
                let (accounts, sshd) = (accounts::collect(host), sshd::collect(host));
                keys::collect(host, accounts.value.as_ref(), sshd.value.as_ref())
            }),
        ),
        Section::Sshd => ready(section, &timed(|| sshd::collect(host))),
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
