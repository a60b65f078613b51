//! Databases present, and what their catalogues tell a read-only role.

use serde::{Deserialize, Serialize};

/// Section [`crate::Section::Databases`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Databases {
    pub postgres: Vec<Postgres>,
    pub mysql: Vec<Mysql>,
    pub sqlite: Vec<Sqlite>,
}

/// One PostgreSQL server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Postgres {
    /// Folder of the socket it was reached by.
    pub socket: String,
    pub port: u16,
    /// `15.13`; from the catalogue, else absent.
    pub version: Option<String>,
    pub data_folder: Option<String>,
    /// Absent when no sign-in was possible; why stands in `unseen`.
    pub catalogue: Option<PostgresCatalogue>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PostgresCatalogue {
    /// The role that looked.
    pub role: String,
    pub is_in_recovery: bool,
    /// Milliseconds since 1970.
    pub started_at_ms: Option<u64>,
    /// `max_connections`, `ssl`, `listen_addresses`, `password_encryption`, `fsync` …
    pub settings: Vec<Setting>,
    pub connections: u32,
    pub databases: Vec<PostgresDatabase>,
    pub roles: Vec<PostgresRole>,
    /// Names of the roles that have a password; absent where the looking role may not know.
    #[serde(default)]
    pub with_password: Option<Vec<String>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    pub name: String,
    pub value: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PostgresDatabase {
    pub name: String,
    pub size_bytes: u64,
    /// Transactions since the oldest unfrozen row; wraparound stops the server near 2.1 thousand million.
    pub frozen_age: u64,
    /// Milliseconds since 1970: since when its figures are counted.
    pub counted_since_ms: Option<u64>,
    pub tables: u32,
    /// Indexes without a scan since then, that no constraint needs. Largest first, 50 at most.
    pub unused_indexes: Vec<UnusedIndex>,
    /// Largest first, 50 at most.
    pub largest_tables: Vec<PostgresTable>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnusedIndex {
    pub schema: String,
    pub table: String,
    pub index: String,
    pub size_bytes: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostgresTable {
    pub schema: String,
    pub table: String,
    pub size_bytes: u64,
    pub live_rows: u64,
    pub dead_rows: u64,
    /// By hand or automatic, the later one; milliseconds since 1970.
    pub last_vacuum_ms: Option<u64>,
    pub last_analyze_ms: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "these are the catalogue's own independent switches")]
pub struct PostgresRole {
    pub name: String,
    pub may_sign_in: bool,
    pub is_superuser: bool,
    pub may_create_roles: bool,
    pub may_replicate: bool,
    /// `YYYY-MM-DD`.
    pub valid_until: Option<String>,
    pub member_of: Vec<String>,
}

/// One MySQL or MariaDB server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mysql {
    pub socket: String,
    /// `MariaDB`, `MySQL`; told before any sign-in, absent when nothing answered.
    pub product: Option<String>,
    /// `10.11.19`.
    pub version: Option<String>,
    /// The account that looked, `root@localhost`; absent when no sign-in was possible, and why stands in `unseen`.
    #[serde(default)]
    pub account: Option<String>,
    /// `bind_address`, `local_infile`, `require_secure_transport` …
    pub settings: Vec<Setting>,
    /// Largest first, 500 at most.
    pub databases: Vec<MysqlDatabase>,
    /// Absent where the looking account may not know; 1,000 at most.
    #[serde(default)]
    pub accounts: Option<Vec<MysqlAccount>>,
}

/// Who may sign in to a MySQL or MariaDB server; roles are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MysqlAccount {
    /// Empty for the anonymous account, which lets in whoever is not named.
    pub user: String,
    /// From where: `localhost`, an address, `%` for everywhere.
    pub host: String,
    /// The plugin it signs in by: `unix_socket`, `caching_sha2_password` …
    pub method: String,
    /// Whether an empty password lets it in.
    pub is_passwordless: bool,
    pub is_locked: bool,
    /// Whether it has SUPER, the right to do anything.
    pub is_administrator: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MysqlDatabase {
    pub name: String,
    pub size_bytes: u64,
    pub tables: u32,
}

/// One SQLite file; told from its header, the file is never opened as a database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sqlite {
    pub path: String,
    /// The service known to keep it.
    pub service: String,
    pub size_bytes: u64,
    /// Pages that could be given back.
    pub free_bytes: u64,
    pub has_wal: bool,
    /// Size of the write-ahead log beside it.
    pub wal_bytes: u64,
    /// Whether everybody on the host may read it.
    pub is_world_readable: bool,
}
