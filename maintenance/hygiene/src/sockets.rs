//! What other machines can reach and should not: databases, and services that speak in the clear.

use std::collections::BTreeMap;

use mainstay_record::finding::Sighting;
use mainstay_wire::Seen;
use mainstay_wire::sockets::{Holder, Listener, Protocol, Reach, Sockets};

use crate::draft::draft;
use crate::exposure::{address, is_named, lower};
use crate::services::{CLEAR_KINDS, DATABASE_KINDS, Kind, PUBLISHERS, USUAL_PORTS};
use crate::verdict::{Hidden, Verdict, gap, nothing};

pub const DATABASES: &str = "hygiene.databases_reachable";
pub const UNENCRYPTED: &str = "hygiene.unencrypted";

/// Some listeners have no process the agent may see.
const PROCESSES: &str = "the process of";

/// What the rules of this section say.
pub fn judge(seen: &Seen<Sockets>) -> Vec<Verdict> {
    let Some(sockets) = &seen.value else {
        return [DATABASES, UNENCRYPTED].map(|rule| Verdict::blind(rule, nothing(seen))).into();
    };
    vec![
        Verdict { rule: DATABASES, seen: reachable_databases(sockets), hidden: hidden(seen, sockets) },
        Verdict { rule: UNENCRYPTED, seen: in_the_clear(sockets), hidden: hidden(seen, sockets) },
    ]
}

/// Where only the processes of some listeners are hidden, only what may stand behind their ports is.
fn hidden(seen: &Seen<Sockets>, sockets: &Sockets) -> Hidden {
    if let Some(because) = gap(seen, &[PROCESSES]) {
        return Hidden::Everything(because);
    }
    let Some(because) = gap(seen, &[]) else { return Hidden::Nothing };
    let nameless = sockets.listening.iter().filter(|listener| listener.processes.is_empty());
    let ends: Vec<String> = nameless.map(|l| format!(" {}", port(l.protocol, l.port))).collect();
    Hidden::Some { because, hides: Box::new(move |subject| ends.iter().any(|end| subject.ends_with(end))) }
}

/// Databases that listen beyond loopback.
pub fn reachable_databases(sockets: &Sockets) -> Vec<Sighting> {
    let controls = &["NIST SP 800-53 SC-7"];
    let mut all =
        found(sockets, DATABASE_KINDS, |title, at| format!("{title} can be reached from {at}"), controls);
    all.extend(published(sockets));
    all
}

/// Containers that answer on the usual port of a database. What runs in them is not visible from here: the words say
/// so, and it weighs one step less.
fn published(sockets: &Sockets) -> Vec<Sighting> {
    let mut ports: BTreeMap<u16, (&Kind, Vec<&Listener>)> = BTreeMap::new();
    for listener in &sockets.listening {
        let is_published = listener.protocol == Protocol::Tcp
            && listener.reach != Reach::Loopback
            && listener.processes.iter().any(|holder| is_named(holder, PUBLISHERS));
        let usual = USUAL_PORTS.iter().find(|(port, _)| *port == listener.port);
        let kind = usual.and_then(|(_, word)| DATABASE_KINDS.iter().find(|kind| kind.word == *word));
        if let (true, Some(kind)) = (is_published, kind) {
            ports.entry(listener.port).or_insert((kind, Vec::new())).1.push(listener);
        }
    }
    let word = |(port, (kind, listeners)): (u16, (&Kind, Vec<&Listener>))| {
        let is_wide = listeners.iter().any(|l| matches!(l.reach, Reach::Every | Reach::Public));
        let severity = if is_wide { lower(kind.severity) } else { lower(lower(kind.severity)) };
        let addresses: Vec<String> = listeners.iter().map(|listener| address(listener)).collect();
        let title = format!("A container answers on the port of {}", kind.title);
        let mut sighting = draft(severity, format!("container tcp/{port}"), title)
            .reason(format!(
                "Port {port} of a container is published on {}; what runs in it was not looked at.",
                addresses.join(", ")
            ))
            .why(format!(
                "Docker opens published ports past most packet filters. If it is {}: {}",
                kind.title, kind.why
            ))
            .fix(format!(
                "Publish it on loopback: -p 127.0.0.1:{port}:{port}, or leave ports out of compose.yaml."
            ))
            .controls(&["NIST SP 800-53 SC-7"]);
        for listener in listeners {
            sighting = sighting.evidence(evidence(listener));
        }
        sighting.done()
    };
    ports.into_iter().map(word).collect()
}

