//! Services: sockets, certificates, catalogues of databases.

use mainstay_record::finding::Severity::{self, Critical, High, Low, Medium};
use mainstay_record::finding::Sighting;
use mainstay_wire::certificates::{BrokenCertificate, Certificate, CertificateUse, Certificates};
use mainstay_wire::databases::{
    Databases, Mysql, MysqlAccount, Postgres, PostgresCatalogue, PostgresDatabase, PostgresRole,
    PostgresTable, Setting, Sqlite,
};
use mainstay_wire::sockets::{Holder, Listener, Protocol, Reach, Sockets};
use mainstay_wire::{Seen, Unseen};

use super::{NOW_MS, in_days, is_well_worded, told};
use crate::policy::Limits;
use crate::{certificates, databases, sockets};

fn holder(name: &str) -> Holder {
    Holder {
        pid: 7,
        name: name.into(),
        uid: Some(5),
        program: None,
        package: None,
        unit: None,
        container: None,
    }
}

fn listener(name: &str, port: u16, reach: Reach) -> Listener {
    let address = match reach {
        Reach::Loopback => "127.0.0.1",
        Reach::Private => "10.0.0.5",
        Reach::Public => "2001:db8::1",
        Reach::Every => "0.0.0.0",
    };
    let processes = if name.is_empty() { vec![] } else { vec![holder(name)] };
    Listener { protocol: Protocol::Tcp, port, address: address.into(), reach, processes }
}

#[test]
fn databases_are_known_by_their_process() {
    let of_unit = |name: &str, unit: &str, port| {
        let mut found = listener(name, port, Reach::Every);
        found.processes[0].unit = Some(unit.into());
        found
    };
    let udp = |mut found: Listener| {
        found.protocol = Protocol::Udp;
        found
    };
    let cases = [
        (listener("postgres", 5433, Reach::Every), Some(("postgresql tcp/5433", High))),
        (listener("postgres", 5432, Reach::Private), Some(("postgresql tcp/5432", Medium))),
        (listener("postgres", 5432, Reach::Loopback), None),
        (listener("nginx", 5432, Reach::Every), None),
        (listener("", 5432, Reach::Every), None),
        (listener("docker-proxy", 5432, Reach::Every), Some(("container tcp/5432", Medium))),
        (listener("docker-proxy", 6379, Reach::Every), Some(("container tcp/6379", High))),
        (listener("docker-proxy", 6379, Reach::Loopback), None),
        (listener("docker-proxy", 8080, Reach::Every), None),
        (listener("mariadbd", 3306, Reach::Public), Some(("mysql tcp/3306", High))),
        (listener("redis-server", 6379, Reach::Every), Some(("redis tcp/6379", Critical))),
        (listener("redis-server", 6379, Reach::Private), Some(("redis tcp/6379", High))),
        (listener("mongod", 27017, Reach::Every), Some(("mongodb tcp/27017", Critical))),
        (udp(listener("memcached", 11211, Reach::Every)), Some(("memcached udp/11211", Critical))),
        (udp(listener("postgres", 50000, Reach::Every)), None),
        (listener("clickhouse-serv", 9000, Reach::Every), Some(("clickhouse tcp/9000", High))),
        (of_unit("java", "elasticsearch.service", 9200), Some(("elasticsearch tcp/9200", Critical))),
        (of_unit("java", "tomcat10.service", 9200), None),
    ];
    for (listener, expected) in cases {
        let all = Sockets { listening: vec![listener.clone()] };
        let seen = sockets::reachable_databases(&all);
        assert_eq!(told(&seen), expected.into_iter().collect::<Vec<_>>(), "{listener:?}");
        is_well_worded(&seen);
    }
    for (_, word) in crate::services::USUAL_PORTS {
        assert!(crate::services::DATABASE_KINDS.iter().any(|kind| kind.word == *word), "{word}");
    }
    // One service on both families of addresses is one finding, as bad as the worse of them.
    let all = Sockets {
        listening: vec![listener("mysqld", 3306, Reach::Private), listener("mysqld", 3306, Reach::Public)],
    };
    let seen = sockets::reachable_databases(&all);
    assert_eq!(told(&seen), [("mysql tcp/3306", High)]);
    assert!(seen[0].reason.contains("10.0.0.5:3306, [2001:db8::1]:3306"), "{}", seen[0].reason);
}

