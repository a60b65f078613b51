//! Accounts and groups of a host; of a password only its state, never its hash.

use serde::{Deserialize, Serialize};

/// Section [`crate::Section::Accounts`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accounts {
    /// In the order of the file.
    pub accounts: Vec<Account>,
    pub groups: Vec<Group>,
    /// Who is as good as root, and through what. One entry per way.
    pub root_equal: Vec<RootEqual>,
    /// User numbers that more than one account has.
    pub shared_uids: Vec<SharedUid>,
    /// Lines that are no account or group.
    pub malformed: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
    pub comment: String,
    pub home: String,
    pub shell: String,
    /// Whether the shell lets somebody sign in (listed or real, no `nologin`, `false`, `sync` …).
    pub has_login_shell: bool,
    pub password: Password,
    /// `YYYY-MM-DD` of the last change; absent when unknown or never.
    pub password_changed: Option<String>,
    /// Days until a change is demanded; absent when never or unknown.
    pub password_max_days: Option<u32>,
    /// The password must be changed at the next sign-in.
    pub must_change_password: bool,
    /// Day from which the account is closed, `YYYY-MM-DD`.
    pub expires: Option<String>,
    pub is_expired: bool,
    /// Last sign-in by lastlog, milliseconds since 1970; absent when never or unknown.
    pub last_sign_in_ms: Option<u64>,
}

/// State of a password.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Password {
    /// One can be entered; the algorithm of its hash: `yescrypt`, `sha512`, `md5`, `des` …
    Set { algorithm: String },
    /// Locked with `!` before a hash: an unlock brings it back.
    Locked { algorithm: String },
    /// No password works (`!`, `*`, or anything no hash equals).
    None,
    /// Signs in without a password.
    Empty,
    /// Could not be seen.
    Unknown,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    pub name: String,
    pub gid: u32,
    /// As listed in the file; accounts with this primary group are not repeated.
    pub members: Vec<String>,
    /// Whether the group itself has a password.
    pub has_password: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RootEqual {
    pub account: String,
    /// `uid 0` or `group docker`.
    pub through: String,
    /// Why, in one clause.
    pub why: String,
    /// `true`: may become root. `false`: may read what only root should read.
    pub is_full: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedUid {
    pub uid: u32,
    pub accounts: Vec<String>,
}
