//! What the catalogues of databases tell: switches that risk data or passwords, age, tables nobody cleans.

use mainstay_record::finding::{Severity, Sighting};
use mainstay_wire::databases::{
    Databases, Mysql, Postgres, PostgresCatalogue, PostgresDatabase, PostgresRole, PostgresTable, Setting,
    Sqlite,
};
use mainstay_wire::{Seen, Unseen};

use crate::disks::size;
use crate::draft::{draft, shell};
use crate::verdict::{Hidden, Verdict, gap, nothing};

mod mysql;

pub const CATALOGUE: &str = "hygiene.databases";

/// One server let the agent not in; which one follows.
const CATALOGUE_OF: &str = "the catalogue of ";

const DAY_MS: i64 = 86_400_000;
/// A server that counts for less time has not had the chance to clean.
const LEAST_COUNTED_DAYS: i64 = 7;
/// Smaller tables never matter.
const LEAST_ROWS: u64 = 10_000;
/// PostgreSQL refuses to write near 2,146 million; its own vacuum should begin at 200 million.
const OLD: u64 = 1_000_000_000;
const VERY_OLD: u64 = 1_600_000_000;

/// What the rule of this section says.
pub fn judge(seen: &Seen<Databases>, now_ms: i64) -> Vec<Verdict> {
    let Some(databases) = &seen.value else { return vec![Verdict::blind(CATALOGUE, nothing(seen))] };
    vec![Verdict { rule: CATALOGUE, seen: weak(databases, now_ms), hidden: hidden(seen, databases) }]
}

/// A server that lets nobody in hides its own subjects only, and a gap that says what it hides only that.
fn hidden(seen: &Seen<Databases>, databases: &Databases) -> Hidden {
    let (named, open) = seen.unseen.iter().cloned().partition(|gap| gap.hides.is_some());
    let named: Vec<Unseen> = named;
    let silent = silent(&Seen::partly((), open), databases);
    let Some(because) = gap(&Seen::partly((), named.clone()), &[]) else { return silent };
    let names: Vec<String> = named.into_iter().filter_map(|gap| gap.hides).flatten().collect();
    let is_named = move |subject: &str| {
        names.iter().any(|name| subject.strip_prefix(name).is_some_and(|rest| rest.starts_with(' ')))
    };
    match silent {
        Hidden::Everything(because) => Hidden::Everything(because),
        Hidden::Nothing => Hidden::Some { because, hides: Box::new(is_named) },
        Hidden::Some { because, hides } => {
            Hidden::Some { because, hides: Box::new(move |subject| hides(subject) || is_named(subject)) }
        }
    }
}

fn silent(seen: &Seen<()>, databases: &Databases) -> Hidden {
    if let Some(because) = gap(seen, &[CATALOGUE_OF]) {
        return Hidden::Everything(because);
    }
    let is_named = |end: &str| seen.unseen.iter().any(|gap| gap.what.ends_with(end));
    let silent_postgres =
        |server: &&Postgres| server.catalogue.is_none() || is_named(&format!(" port {}", server.port));
    let silent_mysql = |server: &&Mysql| server.product.is_none() || is_named(&format!(" {}", server.socket));
    let postgres =
        databases.postgres.iter().filter(silent_postgres).map(|s| format!("postgresql {} ", s.port));
    let mysql = databases.mysql.iter().filter(silent_mysql).map(|s| format!("mysql {} ", s.socket));
    let silent: Vec<String> = postgres.chain(mysql).collect();
    match gap(seen, &[]) {
        Some(because) if silent.len() < seen.unseen.len() => Hidden::Everything(because),
        None if silent.is_empty() => Hidden::Nothing,
        because => {
            let because = because.unwrap_or_else(|| {
                format!("the catalogue of {}: no sign-in was possible", silent.join(", ").trim_end())
            });
            let hides = move |subject: &str| silent.iter().any(|prefix| subject.starts_with(prefix));
            Hidden::Some { because, hides: Box::new(hides) }
        }
    }
}

