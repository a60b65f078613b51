//! Databases present: servers by their sockets, SQLite files of known services by their headers.

use std::io::Read;
use std::os::unix::fs::MetadataExt;

use crate::Host;
use crate::collect::sshd::glob;
use crate::wire::Seen;
use crate::wire::databases::{Databases, Mysql, Postgres, Sqlite};

mod mysql;
mod postgres;

const POSTGRES_FOLDERS: &[&str] = &["/run/postgresql", "/var/run/postgresql", "/tmp"];
const MYSQL_SOCKETS: &[&str] =
    &["/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock", "/run/mysql/mysql.sock", "/tmp/mysql.sock"];
/// Files in which known services keep their data.
const SQLITE_FILES: &[(&str, &str)] = &[
    ("/var/lib/grafana/grafana.db", "grafana"),
    ("/var/lib/gitea/data/gitea.db", "gitea"),
    ("/var/lib/forgejo/data/forgejo.db", "forgejo"),
    ("/var/lib/vaultwarden/db.sqlite3", "vaultwarden"),
    ("/var/lib/fail2ban/fail2ban.sqlite3", "fail2ban"),
    ("/var/lib/roundcube/*.db", "roundcube"),
    ("/etc/pihole/*.db", "pi-hole"),
    ("/var/lib/plexmediaserver/*/*/*/*/*.db", "plex"),
    ("/var/lib/jellyfin/data/*.db", "jellyfin"),
    ("/var/lib/uptime-kuma/kuma.db", "uptime-kuma"),
    ("/var/lib/headscale/db.sqlite", "headscale"),
    ("/var/lib/powerdns/*.sqlite3", "powerdns"),
    ("/home/homeassistant/.homeassistant/home-assistant_v2.db", "home-assistant"),
    ("/var/lib/mainstay/*.db", "mainstay"),
];

/// What databases this host has. Servers are asked through their sockets, by sessions that may only read.
pub fn collect(host: &Host) -> Seen<Databases> {
    let (mut found, mut unseen) = (Databases::default(), Vec::new());
    let mut numbers = Vec::new();
    for folder in POSTGRES_FOLDERS {
        for name in host.list(folder).unwrap_or_default() {
            let port = name.strip_prefix(".s.PGSQL.").and_then(|port| port.parse::<u16>().ok());
            // `/run` and `/var/run` are one folder under two names.
            let inode = host.metadata(format!("{folder}/{name}")).map(|meta| (meta.dev(), meta.ino()));
            let (Some(port), Ok(inode)) = (port, inode) else { continue };
            if numbers.contains(&inode) {
                continue;
            }
            numbers.push(inode);
            let mut server = Postgres { socket: (*folder).to_owned(), port, ..Postgres::default() };
            postgres::sign_in(host, &mut server, &mut unseen);
            found.postgres.push(server);
        }
    }
    for socket in MYSQL_SOCKETS {
        let Ok(inode) = host.metadata(socket).map(|meta| (meta.dev(), meta.ino())) else { continue };
        if numbers.contains(&inode) {
            continue;
        }
        numbers.push(inode);
        let mut server = Mysql { socket: (*socket).to_owned(), ..Mysql::default() };
        mysql::sign_in(host, &mut server, &mut unseen);
        found.mysql.push(server);
    }
    for (pattern, service) in SQLITE_FILES {
        found.sqlite.extend(glob(host, pattern).iter().filter_map(|path| sqlite(host, path, service)));
    }
    Seen::partly(found, unseen)
}

/// The name of the user this process runs as.
fn own_name(host: &Host) -> Option<String> {
    let uid = rustix::process::geteuid().as_raw().to_string();
    let text = host.text("/etc/passwd").ok()?;
    let line = text.lines().find(|line| line.split(':').nth(2) == Some(&uid))?;
    line.split(':').next().map(str::to_owned)
}

/// The header of a database file: <https://sqlite.org/fileformat2.html>, section 1.3.
fn sqlite(host: &Host, path: &str, service: &str) -> Option<Sqlite> {
    let mut header = [0; 100];
    let mut file = host.open(path).ok()?;
    file.read_exact(&mut header).ok()?;
    if !header.starts_with(b"SQLite format 3\0") {
        return None;
    }
    let page_bytes = match u16::from_be_bytes([header[16], header[17]]) {
        1 => 65_536,
        bytes => u64::from(bytes),
    };
    let free_pages = u32::from_be_bytes([header[36], header[37], header[38], header[39]]);
    let meta = file.metadata().ok()?;
    Some(Sqlite {
        path: path.to_owned(),
        service: service.to_owned(),
        size_bytes: meta.len(),
        free_bytes: u64::from(free_pages) * page_bytes,
        has_wal: header[18] == 2,
        wal_bytes: host.metadata(format!("{path}-wal")).map_or(0, |meta| meta.len()),
        is_world_readable: meta.mode() & 0o004 != 0,
    })
}

#[cfg(test)]
mod tests {
    use super::collect;
    use crate::Host;

    #[test]
    fn servers_show_by_their_sockets_and_sqlite_by_its_header() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for path in ["run/postgresql", "var/lib/grafana", "var/lib/fail2ban"] {
            std::fs::create_dir_all(root.join(path)).unwrap();
        }
        std::fs::write(root.join("run/postgresql/.s.PGSQL.5433"), "").unwrap();
        std::fs::write(root.join("run/postgresql/.s.PGSQL.5433.lock"), "").unwrap();
        let mut file = vec![0_u8; 8192];
        file[..16].copy_from_slice(b"SQLite format 3\0");
        (file[16], file[18], file[39]) = (0x10, 2, 3);
        std::fs::write(root.join("var/lib/grafana/grafana.db"), file).unwrap();
        std::fs::write(root.join("var/lib/fail2ban/fail2ban.sqlite3"), "no database at all").unwrap();
        let seen = collect(&Host::fixture(root, 0));
        let found = seen.value.unwrap();
        assert_eq!(found.postgres.iter().map(|server| server.port).collect::<Vec<_>>(), [5433]);
        assert_eq!(seen.unseen.len(), 1, "a server that was not looked into is said");
        assert_eq!(found.sqlite.len(), 1);
        assert_eq!((found.sqlite[0].free_bytes, found.sqlite[0].has_wal), (3 * 4096, true));
    }
}
