//! Keys that sign in over ssh.

use serde::{Deserialize, Serialize};

/// Section [`crate::Section::Keys`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keys {
    pub keys: Vec<AuthorizedKey>,
    pub problems: Vec<KeyProblem>,
}

/// One line of an `authorized_keys` file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizedKey {
    pub account: String,
    pub file: String,
    /// From 1.
    pub line: u32,
    /// `ssh-ed25519`, `ssh-rsa`, `ecdsa-sha2-nistp256` …
    pub kind: String,
    pub bits: u32,
    /// `SHA256:…` as `ssh-keygen -lf` prints it.
    pub fingerprint: String,
    pub comment: String,
    /// `from="…"`, `command="…"`, `cert-authority` …, split at their commas.
    pub options: Vec<String>,
    /// When the file was last changed, milliseconds since 1970.
    pub file_changed_ms: Option<u64>,
}

/// Something wrong with a file of keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyProblem {
    pub account: String,
    pub path: String,
    /// `may be written by group staff`, `line 3 is no key` …
    pub problem: String,
}
