//! Enrolment: a single-use token becomes an agent with a key of its own.

use serde::{Deserialize, Serialize};

/// Body of `POST /api/v1/agent/enrol`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrol {
    /// [`crate::PROTOCOL`] of the agent. A server that does not speak it answers 426.
    pub protocol: u32,
    /// The single-use token. Spent by the first answer 200; a repeat with the same `machine_id` and
    /// `nonce` gets the same agent again, so that a lost answer costs nothing.
    pub token: String,
    /// Made by the agent once per enrolment, kept until the answer arrived.
    pub nonce: String,
    /// Who enrols.
    pub machine: Machine,
}

/// What a machine says about itself when it enrols.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Host name, without domain.
    pub name: String,
    /// `/etc/machine-id`, where there is one.
    #[serde(default)]
    pub machine_id: Option<String>,
    /// `ID` of os-release: `debian`.
    pub os: String,
    /// `PRETTY_NAME` of os-release.
    pub os_name: String,
    /// `x86_64`, `aarch64` …
    pub architecture: String,
    /// Version of the agent program.
    pub agent: String,
}

/// Answer 200 to [`Enrol`].
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolled {
    /// Who the agent is from now on.
    pub agent_id: String,
    /// 256 random bits, base64 (URL alphabet, no padding): `Authorization: Bearer KEY` from now on.
    pub key: String,
}

/// The key is a secret: it never shows in a log line.
impl std::fmt::Debug for Enrolled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Enrolled").field("agent_id", &self.agent_id).finish_non_exhaustive()
    }
}
