//! What sshd really does.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Section [`crate::Section::Sshd`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sshd {
    pub is_installed: bool,
    pub source: SshdSource,
    /// Keyword in lower case → its values, as `sshd -T` prints them; only keywords whose value is known.
    pub settings: BTreeMap<String, Vec<String>>,
    /// `Match` blocks, which override `settings` for some connections.
    pub matches: Vec<SshdMatch>,
    /// Lines that could not be understood.
    pub problems: Vec<String>,
}

/// Where the settings come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SshdSource {
    /// `sshd -T` told them.
    Asked,
    /// Read from the files, with the defaults of OpenSSH 9.2 for what they do not say.
    #[default]
    Read,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SshdMatch {
    /// `user deploy`.
    pub condition: String,
    pub settings: BTreeMap<String, Vec<String>>,
    /// `/etc/ssh/sshd_config:120`.
    pub source: String,
}
