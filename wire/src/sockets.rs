//! Listening sockets: which process of which package answers, and who can reach it.

use serde::{Deserialize, Serialize};

/// Section [`crate::Section::Sockets`]. Sorted by protocol, port, address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sockets {
    pub listening: Vec<Listener>,
}

/// One listening TCP socket or one unconnected UDP socket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Listener {
    pub protocol: Protocol,
    pub port: u16,
    /// `0.0.0.0`, `127.0.0.1`, `::` …
    pub address: String,
    pub reach: Reach,
    /// Every process that holds the socket, by number; empty when none could be seen.
    pub processes: Vec<Holder>,
}

/// A process that holds a socket.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Holder {
    pub pid: u32,
    /// As the kernel names it (15 letters at most).
    pub name: String,
    pub uid: Option<u32>,
    /// Path of the program.
    pub program: Option<String>,
    /// Package the program belongs to.
    pub package: Option<String>,
    /// systemd unit, from its control group.
    pub unit: Option<String>,
    /// Container it runs in (from its control group), shortened to 12 letters.
    pub container: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    Tcp,
    Udp,
}

/// Who can reach an address, before any packet filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// Programs of this host only.
    Loopback,
    /// One address of a private or link-local range.
    Private,
    /// One public address.
    Public,
    /// Every interface.
    Every,
}