/// Everything the catalogues and headers show.
pub fn weak(databases: &Databases, now_ms: i64) -> Vec<Sighting> {
    let postgres = databases.postgres.iter().flat_map(|server| postgres(server, now_ms));
    let mysql = databases.mysql.iter().flat_map(mysql::weak);
    postgres.chain(mysql).chain(databases.sqlite.iter().filter_map(sqlite)).collect()
}

fn setting<'a>(settings: &'a [Setting], name: &str) -> Option<&'a str> {
    settings
        .iter()
        .find(|setting| setting.name.eq_ignore_ascii_case(name))
        .map(|setting| setting.value.as_str())
}

fn postgres(server: &Postgres, now_ms: i64) -> Vec<Sighting> {
    let Some(catalogue) = &server.catalogue else { return Vec::new() };
    let mut found: Vec<Sighting> = switches(server.port, catalogue);
    found.extend(catalogue.roles.iter().filter_map(|role| superuser(server.port, role)));
    for database in &catalogue.databases {
        found.extend(age(server.port, database));
        found.extend(uncleaned(server.port, database, now_ms));
    }
    found
}

fn switches(port: u16, catalogue: &PostgresCatalogue) -> Vec<Sighting> {
    let value = |name: &str| setting(&catalogue.settings, name);
    let is_off = |name: &str| value(name).is_some_and(|value| matches!(value, "off" | "no" | "false" | "0"));
    let outside = value("listen_addresses").filter(|text| {
        text.split(',').map(str::trim).any(|at| !matches!(at, "" | "localhost" | "127.0.0.1" | "::1"))
    });
    let mut found = Vec::new();
    let mut say = |severity, name: &str, title: &str, why: &str, good: &str| {
        let now = value(name).unwrap_or_default();
        let sighting = draft(
            severity,
            format!("postgresql {port} {name}"),
            format!("PostgreSQL on port {port} {title}"),
        )
        .reason(format!("{name} is {now}."))
        .why(why)
        .evidence(format!("{name} = {now}"))
        .fix(format!("ALTER SYSTEM SET {name} = {good}; then SELECT pg_reload_conf();"));
        found.push(sighting.done());
    };
    if is_off("fsync") {
        let why = "A power cut or a crash of the host can leave the whole cluster unreadable.";
        say(Severity::High, "fsync", "does not wait for the disk", why, "on");
    }
    if is_off("full_page_writes") {
        let why = "A page half written in a crash stays broken; the log cannot mend it.";
        say(Severity::High, "full_page_writes", "cannot mend torn pages", why, "on");
    }
    if is_off("autovacuum") {
        let why = "Dead rows stay, tables grow, and in the end the server refuses to write.";
        say(Severity::Medium, "autovacuum", "never cleans by itself", why, "on");
    }
    if value("password_encryption").is_some_and(|value| value.eq_ignore_ascii_case("md5")) {
        let why = "An md5 hash is as good as the password to sign in, and is cracked quickly when it leaks.";
        say(Severity::Medium, "password_encryption", "keeps new passwords with md5", why, "'scram-sha-256'");
    }
    if let (true, Some(addresses)) = (is_off("ssl"), outside) {
        let why =
            format!("It listens on {addresses}: queries, answers and sign-ins cross the network readable.");
        say(Severity::Medium, "ssl", "takes connections from outside without TLS", &why, "on");
    }
    found
}

