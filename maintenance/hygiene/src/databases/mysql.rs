//! What the catalogue of a MySQL or MariaDB server tells: switches, and accounts that let in more than they should.

use mainstay_record::finding::{Severity, Sighting};
use mainstay_wire::databases::{Mysql, MysqlAccount};

use super::setting;
use crate::draft::draft;

/// Everything one server shows.
pub fn weak(server: &Mysql) -> Vec<Sighting> {
    let accounts = server.accounts.iter().flatten();
    let mut found = switches(server);
    found.extend(accounts.filter_map(|account| weak_account(server, account)));
    found
}

fn product(server: &Mysql) -> &str {
    server.product.as_deref().unwrap_or("MySQL")
}

/// Whether other machines reach it, as far as its settings say. MariaDB shows no address where none was set, which
/// means all of them.
fn is_outside(server: &Mysql) -> bool {
    let is_off = setting(&server.settings, "skip_networking").is_some_and(|v| matches!(v, "ON" | "on" | "1"));
    let is_loopback = |at: &str| matches!(at, "127.0.0.1" | "::1" | "localhost");
    !is_off
        && setting(&server.settings, "bind_address")
            .is_some_and(|addresses| !addresses.split(',').map(str::trim).all(is_loopback))
}

fn switches(server: &Mysql) -> Vec<Sighting> {
    let value = |name: &str| setting(&server.settings, name);
    let is = |name: &str, words: &[&str]| {
        value(name).is_some_and(|v| words.iter().any(|w| v.eq_ignore_ascii_case(w)))
    };
    let product = product(server);
    let is_outside = is_outside(server);
    let mut found = Vec::new();
    let mut say = |severity, name: &str, title: &str, why: &str, fix: &str| {
        let now = value(name).unwrap_or_default();
        let sighting =
            draft(severity, format!("mysql {} {name}", server.socket), format!("{product} {title}"))
                .reason(format!("{name} is {now}."))
                .why(why)
                .evidence(format!("{}: {name} = {now}", server.socket))
                .fix(fix);
        found.push(sighting.done());
    };
    if is("skip_grant_tables", &["on", "1"]) {
        let why = "Everybody who reaches the server is its administrator.";
        say(
            Severity::Critical,
            "skip_grant_tables",
            "lets everybody in",
            why,
            "Take skip-grant-tables out of the configuration and restart the server.",
        );
    }
    if is("require_secure_transport", &["off", "0"]) && is_outside {
        let why = "Queries, answers and sign-ins can cross the network readable.";
        say(
            Severity::Low,
            "require_secure_transport",
            "takes connections from outside without TLS",
            why,
            "Set require_secure_transport=ON under [mysqld] once every client speaks TLS.",
        );
    }
    if is("local_infile", &["on", "1"]) {
        let why = "A server somebody took over can read files of its clients.";
        say(
            Severity::Low,
            "local_infile",
            "may ask clients for their files",
            why,
            "Set local_infile=OFF under [mysqld] and restart the server.",
        );
    }
    found
}

/// An account that an empty password lets in, or that waits for everybody.
fn weak_account(server: &Mysql, account: &MysqlAccount) -> Option<Sighting> {
    let MysqlAccount { user, host, method, is_passwordless, is_locked, is_administrator } = account;
    if *is_locked {
        return None;
    }
    let is_local = matches!(host.as_str(), "localhost" | "127.0.0.1" | "::1");
    let is_by_socket = matches!(method.as_str(), "unix_socket" | "auth_socket") && !is_passwordless;
    let is_reachable = !is_local && !is_by_socket && is_outside(server);
    // An empty host means the same to the server.
    let is_open = is_reachable && matches!(host.as_str(), "%" | "");
    let severity = match (is_passwordless, is_administrator, is_reachable) {
        (true, true, true) => Severity::Critical,
        (true, true, false) | (true, false, true) => Severity::High,
        (true, false, false) => Severity::Medium,
        (false, true, _) if is_open => Severity::Medium,
        (false, false, _) if is_open => Severity::Low,
        _ => return None,
    };
    let quoted = |text: &str| text.replace('\\', "\\\\").replace('\'', "''");
    let name = format!("'{}'@'{}'", quoted(user), quoted(host));
    let product = product(server);
    let rights = if *is_administrator { "with every right" } else { "with the rights it was granted" };
    let from = if is_reachable { "from other machines" } else { "from this host" };
    let (title, why, fix) = match (*is_passwordless, user.is_empty()) {
        (true, true) => (
            format!("{product} lets in names it does not know, as {name}"),
            "Whoever reaches the server is let in under any name, and a known name from an unexpected host may end up in this account.",
            format!("DROP USER {name};"),
        ),
        (true, false) => (
            format!("{name} of {product} has no password"),
            "Whoever reaches the server is this account.",
            format!(
                "Drop it where nobody needs it: DROP USER {name}; else ALTER USER {name} IDENTIFIED BY 'a new password';"
            ),
        ),
        (false, _) => (
            format!("{name} of {product} may sign in from every address"),
            "Its password is all that stands between the network and the data, and it can be guessed from everywhere.",
            format!("Name the hosts that need it: RENAME USER {name} TO '{}'@'HOST';", quoted(user)),
        ),
    };
    let proof = if *is_passwordless { "An empty password" } else { "A password" };
    let empty = if *is_passwordless { ", password empty" } else { "" };
    let all = if *is_administrator { ", SUPER" } else { "" };
    let sighting = draft(severity, format!("mysql {} account {user}@{host}", server.socket), title)
        .reason(format!("{proof} lets it in {from}, {rights}."))
        .why(why)
        .evidence(format!("{}: {name}, signs in by {method}{empty}{all}", server.socket))
        .fix(fix)
        .controls(&["NIST SP 800-53 AC-6", "NIST SP 800-53 IA-5"]);
    Some(sighting.done())
}
