//! How bad a finding is: five words with an order.

use serde::{Deserialize, Serialize};

/// Worst first in lists; the number is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Info = 0,
    Low = 1,
    Medium = 2,
    High = 3,
    Critical = 4,
}

impl Severity {
    /// All of them, worst first.
    pub const ALL: [Self; 5] = [Self::Critical, Self::High, Self::Medium, Self::Low, Self::Info];

    /// The number in the store, higher is worse.
    pub fn number(self) -> i64 {
        self as i64
    }

    /// Back from the store; what is out of range is taken for the worst rather than lost.
    pub fn from_number(number: i64) -> Self {
        Self::ALL.into_iter().find(|s| s.number() == number).unwrap_or(Self::Critical)
    }

    /// The word people read.
    pub fn word(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::Info => "info",
        }
    }
}
