//! What a PostgreSQL really holds, read from its catalogue: compared with what this build made there, and with what a
//! cluster takes.

use std::collections::{BTreeMap, BTreeSet};

use super::address::Address;
use super::lint;
use super::migrate::{Schema, TableKind};
use super::postgres::{Line, away};
use crate::Fault;

/// Where the tables of the connection's schema search path are.
const HERE: &str = "n.nspname = current_schema()";

/// What was looked at and what was found.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    pub tables: usize,
    pub indexes: usize,
    pub has_citus: bool,
    pub wrong: Vec<String>,
}

/// Reads the catalogue behind an address; `None` for the embedded database, which no cluster ever takes.
///
/// # Errors
/// `Away` when it does not answer.
pub async fn catalogue(address: Address, schemas: &'static [Schema]) -> Result<Option<Catalogue>, Fault> {
    let Address::Postgres(config) = address else { return Ok(None) };
    let read = move || look(&Line::connect(&config)?, &lint::tables(schemas)).map(Some);
    tokio::task::spawn_blocking(read).await.map_err(Fault::broken)?
}

fn look(line: &Line, ours: &BTreeMap<String, TableKind>) -> Result<Catalogue, Fault> {
    let mut wrong = Vec::new();
    let (tables, columns) = (texts(line, &tables_text())?, texts(line, &columns_text())?);
    let indexes = texts(line, &indexes_text())?;
    let here: BTreeSet<&str> = tables.iter().map(|row| row[0].as_str()).collect();
    for table in ours.keys().filter(|table| !here.contains(table.as_str())) {
        wrong.push(format!("{table} is missing; start mainstay up once, or restore it"));
    }
    for row in &tables {
        let is_own_book = row[0] == "schema_step" || row[0] == "schema_lock";
        if !is_own_book && !ours.contains_key(&row[0]) {
            wrong.push(format!("{} ({}) is not of this build", row[0], row[1]));
        }
    }
    let tenant = |table: &str| ours.get(table) == Some(&TableKind::Tenant);
    let keyed: BTreeSet<&str> = columns
        .iter()
        .filter(|row| row[1] == "org_id" && row[2] == "not null")
        .map(|r| r[0].as_str())
        .collect();
    for table in ours.keys().filter(|t| tenant(t) && here.contains(t.as_str()) && !keyed.contains(t.as_str()))
    {
        wrong.push(format!("{table} has no org_id that is NOT NULL"));
    }
    for row in columns.iter().filter(|row| !row[3].is_empty()) {
        wrong.push(format!(
            "{}.{} is made by the database ({}): ids come from the program",
            row[0], row[1], row[3]
        ));
    }
    let mut has_key = BTreeSet::new();
    for row in indexes.iter().filter(|row| tenant(&row[0])) {
        let (table, index, kind, first) = (&row[0], &row[1], &row[2], &row[3]);
        if kind == "primary" {
            has_key.insert(table.as_str());
        }
        if kind != "plain" && first != "org_id" {
            wrong.push(format!("{table}: {index} is {kind} and begins with {first}, not with org_id"));
        }
        if row[4] != "valid" {
            wrong.push(format!("{table}: {index} is not valid; drop it and make it again"));
        }
    }
    for table in
        ours.keys().filter(|t| tenant(t) && here.contains(t.as_str()) && !has_key.contains(t.as_str()))
    {
        wrong.push(format!("{table} has no primary key"));
    }
    wrong.extend(
        texts(line, &strangers_text())?
            .into_iter()
            .map(|row| format!("{} {}: a cluster refuses it", row[0], row[1])),
    );
    wrong.extend(foreign_keys(line, &tenant)?);
    let has_citus = line.has("SELECT 1 FROM pg_extension WHERE extname = 'citus'").map_err(|e| away(&e))?;
    if has_citus {
        wrong.extend(spread(line, ours)?);
    }
    Ok(Catalogue { tables: tables.len(), indexes: indexes.len(), has_citus, wrong })
}

fn texts(line: &Line, text: &str) -> Result<Vec<Vec<String>>, Fault> {
    line.texts(text, &[]).map_err(|error| away(&error))
}

/// Name and kind of everything that holds rows.
fn tables_text() -> String {
    format!(
        "SELECT c.relname::text, CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'f'
            THEN 'foreign table' ELSE 'other' END
          FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE {HERE} AND c.relkind IN ('r', 'p', 'f') ORDER BY 1"
    )
}

/// Table, column, whether it may be empty, and what the database makes of it by itself.
fn columns_text() -> String {
    format!(
        "SELECT c.relname::text, a.attname::text, CASE WHEN a.attnotnull THEN 'not null' ELSE '' END,
            CASE WHEN a.attidentity <> '' THEN 'identity' WHEN a.attgenerated <> '' THEN 'generated'
              WHEN pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval%' THEN 'sequence' ELSE '' END
          FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
            LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
          WHERE {HERE} AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped ORDER BY 1, a.attnum"
    )
}

