//! Whether a mail was written by a mail system, by the name of its author.

use crate::fold::fold;
use crate::parse::Mail;

/// 2 for a mail system by name, 1 for a postmaster or the like, `None` for others.
pub(super) fn of(mail: &Mail<'_>) -> Option<u32> {
    let Some(author) = mail.author() else {
        // `From: <>` is what the null sender looks like in a header.
        let raw = mail.headers.raw("From")?;
        return (raw.trim_ascii() == b"<>").then_some(2);
    };
    let local = author.local().to_lowercase();
    let name = fold(&author.name);
    let is_daemon = [
        "mailer-daemon",
        "mailerdaemon",
        "mailer_daemon",
        "mailer daemon",
        "mail-daemon",
        "maildaemon",
        "mdaemon",
        "mailsystem",
        "mail-system",
        "mailer-deamon",
        "mail.daemon",
        "mailerdeamon",
        "maildeliverysystem",
    ]
    .iter()
    .any(|d| local.contains(d) || name.contains(d) || author.address.to_lowercase().starts_with(d));
    let by_name = [
        "mail delivery",
        "delivery subsystem",
        "delivery system",
        "mail system",
        "system administrator",
        "systemadministrator",
        "mail administrator",
        "administrateur systeme",
        "administrador del sistema",
        "mailsystem",
        "mail router",
        "internet mail delivery",
        "microsoft outlook",
        "microsoft exchange",
        "delivery status",
        "mail server",
        "mailserver",
        "amministratore di sistema",
        "administrador de sistema",
        "systeembeheerder",
        "systemadministrator",
        "sistem yoneticisi",
        "bounce",
        "mail gateway",
    ]
    .iter()
    .any(|d| name.contains(d) || local.trim_matches('"') == *d);
    if is_daemon || by_name && (local.is_empty() || !author.address.contains('@') || is_role(&local)) {
        return Some(2);
    }
    let is_role = is_role(&local) || author.address.is_empty() && is_role(&name);
    (is_role || by_name).then_some(if is_role && by_name { 2 } else { 1 })
}

fn is_role(local: &str) -> bool {
    [
        "postmaster",
        "microsoftexchange",
        "mail",
        "root",
        "admin",
        "administrator",
        "bounce",
        "bounces",
        "noreply",
        "no-reply",
        "no_reply",
        "donotreply",
        "do-not-reply",
        "system",
        "smtp",
        "postoffice",
        "mailgate",
        "mailmaster",
        "dsn",
        "mta",
        "daemon",
        "mailadmin",
        "mailserver",
        "abuse",
        "sysadmin",
        "autoreply",
        "notification",
        "error",
        "staff",
    ]
    .iter()
    .any(|role| {
        local == *role
            || local.strip_prefix(role).is_some_and(|rest| {
                rest.starts_with(|c: char| !c.is_alphabetic()) || *role == "microsoftexchange"
            })
    }) || local.ends_with("-bounces")
        || local.ends_with("postmaster")
}
