//! The inventory of rpm hosts: `rpmdb.sqlite` read natively; older databases through `rpm -qa`.

mod header;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use self::header::Facts;
use crate::Host;
use crate::wire::packages::Package;

/// Folders of the database: the usual one, and that of systems with `/usr` as the image.
const FOLDERS: [&str; 2] = ["/usr/lib/sysimage/rpm", "/var/lib/rpm"];
/// Databases only rpm itself reads: ndb and Berkeley DB.
const OLD: [(&str, &str); 2] = [("Packages.db", "ndb"), ("Packages", "Berkeley DB")];
const ASK_LIMIT: Duration = Duration::from_mins(1);
/// One line per package; absent values are `(none)`.
const QUERY: &str = "%{NAME}\\t%{EPOCH}\\t%{VERSION}-%{RELEASE}\\t%{ARCH}\\t%{SOURCERPM}\\t%{INSTALLTIME}\\t%{SIZE}\\t%{MODULARITYLABEL}\\n";

/// A database found on the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    Sqlite(String),
    /// Only rpm itself reads it; the name of the format.
    Old(&'static str),
}

/// The database of this host, if it has one.
pub fn database(host: &Host) -> Option<Database> {
    let sqlite = FOLDERS.iter().map(|folder| format!("{folder}/rpmdb.sqlite")).find(|path| host.exists(path));
    let old = || {
        let all =
            FOLDERS.iter().flat_map(|folder| OLD.map(|(name, format)| (format!("{folder}/{name}"), format)));
        all.into_iter().find(|(path, _)| host.exists(path)).map(|(_, format)| Database::Old(format))
    };
    sqlite.map(Database::Sqlite).or_else(old)
}

/// Every installed package, or why they cannot be seen. Headers that cannot be read are counted.
pub fn packages(host: &Host, database: &Database) -> Result<(Vec<Package>, u32), String> {
    match database {
        Database::Sqlite(path) => read(&host.path(path)).map_err(|fault| format!("{path}: {fault}")),
        Database::Old(format) => ask(host)
            .map_err(|because| format!("its {format} database is read by rpm itself only, and {because}")),
    }
}

/// Reads the database without writing anything beside it. While rpm is at work the log beside the database
/// is read along, which needs rpm's own shared memory file to be there.
fn read(path: &Path) -> rusqlite::Result<(Vec<Package>, u32)> {
    let log = path.with_extension("sqlite-wal");
    let is_quiet = std::fs::metadata(log).map_or(true, |log| log.len() == 0);
    let escaped: String = path.to_string_lossy().chars().map(escape).collect();
    let uri = format!("file:{escaped}?mode=ro{}", if is_quiet { "&immutable=1" } else { "" });
    let flags =
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(uri, flags)?;
    connection.execute_batch("PRAGMA cache_size = -1024; PRAGMA query_only = 1")?;
    let mut statement = connection.prepare("SELECT blob FROM Packages")?;
    let mut rows = statement.query([])?;
    let (mut packages, mut unreadable) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        match row.get_ref(0)?.as_blob().map_err(|_| "no blob").and_then(header::package) {
            Ok(package) => packages.extend(package),
            Err(_) => unreadable += 1,
        }
    }
    Ok((packages, unreadable))
}

fn escape(c: char) -> String {
    if matches!(c, '?' | '#' | '%') { format!("%{:02x}", u32::from(c)) } else { c.to_string() }
}

fn ask(host: &Host) -> Result<(Vec<Package>, u32), String> {
    let spoken = host.run("rpm", &["-qa", "--qf", QUERY], ASK_LIMIT).map_err(|fault| fault.to_string())?;
    if spoken.code != Some(0) {
        return Err(format!("it said: {}", spoken.stderr.lines().next().unwrap_or("nothing")));
    }
    Ok((answer(&spoken.stdout), 0))
}

/// The packages in rpm's answer to our query.
fn answer(text: &str) -> Vec<Package> {
    text.lines().filter_map(line).collect()
}

fn line(line: &str) -> Option<Package> {
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty() && text != "(none)");
    let columns: Vec<&str> = line.split('\t').collect();
    let [name, epoch, version, arch, source_rpm, installed, size, module] = columns[..] else { return None };
    if name == "gpg-pubkey" {
        return None;
    }
    let facts = Facts {
        name: name.to_owned(),
        version: version.to_owned(),
        epoch: epoch.parse().ok(),
        arch: some(arch).unwrap_or_default(),
        source_rpm: some(source_rpm).unwrap_or_default(),
        module: some(module),
        bytes: size.parse().ok(),
        installed_s: installed.parse().ok(),
    };
    Some(facts.package())
}
