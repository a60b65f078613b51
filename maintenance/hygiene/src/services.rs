//! Services that should not be in the open, and by what they are known: processes, units, packages, ports.

use mainstay_record::finding::Severity;
use mainstay_wire::sockets::Protocol;

/// A kind of service, told by its processes, packages and units.
pub(crate) struct Kind {
    pub word: &'static str,
    pub title: &'static str,
    /// Names of processes or programs.
    pub programs: &'static [&'static str],
    /// Beginnings of units and packages, for services whose process is a general one (java, beam).
    pub units: &'static [&'static str],
    /// Where only these ports are meant; empty: any.
    pub ports: &'static [u16],
    pub protocols: &'static [Protocol],
    pub severity: Severity,
    pub why: &'static str,
    pub fix: &'static str,
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

pub(crate) const DATABASE_KINDS: &[Kind] = &[
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

pub(crate) const CLEAR_KINDS: &[Kind] = &[
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

/// Programs that listen for a container: what answers is the container.
pub(crate) const PUBLISHERS: &[&str] = &["docker-proxy", "rootlessport"];

/// Ports that databases use as installed, with the word of the kind. For a container it is all there is to go by.
pub(crate) const USUAL_PORTS: &[(u16, &str)] = &[
    (1433, "mssql"),
    (1521, "oracle"),
    (2379, "etcd"),
    (3306, "mysql"),
    (5432, "postgresql"),
    (5984, "couchdb"),
    (6379, "redis"),
    (7687, "neo4j"),
    (8086, "influxdb"),
    (8123, "clickhouse"),
    (9042, "cassandra"),
    (9200, "elasticsearch"),
    (11211, "memcached"),
    (27017, "mongodb"),
];
