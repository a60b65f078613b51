//! Failed units of systemd.

use serde::{Deserialize, Serialize};

/// Section [`crate::Section::Units`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Units {
    /// `running`, `degraded`, `starting` …
    pub state: String,
    /// Sorted by name.
    pub failed: Vec<FailedUnit>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FailedUnit {
    pub name: String,
    pub description: String,
    /// `exit-code`, `timeout`, `oom-kill` …
    pub result: Option<String>,
    /// Milliseconds since 1970.
    pub since_ms: Option<u64>,
}
