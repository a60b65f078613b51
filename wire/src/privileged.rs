//! Files that give rights to whoever runs them: setuid, setgid, capabilities.

use serde::{Deserialize, Serialize};

/// Section [`crate::Section::Privileged`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Privileged {
    /// Sorted by path.
    pub files: Vec<PrivilegedFile>,
    /// Mount points that were walked.
    pub walked: Vec<String>,
    /// How many folder entries were looked at.
    pub looked_at: u64,
    /// Where the walk stopped because of its limit; absent when it reached the end.
    pub stopped_at: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivilegedFile {
    pub path: String,
    /// Twelve bits: `0o4755`.
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    /// `cap_net_raw+ep`; absent when it has none.
    pub capabilities: Option<String>,
    /// Package that brings it; absent when no manifest names it.
    pub package: Option<String>,
    /// Whether its content is what the manifest says; absent when no manifest tells.
    pub is_as_packaged: Option<bool>,
    /// Milliseconds since 1970.
    pub changed_ms: u64,
}