fn superuser(port: u16, role: &PostgresRole) -> Option<Sighting> {
    if !role.is_superuser || !role.may_sign_in || role.name == "postgres" {
        return None;
    }
    let name = &role.name;
    let until = role.valid_until.as_deref().map(|day| format!(", valid until {day}")).unwrap_or_default();
    let quoted = name.replace('"', "\"\"");
    let sighting = draft(
        Severity::Low,
        format!("postgresql {port} role {name}"),
        format!("{name} is superuser of PostgreSQL on port {port}"),
    )
    .reason(format!("Beside postgres, {name} may sign in with every right{until}."))
    .why("A superuser reads every row and runs programs on this host as the server's user; an application needs neither.")
    .evidence(format!("pg_roles: {name}, superuser, may sign in{until}"))
    .fix(format!("ALTER ROLE \"{quoted}\" NOSUPERUSER; then grant what it needs."))
    .controls(&["NIST SP 800-53 AC-6"]);
    Some(sighting.done())
}

fn age(port: u16, database: &PostgresDatabase) -> Option<Sighting> {
    let severity = match database.frozen_age {
        age if age > VERY_OLD => Severity::High,
        age if age > OLD => Severity::Medium,
        _ => return None,
    };
    let PostgresDatabase { name, frozen_age, .. } = database;
    let millions = frozen_age / 1_000_000;
    let sighting = draft(
        severity,
        format!("postgresql {port} database {name} age"),
        format!("{name} was not frozen for {millions} million transactions"),
    )
    .reason(format!("{millions} of about 2,146 million; then PostgreSQL refuses to write."))
    .why("Vacuum should freeze old rows long before. Something keeps it from it: a transaction left open, a forgotten replication slot, or autovacuum switched off.")
    .evidence(format!("age(datfrozenxid) of {name} = {frozen_age}"))
    .fix("Look for what holds it: SELECT pid, xact_start, query FROM pg_stat_activity WHERE xact_start < now() - interval '1 hour'; and SELECT * FROM pg_replication_slots;")
    .fix(format!("Then: vacuumdb --freeze {}", shell(name)));
    Some(sighting.done())
}

fn uncleaned(port: u16, database: &PostgresDatabase, now_ms: i64) -> Vec<Sighting> {
    let counted_days = database
        .counted_since_ms
        .and_then(|since| i64::try_from(since).ok())
        .map_or(0, |since| now_ms.saturating_sub(since) / DAY_MS);
    if counted_days < LEAST_COUNTED_DAYS {
        return Vec::new();
    }
    let word = |table: &PostgresTable| {
        let PostgresTable { schema, table, dead_rows, live_rows, size_bytes, .. } = table;
        draft(
            Severity::Low,
            format!("postgresql {port} table {}.{schema}.{table}", database.name),
            format!("{schema}.{table} in {} was never vacuumed", database.name),
        )
        .reason(format!(
            "{dead_rows} of {} rows are dead, {}; counted for {counted_days} days.",
            live_rows + dead_rows,
            size(*size_bytes)
        ))
        .why("Dead rows make every scan longer and the table larger.")
        .evidence(format!(
            "pg_stat_all_tables: {schema}.{table}, last vacuum never, {dead_rows} dead, {live_rows} live"
        ))
        .fix(format!("VACUUM (ANALYZE) \"{schema}\".\"{table}\";"))
        .done()
    };
    let is_uncleaned = |table: &&PostgresTable| {
        let rows = table.live_rows.saturating_add(table.dead_rows);
        table.last_vacuum_ms.is_none() && rows >= LEAST_ROWS && table.dead_rows >= rows / 5
    };
    database.largest_tables.iter().filter(is_uncleaned).map(word).collect()
}

fn sqlite(file: &Sqlite) -> Option<Sighting> {
    if !file.is_world_readable {
        return None;
    }
    let Sqlite { path, service, size_bytes, .. } = file;
    let sighting = draft(
        Severity::Medium,
        format!("sqlite {path}"),
        format!("Everybody on the host can read {path}"),
    )
    .reason(format!("The database of {service}, {}, is readable for every account.", size(*size_bytes)))
    .why("Sessions, tokens and people's data in it are open to every account and every broken service.")
    .evidence(format!("{path}: readable by others"))
    .fix(format!("chmod o-rwx {}", shell(path)));
    Some(sighting.done())
}
