//! The questions to the catalogue. They hold for MariaDB 10.4 and MySQL 5.7 and later.

use std::time::Duration;

use super::{Fault, Line, MysqlAccount, MysqlDatabase, Place, Setting, Unseen};

/// What is missing where accounts are.
pub const ACCOUNTS: &str = "accounts without a password or open to every address";
/// Databases that are told.
const MOST_DATABASES: usize = 500;
/// Accounts that are told.
const MOST_ACCOUNTS: usize = 1_000;
/// Of the patience for one server, left for everything after the sizes.
const RESERVE: Duration = Duration::from_secs(6);

const NO_SUCH_VARIABLE: u16 = 1193;
/// `ER_STATEMENT_TIMEOUT` of MariaDB, `ER_QUERY_TIMEOUT` of MySQL.
const OUT_OF_TIME: [u16; 2] = [1969, 3024];

const SETTINGS: &str = "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('bind_address', 'port', 'skip_networking', \
    'skip_grant_tables', 'skip_name_resolve', 'require_secure_transport', 'have_ssl', 'tls_version', 'local_infile', \
    'secure_file_priv', 'datadir', 'max_connections', 'general_log', 'slow_query_log', 'log_bin', 'sync_binlog', \
    'innodb_flush_log_at_trx_commit', 'innodb_doublewrite', 'innodb_buffer_pool_size', 'read_only', 'sql_mode', \
    'default_authentication_plugin', 'authentication_policy', 'character_set_server', 'performance_schema')";

/// The hashes stay in the server: it says only whether one is empty. MariaDB keeps further methods of an account in
/// `auth_or`; 32768 is `SUPER_ACL` of its `sql/privilege.h`.
const MARIADB_ACCOUNTS: &str = "SELECT User, Host, IFNULL(JSON_VALUE(Priv, '$.plugin'), ''), \
    IFNULL(JSON_VALUE(Priv, '$.authentication_string'), '') = '', \
    IFNULL(JSON_CONTAINS(Priv, '{\"plugin\":\"mysql_native_password\",\"authentication_string\":\"\"}', '$.auth_or'), 0), \
    IFNULL(JSON_VALUE(Priv, '$.account_locked'), 0) <> 0, \
    IFNULL(CAST(JSON_VALUE(Priv, '$.access') AS UNSIGNED) & 32768, 0) <> 0 \
    FROM mysql.global_priv WHERE JSON_VALUE(Priv, '$.is_role') IS NULL ORDER BY 1, 2 LIMIT 1001";

const MYSQL_ACCOUNTS: &str = "SELECT User, Host, plugin, IFNULL(authentication_string, '') = '', 0, \
    account_locked = 'Y', Super_priv = 'Y' FROM mysql.user ORDER BY 1, 2 LIMIT 1001";

/// Views of the server itself and of `sys` hold nothing.
const DATABASES: &str = "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA \
    WHERE SCHEMA_NAME NOT IN ('information_schema', 'performance_schema', 'sys') ORDER BY 1 LIMIT 501";

/// Read-only first, then a limit for each statement and for waiting on a table that is being altered.
pub fn prepare(line: &mut Line, is_mariadb: bool) -> Result<(), Fault> {
    line.ask("SET SESSION TRANSACTION READ ONLY")?;
    line.ask("SET SESSION lock_wait_timeout = 1")?;
    if is_mariadb {
        return line.ask("SET SESSION max_statement_time = 3").map(drop);
    }
    line.ask("SET SESSION max_execution_time = 3000")?;
    // Otherwise a look at sizes makes MySQL 8 write them down in its own dictionary.
    match line.ask("SET SESSION information_schema_stats_expiry = 0") {
        Err(Fault::Refused { code: NO_SUCH_VARIABLE, .. }) => Ok(()),
        other => other.map(drop),
    }
}

/// The account the session became, as the server has it: `root@localhost`.
pub fn account(line: &mut Line) -> Result<String, Fault> {
    let rows = line.ask("SELECT CURRENT_USER()")?;
    Ok(rows.into_iter().flatten().flatten().next().unwrap_or_default())
}