#[test]
fn services_in_the_clear() {
    for (listener, expected) in [
        (listener("in.telnetd", 2323, Reach::Every), Some(High)),
        (listener("inetd", 23, Reach::Every), Some(High)),
        (listener("inetd", 13, Reach::Every), None),
        (listener("systemd", 22, Reach::Every), None),
        (listener("xinetd", 513, Reach::Private), Some(Medium)),
        (listener("vsftpd", 21, Reach::Every), Some(Medium)),
        (listener("vsftpd", 21, Reach::Loopback), None),
        (listener("dockerd", 2375, Reach::Every), Some(Critical)),
        (listener("dockerd", 2376, Reach::Every), None),
        // Whether these encrypt cannot be told from a socket: nothing is claimed.
        (listener("dovecot", 143, Reach::Every), None),
        (listener("apache2", 80, Reach::Every), None),
    ] {
        let seen = sockets::in_the_clear(&Sockets { listening: vec![listener.clone()] });
        assert_eq!(seen.first().map(|sighting| sighting.severity), expected, "{listener:?}");
        is_well_worded(&seen);
    }
}

#[test]
fn a_listener_without_a_process_hides_its_own_port_only() {
    let all =
        Sockets { listening: vec![listener("", 5432, Reach::Every), listener("sshd", 22, Reach::Every)] };
    let gap = Unseen::new("the process of 1 listening socket", "it belongs to another user");
    for verdict in sockets::judge(&Seen::partly(all.clone(), vec![gap])) {
        assert!(verdict.hidden.hides("postgresql tcp/5432"));
        assert!(!verdict.hidden.hides("redis tcp/6379") && !verdict.hidden.hides("x tcp/15432"));
    }
    let gap = Unseen::new("net/tcp", "permission denied");
    assert!(sockets::judge(&Seen::partly(all, vec![gap]))[0].hidden.hides("redis tcp/6379"));
}

fn certificate(days: i64, service: &str) -> Certificate {
    Certificate {
        path: "/etc/ssl/shop.pem".into(),
        fingerprint: "ab".into(),
        subject: "CN=shop.example".into(),
        issuer: "CN=Some CA".into(),
        names: vec!["shop.example".into()],
        serial: "01".into(),
        not_before_ms: in_days(-100),
        not_after_ms: in_days(days),
        is_self_signed: false,
        key: "ECDSA P-256".into(),
        signature: "ecdsa-with-SHA256".into(),
        chain_length: 1,
        used_by: vec![CertificateUse {
            service: service.into(),
            source: "/etc/nginx/sites-enabled/shop:12".into(),
        }],
    }
}

#[test]
fn certificates_that_end() {
    let early = Certificate { not_before_ms: in_days(2), ..certificate(60, "nginx") };
    let unused = Certificate { used_by: vec![], ..certificate(-1, "nginx") };
    for (certificate, expected) in [
        (certificate(31, "nginx"), None),
        (certificate(30, "nginx"), None),
        (certificate(29, "nginx"), Some((Medium, "29 days are left."))),
        (certificate(7, "nginx"), Some((Medium, "7 days are left."))),
        (certificate(1, "nginx"), Some((High, "1 day is left."))),
        (certificate(6, "nginx"), Some((High, "6 days are left."))),
        (certificate(0, "nginx"), Some((Critical, "It ended on 23 Nov 2026, less than a day ago."))),
        (certificate(-4, "nginx"), Some((Critical, "It ended on 19 Nov 2026, 4 days ago."))),
        (
            certificate(-4, "certbot"),
            Some((Medium, "It ended on 19 Nov 2026, 4 days ago. No service that uses it was found.")),
        ),
        (unused, Some((Medium, "It ended on 22 Nov 2026, 1 day ago. No service that uses it was found."))),
        (early, Some((High, "It begins on 25 Nov 2026 09:00 UTC."))),
    ] {
        let all = Certificates { certificates: vec![certificate.clone()], broken: vec![] };
        let seen = certificates::ending(&all, NOW_MS, &Limits::default());
        let have = seen.first().map(|sighting| (sighting.severity, sighting.reason.as_str()));
        assert_eq!(have, expected, "{certificate:?}");
        is_well_worded(&seen);
    }
    let far = Certificate { not_after_ms: u64::MAX, ..certificate(1, "nginx") };
    assert!(
        certificates::ending(
            &Certificates { certificates: vec![far], broken: vec![] },
            NOW_MS,
            &Limits::default()
        )
        .is_empty()
    );
    let used_by = certificate(1, "nginx").used_by;
    let broken =
        BrokenCertificate { path: "/etc/ssl/gone.pem".into(), because: "no such file".into(), used_by };
    let seen = certificates::ending(
        &Certificates { certificates: vec![], broken: vec![broken] },
        NOW_MS,
        &Limits::default(),
    );
    assert_eq!(told(&seen), [("/etc/ssl/gone.pem", Medium)]);
    is_well_worded(&seen);
}

