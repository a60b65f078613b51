//! The few places where the engines differ, and nowhere else.
//!
//! In statements: `{list $n}` and `{texts $n}` after `IN`, a parameter that is a JSON array of integers or strings, and `{lock}` at the end of a
//! select whose rows the transaction goes on to change. In migrations: `INT64`, `BYTES`, `FLOAT`.

/// The engine a text is rendered for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    /// The statement as this engine takes it.
    pub fn render(self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = rest.find('{') {
            let Some(length) = rest[start..].find('}') else { break };
            out.push_str(&rest[..start]);
            out.push_str(&self.token(&rest[start + 1..start + length]));
            rest = &rest[start + length + 1..];
        }
        out.push_str(rest);
        out
    }

    fn token(self, token: &str) -> String {
        match (token.split_once(' ').unwrap_or((token, "")), self) {
            // One writer at a time on SQLite: every row is locked already.
            (("lock", _), Self::Sqlite) => String::new(),
            (("lock", _), Self::Postgres) => "FOR UPDATE".to_owned(),
            (("list" | "texts", parameter), Self::Sqlite) => {
                format!("(SELECT value FROM json_each({parameter}))")
            }
            (("list", parameter), Self::Postgres) => {
                format!(
                    "(SELECT value::bigint FROM jsonb_array_elements_text(CAST(CAST({parameter} AS text) AS jsonb)))"
                )
            }
            (("texts", parameter), Self::Postgres) => {
                format!(
                    "(SELECT value FROM jsonb_array_elements_text(CAST(CAST({parameter} AS text) AS jsonb)))"
                )
            }
            _ => format!("{{{token}}}"),
        }
    }

    /// The type names of a migration as this engine takes them.
    pub fn types(self, text: &str) -> String {
        let (int, bytes, float) = match self {
            Self::Sqlite => ("INTEGER", "BLOB", "REAL"),
            Self::Postgres => ("BIGINT", "BYTEA", "DOUBLE PRECISION"),
        };
        text.replace("INT64", int).replace("BYTES", bytes).replace("FLOAT", float)
    }
}
