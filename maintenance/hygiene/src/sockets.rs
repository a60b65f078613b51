//! What other machines can reach and should not: databases, and services that speak in the clear.

use std::collections::BTreeMap;

use mainstay_record::finding::{Severity, Sighting};
use mainstay_wire::Seen;
use mainstay_wire::sockets::{Holder, Listener, Protocol, Reach, Sockets};

use crate::draft::draft;
use crate::exposure::{address, is_named, lower};
use crate::verdict::{Hidden, Verdict, gap, nothing};

pub const DATABASES: &str = "hygiene.databases_reachable";
pub const UNENCRYPTED: &str = "hygiene.unencrypted";

/// Some listeners have no process the agent may see.
const PROCESSES: &str = "the process of";

/// A kind of service, told by its processes, packages and units.
struct Kind {
    word: &'static str,
    title: &'static str,
    /// Names of processes or programs.
    programs: &'static [&'static str],
    /// Beginnings of units and packages, for services whose process is a general one (java, beam).
    units: &'static [&'static str],
    /// Where only these ports are meant; empty: any.
    ports: &'static [u16],
    protocols: &'static [Protocol],
    severity: Severity,
    why: &'static str,
    fix: &'static str,
}

const TCP: &[Protocol] = &[Protocol::Tcp];
const UDP: &[Protocol] = &[Protocol::Udp];
const BOTH: &[Protocol] = &[Protocol::Tcp, Protocol::Udp];

const OPEN_BY_DEFAULT: &str = "As installed it asks nobody who they are: whoever reaches the port reads, changes and deletes everything.";
const WITH_SIGN_IN: &str =
    "Every weakness and every guessed password of the database is then open to whoever reaches the port.";

const fn database(
    word: &'static str,
    title: &'static str,
    programs: &'static [&'static str],
    severity: Severity,
    fix: &'static str,
) -> Kind {
    let why = if severity as u8 == Severity::Critical as u8 { OPEN_BY_DEFAULT } else { WITH_SIGN_IN };
    Kind { word, title, programs, units: &[], ports: &[], protocols: TCP, severity, why, fix }
}

const DATABASE_KINDS: &[Kind] = &[
    database(
        "postgresql",
        "PostgreSQL",
        &["postgres", "postmaster"],
        Severity::High,
        "Set listen_addresses = 'localhost' in postgresql.conf, then restart PostgreSQL.",
    ),
    database(
        "mysql",
        "MySQL or MariaDB",
        &["mysqld", "mariadbd"],
        Severity::High,
        "Set bind-address = 127.0.0.1 under [mysqld], then restart the server.",
    ),
    database(
        "redis",
        "Redis",
        &["redis-server", "valkey-server", "keydb-server"],
        Severity::Critical,
        "Set bind 127.0.0.1 -::1 and requirepass in redis.conf, then restart Redis.",
    ),
    database(
        "mongodb",
        "MongoDB",
        &["mongod", "mongos"],
        Severity::Critical,
        "Set net.bindIp: 127.0.0.1 and security.authorization: enabled in mongod.conf, then restart MongoDB.",
    ),
    Kind {
        protocols: BOTH,
        ..database(
            "memcached",
            "memcached",
            &["memcached"],
            Severity::Critical,
            "Set -l 127.0.0.1 and -U 0 in memcached.conf, then restart memcached.",
        )
    },
    Kind {
        units: &["elasticsearch", "opensearch"],
        ..database(
            "elasticsearch",
            "Elasticsearch or OpenSearch",
            &[],
            Severity::Critical,
            "Set network.host: 127.0.0.1 and switch security on, then restart the server.",
        )
    },
    Kind {
        units: &["cassandra"],
        ..database(
            "cassandra",
            "Cassandra",
            &[],
            Severity::Critical,
            "Set rpc_address and listen_address to an inner address and an authenticator, then restart Cassandra.",
        )
    },
    Kind {
        units: &["couchdb"],
        ..database(
            "couchdb",
            "CouchDB",
            &["couchdb"],
            Severity::High,
            "Set bind_address = 127.0.0.1 under [chttpd] in local.ini, then restart CouchDB.",
        )
    },
    Kind {
        units: &["neo4j"],
        ..database(
            "neo4j",
            "Neo4j",
            &[],
            Severity::High,
            "Set server.default_listen_address=127.0.0.1 in neo4j.conf, then restart Neo4j.",
        )
    },
    database(
        "influxdb",
        "InfluxDB",
        &["influxd"],
        Severity::High,
        "Set http-bind-address to 127.0.0.1:8086, then restart InfluxDB.",
    ),
    database(
        "clickhouse",
        "ClickHouse",
        &["clickhouse-server", "clickhouse"],
        Severity::High,
        "Set <listen_host>127.0.0.1</listen_host>, then restart ClickHouse.",
    ),
    database(
        "etcd",
        "etcd",
        &["etcd"],
        Severity::Critical,
        "Set --listen-client-urls to https on an inner address with --client-cert-auth, then restart etcd.",
    ),
    database(
        "mssql",
        "Microsoft SQL Server",
        &["sqlservr"],
        Severity::High,
        "mssql-conf set network.ipaddress 127.0.0.1, then restart mssql-server.",
    ),
    database(
        "oracle",
        "Oracle Database",
        &["tnslsnr"],
        Severity::High,
        "Set HOST=localhost in listener.ora, then lsnrctl reload.",
    ),
];

