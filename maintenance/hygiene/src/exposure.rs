//! Who can reach a service, told from the listening sockets by process, not by port alone.

use mainstay_record::finding::Severity;
use mainstay_wire::Seen;
use mainstay_wire::sockets::{Holder, Listener, Protocol, Reach, Sockets};

/// Who can reach a service, before any packet filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exposure {
    /// Other machines; the addresses it listens on.
    Beyond(String),
    /// This host only.
    Loopback,
    /// Nobody: it does not listen.
    Closed,
    /// It could not be seen, because.
    Unknown(String),
}

impl Exposure {
    /// Of the service whose processes have one of `names`; a listener on one of `ports` whose process is hidden, or is
    /// the one that waits for others (systemd, inetd), is taken for it.
    pub fn of(sockets: Option<&Seen<Sockets>>, names: &[&str], ports: &[u16]) -> Self {
        let Some(seen) = sockets else {
            return Self::Unknown("the listening sockets were not looked at yet".to_owned());
        };
        let Some(value) = &seen.value else { return Self::Unknown(crate::verdict::nothing(seen)) };
        let is_it = |listener: &&Listener| {
            listener.protocol == Protocol::Tcp
                && (listener.processes.iter().any(|holder| is_named(holder, names))
                    || (ports.contains(&listener.port) && waits_for_others(listener)))
        };
        let found: Vec<&Listener> = value.listening.iter().filter(is_it).collect();
        let beyond: Vec<String> =
            found.iter().filter(|listener| listener.reach != Reach::Loopback).map(|l| address(l)).collect();
        if !beyond.is_empty() {
            return Self::Beyond(beyond.join(", "));
        }
        if let Some(gap) = seen.unseen.iter().find(|gap| gap.what.starts_with("net/")) {
            return Self::Unknown(format!("{}: {}", gap.what, gap.because));
        }
        if found.is_empty() { Self::Closed } else { Self::Loopback }
    }

    /// The severity of a weakness of this service: full where others can or may reach it, two steps less where not.
    pub fn weigh(&self, full: Severity) -> Severity {
        match self {
            Self::Beyond(_) | Self::Unknown(_) => full,
            Self::Loopback | Self::Closed => lower(lower(full)),
        }
    }

    /// One clause for the reason: `it listens on 0.0.0.0:22`.
    pub fn clause(&self) -> String {
        match self {
            Self::Beyond(addresses) => format!("it listens on {addresses}"),
            Self::Loopback => "it listens on loopback only".to_owned(),
            Self::Closed => "it does not listen now".to_owned(),
            Self::Unknown(because) => format!("who can reach it is not visible ({because})"),
        }
    }
}

/// One step less.
pub(crate) fn lower(severity: Severity) -> Severity {
    match severity {
        Severity::Critical => Severity::High,
        Severity::High => Severity::Medium,
        Severity::Medium => Severity::Low,
        Severity::Low | Severity::Info => Severity::Info,
    }
}

/// Whether a process is one of these programs, by its name or the file it runs.
pub(crate) fn is_named(holder: &Holder, names: &[&str]) -> bool {
    let file = holder.program.as_deref().and_then(|path| path.rsplit('/').next());
    // The kernel keeps 15 letters of a name.
    names.iter().any(|name| holder.name == name.get(..15).unwrap_or(name) || file == Some(*name))
}

/// `0.0.0.0:22`, `[::]:22`.
pub(crate) fn address(listener: &Listener) -> String {
    let Listener { address, port, .. } = listener;
    if address.contains(':') { format!("[{address}]:{port}") } else { format!("{address}:{port}") }
}

fn waits_for_others(listener: &Listener) -> bool {
    listener.processes.iter().all(|holder| is_named(holder, &["systemd", "inetd", "xinetd"]))
}
