//! Listening sockets from `/proc/net`, their processes from `/proc/*/fd`, their packages from the manifests.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::Host;
use crate::collect::owners::Owners;
use crate::host::reason;
use crate::wire::sockets::{Holder, Listener, Protocol, Reach, Sockets};
use crate::wire::{Seen, Unseen};

/// `(file, protocol, state that waits for callers)`: LISTEN for TCP, unconnected for UDP.
const TABLES: &[(&str, Protocol, &str)] = &[
    ("net/tcp", Protocol::Tcp, "0A"),
    ("net/tcp6", Protocol::Tcp, "0A"),
    ("net/udp", Protocol::Udp, "07"),
    ("net/udp6", Protocol::Udp, "07"),
];

/// Every socket that waits for callers in this network namespace.
pub fn collect(host: &Host) -> Seen<Sockets> {
    let mut unseen = Vec::new();
    let mut found: Vec<(Listener, u64)> = Vec::new();
    let mut is_any_table = false;
    for (file, protocol, state) in TABLES {
        match host.proc_text(file) {
            Ok(text) => {
                is_any_table = true;
                found.extend(text.lines().skip(1).filter_map(|line| listener(line, *protocol, state)));
            }
            Err(fault) if file.ends_with('6') && fault.kind() == std::io::ErrorKind::NotFound => {} // no IPv6
            Err(fault) => unseen.push(Unseen::new(*file, reason(&format!("/proc/{file}"), &fault))),
        }
    }
    if !is_any_table {
        return Seen { value: None, unseen, took: crate::wire::Took::default() };
    }
    let wanted: HashSet<u64> = found.iter().map(|(_, inode)| *inode).filter(|inode| *inode != 0).collect();
    let holders = holders(host, &wanted);
    let mut sockets = Sockets::default();
    let mut without = 0;
    for (mut listener, inode) in found {
        listener.processes = holders.get(&inode).cloned().unwrap_or_default();
        without += u32::from(inode != 0 && listener.processes.is_empty());
        sockets.listening.push(listener);
    }
    sockets.listening.sort();
    if without > 0 {
        unseen.push(hidden(host, without));
    }
    Seen::partly(sockets, unseen)
}

fn hidden(host: &Host, count: u32) -> Unseen {
    let what = match count {
        1 => "the process of 1 listening socket".to_owned(),
        many => format!("the process of {many} listening sockets"),
    };
    if host.is_root() {
        Unseen::new(what, "it runs outside the process namespace of this agent")
    } else {
        Unseen::new(what, "it belongs to another user")
            .allow_with("run the agent as root: sudo mainstay agent")
    }
}

/// One row of a table of `/proc/net`, with its inode.
fn listener(line: &str, protocol: Protocol, state: &str) -> Option<(Listener, u64)> {
    let mut fields = line.split_whitespace().skip(1);
    let (local, _remote, at) = (fields.next()?, fields.next()?, fields.next()?);
    if at != state {
        return None;
    }
    let (address, port) = local.split_once(':')?;
    let address = address_of(address)?;
    let inode = fields.nth(5)?.parse().ok()?;
    let listener = Listener {
        protocol,
        port: u16::from_str_radix(port, 16).ok()?,
        address: address.to_string(),
        reach: reach(address),
        processes: Vec::new(),
    };
    Some((listener, inode))
}

/// The kernel prints each 32-bit word in the byte order of the machine.
fn address_of(hex: &str) -> Option<IpAddr> {
    let word = |at: usize| u32::from_str_radix(hex.get(at * 8..at * 8 + 8)?, 16).ok().map(u32::to_ne_bytes);
    match hex.len() {
        8 => Some(IpAddr::from(word(0)?)),
        32 => {
            let mut bytes = [0; 16];
            for at in 0..4 {
                bytes[at * 4..at * 4 + 4].copy_from_slice(&word(at)?);
            }
            Some(IpAddr::from(bytes))
        }
        _ => None,
    }
}

/// Who can reach an address, before any packet filter.
pub fn reach(address: IpAddr) -> Reach {
    match address {
        IpAddr::V4(v4) => reach_v4(v4),
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => reach_v4(v4),
            None => reach_v6(v6),
        },
    }
}

fn reach_v4(address: Ipv4Addr) -> Reach {
    let [a, b, ..] = address.octets();
    if address.is_loopback() {
        Reach::Loopback
    } else if address.is_unspecified() {
        Reach::Every
    } else if address.is_private() || address.is_link_local() || (a == 100 && b & 0xc0 == 64) {
        Reach::Private
    } else {
        Reach::Public
    }
}