/// The settings of interest; everybody may see them.
pub fn settings(line: &mut Line, account: &str) -> Result<Vec<Setting>, Fault> {
    let rows = line.ask(SETTINGS)?;
    let mut settings: Vec<Setting> = rows
        .into_iter()
        .filter_map(|row| {
            let [name, value] = <[Option<String>; 2]>::try_from(row).ok()?;
            Some(Setting { name: name?, value: value.unwrap_or_default() })
        })
        .collect();
    // MySQL has no variable for it; whoever gets in then has this name (sql/auth/sql_security_ctx.cc).
    if account == "skip-grants user@skip-grants host" {
        settings.push(Setting { name: "skip_grant_tables".to_owned(), value: "ON".to_owned() });
    }
    settings.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(settings)
}

/// All accounts but roles; `None` where the looking account may not know.
pub fn accounts(
    line: &mut Line,
    place: &Place,
    unseen: &mut Vec<Unseen>,
) -> Result<Option<Vec<MysqlAccount>>, Fault> {
    let (statement, table) = if place.is_mariadb {
        (MARIADB_ACCOUNTS, "mysql.global_priv")
    } else {
        (MYSQL_ACCOUNTS, "mysql.user")
    };
    let rows = match line.ask(statement) {
        Ok(rows) => rows,
        Err(Fault::Refused { words, .. }) => {
            let because = format!(
                "{words} ({table} also holds the hashes of passwords; the agent does not ask for them)"
            );
            let gap = place.gap(ACCOUNTS, because, &["account"]);
            unseen.push(match place.grant(&format!("SELECT ON {table}")) {
                Some(command) => gap.allow_with(command),
                None => gap,
            });
            return Ok(None);
        }
        Err(fault) => return Err(fault),
    };
    if rows.len() > MOST_ACCOUNTS {
        unseen.push(place.gap(ACCOUNTS, format!("only the first {MOST_ACCOUNTS} are told"), &["account"]));
    }
    let account = |row: Vec<Option<String>>| {
        let [user, host, method, is_empty, other_is_empty, is_locked, is_super] =
            <[Option<String>; 7]>::try_from(row).ok()?;
        let method = method?;
        let has_hash = matches!(
            method.as_str(),
            "" | "mysql_native_password"
                | "mysql_old_password"
                | "ed25519"
                | "parsec"
                | "caching_sha2_password"
                | "sha256_password"
        );
        let is = |flag: &Option<String>| flag.as_deref() == Some("1");
        Some(MysqlAccount {
            user: user?,
            host: host?,
            is_passwordless: has_hash && is(&is_empty) || is(&other_is_empty),
            is_locked: is(&is_locked),
            is_administrator: is(&is_super),
            method,
        })
    };
    Ok(Some(rows.into_iter().take(MOST_ACCOUNTS).filter_map(account).collect()))
}

/// All databases but the server's own views, largest first.
pub fn databases(
    line: &mut Line,
    place: &Place,
    unseen: &mut Vec<Unseen>,
) -> Result<Vec<MysqlDatabase>, Fault> {
    let names: Vec<String> = line.ask(DATABASES)?.into_iter().flatten().flatten().collect();
    if !sees_all(line, &place.account)? {
        let because = format!("{} sees only databases and tables it has a right on", place.account);
        let gap = place.gap("databases of others", because, &["database"]);
        unseen.push(match place.grant("SHOW DATABASES, SHOW VIEW ON *.*") {
            Some(command) => gap.allow_with(command),
            None => gap,
        });
    }
    if names.len() > MOST_DATABASES {
        let because = format!("only the first {MOST_DATABASES} are told");
        unseen.push(place.gap("further databases", because, &["database"]));
    }
    let mut databases = Vec::new();
    let mut unasked = Vec::new();
    for name in names.into_iter().take(MOST_DATABASES) {
        if line.left() < RESERVE {
            unasked.push(name.clone());
            databases.push(MysqlDatabase { name, size_bytes: 0, tables: 0 });
            continue;
        }
        databases.push(size(line, place, name, unseen)?);
    }
    if let Some(first) = unasked.first() {
        let because = format!("the time for this server was used up before {first}");
        let hidden: Vec<String> = unasked.iter().map(|name| format!("database {name}")).collect();
        let hidden: Vec<&str> = hidden.iter().map(String::as_str).collect();
        unseen.push(place.gap(&format!("size and tables of {} databases", unasked.len()), because, &hidden));
    }
    databases.sort_by(|a, b| b.size_bytes.cmp(&a.size_bytes).then_with(|| a.name.cmp(&b.name)));
    Ok(databases)
}

