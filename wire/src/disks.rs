//! File systems: space and inodes.

use serde::{Deserialize, Serialize};

/// Section [`crate::Section::Disks`]. Real file systems only, each device once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disks {
    pub file_systems: Vec<FileSystem>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSystem {
    pub mount: String,
    pub device: String,
    /// `ext4`, `xfs`, `nfs4` …
    pub kind: String,
    pub is_read_only: bool,
    /// On another machine; asked only when it answers at once.
    pub is_network: bool,
    pub total_bytes: u64,
    /// As `df` counts: total minus free.
    pub used_bytes: u64,
    /// What is left for users other than root.
    pub available_bytes: u64,
    /// 0 where the file system has no fixed number (btrfs).
    pub inodes: u64,
    pub inodes_free: u64,
    /// `nosuid`, `noexec` … as mounted.
    pub options: Vec<String>,
}
