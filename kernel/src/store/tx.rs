//! The transaction a closure sees, and the rows it reads.

use super::postgres::Line;
use super::signal::{Signal, Signals};
use super::sql::Sql;
use super::value::{Column, Value};
use crate::Fault;

/// One transaction. It is committed when the closure answers `Ok`, and undone when it answers `Err`.
pub struct Tx<'c> {
    pub(super) engine: Engine<'c>,
    pub(super) signals: Signals,
    pub(super) failure: Option<Failure>,
}

pub(super) enum Engine<'c> {
    Sqlite(&'c rusqlite::Connection),
    Postgres(&'c mut Line),
}

/// How a statement failed, where that decides what the facade does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// A serialisation fault or deadlock: the closure runs again.
    Again,
    /// The connection is gone: it is made anew.
    Gone,
}

impl<'c> Tx<'c> {
    pub(super) fn new(engine: Engine<'c>) -> Self {
        Self { engine, signals: Signals::default(), failure: None }
    }

    /// Runs a statement that answers no rows; says how many rows it touched.
    pub fn run(&mut self, sql: &'static Sql, args: &[Value<'_>]) -> Result<u64, Fault> {
        storable(args)?;
        match &mut self.engine {
            Engine::Sqlite(connection) => {
                let touched = connection
                    .prepare_cached(sql.sqlite())
                    .and_then(|mut statement| statement.execute(rusqlite::params_from_iter(args)));
                touched.map(|n| n as u64).map_err(|error| super::sqlite::fault(sql, error))
            }
            Engine::Postgres(line) => {
                let touched = line.run(sql, args);
                touched.map_err(|error| super::postgres::fault(sql, &error, &mut self.failure))
            }
        }
    }

    /// Reads all rows of a statement.
    pub fn rows<T>(
        &mut self,
        sql: &'static Sql,
        args: &[Value<'_>],
        map: impl Fn(&Row<'_>) -> Result<T, Fault>,
    ) -> Result<Vec<T>, Fault> {
        storable(args)?;
        match &mut self.engine {
            Engine::Sqlite(connection) => sqlite_rows(connection, sql, args, map),
            Engine::Postgres(line) => {
                let rows = line
                    .rows(sql, args)
                    .map_err(|error| super::postgres::fault(sql, &error, &mut self.failure))?;
                rows.iter().map(|row| map(&Row(Engines::Postgres(row)))).collect()
            }
        }
    }

    /// Reads the first row, if there is one.
    pub fn maybe<T>(
        &mut self,
        sql: &'static Sql,
        args: &[Value<'_>],
        map: impl Fn(&Row<'_>) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        Ok(self.rows(sql, args, map)?.into_iter().next())
    }

    /// Reads a row that is always there (a count, a `RETURNING` of an insert); its absence is `Broken`.
    pub fn one<T>(
        &mut self,
        sql: &'static Sql,
        args: &[Value<'_>],
        map: impl Fn(&Row<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.maybe(sql, args, map)?.ok_or_else(|| Fault::broken(format!("{sql} answered no row")))
    }

    /// Prepares a statement without running it: how many parameters it takes and columns it answers.
    pub fn prepare(&mut self, sql: &'static Sql) -> Result<(usize, usize), Fault> {
        match &mut self.engine {
            Engine::Sqlite(connection) => {
                let statement = connection.prepare(sql.sqlite()).map_err(|e| super::sqlite::fault(sql, e))?;
                Ok((statement.parameter_count(), statement.column_count()))
            }
            Engine::Postgres(line) => {
                let statement =
                    line.prepare(sql).map_err(|e| super::postgres::fault(sql, &e, &mut self.failure))?;
                Ok((statement.params().len(), statement.columns().len()))
            }
        }
    }

    /// What the clock of the database server says, milliseconds since 1970; `None` where there is no server but us.
    pub fn server_ms(&mut self) -> Result<Option<i64>, Fault> {
        match &mut self.engine {
            Engine::Sqlite(_) => Ok(None),
            Engine::Postgres(line) => line.server_ms().map(Some).map_err(|e| super::postgres::away(&e)),
        }
    }

    /// Says what waits for this change; told to the waiting after the commit, and only then.
    pub fn signal(&mut self, signal: Signal) {
        self.signals.add(signal);
    }
}

/// PostgreSQL has no text with a NUL in it; what one engine refuses is refused on both, and told as a fault of the input.
fn storable(args: &[Value<'_>]) -> Result<(), Fault> {
    if args.iter().any(|arg| matches!(arg, Value::Text(text) if text.contains('\0'))) {
        return Err(Fault::invalid("text", "malformed", "leave out the character NUL; text cannot hold it"));
    }
    Ok(())
}

fn sqlite_rows<T>(
    connection: &rusqlite::Connection,
    sql: &'static Sql,
    args: &[Value<'_>],
    map: impl Fn(&Row<'_>) -> Result<T, Fault>,
) -> Result<Vec<T>, Fault> {
    let broken = |error| super::sqlite::fault(sql, error);
    let mut statement = connection.prepare_cached(sql.sqlite()).map_err(broken)?;
    let mut rows = statement.query(rusqlite::params_from_iter(args)).map_err(broken)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(broken)? {
        found.push(map(&Row(Engines::Sqlite(row)))?);
    }
    Ok(found)
}

/// One row of an answer; columns are read by their place, counted from 0.
pub struct Row<'r>(Engines<'r>);

enum Engines<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r tokio_postgres::Row),
}

impl Row<'_> {
    /// Reads one column; `Broken` when it is of another type.
    pub fn get<T: Column>(&self, index: usize) -> Result<T, Fault> {
        T::read(self, index)
    }
}

macro_rules! column {
    ($($kind:ty),*) => { $(
        impl Column for $kind {
            fn read(row: &Row<'_>, index: usize) -> Result<Self, Fault> {
                match row.0 {
                    Engines::Sqlite(row) => row.get(index).map_err(Fault::broken),
                    Engines::Postgres(row) => row.try_get(index).map_err(Fault::broken),
                }
            }
        }
        impl Column for Option<$kind> {
            fn read(row: &Row<'_>, index: usize) -> Result<Self, Fault> {
                match row.0 {
                    Engines::Sqlite(row) => row.get(index).map_err(Fault::broken),
                    Engines::Postgres(row) => row.try_get(index).map_err(Fault::broken),
                }
            }
        }
    )* };
}
column!(i64, f64, String, Vec<u8>);

impl Column for bool {
    fn read(row: &Row<'_>, index: usize) -> Result<Self, Fault> {
        match row.0 {
            // A comparison in the select list is a boolean there and a whole number on SQLite.
            Engines::Postgres(line)
                if line.columns()[index].type_() == &tokio_postgres::types::Type::BOOL =>
            {
                line.try_get(index).map_err(Fault::broken)
            }
            _ => Ok(row.get::<i64>(index)? != 0),
        }
    }
}
