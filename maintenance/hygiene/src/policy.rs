//! What the room decides by: days until a finding is due, and the limits above which something is one.

use mainstay_record::finding::Severity;
use mainstay_record::policy::Policy;
use serde::{Deserialize, Serialize};

const DAY_MS: i64 = 86_400_000;

/// Days until a finding is due, by severity. `Info` is never due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Deadlines {
    pub critical_days: u32,
    pub high_days: u32,
    pub medium_days: u32,
    pub low_days: u32,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self { critical_days: 3, high_days: 14, medium_days: 60, low_days: 180 }
    }
}

impl Policy for Deadlines {
    const NAME: &'static str = "hygiene.deadlines";
}

impl Deadlines {
    /// When a finding of this severity, first seen at `first_ms`, is due (both milliseconds since 1970).
    pub fn due(&self, severity: Severity, first_ms: i64) -> Option<i64> {
        let days = match severity {
            Severity::Info => return None,
            Severity::Low => self.low_days,
            Severity::Medium => self.medium_days,
            Severity::High => self.high_days,
            Severity::Critical => self.critical_days,
        };
        Some(first_ms.saturating_add(i64::from(days) * DAY_MS))
    }
}

/// The limits above which the rules speak.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// A password must be changed after this many days; absent: passwords need not age.
    pub password_max_days: Option<u32>,
    /// Attempts at a password per ssh connection.
    pub ssh_max_attempts: u32,
    /// A certificate that ends in fewer days is pressing.
    pub certificate_high_days: u32,
    /// A certificate that ends in fewer days is worth a plan.
    pub certificate_medium_days: u32,
    /// Per cent of space or inodes in use above which a file system is nearly full.
    pub disk_medium_percent: u32,
    /// Per cent above which it is about to stop its services.
    pub disk_high_percent: u32,
    /// Days without a write after which a backup that is scheduled has stopped.
    pub backup_quiet_days: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            password_max_days: None,
            ssh_max_attempts: 4,
            certificate_high_days: 7,
            certificate_medium_days: 30,
            disk_medium_percent: 90,
            disk_high_percent: 97,
            backup_quiet_days: 8,
        }
    }
}

impl Policy for Limits {
    const NAME: &'static str = "hygiene.limits";
}