#[test]
fn trust_matters_where_others_connect() {
    let own = |service| Certificate {
        is_self_signed: true,
        signature: "sha1WithRSAEncryption".into(),
        ..certificate(60, service)
    };
    let weak = Certificate { key: "RSA 1024".into(), ..certificate(60, "apache") };
    let sha1 = Certificate { signature: "sha1WithRSAEncryption".into(), ..certificate(60, "apache") };
    let judged = |certificate: Certificate, sockets: Option<&Seen<Sockets>>| {
        let seen = Seen::whole(Certificates { certificates: vec![certificate], broken: vec![] });
        let verdict = certificates::judge(&seen, sockets, NOW_MS, &Limits::default()).remove(1);
        is_well_worded(&verdict.seen);
        (verdict.seen.first().map(|sighting| sighting.severity), verdict.hidden.hides("/etc/ssl/shop.pem"))
    };
    let sockets = Seen::whole(Sockets {
        listening: vec![listener("apache2", 443, Reach::Every), listener("postgres", 5432, Reach::Loopback)],
    });
    assert_eq!(judged(own("apache"), Some(&sockets)), (Some(Medium), false));
    assert_eq!(judged(own("postgresql"), Some(&sockets)), (None, false));
    assert_eq!(judged(own("dovecot"), Some(&sockets)), (None, false));
    assert_eq!(judged(weak, Some(&sockets)), (Some(High), false));
    assert_eq!(judged(sha1, Some(&sockets)), (Some(Medium), false));
    assert_eq!(judged(certificate(60, "apache"), Some(&sockets)), (None, false));
    assert_eq!(judged(own("apache"), None), (None, true), "who can reach it is not known");
    let gap = Unseen::new("the process of 2 listening sockets", "it belongs to another user");
    let partial = Seen::partly(Sockets { listening: vec![listener("", 443, Reach::Every)] }, vec![gap]);
    assert_eq!(judged(own("apache"), Some(&partial)), (None, true));
}

fn set(name: &str, value: &str) -> Setting {
    Setting { name: name.into(), value: value.into() }
}

