//! Where the store is: a folder of our own, or a PostgreSQL.

use std::path::PathBuf;

use crate::Fault;

/// Which engine holds the data, and where.
#[derive(Clone, Debug)]
pub enum Address {
    /// The database file; beside it lie its log and its lock.
    Sqlite(PathBuf),
    /// A connection string as libpq and `psql` take it, `postgres://user@host/database`.
    Postgres(Box<tokio_postgres::Config>),
}

impl Address {
    /// Reads a PostgreSQL connection string.
    ///
    /// # Errors
    /// `Invalid` on field `postgres` when it cannot be read; the password is never repeated in the text.
    pub fn postgres(url: &str) -> Result<Self, Fault> {
        let config = url.parse::<tokio_postgres::Config>().map_err(|error| {
            Fault::invalid("postgres", "malformed", format!("this is not a PostgreSQL address: {error}"))
        })?;
        Ok(Self::Postgres(Box::new(config)))
    }

    /// What people call this engine.
    pub fn engine(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        }
    }
}
