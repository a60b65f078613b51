//! Bringing the tables up to date: forward only, one step per file, each with its checksum kept.
//!
//! A step is written in the common dialect (`INT64`, `BYTES`, `FLOAT`). A line `--! tenant`, `--! shared` or
//! `--! node` stands before every `CREATE TABLE`; with the Citus extension the first two also distribute the table.
//! `--! sqlite` and `--! postgres` before a statement keep it to one engine.

use rusqlite::{Connection, OptionalExtension};
use sha2::{Digest, Sha256};

use super::dialect::Dialect;
use super::postgres::{self, Line};
use crate::Fault;

/// The steps of one part of the house, in order.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// `kernel`, `record` or the room's name.
    pub part: &'static str,
    pub steps: &'static [Migration],
}

/// One step: the file's name and its text.
#[derive(Clone, Copy, Debug)]
pub struct Migration {
    pub name: &'static str,
    pub text: &'static str,
}

/// Who owns the rows of a table, and so where a cluster keeps them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableKind {
    /// Rows of one organisation; distributed by `org_id`.
    Tenant,
    /// Small, rarely written, the same everywhere.
    Shared,
    /// Bookkeeping of this installation.
    Node,
}

/// One statement of a step.
pub(super) struct Statement<'t> {
    pub(super) text: &'t str,
    pub(super) kind: Option<TableKind>,
    only: Option<Dialect>,
}

impl Statement<'_> {
    /// The table that this statement creates.
    pub(super) fn table(&self) -> Option<&str> {
        let rest = self.text.strip_prefix("CREATE TABLE ")?;
        rest.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).next()
    }

    fn render(&self, dialect: Dialect) -> Option<String> {
        if self.only.is_some_and(|only| only != dialect) {
            return None;
        }
        let text = dialect.types(self.text);
        // Every table has its key first, so the row lives in the key's tree.
        let suffix =
            if self.table().is_some() && dialect == Dialect::Sqlite { " STRICT, WITHOUT ROWID" } else { "" };
        Some(format!("{text}{suffix}"))
    }
}

/// The statements of a step, in order.
pub(super) fn statements(text: &str) -> Vec<Statement<'_>> {
    let mut found = Vec::new();
    for chunk in text.split(";\n") {
        let (mut kind, mut only) = (None, None);
        let mut rest = chunk.trim();
        while let Some(comment) = rest.strip_prefix("--") {
            let (line, after) = comment.split_once('\n').unwrap_or((comment, ""));
            match line.trim() {
                "! tenant" => kind = Some(TableKind::Tenant),
                "! shared" => kind = Some(TableKind::Shared),
                "! node" => kind = Some(TableKind::Node),
                "! sqlite" => only = Some(Dialect::Sqlite),
                "! postgres" => only = Some(Dialect::Postgres),
                _ => {}
            }
            rest = after.trim();
        }
        let rest = rest.trim_end_matches(';').trim();
        if !rest.is_empty() {
            found.push(Statement { text: rest, kind, only });
        }
    }
    found
}

fn checksum(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().fold(String::new(), |out, byte| format!("{out}{byte:02x}"))
}

/// `Ok(true)` when the step still has to run; a step that changed after it ran stops the start.
fn is_due(part: &str, step: &Migration, known: Option<&str>) -> Result<bool, Fault> {
    match known {
        None => Ok(true),
        Some(sum) if sum == checksum(step.text) => Ok(false),
        Some(_) => Err(Fault::conflict(
            "schema_changed",
            format!(
                "step {part}/{} ran here with another text; this data belongs to another build",
                step.name
            ),
        )),
    }
}

const BOOK: &str = "CREATE TABLE IF NOT EXISTS schema_step (
    part TEXT NOT NULL, name TEXT NOT NULL, checksum TEXT NOT NULL, PRIMARY KEY (part, name))";

pub(super) fn sqlite(connection: &mut Connection, schemas: &[Schema]) -> Result<(), Fault> {
    let transaction = connection
        .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
        .map_err(Fault::broken)?;
    transaction.execute_batch(&format!("{BOOK} STRICT, WITHOUT ROWID")).map_err(Fault::broken)?;
    for (schema, step) in steps(schemas) {
        let known: Option<String> = transaction
            .query_row(
                "SELECT checksum FROM schema_step WHERE part = $1 AND name = $2",
                [schema.part, step.name],
                |row| row.get(0),
            )
            .optional()
            .map_err(Fault::broken)?;
        if !is_due(schema.part, step, known.as_deref())? {
            continue;
        }
        for text in statements(step.text).iter().filter_map(|s| s.render(Dialect::Sqlite)) {
            transaction.execute_batch(&text).map_err(|e| failed(schema.part, step, &text, &e.to_string()))?;
        }
        transaction
            .execute(
                "INSERT INTO schema_step (part, name, checksum) VALUES ($1, $2, $3)",
                [schema.part, step.name, &checksum(step.text)],
            )
            .map_err(Fault::broken)?;
    }
    super::plans::tell(&transaction).map_err(Fault::broken)?;
    transaction.commit().map_err(Fault::broken)
}