fn reach_v6(address: Ipv6Addr) -> Reach {
    let first = address.segments()[0];
    if address.is_loopback() {
        Reach::Loopback
    } else if address.is_unspecified() {
        Reach::Every
    } else if first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfe80 {
        Reach::Private
    } else {
        Reach::Public
    }
}

/// Processes by the inode of the sockets they hold.
fn holders(host: &Host, wanted: &HashSet<u64>) -> HashMap<u64, Vec<Holder>> {
    let mut by_inode: HashMap<u64, Vec<u32>> = HashMap::new();
    if wanted.is_empty() {
        return HashMap::new();
    }
    for pid in host.processes().unwrap_or_default() {
        let Ok(entries) = std::fs::read_dir(host.proc(format!("{pid}/fd"))) else { continue };
        for target in entries.flatten().filter_map(|entry| std::fs::read_link(entry.path()).ok()) {
            let inode =
                target.to_str().and_then(|t| t.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok());
            if let Some(inode) = inode.filter(|inode| wanted.contains(inode)) {
                let pids = by_inode.entry(inode).or_default();
                if pids.last() != Some(&pid) {
                    pids.push(pid);
                }
            }
        }
    }
    let mut known: BTreeMap<u32, Holder> = BTreeMap::new();
    for pid in by_inode.values().flatten() {
        known.entry(*pid).or_insert_with(|| holder(host, *pid));
    }
    let owners = Owners::of(host, known.values().filter_map(|holder| holder.program.as_deref()));
    for holder in known.values_mut() {
        holder.package = holder.program.as_deref().and_then(|path| owners.owner(path)).map(str::to_owned);
    }
    by_inode
        .into_iter()
        .map(|(inode, pids)| (inode, pids.iter().filter_map(|pid| known.get(pid).cloned()).collect()))
        .collect()
}

fn holder(host: &Host, pid: u32) -> Holder {
    let told = |file: &str| host.proc_text(format!("{pid}/{file}")).unwrap_or_default();
    let status = told("status");
    let uid = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    let program = std::fs::read_link(host.proc(format!("{pid}/exe"))).ok();
    let program = program.and_then(|path| path.into_os_string().into_string().ok());
    let (unit, container) = control_group(&told("cgroup"));
    Holder {
        pid,
        name: told("comm").trim_end_matches('\n').to_owned(),
        uid: uid.and_then(|line| line.split_whitespace().nth(1)).and_then(|uid| uid.parse().ok()),
        program: program.map(|path| path.trim_end_matches(" (deleted)").to_owned()),
        package: None,
        unit,
        container,
    }
}