/// Services that are known not to encrypt, beyond loopback.
pub fn in_the_clear(sockets: &Sockets) -> Vec<Sighting> {
    let controls = &["NIST SP 800-53 SC-8"];
    found(sockets, CLEAR_KINDS, |title, at| format!("{title} can be used from {at}, unencrypted"), controls)
}

fn found(
    sockets: &Sockets,
    kinds: &[Kind],
    title: impl Fn(&str, &str) -> String,
    controls: &[&'static str],
) -> Vec<Sighting> {
    let mut groups: BTreeMap<String, (&Kind, Vec<&Listener>)> = BTreeMap::new();
    for listener in sockets.listening.iter().filter(|listener| listener.reach != Reach::Loopback) {
        let Some(kind) = kinds.iter().find(|kind| is_kind(kind, listener)) else { continue };
        let subject = format!("{} {}", kind.word, port(listener.protocol, listener.port));
        groups.entry(subject).or_insert((kind, Vec::new())).1.push(listener);
    }
    let word = |(subject, (kind, listeners)): (String, (&Kind, Vec<&Listener>))| {
        let is_wide = listeners.iter().any(|l| matches!(l.reach, Reach::Every | Reach::Public));
        let (severity, at) = if is_wide {
            (kind.severity, "every network")
        } else {
            (lower(kind.severity), "the inner network")
        };
        let addresses: Vec<String> = listeners.iter().map(|listener| address(listener)).collect();
        let mut sighting = draft(severity, subject, title(kind.title, at))
            .reason(format!(
                "It listens on {}; a packet filter before it was not looked at.",
                addresses.join(", ")
            ))
            .why(kind.why)
            .fix(kind.fix)
            .fix("If others need it: let only their addresses through the packet filter.")
            .controls(controls);
        for listener in listeners {
            sighting = sighting.evidence(evidence(listener));
        }
        sighting.done()
    };
    groups.into_iter().map(word).collect()
}

fn is_kind(kind: &Kind, listener: &Listener) -> bool {
    let is_at = kind.ports.is_empty() || kind.ports.contains(&listener.port);
    let is_it = |holder: &Holder| {
        let of_unit = |name: &Option<String>| {
            name.as_deref().is_some_and(|name| kind.units.iter().any(|unit| name.starts_with(unit)))
        };
        is_named(holder, kind.programs) || of_unit(&holder.unit) || of_unit(&holder.package)
    };
    is_at && kind.protocols.contains(&listener.protocol) && listener.processes.iter().any(is_it)
}

fn port(protocol: Protocol, port: u16) -> String {
    match protocol {
        Protocol::Tcp => format!("tcp/{port}"),
        Protocol::Udp => format!("udp/{port}"),
    }
}

fn evidence(listener: &Listener) -> String {
    let holder = listener.processes.first().map_or_else(String::new, |holder| {
        let package = holder.package.as_deref().map(|p| format!(", package {p}")).unwrap_or_default();
        let container = holder.container.as_deref().map(|c| format!(", container {c}")).unwrap_or_default();
        format!(" {}{package}{container}", holder.name)
    });
    let protocol = if listener.protocol == Protocol::Tcp { "tcp" } else { "udp" };
    format!("{protocol} {}{holder}", address(listener))
}