/// Whether every step of this build has run on an SQLite file, unchanged.
pub(super) fn is_current_sqlite(connection: &Connection, schemas: &[Schema]) -> Result<(), Fault> {
    let read = || {
        let mut book = connection.prepare(KNOWN)?;
        let rows = book.query_map([], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?]))?;
        rows.collect::<rusqlite::Result<Vec<[String; 3]>>>()
    };
    // Without the book no step has ever run.
    is_current(schemas, &read().unwrap_or_default())
}

/// As [`is_current_sqlite`], on PostgreSQL.
pub(super) fn is_current_postgres(line: &Line, schemas: &[Schema]) -> Result<(), Fault> {
    let has_book = line.has("SELECT 1 WHERE to_regclass('schema_step') IS NOT NULL");
    let known = match has_book {
        Ok(true) => line.texts(KNOWN, &[]),
        other => other.map(|_| Vec::new()),
    };
    is_current(schemas, &known.map_err(|error| postgres::away(&error))?)
}

const KNOWN: &str = "SELECT part, name, checksum FROM schema_step";

fn is_current<R: AsRef<[String]>>(schemas: &[Schema], known: &[R]) -> Result<(), Fault> {
    for (schema, step) in steps(schemas) {
        if is_due(schema.part, step, checksum_of(known, schema.part, step))? {
            return Err(Fault::conflict(
                "schema_old",
                "the tables are of an older build, or there are none yet; start mainstay up once",
            ));
        }
    }
    Ok(())
}

/// The checksum under which this step ran here.
fn checksum_of<'k, R: AsRef<[String]>>(known: &'k [R], part: &str, step: &Migration) -> Option<&'k str> {
    let row = known.iter().map(AsRef::as_ref).find(|row| row[0] == part && row[1] == step.name)?;
    Some(row[2].as_str())
}

/// Several processes may start at once: the lock on one row lets them in one after the other.
pub(super) fn postgres(line: &mut Line, schemas: &[Schema]) -> Result<(), Fault> {
    let asked = |error: tokio_postgres::Error| postgres::away(&error);
    for text in [
        BOOK,
        "CREATE TABLE IF NOT EXISTS schema_lock (id BIGINT PRIMARY KEY)",
        "INSERT INTO schema_lock VALUES (1) ON CONFLICT DO NOTHING",
    ] {
        // Two processes may create the same table in the same moment; the loser finds it there on its second try.
        line.batch(text).or_else(|_| line.batch(text)).map_err(asked)?;
    }
    let has_citus = line.has("SELECT 1 FROM pg_extension WHERE extname = 'citus'").map_err(asked)?;
    line.batch(
        "SET lock_timeout = '120s'; SET statement_timeout = 0; BEGIN; SELECT id FROM schema_lock FOR UPDATE",
    )
    .map_err(asked)?;
    let known = line.texts(KNOWN, &[]).map_err(asked)?;
    for (schema, step) in steps(schemas) {
        if !is_due(schema.part, step, checksum_of(&known, schema.part, step))? {
            continue;
        }
        for statement in statements(step.text) {
            let Some(text) = statement.render(Dialect::Postgres) else { continue };
            line.batch(&text).map_err(|e| failed(schema.part, step, &text, &postgres::chain(&e)))?;
            if let (true, Some(distribute)) = (has_citus, distribution(&statement)) {
                line.batch(&distribute)
                    .map_err(|e| failed(schema.part, step, &distribute, &postgres::chain(&e)))?;
            }
        }
        line.execute(
            "INSERT INTO schema_step (part, name, checksum) VALUES ($1, $2, $3)",
            &[&schema.part, &step.name, &checksum(step.text)],
        )
        .map_err(asked)?;
    }
    line.batch("COMMIT").map_err(asked)
}

/// How Citus learns where the rows of a new table live; tenant tables lie together, organisation by organisation.
fn distribution(statement: &Statement<'_>) -> Option<String> {
    let table = statement.table()?;
    match statement.kind? {
        TableKind::Tenant if table == "counter" => {
            Some(format!("SELECT create_distributed_table('{table}', 'org_id')"))
        }
        TableKind::Tenant => {
            Some(format!("SELECT create_distributed_table('{table}', 'org_id', colocate_with => 'counter')"))
        }
        TableKind::Shared => Some(format!("SELECT create_reference_table('{table}')")),
        TableKind::Node => None,
    }
}

fn steps(schemas: &[Schema]) -> impl Iterator<Item = (&Schema, &Migration)> {
    schemas.iter().flat_map(|schema| schema.steps.iter().map(move |step| (schema, step)))
}

fn failed(part: &str, step: &Migration, text: &str, error: &str) -> Fault {
    Fault::broken(format!("migration {part}/{}: {error}\n{text}", step.name))
}