#[test]
fn catalogues_of_databases() {
    let table = |dead_rows, last_vacuum_ms| PostgresTable {
        schema: "public".into(),
        table: "events".into(),
        size_bytes: 3_100_000_000,
        live_rows: 50_000,
        dead_rows,
        last_vacuum_ms,
        last_analyze_ms: None,
    };
    let database = |name: &str, frozen_age, since, tables| PostgresDatabase {
        name: name.into(),
        frozen_age,
        counted_since_ms: Some(in_days(since)),
        largest_tables: tables,
        ..PostgresDatabase::default()
    };
    let role = |name: &str, may_sign_in, is_superuser| PostgresRole {
        name: name.into(),
        may_sign_in,
        is_superuser,
        may_create_roles: false,
        may_replicate: false,
        valid_until: None,
        member_of: vec![],
    };
    let catalogue = PostgresCatalogue {
        settings: vec![
            set("fsync", "off"),
            set("full_page_writes", "on"),
            set("password_encryption", "md5"),
            set("ssl", "off"),
            set("listen_addresses", "localhost, 10.0.0.5"),
        ],
        databases: vec![
            database("shop", 1_200_000_000, -30, vec![table(20_000, None)]),
            database("old", 1_700_000_000, -30, vec![table(20_000, Some(1))]),
            database("young", 5, -2, vec![table(20_000, None)]),
            database("clean", 5, -30, vec![table(100, None)]),
        ],
        roles: vec![
            role("postgres", true, true),
            role("app", true, true),
            role("group", false, true),
            role("web", true, false),
        ],
        ..PostgresCatalogue::default()
    };
    let server = Postgres { port: 5432, catalogue: Some(catalogue), ..Postgres::default() };
    let seen = databases::weak(&Databases { postgres: vec![server], ..Databases::default() }, NOW_MS);
    let expected = [
        ("postgresql 5432 fsync", High),
        ("postgresql 5432 password_encryption", Medium),
        ("postgresql 5432 ssl", Medium),
        ("postgresql 5432 role app", Low),
        ("postgresql 5432 database shop age", Medium),
        ("postgresql 5432 table shop.public.events", Low),
        ("postgresql 5432 database old age", High),
    ];
    assert_eq!(told(&seen), expected);
    assert_eq!(seen[5].reason, "20000 of 70000 rows are dead, 3.1 GB; counted for 30 days.");
    is_well_worded(&seen);
}

#[test]
fn mysql_sqlite_and_servers_that_let_nobody_in() {
    let mysql = |settings| Mysql {
        socket: "/run/mysqld/mysqld.sock".into(),
        product: Some("MariaDB".into()),
        settings,
        ..Mysql::default()
    };
    let open = mysql(vec![
        set("skip_grant_tables", "ON"),
        set("local_infile", "ON"),
        set("require_secure_transport", "OFF"),
        set("bind_address", "0.0.0.0"),
    ]);
    let sound = mysql(vec![
        set("local_infile", "OFF"),
        set("require_secure_transport", "OFF"),
        set("bind_address", "127.0.0.1"),
    ]);
    let file = |is_world_readable| Sqlite {
        path: "/var/lib/grafana/grafana.db".into(),
        service: "grafana".into(),
        size_bytes: 999,
        free_bytes: 0,
        has_wal: false,
        wal_bytes: 0,
        is_world_readable,
    };
    let all = Databases { postgres: vec![], mysql: vec![open, sound], sqlite: vec![file(true), file(false)] };
    let seen = databases::weak(&all, NOW_MS);
    let severities: Vec<_> = seen.iter().map(|sighting| sighting.severity).collect();
    assert_eq!(severities, [Critical, Low, Low, Medium]);
    is_well_worded(&seen);
    let silent = || Postgres { port: 5433, ..Postgres::default() };
    let hides = |gaps: Vec<Unseen>| {
        let seen = Seen::partly(Databases { postgres: vec![silent()], ..Databases::default() }, gaps);
        let hidden = databases::judge(&seen, NOW_MS).remove(0).hidden;
        ["postgresql 5433 fsync", "postgresql 543 fsync", "sqlite /x"].map(|subject| hidden.hides(subject))
    };
    assert_eq!(hides(vec![]), [true, false, false]);
    let signed_out = Unseen::new("the catalogue of PostgreSQL on port 5433", "no sign-in");
    assert_eq!(hides(vec![signed_out.clone()]), [true, false, false]);
    assert_eq!(hides(vec![signed_out, Unseen::new("the catalogue of Oracle", "no sign-in")]), [true; 3]);
    assert_eq!(hides(vec![Unseen::new("SQLite files", "permission denied")]), [true; 3]);
}

#[test]
fn a_certificate_that_may_not_be_read_hides_itself() {
    let hides = |what: &str| {
        let seen = Seen::partly(Certificates::default(), vec![Unseen::new(what, "permission denied")]);
        let verdicts = certificates::judge(&seen, None, NOW_MS, &Limits::default());
        verdicts
            .iter()
            .map(|v| (v.hidden.hides("/etc/a.pem"), v.hidden.hides("/etc/b.pem")))
            .collect::<Vec<_>>()
    };
    assert_eq!(hides("certificate /etc/a.pem"), [(true, false); 2]);
    assert_eq!(hides("certificates of nginx"), [(true, true); 2]);
}

