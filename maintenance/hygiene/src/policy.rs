//! What the room decides by: days until a finding is due, and the limits above which something is one.

use mainstay_kernel::{Fault, Problem};
use mainstay_record::deadlines::{self, Deadlines};
use mainstay_record::policy::Policy;
use serde::{Deserialize, Serialize};

/// Days until a finding of this room is due.
pub const DEADLINES: deadlines::Of = deadlines::Of {
    room: crate::NAME,
    policy: "hygiene.deadlines",
    usual: || Deadlines { critical_days: 3, high_days: 14, medium_days: 60, low_days: 180 },
};

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

impl Limits {
    /// # Errors
    /// `Invalid` with every limit that cannot be meant, and those where the pressing one comes before the milder one.
    pub fn check(&self) -> Result<(), Fault> {
        let mut problems = Vec::new();
        let mut need = |is_well: bool, field: &str, detail: &str| {
            if !is_well {
                let (field, detail) = (field.to_owned(), detail.to_owned());
                problems.push(Problem { field, code: "out_of_range", detail });
            }
        };
        let days = |days: u32| (1..=3650).contains(&days);
        need(
            self.password_max_days.is_none_or(days),
            "password_max_days",
            "give 1 to 3,650 days, or nothing",
        );
        need((1..=100).contains(&self.ssh_max_attempts), "ssh_max_attempts", "give 1 to 100 attempts");
        need(days(self.certificate_high_days), "certificate_high_days", "give 1 to 3,650 days");
        need(
            days(self.certificate_medium_days) && self.certificate_medium_days >= self.certificate_high_days,
            "certificate_medium_days",
            "give 1 to 3,650 days, no fewer than where it is pressing",
        );
        need((1..=100).contains(&self.disk_medium_percent), "disk_medium_percent", "give 1 to 100 per cent");
        need(
            (1..=100).contains(&self.disk_high_percent) && self.disk_high_percent >= self.disk_medium_percent,
            "disk_high_percent",
            "give 1 to 100 per cent, no less than where it is nearly full",
        );
        need(days(self.backup_quiet_days), "backup_quiet_days", "give 1 to 3,650 days");
        if problems.is_empty() { Ok(()) } else { Err(Fault::Invalid(problems)) }
    }
}

impl Policy for Limits {
    const NAME: &'static str = "hygiene.limits";
}
