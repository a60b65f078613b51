//! Backup tools, what starts them, and where they write.

use serde::{Deserialize, Serialize};

/// Section [`crate::Section::Backups`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backups {
    pub tools: Vec<BackupTool>,
    pub schedules: Vec<BackupSchedule>,
    pub repositories: Vec<BackupRepository>,
    /// Every name that was looked for, so that "none found" can say what it means.
    pub looked_for: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BackupTool {
    /// `restic`, `borg`, `pgbackrest` …
    pub name: String,
    pub path: String,
}

/// Something that starts a backup by itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BackupSchedule {
    pub kind: ScheduleKind,
    /// Timer unit or cron file and line.
    pub source: String,
    /// As written: `*-*-* 02:00`, `0 2 * * *`.
    pub when: String,
    /// The tool recognised in it.
    pub tool: String,
    /// As written, passwords in it blotted out.
    pub command: String,
    /// Whether it is switched on.
    pub is_enabled: bool,
    /// Last start of a persistent timer, milliseconds since 1970.
    pub last_run_ms: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScheduleKind {
    Timer,
    Cron,
    /// The tool's own server keeps the schedule (bareos, bacula, urbackup …).
    Service,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BackupRepository {
    pub tool: String,
    /// Path or address, passwords in it blotted out.
    pub place: String,
    /// Where it is named, or `found` when it lay on disk.
    pub source: String,
    /// Newest snapshot or write that could be seen, milliseconds since 1970.
    pub last_write_ms: Option<u64>,
}