/// Table, index, `primary`, `unique` or `plain`, its first column, whether it can be used.
fn indexes_text() -> String {
    format!(
        "SELECT c.relname::text, x.relname::text,
            CASE WHEN i.indisprimary THEN 'primary' WHEN i.indisunique THEN 'unique' ELSE 'plain' END,
            COALESCE((SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = i.indkey[0]), 'an expression'),
            CASE WHEN i.indisvalid THEN 'valid' ELSE 'broken' END
          FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_class x ON x.oid = i.indexrelid
            JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {HERE} ORDER BY 1, 2"
    )
}

/// Triggers, rules, views, sequences and enumerations: kind and name.
fn strangers_text() -> String {
    format!(
        "SELECT 'trigger', c.relname || '.' || t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
            JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {HERE} AND NOT t.tgisinternal AND t.tgname NOT LIKE 'truncate_trigger_%'
          UNION ALL SELECT CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialised view' ELSE 'sequence' END, c.relname::text
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {HERE} AND c.relkind IN ('v', 'm', 'S')
            AND NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.objid = c.oid AND e.deptype = 'e')
          UNION ALL SELECT 'enumeration', t.typname::text FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
            WHERE {HERE} AND t.typtype = 'e' AND NOT EXISTS (SELECT 1 FROM pg_depend e WHERE e.objid = t.oid AND e.deptype = 'e')"
    )
}

/// A reference between tenant tables has to stay inside the organisation.
fn foreign_keys(line: &Line, tenant: &impl Fn(&str) -> bool) -> Result<Vec<String>, Fault> {
    let text = format!(
        "SELECT c.relname::text, k.conname::text,
            (SELECT a.attname::text FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attnum = k.conkey[1])
          FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE {HERE} AND k.contype = 'f'"
    );
    let rows = texts(line, &text)?;
    let is_open = |row: &&Vec<String>| tenant(&row[0]) && row[2] != "org_id";
    let wrong =
        rows.iter().filter(is_open).map(|row| format!("{}: {} leaves the organisation", row[0], row[1]));
    Ok(wrong.collect())
}

/// With the extension: every table is spread as its kind asks.
fn spread(line: &Line, ours: &BTreeMap<String, TableKind>) -> Result<Vec<String>, Fault> {
    let rows = texts(
        line,
        "SELECT table_name::text, citus_table_type::text, distribution_column::text FROM citus_tables",
    )?;
    let known: BTreeMap<&str, (&str, &str)> =
        rows.iter().map(|row| (row[0].as_str(), (row[1].as_str(), row[2].as_str()))).collect();
    let mut wrong = Vec::new();
    for (table, kind) in ours {
        let found = known.get(table.as_str()).copied();
        let well = match kind {
            TableKind::Tenant => found.is_some_and(|(how, by)| how == "distributed" && by == "org_id"),
            TableKind::Shared => found.is_some_and(|(how, _)| how == "reference"),
            TableKind::Node => found.is_none_or(|(how, _)| how == "local"),
        };
        if !well {
            let is = found.map_or("not known to Citus".to_owned(), |(how, by)| format!("{how} by {by}"));
            wrong.push(format!("{table} is {is}, which does not fit its kind"));
        }
    }
    Ok(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::testing::on_both;
    use crate::store::{Db, Migration};

    const OURS: Schema = Schema {
        part: "catalogue",
        steps: &[Migration {
            name: "0001",
            text: "--! tenant\nCREATE TABLE counter (org_id INT64 NOT NULL, name TEXT NOT NULL, PRIMARY KEY (org_id, name));\n",
        }],
    };

    async fn wrong(db: &Db) -> Option<Vec<String>> {
        catalogue(db.address().clone(), &[OURS]).await.unwrap().map(|found| found.wrong)
    }

    #[test]
    fn what_is_really_there_is_judged() {
        on_both(&[OURS], |db| async move {
            let Some(found) = wrong(&db).await else { return };
            assert_eq!(found, [""; 0]);
            let Address::Postgres(config) = db.address().clone() else { return };
            let spoil = move || {
                let line = Line::connect(&config).unwrap();
                line.batch(
                    "CREATE TABLE stranger (id BIGSERIAL PRIMARY KEY); CREATE VIEW looking AS SELECT 1 AS one;
                     CREATE UNIQUE INDEX counter_name ON counter (name); CREATE TYPE mood AS ENUM ('good');
                     ALTER TABLE counter DROP CONSTRAINT counter_pkey; ALTER TABLE counter ALTER COLUMN org_id DROP NOT NULL",
                )
                .unwrap();
            };
            tokio::task::spawn_blocking(spoil).await.unwrap();
            let found = wrong(&db).await.unwrap().join("\n");
            for said in [
                "stranger (table) is not of this build",
                "stranger.id is made by the database (sequence)",
                "counter has no org_id that is NOT NULL",
                "counter has no primary key",
                "counter_name is unique and begins with name",
                "view looking",
                "enumeration mood",
            ] {
                assert!(found.contains(said), "{said} is missing in\n{found}");
            }
        });
    }
}
