//! Statements: written once, registered at link time, so that one test can prepare and judge them all.

use std::fmt;
use std::sync::OnceLock;

use super::dialect::Dialect;

/// One statement of the house, in the text both engines share (see `dialect`).
#[derive(Debug)]
pub struct Sql {
    text: &'static str,
    file: &'static str,
    line: u32,
    reach: Reach,
    sqlite: OnceLock<String>,
    postgres: OnceLock<String>,
}

/// Whether a statement stays inside one organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Names `org_id = $n` for every tenant table it touches; the lint insists.
    Org,
    /// Looks across organisations: the job scan, node leases, sign-in. Few, and only in kernel.
    All,
}

/// A statement, as the registry keeps it.
pub struct Registered(pub &'static Sql);
inventory::collect!(Registered);

/// Every statement linked into this program.
pub fn registered() -> impl Iterator<Item = &'static Sql> {
    inventory::iter::<Registered>.into_iter().map(|registered| registered.0)
}

impl Sql {
    #[doc(hidden)]
    pub const fn new(text: &'static str, file: &'static str, line: u32, reach: Reach) -> Self {
        Self { text, file, line, reach, sqlite: OnceLock::new(), postgres: OnceLock::new() }
    }

    /// The text as it was written.
    pub fn text(&self) -> &'static str {
        self.text
    }

    /// Whether it stays inside one organisation.
    pub fn reach(&self) -> Reach {
        self.reach
    }

    /// The text for SQLite.
    pub fn sqlite(&self) -> &str {
        self.sqlite.get_or_init(|| Dialect::Sqlite.render(self.text))
    }

    /// The text for PostgreSQL.
    pub fn postgres(&self) -> &str {
        self.postgres.get_or_init(|| Dialect::Postgres.render(self.text))
    }
}

impl fmt::Display for Sql {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "statement at {}:{}", self.file, self.line)
    }
}

/// A statement inside one organisation, registered for the test that prepares all of them.
#[macro_export]
macro_rules! sql {
    ($text:expr) => {
        $crate::register_sql!($text, $crate::store::Reach::Org)
    };
}

/// A statement that looks across organisations. Only kernel has reason for one.
#[macro_export]
macro_rules! sql_across {
    ($text:expr) => {
        $crate::register_sql!($text, $crate::store::Reach::All)
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! register_sql {
    ($text:expr, $reach:expr) => {{
        static SQL: $crate::store::Sql = $crate::store::Sql::new($text, file!(), line!(), $reach);
        $crate::inventory::submit! { $crate::store::Registered(&SQL) }
        &SQL
    }};
}
