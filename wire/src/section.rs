//! The sections of what an agent knows about its host; each is collected, hashed and sent on its own.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Seen;

macro_rules! sections {
    ($($(#[$doc:meta])* $name:ident($type:ty) = $word:literal,)*) => {
        /// One part of the facts about a host. A newer peer may know sections this one does not:
        /// they arrive as [`Section::Other`] and are kept or ignored, never an error.
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Section {
            $($(#[$doc])* $name,)*
            /// A section of another version.
            Other(String),
        }

        impl Section {
            /// Every section of this version, in the order they are collected.
            pub const ALL: &'static [Section] = &[$(Section::$name,)*];

            /// Whether this is a [`Seen`] of the section's type; of a section of another version, whether it is one of
            /// anything.
            ///
            /// # Errors
            /// What is wrong with it, and where.
            pub fn check(&self, content: &str) -> Result<(), serde_json::Error> {
                match self {
                    $(Section::$name => serde_json::from_str::<Seen<$type>>(content).map(drop),)*
                    Section::Other(_) => serde_json::from_str::<Seen<serde::de::IgnoredAny>>(content).map(drop),
                }
            }

            /// The word on the wire.
            pub fn word(&self) -> &str {
                match self { $(Section::$name => $word,)* Section::Other(word) => word }
            }
        }

        impl From<&str> for Section {
            fn from(word: &str) -> Self {
                match word { $($word => Section::$name,)* other => Section::Other(other.to_owned()) }
            }
        }
    };
}

sections! {
    /// Operating system, kernel, end of support: [`crate::system::System`].
    System(crate::system::System) = "system",
    /// Installed packages: [`crate::packages::Inventory`].
    Packages(crate::packages::Inventory) = "packages",
    /// Updates that wait: [`crate::packages::Updates`].
    Updates(crate::packages::Updates) = "updates",
    /// Services and kernels that run old code: [`crate::packages::Restarts`].
    Restarts(crate::packages::Restarts) = "restarts",
    /// Listening sockets: [`crate::sockets::Sockets`].
    Sockets(crate::sockets::Sockets) = "sockets",
    /// Accounts and groups: [`crate::accounts::Accounts`].
    Accounts(crate::accounts::Accounts) = "accounts",
    /// Who may become whom: [`crate::sudo::Sudo`].
    Sudo(crate::sudo::Sudo) = "sudo",
    /// Keys that sign in: [`crate::keys::Keys`].
    Keys(crate::keys::Keys) = "keys",
    /// What sshd really does: [`crate::sshd::Sshd`].
    Sshd(crate::sshd::Sshd) = "sshd",
    /// File systems, space and inodes: [`crate::disks::Disks`].
    Disks(crate::disks::Disks) = "disks",
    /// Memory, load, pressure, processors: [`crate::load::Load`].
    Load(crate::load::Load) = "load",
    /// Failed systemd units: [`crate::units::Units`].
    Units(crate::units::Units) = "units",
    /// Certificates services use: [`crate::certificates::Certificates`].
    Certificates(crate::certificates::Certificates) = "certificates",
    /// Databases present: [`crate::databases::Databases`].
    Databases(crate::databases::Databases) = "databases",
    /// Backup tools, timers and repositories: [`crate::backups::Backups`].
    Backups(crate::backups::Backups) = "backups",
    /// Files that give rights to whoever runs them: [`crate::privileged::Privileged`].
    Privileged(crate::privileged::Privileged) = "privileged",
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Serialize for Section {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.word())
    }
}

impl<'de> Deserialize<'de> for Section {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Section::from(String::deserialize(from)?.as_str()))
    }
}
