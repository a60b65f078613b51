//! The judge of statements and tables: the wall between organisations, and what a cluster would refuse.

use std::collections::BTreeMap;

use super::migrate::{Schema, TableKind, statements};
use super::sql::{Reach, Sql};

/// Every table of the schemas with its kind.
pub fn tables(schemas: &[Schema]) -> BTreeMap<String, TableKind> {
    let mut found = BTreeMap::new();
    for step in schemas.iter().flat_map(|schema| schema.steps) {
        for statement in statements(step.text) {
            if let (Some(table), Some(kind)) = (statement.table(), statement.kind) {
                found.insert(table.to_owned(), kind);
            }
        }
    }
    found
}

/// What is wrong with a statement; nothing when it keeps to the rules.
pub fn statement(sql: &Sql, tables: &BTreeMap<String, TableKind>) -> Vec<String> {
    let words = words(sql.text());
    let mut wrong = Vec::new();
    if !numbered_in_order(sql.text()) {
        wrong.push("number the parameters $1, $2 … in the order in which they first appear".to_owned());
    }
    if words.iter().any(|w| {
        ["now", "random", "gen_random_uuid", "clock_timestamp", "datetime", "strftime"].contains(&w.as_str())
    }) {
        wrong.push("times and random values come from the application, not from SQL".to_owned());
    }
    if sql.reach() == Reach::All {
        return wrong;
    }
    let mentions = mentions(&words, tables);
    let bound = bound_to_org(&words);
    if mentions > bound {
        wrong.push(format!("{mentions} tenant tables, but org_id is bound {bound} times: every one needs org_id = $1 (or = the org_id of its neighbour)"));
    }
    wrong
}

/// What is wrong with the tables; nothing when a cluster would take them.
pub fn schema(schemas: &[Schema]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (part, step) in
        schemas.iter().flat_map(|schema| schema.steps.iter().map(move |step| (schema.part, step)))
    {
        for found in statements(step.text) {
            let text = found.text.split_whitespace().collect::<Vec<_>>().join(" ");
            let at = format!("{part}/{}: {}", step.name, &text[..text.len().min(60)]);
            if found.table().is_some() && found.kind.is_none() {
                wrong.push(format!("{at}: say --! tenant, --! shared or --! node before CREATE TABLE"));
            }
            if found.kind == Some(TableKind::Tenant) && !text.contains("PRIMARY KEY (org_id, ") {
                wrong.push(format!("{at}: a tenant table has PRIMARY KEY (org_id, …)"));
            }
            for keyed in ["UNIQUE (", "FOREIGN KEY ("] {
                let is_open =
                    |rest: &str| found.kind == Some(TableKind::Tenant) && !rest.starts_with("org_id, ");
                if text.split(keyed).skip(1).any(is_open) {
                    wrong.push(format!("{at}: {keyed}…) of a tenant table starts with org_id"));
                }
            }
            if (text.starts_with("CREATE INDEX") || text.starts_with("CREATE UNIQUE INDEX"))
                && !text.contains("(org_id")
                && !text.contains("/* across */")
            {
                wrong.push(format!("{at}: every index starts with org_id, or says /* across */ and why"));
            }
            for refused in
                ["SERIAL", "DEFAULT now", "CREATE TRIGGER", "CREATE VIEW", "ON DELETE SET NULL", "ENUM"]
            {
                if text.contains(refused) {
                    wrong.push(format!("{at}: {refused} is outside what all engines share"));
                }
            }
        }
    }
    wrong
}

fn words(text: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    for c in text.chars() {
        if c.is_ascii_alphanumeric() || c == '_' || c == '$' || c == '.' {
            if let Some(last) = found.last_mut() {
                last.push(c);
            }
        } else if c.is_whitespace() {
            found.push(String::new());
        } else {
            found.push(c.to_string());
            found.push(String::new());
        }
    }
    found.retain(|word| !word.is_empty());
    found
}

fn mentions(words: &[String], tables: &BTreeMap<String, TableKind>) -> usize {
    let is_tenant = |name: &str| tables.get(name) == Some(&TableKind::Tenant);
    words
        .windows(2)
        .filter(|pair| ["FROM", "JOIN", "INTO", "UPDATE"].contains(&pair[0].as_str()) && is_tenant(&pair[1]))
        .count()
}

/// `org_id = $n`, `x.org_id = y.org_id`, `org_id` as the first column of an insert.
fn bound_to_org(words: &[String]) -> usize {
    let is_org = |word: &str| word == "org_id" || word.ends_with(".org_id");
    let equal = words
        .windows(3)
        .filter(|w| is_org(&w[0]) && w[1] == "=" && (w[2].starts_with('$') || is_org(&w[2])))
        .count();
    let inserted = words.windows(3).filter(|w| w[1] == "(" && w[2] == "org_id").count();
    let inserts = words.windows(2).filter(|w| w[0] == "INTO").count();
    equal + inserted.min(inserts)
}

fn numbered_in_order(text: &str) -> bool {
    let mut highest = 0;
    for part in text.split('$').skip(1) {
        let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
        let Ok(number) = digits.parse::<u32>() else { return false };
        if number > highest + 1 {
            return false;
        }
        highest = highest.max(number);
    }
    true
}