/// Size and number of tables of one database. Sizes make the server open every table; where that takes too long, the
/// tables are counted at least, which needs their names only.
fn size(
    line: &mut Line,
    place: &Place,
    name: String,
    unseen: &mut Vec<Unseen>,
) -> Result<MysqlDatabase, Fault> {
    use std::fmt::Write as _;
    // As hexadecimal digits no mode of quoting can be misread, and the server still looks into one folder only.
    let digits = name.bytes().fold(String::new(), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}");
        digits
    });
    let of = format!("FROM information_schema.TABLES WHERE TABLE_SCHEMA = _utf8mb4 x'{digits}'");
    let number = |rows: &[Vec<Option<String>>], at: usize| {
        rows.first().and_then(|row| row.get(at)?.as_deref()?.parse::<u64>().ok()).unwrap_or(0)
    };
    let whole = format!(
        "SELECT COUNT(*), CAST(SUM(DATA_LENGTH + INDEX_LENGTH) AS UNSIGNED) {of} AND TABLE_TYPE <> 'VIEW'"
    );
    let (words, is_late) = match line.ask(&whole) {
        Ok(rows) => {
            let tables = u32::try_from(number(&rows, 0)).unwrap_or(u32::MAX);
            return Ok(MysqlDatabase { name, size_bytes: number(&rows, 1), tables });
        }
        Err(Fault::Refused { code, words }) => (words, OUT_OF_TIME.contains(&code)),
        Err(fault) => return Err(fault),
    };
    let tables = match line.ask(&format!("SELECT COUNT(*) {of}")) {
        Ok(rows) => Some(number(&rows, 0)),
        Err(Fault::Refused { .. }) => None,
        Err(fault) => return Err(fault),
    };
    let because = match tables {
        _ if !is_late => words,
        Some(tables) => format!("its {tables} tables could not be added up in 3 s"),
        None => "its tables could not be counted in 3 s".to_owned(),
    };
    unseen.push(place.gap(&format!("the size of database {name}"), because, &[&format!("database {name}")]));
    let tables = u32::try_from(tables.unwrap_or(0)).unwrap_or(u32::MAX);
    Ok(MysqlDatabase { name, size_bytes: 0, tables })
}

/// Whether the account has a right on every table, so that none is left out of the catalogue.
fn sees_all(line: &mut Line, account: &str) -> Result<bool, Fault> {
    let Some((user, host)) = account.rsplit_once('@') else { return Ok(false) };
    let grantee = format!("'{user}'@'{host}'");
    let rows = line.ask(
        "SELECT GRANTEE, PRIVILEGE_TYPE FROM information_schema.USER_PRIVILEGES \
        WHERE PRIVILEGE_TYPE IN ('SELECT', 'SHOW VIEW', 'SHOW DATABASES') LIMIT 4000",
    )?;
    let has = |right: &str| {
        rows.iter().any(|row| {
            let is = |at: usize, text: &str| row.get(at).and_then(Option::as_deref) == Some(text);
            is(0, &grantee) && is(1, right)
        })
    };
    Ok(has("SHOW DATABASES") && (has("SELECT") || has("SHOW VIEW")))
}
