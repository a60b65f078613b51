//! Where the store is: a folder of our own, or a PostgreSQL.

use std::path::PathBuf;
use std::time::Duration;

use tokio_postgres::{Client, Config, Connection, Socket};

use super::tls::{Stream, Tls};
use crate::Fault;

/// How long the server may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(5);

/// Which engine holds the data, and where.
#[derive(Clone, Debug)]
pub enum Address {
    /// The database file; beside it lie its log and its lock.
    Sqlite(PathBuf),
    Postgres(Box<Server>),
}

/// A PostgreSQL server, the database in it, and how to be sure of both.
#[derive(Clone, Debug)]
pub struct Server {
    config: Config,
    tls: Tls,
}

impl Server {
    pub(super) async fn connect(
        &self,
    ) -> Result<(Client, Connection<Socket, Stream>), tokio_postgres::Error> {
        self.config.connect(self.tls.clone()).await
    }
}

impl Address {
    /// Reads a PostgreSQL address as libpq and `psql` take it: `postgres://user@host/database?sslmode=verify-full`, or
    /// `host=… dbname=…`. `sslmode` and `sslrootcert` (a file, or `system`) mean what they mean there.
    ///
    /// # Errors
    /// `Invalid` on field `postgres` when it cannot be read; the password is never repeated in the text.
    pub fn postgres(text: &str) -> Result<Self, Fault> {
        let (text, mode) = without(text, "sslmode");
        let (text, authorities) = without(&text, "sslrootcert");
        let mut config = text.parse::<Config>().map_err(|error| {
            let why = std::error::Error::source(&error).map_or(String::new(), |cause| format!(": {cause}"));
            Fault::invalid("postgres", "malformed", format!("this is not a PostgreSQL address: {error}{why}"))
        })?;
        let (tls, driver) = Tls::read(mode.as_deref(), authorities.as_deref())?;
        config.ssl_mode(driver).application_name("mainstay");
        // A server that is cut off says nothing: without these a request would wait for minutes.
        config.connect_timeout(PATIENCE).keepalives_idle(PATIENCE * 6).tcp_user_timeout(PATIENCE * 3);
        Ok(Self::Postgres(Box::new(Server { config, tls })))
    }

    /// What people call this engine.
    pub fn engine(&self) -> &'static str {
        match self {
            Self::Sqlite(_) => "SQLite",
            Self::Postgres(_) => "PostgreSQL",
        }
    }
}

/// An address without one parameter, and the parameter's value. The driver does not know all that libpq knows.
fn without(text: &str, name: &str) -> (String, Option<String>) {
    let is_url = text.starts_with("postgres://") || text.starts_with("postgresql://");
    let Some((before, rest)) = (if is_url { text.split_once('?') } else { Some(("", text)) }) else {
        return (text.to_owned(), None);
    };
    let (mut kept, mut value) = (Vec::new(), None);
    let parts: Vec<&str> = if is_url { rest.split('&').collect() } else { words(rest) };
    for part in parts {
        match part.split_once('=') {
            Some((key, given)) if key.trim() == name => {
                value = Some(if is_url { percent_decoded(given) } else { unquoted(given.trim()) });
            }
            _ => kept.push(part),
        }
    }
    match (is_url, kept.is_empty()) {
        (true, true) => (before.to_owned(), value),
        (true, false) => (format!("{before}?{}", kept.join("&")), value),
        (false, _) => (kept.join(" "), value),
    }
}

/// The `key=value` words of a connection string; a value in quotes may hold blanks.
fn words(text: &str) -> Vec<&str> {
    let (mut found, mut start, mut is_quoted, mut is_escaped) = (Vec::new(), 0, false, false);
    for (place, letter) in text.char_indices() {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '\'' => is_quoted = !is_quoted,
            letter if letter.is_whitespace() && !is_quoted => {
                found.push(&text[start..place]);
                start = place + letter.len_utf8();
            }
            _ => {}
        }
    }
    found.push(&text[start..]);
    found.retain(|word| !word.trim().is_empty());
    found
}

fn unquoted(text: &str) -> String {
    let inner = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')).unwrap_or(text);
    inner.replace("\\'", "'").replace("\\\\", "\\")
}

fn percent_decoded(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let [first, tail @ ..] = rest {
        let digits = tail.get(..2).filter(|_| *first == b'%').and_then(|two| std::str::from_utf8(two).ok());
        let escaped = digits.and_then(|two| u8::from_str_radix(two, 16).ok());
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_that_only_libpq_knows_are_taken_out() {
        let url = "postgres://me:p%40ss@db.example/house?sslmode=verify-full&connect_timeout=3&sslrootcert=/etc/my%20ca.pem";
        let (text, mode) = without(url, "sslmode");
        let (text, place) = without(&text, "sslrootcert");
        assert_eq!(text, "postgres://me:p%40ss@db.example/house?connect_timeout=3");
        assert_eq!((mode.as_deref(), place.as_deref()), (Some("verify-full"), Some("/etc/my ca.pem")));
        let (text, place) =
            without(r"host=db user=me sslrootcert='/etc/my ca\'s.pem' dbname=house", "sslrootcert");
        assert_eq!(text, "host=db user=me dbname=house");
        assert_eq!(place.as_deref(), Some("/etc/my ca's.pem"));
        assert_eq!(without("postgres://db/house?sslmode=require", "sslmode").0, "postgres://db/house");
    }

    #[test]
    fn a_wrong_address_is_refused_with_what_is_wrong_and_without_the_password() {
        let said = |text: &str| Address::postgres(text).expect_err("refused").to_string();
        assert!(said("postgres://me:geheim@db/house?sslmode=full").contains("verify-full, not \"full\""));
        let missing = said("postgres://me:geheim@db/house?sslmode=verify-ca&sslrootcert=/nowhere/ca.pem");
        assert!(missing.contains("/nowhere/ca.pem cannot be read"), "{missing}");
        let unknown = said("postgres://me:geheim@db/house?colour=red");
        assert!(unknown.contains("colour") && !unknown.contains("geheim"), "{unknown}");
        assert!(Address::postgres("host=db user=me sslmode=disable").is_ok());
    }
}
