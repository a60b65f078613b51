//! What SQLite's planner is told about our tables. Without statistics it takes any first column for selective, and the
//! first column of every key here is the organisation, which selects nothing where there is one: it then reads a
//! million rows by the primary key instead of ten by an index. Told once, plans are the same on every installation and
//! do not change as data grows, which measured statistics would not give.

use rusqlite::Connection;

const ROWS: i64 = 1_000_000;
/// Columns with a handful of values.
const COARSE: [&str; 3] = ["state", "kind", "severity"];

/// Writes the statistics of every index, and lets this connection read them.
pub(super) fn tell(connection: &Connection) -> rusqlite::Result<()> {
    // SQLite makes the table of statistics itself, when it analyses something; this one is small.
    connection.execute_batch("ANALYZE schema_step; DELETE FROM sqlite_stat1")?;
    for table in texts(connection, TABLES, [])? {
        let mut indexes = connection.prepare("SELECT name, origin FROM pragma_index_list($1)")?;
        let indexes = indexes.query_map([&table], |row| Ok((row.get(0)?, row.get(1)?)))?;
        for (index, origin) in indexes.collect::<rusqlite::Result<Vec<(String, String)>>>()? {
            let columns = texts(connection, "SELECT name FROM pragma_index_info($1)", [&index])?;
            if columns.first().is_some_and(|first| first == "org_id") {
                // The rows of a table live in its primary key, whose statistics carry the table's name.
                let name = if origin == "pk" { &table } else { &index };
                connection.execute(
                    "INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ($1, $2, $3)",
                    [&table, name, &estimate(&columns)],
                )?;
            }
        }
    }
    connection.execute_batch("ANALYZE sqlite_schema")
}

const TABLES: &str = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'";

fn texts<P: rusqlite::Params>(connection: &Connection, text: &str, with: P) -> rusqlite::Result<Vec<String>> {
    connection.prepare(text)?.query_map(with, |row| row.get(0))?.collect()
}

/// Rows in all, then rows that share the first column, the first two, and so on.
fn estimate(columns: &[String]) -> String {
    let (mut rows, mut fine, mut text) = (ROWS, 100, format!("{ROWS} {ROWS}"));
    for column in &columns[1..] {
        if COARSE.contains(&column.as_str()) {
            rows = (rows / 5).max(1);
        } else {
            rows = rows.min(fine);
            fine = (fine / 10).max(1);
        }
        text = format!("{text} {rows}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::estimate;

    #[test]
    fn the_organisation_selects_nothing_and_a_state_little() {
        let of = |columns: &[&str]| estimate(&columns.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(of(&["org_id", "id"]), "1000000 1000000 100");
        assert_eq!(of(&["org_id", "asset_id", "rank", "id"]), "1000000 1000000 100 10 1");
        assert_eq!(of(&["org_id", "state", "rank", "id"]), "1000000 1000000 200000 100 10");
    }
}
