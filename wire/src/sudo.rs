//! Sudo rules, resolved: who may become whom.

use serde::{Deserialize, Serialize};

/// Section [`crate::Section::Sudo`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sudo {
    pub is_installed: bool,
    /// In file order; for one command the last matching rule counts.
    pub rules: Vec<SudoRule>,
    /// What the rules come to for each account of this host that has any.
    pub powers: Vec<SudoPower>,
    /// `Defaults` lines, as written.
    pub defaults: Vec<String>,
    /// Lines that could not be understood, and files with unsafe owner or mode.
    pub problems: Vec<String>,
}

/// One command list of one user specification, aliases resolved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SudoRule {
    /// `alice`, `%sudo`, `#1000`, `ALL`, `!bob` …
    pub users: Vec<String>,
    pub hosts: Vec<String>,
    /// Empty: root.
    pub as_users: Vec<String>,
    pub as_groups: Vec<String>,
    pub commands: Vec<String>,
    pub needs_password: bool,
    /// `NOEXEC`, `SETENV` … other than the password ones.
    pub tags: Vec<String>,
    /// `/etc/sudoers.d/app:3`.
    pub source: String,
}

/// What one account may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SudoPower {
    pub account: String,
    /// May run everything as root.
    pub is_root_equal: bool,
    /// May run something as root without a password.
    pub has_passwordless: bool,
    /// May run everything as root without a password.
    pub is_root_without_password: bool,
    /// Positions in `rules`.
    pub rules: Vec<usize>,
}
