//! The questions to the catalogue. They hold for PostgreSQL 10 and later.

use super::{Client, Error, PostgresDatabase, PostgresRole, PostgresTable, Setting, Unseen, UnusedIndex};

/// Role, standby, start, connections beside our own.
pub const HEAD: &str = "SELECT current_user::text, pg_is_in_recovery(), \
    (extract(epoch FROM pg_postmaster_start_time()) * 1000)::int8, \
    (SELECT count(*) FROM pg_stat_activity WHERE datid IS NOT NULL AND pid <> pg_backend_pid())";

const SETTINGS: &str = "SELECT name, setting || coalesce(unit, '') FROM pg_settings WHERE name = ANY(ARRAY[\
    'server_version', 'data_directory', 'listen_addresses', 'port', 'max_connections', 'ssl', \
    'ssl_min_protocol_version', 'password_encryption', 'fsync', 'full_page_writes', 'synchronous_commit', \
    'data_checksums', 'shared_buffers', 'work_mem', 'maintenance_work_mem', 'effective_cache_size', \
    'wal_level', 'archive_mode', 'archive_command', 'max_wal_size', 'autovacuum', \
    'autovacuum_freeze_max_age', 'log_connections', 'log_min_duration_statement', \
    'shared_preload_libraries', 'row_security', 'track_counts', 'idle_in_transaction_session_timeout'\
    ]) ORDER BY name";

const ROLES: &str = "SELECT r.rolname::text, r.rolcanlogin, r.rolsuper, r.rolcreaterole, r.rolreplication, \
    CASE WHEN isfinite(r.rolvaliduntil) THEN to_char(r.rolvaliduntil, 'YYYY-MM-DD') END, \
    ARRAY(SELECT g.rolname::text FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid \
        WHERE m.member = r.oid ORDER BY 1) \
    FROM pg_roles r WHERE r.rolname !~ '^pg_' ORDER BY 1";

/// Also whether this role may connect, and the size where it may be known.
const DATABASES: &str = "SELECT d.datname::text, \
    CASE WHEN may.may OR pg_has_role(current_user, 'pg_read_all_stats', 'MEMBER') \
        THEN pg_database_size(d.oid) END, \
    age(d.datfrozenxid)::int8, (extract(epoch FROM s.stats_reset) * 1000)::int8, \
    may.may AND d.datallowconn, d.datistemplate \
    FROM pg_database d LEFT JOIN pg_stat_database s ON s.datid = d.oid, \
    LATERAL (SELECT has_database_privilege(d.oid, 'CONNECT') AS may) may ORDER BY 2 DESC NULLS LAST, 1";

const UNUSED: &str = "SELECT s.schemaname::text, s.relname::text, s.indexrelname::text, \
    pg_relation_size(s.indexrelid) FROM pg_stat_user_indexes s JOIN pg_index i USING (indexrelid) \
    WHERE s.idx_scan = 0 AND NOT i.indisunique AND i.indisvalid \
    AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = s.indexrelid) \
    ORDER BY 4 DESC NULLS LAST, 1, 2, 3 LIMIT 50";

const TABLES: &str = "SELECT schemaname::text, relname::text, pg_total_relation_size(relid), n_live_tup, \
    n_dead_tup, (extract(epoch FROM greatest(last_vacuum, last_autovacuum)) * 1000)::int8, \
    (extract(epoch FROM greatest(last_analyze, last_autoanalyze)) * 1000)::int8, count(*) OVER () \
    FROM pg_stat_user_tables ORDER BY 3 DESC NULLS LAST, 1, 2 LIMIT 50";

/// The settings of interest this role may see.
pub async fn settings(client: &Client) -> Result<Vec<Setting>, Error> {
    let rows = client.query(SETTINGS, &[]).await?;
    Ok(rows.iter().map(|row| Setting { name: row.get(0), value: row.get(1) }).collect())
}

/// All roles but PostgreSQL's own.
pub async fn roles(client: &Client) -> Result<Vec<PostgresRole>, Error> {
    let rows = client.query(ROLES, &[]).await?;
    let role = |row: &tokio_postgres::Row| PostgresRole {
        name: row.get(0),
        may_sign_in: row.get(1),
        is_superuser: row.get(2),
        may_create_roles: row.get(3),
        may_replicate: row.get(4),
        valid_until: row.get(5),
        member_of: row.get(6),
    };
    Ok(rows.iter().map(role).collect())
}

/// The roles that have a password; never the password. For superusers only.
pub async fn passwords(client: &Client) -> Result<Vec<String>, Error> {
    const WITH: &str = "SELECT rolname::text FROM pg_authid WHERE rolpassword IS NOT NULL ORDER BY 1";
    Ok(client.query(WITH, &[]).await?.iter().map(|row| row.get(0)).collect())
}

/// All databases but templates, largest first, and whether this role may connect to each. A template counts
/// when its frozen age does: wraparound of any database stops the whole server.
pub async fn databases(
    client: &Client,
    unseen: &mut Vec<Unseen>,
) -> Result<Vec<(PostgresDatabase, bool)>, Error> {
    let rows = client.query(DATABASES, &[]).await?;
    let mut databases = Vec::new();
    for row in &rows {
        let (name, size): (String, Option<i64>) = (row.get(0), row.get(1));
        let is_template: bool = row.get(5);
        if is_template && number(row.get(2)) < 1_000_000_000 {
            continue;
        }
        if size.is_none() {
            unseen
                .push(Unseen::new(format!("the size of database {name}"), "this role may not connect to it"));
        }
        let database = PostgresDatabase {
            name,
            size_bytes: size.map_or(0, number),
            frozen_age: number(row.get(2)),
            counted_since_ms: row.get::<_, Option<i64>>(3).map(number),
            ..PostgresDatabase::default()
        };
        databases.push((database, row.get(4)));
    }
    Ok(databases)
}

/// Tables and indexes of the database `client` is connected to.
pub async fn inside(client: &Client, database: &mut PostgresDatabase) -> Result<(), Error> {
    let rows = client.query(TABLES, &[]).await?;
    database.tables = rows.first().map_or(0, |row| u32::try_from(row.get::<_, i64>(7)).unwrap_or(u32::MAX));
    let table = |row: &tokio_postgres::Row| PostgresTable {
        schema: row.get(0),
        table: row.get(1),
        size_bytes: row.get::<_, Option<i64>>(2).map_or(0, number),
        live_rows: number(row.get(3)),
        dead_rows: number(row.get(4)),
        last_vacuum_ms: row.get::<_, Option<i64>>(5).map(number),
        last_analyze_ms: row.get::<_, Option<i64>>(6).map(number),
    };
    database.largest_tables = rows.iter().map(table).collect();
    let rows = client.query(UNUSED, &[]).await?;
    let index = |row: &tokio_postgres::Row| UnusedIndex {
        schema: row.get(0),
        table: row.get(1),
        index: row.get(2),
        size_bytes: row.get::<_, Option<i64>>(3).map_or(0, number),
    };
    database.unused_indexes = rows.iter().map(index).collect();
    Ok(())
}

/// The catalogue's numbers are never below zero.
fn number(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
