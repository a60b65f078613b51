//! Room hygiene: how a host is open where it should not be.
//!
//! The agent brings facts, section by section; this room holds the rules that judge them. A rule is a pure function
//! from facts to [`Sighting`](mainstay_record::finding::Sighting)s, one noun per module. [`assess`] hands what the
//! rules of one section see to the law of findings, which opens, keeps and closes.
//!
//! ```
//! use mainstay_hygiene::disks;
//! use mainstay_wire::disks::{Disks, FileSystem};
//!
//! let full = FileSystem {
//!     mount: "/var".into(), device: "/dev/sda2".into(), kind: "ext4".into(), is_read_only: false, is_network: false,
//!     total_bytes: 100, used_bytes: 98, available_bytes: 2, inodes: 10, inodes_free: 9, options: vec![],
//! };
//! let seen = disks::nearly_full(&Disks { file_systems: vec![full] }, &Default::default());
//! assert_eq!(seen[0].title, "/var is 98 % full");
//! ```
//!
//! # Words
//!
//! A *verdict* is what one rule says after one look: what it saw, and what was hidden from it. *Exposure* is who can
//! reach a service. A look with gaps opens what it shows and closes only what it can show to be gone: whatever may
//! stand behind a gap stays, marked stale.

pub mod accounts;
mod assess;
pub mod backups;
pub mod certificates;
pub mod databases;
pub mod disks;
mod draft;
pub mod exposure;
pub mod keys;
pub mod limits;
mod pages;
pub mod policy;
pub mod privileged;
mod programs;
mod services;
pub mod sockets;
pub mod sshd;
mod sshd_algorithms;
pub mod sudo;
#[cfg(test)]
mod tests;
pub mod units;
pub mod verdict;

use axum::Router;
use mainstay_face::Room;
use utoipa::openapi::OpenApi;

pub use assess::assess;
pub use policy::{DEADLINES, Limits};

/// The name of the room: in addresses, rights, and before the dot of its rules.
pub const NAME: &str = "hygiene";

/// This room, for the list of the house.
pub const fn room() -> Room {
    Room {
        name: NAME,
        schema: None,
        assess,
        jobs: &[],
        hears: Vec::new,
        pages: pages::routes,
        api: Router::new,
        document: OpenApi::default,
        deadlines: (DEADLINES, "Hygiene deadlines"),
        policies: pages::policies,
    }
}

/// Every rule of the room with what it looks at, for pages and for lists of what is checked.
pub const RULES: &[(&str, &str)] = &[
    (sshd::ACCESS, "Who gets in over ssh, and how"),
    (sshd::ALGORITHMS, "Ciphers and signatures sshd offers"),
    (accounts::PASSWORDS, "Passwords that are absent or weak"),
    (accounts::ROOT, "Accounts that share a user number"),
    (accounts::GROUPS, "Groups that are as good as root"),
    (sudo::RULES, "Sudo rules that give more than they say"),
    (keys::STRENGTH, "Weak keys that sign in"),
    (keys::OWNER, "Keys whose owner is not known"),
    (keys::ROOT, "Keys that sign in as root"),
    (keys::FILES, "Files of keys in the hands of others"),
    (sockets::DATABASES, "Databases that other machines can reach"),
    (sockets::UNENCRYPTED, "Services that speak in the clear"),
    (privileged::FILES, "Files that give rights no package explains"),
    (certificates::END, "Certificates that end"),
    (certificates::TRUST, "Certificates nobody can trust"),
    (units::FAILED, "Failed units"),
    (disks::FULL, "File systems that are nearly full"),
    (backups::PRESENT, "Backups that run by themselves"),
    (databases::CATALOGUE, "Settings and health of databases"),
];