/// The systemd unit and the container a control group path names.
pub fn control_group(text: &str) -> (Option<String>, Option<String>) {
    let path = text
        .lines()
        .find_map(|line| line.strip_prefix("0::"))
        .or_else(|| text.lines().find_map(|line| line.split_once(":name=systemd:").map(|(_, path)| path)))
        .unwrap_or_default();
    let pieces = || path.split('/').filter(|piece| !piece.is_empty());
    let ends = [".service", ".scope", ".socket", ".mount"];
    let unit = pieces().rev().find(|piece| ends.iter().any(|end| piece.ends_with(end))).map(str::to_owned);
    let container = pieces().rev().find_map(|piece| {
        let bare = piece.trim_end_matches(".scope");
        let id = bare.rsplit(['-', ':']).next().unwrap_or(bare);
        let is_id = id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_id.then(|| id[..12].to_owned())
    });
    (unit, container)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::os::unix::fs::symlink;

    use super::{collect, control_group, reach};
    use crate::Host;
    use crate::wire::sockets::{Protocol, Reach};

    #[test]
    fn addresses_are_told_apart_by_who_can_reach_them() {
        for (address, expected) in [
            ("127.8.0.1", Reach::Loopback),
            ("::1", Reach::Loopback),
            ("::ffff:127.0.0.1", Reach::Loopback),
            ("0.0.0.0", Reach::Every),
            ("::", Reach::Every),
            ("10.1.2.3", Reach::Private),
            ("172.32.0.1", Reach::Public),
            ("100.64.0.1", Reach::Private),
            ("100.128.0.1", Reach::Public),
            ("169.254.1.1", Reach::Private),
            ("fe80::1", Reach::Private),
            ("fd00::1", Reach::Private),
            ("2001:db8::1", Reach::Public),
            ("::ffff:8.8.8.8", Reach::Public),
        ] {
            assert_eq!(reach(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn control_groups_name_units_and_containers() {
        let id = "a".repeat(64);
        assert_eq!(control_group("0::/system.slice/ssh.service\n"), (Some("ssh.service".into()), None));
        assert_eq!(
            control_group(&format!("0::/system.slice/docker-{id}.scope\n")).1.as_deref(),
            Some("aaaaaaaaaaaa")
        );
        assert_eq!(
            control_group("12:pids:/x\n1:name=systemd:/user.slice/a.scope\n").0.as_deref(),
            Some("a.scope")
        );
        assert_eq!(control_group("0::/\n"), (None, None));
    }

    #[test]
    fn a_recorded_host_shows_socket_process_and_package() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for path in ["proc/net", "proc/77/fd", "var/lib/dpkg/info"] {
            std::fs::create_dir_all(root.join(path)).unwrap();
        }
        let head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
        let row = |local: &str, state: &str, inode: u32| {
            format!(
                "   0: {local} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000     0        0 {inode} 1 0 100 0 0 10 0\n"
            )
        };
        // Little-endian words, as x86 and arm print them.
        let text = format!("{head}{}{}", row("0100007F:1538", "0A", 500), row("00000000:0016", "01", 501));
        std::fs::write(root.join("proc/net/tcp"), text).unwrap();
        let v6 = row("00000000000000000000000000000000:0016", "0A", 502);
        std::fs::write(root.join("proc/net/tcp6"), format!("{head}{v6}")).unwrap();
        std::fs::write(root.join("proc/net/udp"), format!("{head}{}", row("0B01A8C0:0044", "07", 503)))
            .unwrap();
        symlink("socket:[502]", root.join("proc/77/fd/3")).unwrap();
        symlink("socket:[503]", root.join("proc/77/fd/4")).unwrap();
        symlink("/usr/sbin/thing (deleted)", root.join("proc/77/exe")).unwrap();
        std::fs::write(root.join("proc/77/comm"), "thing\n").unwrap();
        std::fs::write(root.join("proc/77/status"), "Name:\tthing\nUid:\t5\t6\t6\t6\n").unwrap();
        std::fs::write(root.join("var/lib/dpkg/info/things:amd64.list"), "/.\n/sbin/thing\n").unwrap();
        let seen = collect(&Host::fixture(root, 0));
        let listening = seen.value.unwrap().listening;
        let short: Vec<_> =
            listening.iter().map(|l| (l.protocol, l.port, l.address.as_str(), l.reach)).collect();
        assert_eq!(
            short,
            [
                (Protocol::Tcp, 22, "::", Reach::Every),
                (Protocol::Tcp, 5432, "127.0.0.1", Reach::Loopback),
                (Protocol::Udp, 68, "192.168.1.11", Reach::Private),
            ]
        );
        let holder = &listening[0].processes[0];
        assert_eq!(holder.package.as_deref(), Some("things"));
        assert_eq!((holder.pid, holder.uid), (77, Some(6)));
        assert_eq!(seen.unseen.len(), 1, "5432 has no visible process: {:?}", seen.unseen);
    }

    /// `tcp ADDRESS:PORT` of what `ss` lists, with its processes; `None` without ss.
    fn listed() -> Option<BTreeMap<String, BTreeSet<u32>>> {
        let mut all: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
        for (protocol, flags) in [("tcp", "-ltnpH"), ("udp", "-lunpH")] {
            let output = std::process::Command::new("ss").arg(flags).output().ok()?;
            for line in String::from_utf8(output.stdout).ok()?.lines() {
                let local = line.split_whitespace().nth(3)?.replace(['[', ']'], "").replace('*', "::");
                let pids =
                    line.split("pid=").skip(1).filter_map(|rest| rest.split(',').next()?.parse::<u32>().ok());
                all.entry(format!("{protocol} {local}")).or_default().extend(pids);
            }
        }
        Some(all)
    }

    #[test]
    fn sockets_of_the_live_host_are_those_ss_lists() {
        let Some(before) = listed() else {
            println!("skipped: ss is not here");
            return;
        };
        let listening = collect(&Host::live()).value.unwrap().listening;
        let after = listed().unwrap();
        let word = |p: Protocol| if p == Protocol::Tcp { "tcp" } else { "udp" };
        let mut ours: BTreeMap<String, BTreeSet<u32>> = BTreeMap::new();
        for l in &listening {
            let pids = ours.entry(format!("{} {}:{}", word(l.protocol), l.address, l.port)).or_default();
            pids.extend(l.processes.iter().map(|process| process.pid));
        }
        // Others open and close meanwhile: what stood before and after must be ours, and ours one of both.
        for (socket, pids) in before.iter().filter(|(socket, pids)| after.get(*socket) == Some(pids)) {
            assert_eq!(ours.get(socket), Some(pids), "{socket}: ours on the left, those of ss on the right");
        }
        for socket in ours.keys() {
            assert!(before.contains_key(socket) || after.contains_key(socket), "{socket} is not in ss");
        }
    }
}