/// The settings and accounts are those a MariaDB 10.11 told the agent that was started without a configuration.
#[test]
fn mariadb_as_it_comes_listens_everywhere_and_its_open_accounts_weigh_by_it() {
    let account = |user: &str, host: &str, method: &str, is_passwordless: bool| MysqlAccount {
        user: user.into(),
        host: host.into(),
        method: method.into(),
        is_passwordless,
        is_locked: user == "mariadb.sys",
        is_administrator: matches!(user, "root" | "app"),
    };
    let native = "mysql_native_password";
    let server = |bind_address: &str, skip_networking: &str| Mysql {
        socket: "/run/mysqld/mysqld.sock".into(),
        product: Some("MariaDB".into()),
        settings: vec![
            set("bind_address", bind_address),
            set("local_infile", "ON"),
            set("port", "3306"),
            set("require_secure_transport", "OFF"),
            set("skip_grant_tables", "OFF"),
            set("skip_networking", skip_networking),
        ],
        accounts: Some(vec![
            account("", "localhost", native, true),
            account("app", "%", native, false),
            account("shop", "%", native, false),
            account("open", "%", native, true),
            account("root", "::1", native, true),
            account("root", "localhost", native, false),
            account("peer", "%", "unix_socket", false),
            account("mariadb.sys", "localhost", native, true),
            account("near", "10.0.0.7", native, false),
        ]),
        ..Mysql::default()
    };
    let seen =
        |server: Mysql| databases::weak(&Databases { mysql: vec![server], ..Databases::default() }, NOW_MS);
    let far = seen(server("", "OFF"));
    let expected = |short: &[(&str, Severity)]| {
        let long = |(subject, severity): &(&str, Severity)| {
            (format!("mysql /run/mysqld/mysqld.sock {subject}"), *severity)
        };
        short.iter().map(long).collect::<Vec<_>>()
    };
    let owned = |seen: &[Sighting]| {
        told(seen).into_iter().map(|(s, severity)| (s.to_owned(), severity)).collect::<Vec<_>>()
    };
    let all = [
        ("require_secure_transport", Low),
        ("local_infile", Low),
        ("account @localhost", Medium),
        ("account app@%", Medium),
        ("account shop@%", Low),
        ("account open@%", High),
        ("account root@::1", High),
    ];
    assert_eq!(owned(&far), expected(&all));
    is_well_worded(&far);
    assert_eq!(far[3].reason, "A password lets it in from other machines, with every right.");
    let near = [
        ("local_infile", Low),
        ("account @localhost", Medium),
        ("account open@%", Medium),
        ("account root@::1", High),
    ];
    for server in [server("127.0.0.1,::1", "OFF"), server("", "ON")] {
        let seen = seen(server);
        assert_eq!(owned(&seen), expected(&near));
    }
}

#[test]
fn sizes_that_were_not_counted_hide_no_switch_and_accounts_only_accounts() {
    let socket = "/run/mysqld/mysqld.sock";
    let server = Mysql { socket: socket.into(), product: Some("MariaDB".into()), ..Mysql::default() };
    let hides = |gaps: Vec<Unseen>| {
        let all = Databases { mysql: vec![server.clone()], ..Databases::default() };
        let hidden = databases::judge(&Seen::partly(all, gaps), NOW_MS).remove(0).hidden;
        ["local_infile", "account app@%"].map(|subject| hidden.hides(&format!("mysql {socket} {subject}")))
    };
    let of = |name: &str| {
        Unseen::new(format!("{name} at {socket}"), "…").hides([format!("mysql {socket} {name}")])
    };
    assert_eq!(hides(vec![]), [false, false]);
    assert_eq!(hides(vec![of("database shop")]), [false, false]);
    assert_eq!(hides(vec![of("account"), of("database shop")]), [false, true]);
    let signed_out = Unseen::new(format!("the catalogue of MariaDB at {socket}"), "no sign-in");
    assert_eq!(hides(vec![signed_out]), [true, true], "also where the version was told");
}
