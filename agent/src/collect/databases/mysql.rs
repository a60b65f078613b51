//! The catalogue of a MySQL or MariaDB server on this host, read through its socket by a session that may only read.
//!
//! The client is our own, and small: a sign-in without a secret, and questions in text. The crates for it were looked
//! at and left out. `mysql_async` 0.37, without TLS, made a small program 2.6 MB larger, and allocates for as many
//! columns as a server claims before one is there, which ends the process; `/tmp/mysql.sock` may be anybody's server.
//! `mysql` 28 limits the time of each read, but neither of a whole look nor of connecting to a socket whose server
//! hangs.
//!
//! Passwords in `/etc/mysql/debian.cnf` or `~/.my.cnf` are not used. The first, where it still holds one, is that of an
//! account with every right, on systems that let root in by the socket anyway; the second is a person's. An account
//! for the agent costs one statement and sees less.

use std::path::Path;
use std::time::Duration;

use crate::Host;
use crate::wire::Unseen;
use crate::wire::databases::{Mysql, MysqlAccount, MysqlDatabase, Setting};
use line::Line;
use packet::Fault;

mod ask;
mod line;
mod packet;

/// For the greeting and the sign-in.
const CONNECT_PATIENCE: Duration = Duration::from_secs(3);
/// For one server, all its databases together.
const PATIENCE: Duration = Duration::from_secs(20);
/// The account root may be let in as where MySQL's own root has a password.
const SPARE: &str = "mainstay";

/// Fills in what the server's catalogue tells, or says why it tells nothing.
pub fn sign_in(host: &Host, server: &mut Mysql, unseen: &mut Vec<Unseen>) {
    if !host.is_live() {
        let what = format!("the catalogue of MySQL or MariaDB at {}", server.socket);
        unseen.push(Unseen::new(what, "a recorded host cannot be asked"));
        return;
    }
    let own = super::own_name(host);
    let users: Vec<&str> = own.iter().map(String::as_str).chain(host.is_root().then_some(SPARE)).collect();
    let mut refusals = Vec::new();
    for user in &users {
        match look(server, user, unseen) {
            Ok(()) => return,
            Err(fault) => {
                refusals.push(format!("as {user}: {fault}"));
                // A server that does not answer one does not answer the next.
                if !matches!(fault, Fault::Refused { .. } | Fault::Secret(_)) {
                    break;
                }
            }
        }
    }
    let what = format!(
        "the catalogue of {} at {}",
        server.product.as_deref().unwrap_or("MySQL or MariaDB"),
        server.socket
    );
    let gap = Unseen::new(what, refusals.join("; "));
    let command = own.and_then(|own| let_in(server.product.as_deref()?, &server.socket, &own));
    unseen.push(match command {
        Some(command) => gap.allow_with(command),
        None => gap,
    });
}

/// The line that makes an account which sees names and sizes, and no row of any table. `SHOW VIEW` is the least right
/// that makes the tables of all databases visible in the catalogue.
fn let_in(product: &str, socket: &str, own: &str) -> Option<String> {
    let account = if own == "root" { SPARE } else { own };
    let (client, method) = match (product, own) {
        // Its unix_socket lets an account in for the user of the same name only.
        ("MariaDB", "root") => return None,
        ("MariaDB", _) => ("mariadb", "VIA unix_socket".to_owned()),
        (_, own) => ("mysql -p", format!("WITH auth_socket AS '{own}'")),
    };
    Some(format!(
        "sudo {client} --socket={socket} -e \"CREATE USER '{account}'@'localhost' IDENTIFIED {method}; \
        GRANT SHOW DATABASES, SHOW VIEW ON *.* TO '{account}'@'localhost'\""
    ))
}

/// Who is not let in learns the version at most. Once in, what breaks off leaves a gap beside what was heard before.
fn look(server: &mut Mysql, user: &str, unseen: &mut Vec<Unseen>) -> Result<(), Fault> {
    let (mut line, greeting) = Line::open(Path::new(&server.socket), CONNECT_PATIENCE)?;
    let is_mariadb = greeting.version.contains("MariaDB");
    server.product = Some(if is_mariadb { "MariaDB" } else { "MySQL" }.to_owned());
    server.version = Some(version(&greeting.version));
    line.sign_in(user)?;
    line.give(PATIENCE);
    ask::prepare(&mut line, is_mariadb)?;
    let account = ask::account(&mut line)?;
    server.settings = ask::settings(&mut line, &account)?;
    server.account = Some(account.clone());
    let place = Place { socket: server.socket.clone(), account, is_mariadb };
    match ask::accounts(&mut line, &place, unseen) {
        Ok(accounts) => server.accounts = accounts,
        Err(fault) => unseen.push(place.gap(ask::ACCOUNTS, fault.to_string(), &["account"])),
    }
    match ask::databases(&mut line, &place, unseen) {
        Ok(databases) => server.databases = databases,
        Err(fault) => unseen.push(place.gap("databases", fault.to_string(), &["database"])),
    }
    Ok(())
}

/// `5.5.5-10.11.19-MariaDB-0+deb12u1` is 10.11.19: MariaDB says the first for the sake of old replicas, and the
/// packager's word is in the package list.
fn version(greeting: &str) -> String {
    let own = greeting.strip_prefix("5.5.5-").filter(|_| greeting.contains("MariaDB")).unwrap_or(greeting);
    own.split('-').next().unwrap_or_default().to_owned()
}

/// Where and as whom is looked.
struct Place {
    socket: String,
    /// `root@localhost`.
    account: String,
    is_mariadb: bool,
}

impl Place {
    /// A gap of this server that hides only what is named.
    fn gap(&self, what: &str, because: impl Into<String>, hides: &[&str]) -> Unseen {
        let hidden = hides.iter().map(|name| format!("mysql {} {name}", self.socket));
        Unseen::new(format!("{what} at {}", self.socket), because).hides(hidden)
    }

    /// The line that gives the looking account a right.
    fn grant(&self, right: &str) -> Option<String> {
        let (user, host) = self.account.rsplit_once('@')?;
        let is_plain = |text: &str| text.chars().all(|c| c.is_alphanumeric() || "._-%:".contains(c));
        let client = if self.is_mariadb { "mariadb" } else { "mysql -p" };
        (is_plain(user) && is_plain(host) && !user.is_empty()).then(|| {
            format!("sudo {client} --socket={} -e \"GRANT {right} TO '{user}'@'{host}'\"", self.socket)
        })
    }
}

#[cfg(test)]
mod tests;