const INETD: &[&str] = &["inetd", "xinetd", "systemd"];

const fn clear(
    word: &'static str,
    title: &'static str,
    programs: &'static [&'static str],
    severity: Severity,
    why: &'static str,
    fix: &'static str,
) -> Kind {
    Kind { word, title, programs, units: &[], ports: &[], protocols: TCP, severity, why, fix }
}

const PASSWORD_IN_CLEAR: &str =
    "Name, password and all that is typed can be read by whoever sees the traffic.";
const TRUSTS_ADDRESSES: &str =
    "It trusts the address of the caller, which can be made up, and sends everything readable.";

const CLEAR_KINDS: &[Kind] = &[
    clear(
        "telnet",
        "Telnet",
        &["in.telnetd", "telnetd", "utelnetd"],
        Severity::High,
        PASSWORD_IN_CLEAR,
        "Remove it and use ssh: apt-get remove telnetd inetutils-telnetd",
    ),
    Kind {
        ports: &[23],
        ..clear(
            "telnet",
            "Telnet",
            INETD,
            Severity::High,
            PASSWORD_IN_CLEAR,
            "Remove it and use ssh: apt-get remove telnetd inetutils-telnetd",
        )
    },
    clear(
        "rsh",
        "rsh, rlogin or rexec",
        &["in.rshd", "in.rlogind", "in.rexecd", "rshd", "rlogind", "rexecd"],
        Severity::High,
        TRUSTS_ADDRESSES,
        "Remove it and use ssh: apt-get remove rsh-server rsh-redone-server",
    ),
    Kind {
        ports: &[512, 513, 514],
        ..clear(
            "rsh",
            "rsh, rlogin or rexec",
            INETD,
            Severity::High,
            TRUSTS_ADDRESSES,
            "Remove it and use ssh: apt-get remove rsh-server rsh-redone-server",
        )
    },
    clear(
        "ftp",
        "FTP",
        &["vsftpd", "proftpd", "pure-ftpd", "ftpd", "in.ftpd"],
        Severity::Medium,
        "Unless the server forces TLS, which could not be seen, names and passwords cross the network readable.",
        "Use sftp instead, or force TLS (vsftpd: ssl_enable=YES, force_local_logins_ssl=YES).",
    ),
    Kind {
        protocols: UDP,
        ..clear(
            "tftp",
            "TFTP",
            &["in.tftpd", "atftpd", "tftpd"],
            Severity::Medium,
            "It knows no passwords: whoever reaches it reads, and where allowed writes, its files.",
            "Stop it when no machine boots from it: systemctl disable --now tftpd-hpa",
        )
    },
    clear(
        "rsyncd",
        "rsync without ssh",
        &["rsync"],
        Severity::Medium,
        "The rsync daemon does not encrypt: files, and the answer to its password, can be read on the way.",
        "Let clients use rsync over ssh and stop the daemon: systemctl disable --now rsync",
    ),
    clear(
        "vnc",
        "VNC",
        &["Xvnc", "Xtightvnc", "Xtigervnc", "x11vnc", "vino-server", "x0vncserver"],
        Severity::Medium,
        "Most VNC sessions are not encrypted, and only 8 letters of a password count.",
        "Let it listen on loopback (-localhost) and reach it through ssh -L.",
    ),
    clear(
        "x11",
        "An X server",
        &["Xorg", "X", "Xwayland"],
        Severity::High,
        "Whoever is let in reads keyboard and screen; nothing is encrypted.",
        "Start it with -nolisten tcp.",
    ),
    Kind {
        ports: &[2375],
        ..clear(
            "docker",
            "The Docker API without TLS",
            &["dockerd"],
            Severity::Critical,
            "Whoever reaches it starts a container as root with the disk of this host in it. Port 2375 is the one Docker uses without TLS.",
            "Take tcp://…:2375 out of hosts in /etc/docker/daemon.json; use ssh://, or 2376 with client certificates.",
        )
    },
    Kind {
        ports: &[10255],
        ..clear(
            "kubelet",
            "The read-only port of kubelet",
            &["kubelet"],
            Severity::Medium,
            "It tells every caller what runs here, in plain HTTP.",
            "Set readOnlyPort: 0 in the kubelet configuration.",
        )
    },
];

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
    found(sockets, DATABASE_KINDS, |title, at| format!("{title} can be reached from {at}"), controls)
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
