//! The operating system, its kernel, and how long it is supported.

use serde::{Deserialize, Serialize};

/// Section [`crate::Section::System`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct System {
    /// Host name, without domain.
    pub hostname: String,
    pub machine_id: Option<String>,
    pub os: Os,
    pub kernel: Kernel,
    pub support: Support,
    /// `kvm`, `docker`, `lxc` … where it can be told; `None` means it could not be told.
    pub virtualisation: Option<String>,
    /// `Europe/Berlin`.
    pub time_zone: Option<String>,
}

/// From os-release.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Os {
    /// `ID`.
    pub id: String,
    /// `PRETTY_NAME`.
    pub name: String,
    /// `VERSION_ID`; testing and unstable have none.
    pub version: Option<String>,
    /// `VERSION_CODENAME`.
    pub codename: Option<String>,
    /// `ID_LIKE`.
    pub like: Vec<String>,
    /// The point release, where the system tells it: `12.11`.
    pub point_release: Option<String>,
}

/// The running kernel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kernel {
    /// `uname -r`.
    pub release: String,
    /// `uname -m`.
    pub architecture: String,
    pub boot_id: Option<String>,
    /// When it was started, milliseconds since 1970.
    pub booted_at_ms: Option<u64>,
}

/// How long the system gets security updates, as of the look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Support {
    pub state: SupportState,
    /// End of regular security support, `YYYY-MM-DD`.
    pub regular_until: Option<String>,
    /// End of free long-term support.
    pub long_term_until: Option<String>,
    /// End of support somebody has to pay for.
    pub paid_until: Option<String>,
    /// Where the dates come from, with their own date.
    pub source: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SupportState {
    /// The regular security team cares for it.
    Regular,
    /// Regular support has ended; long-term support goes on, for fewer packages.
    LongTerm,
    /// Only paid support is left.
    PaidOnly,
    Ended,
    /// A rolling or development release: no end.
    Rolling,
    /// No date is known for this system; that is not good news.
    Unknown,
}
