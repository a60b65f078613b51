//! Bounces in the servers' own words: who, why, and which mail, from text that follows no standard.

use super::delivery::{Outcome, Recipient, Told};
use super::phrases::{BOUNCE_BODY, BOUNCE_SUBJECT, DELAYED, DELIVERED};
use super::{Cause, Kind, Look, candidates, status};
use crate::fold::{clip, fold};
use crate::parse::Mail;

/// Bytes of text that are looked through for recipients.
const MOST_TEXT: usize = 64 << 10;

/// Recognises and reads a bounce without a usable delivery status part.
pub(super) fn delivery(look: &mut Look<'_, '_>) -> Option<(Kind, String)> {
    let evidence = evidence(look);
    if evidence.weight < 4 || !(evidence.has_subject || evidence.has_body) {
        return None;
    }
    let body = full_text(look.mail);
    let (told, head) = super::returned::split(&body);
    super::report::read_original(look);
    if let Some(head) = head {
        look.original.read(head);
    }
    let outcome = outcome(look, told);
    let mut recipients = candidates::recipients(look, told, outcome);
    if recipients.is_empty() {
        let address = only(&look.original.to).unwrap_or_default();
        let told_by = Told { outcome, diagnostic: candidates::explain(told), ..Told::default() };
        recipients.push(Recipient::judge(address, told_by));
    }
    // A sender that is only postmaster, and a text without any reason: that is a letter, not a report.
    let is_empty_handed = recipients.iter().all(|r| r.address.is_empty() && r.cause == Cause::Unknown);
    if is_empty_handed && evidence.weight < 6 {
        return None;
    }
    if look.original.to.is_empty() {
        look.original.to = recipients.iter().map(|r| r.address.clone()).filter(|a| !a.is_empty()).collect();
    }
    let worst = recipients.iter().map(|r| r.outcome).max()?;
    let first = recipients.iter().find(|r| r.outcome == worst)?;
    let reason = format!(
        "{}; {} for {}: {}",
        evidence.told.join(", "),
        first.status,
        first.address,
        clip(&first.diagnostic, 200)
    );
    look.recipients = recipients;
    Some((super::report::kind_of(worst), reason))
}

#[derive(Default)]
struct Evidence {
    weight: u32,
    has_subject: bool,
    has_body: bool,
    told: Vec<&'static str>,
}

fn evidence(look: &Look<'_, '_>) -> Evidence {
    let mail = look.mail;
    let mut found = Evidence::default();
    let mut add = |weight: u32, told: &'static str, is_so: bool| {
        if is_so {
            found.weight += weight;
            found.told.push(told);
        }
        is_so
    };
    let daemon = super::daemon::of(mail);
    let mut is_suspect = false;
    is_suspect |= add(2, "sender is a mail system", daemon == Some(2));
    is_suspect |= add(1, "sender is a postmaster", daemon == Some(1));
    is_suspect |= add(
        1,
        "null return path",
        mail.return_path.as_deref().is_some_and(|p| p.is_empty() || p.eq_ignore_ascii_case("mailer-daemon")),
    );
    is_suspect |= add(4, "names failed recipients in its header", mail.headers.has("X-Failed-Recipients"));
    is_suspect |= add(3, "is a delivery report", mail.report_type.as_deref() == Some("delivery-status"));
    is_suspect |= add(
        1,
        "carries a mail",
        mail.reports.iter().any(|r| r.kind == crate::parse::ReportKind::OriginalHeaders),
    );
    let is_answer = ["re:", "aw:", "fw:", "fwd:", "wg:", "sv:", "tr:", "antw:"]
        .iter()
        .any(|p| look.subject.starts_with(p));
    let has_subject = add(2, "subject of a bounce", !is_answer && BOUNCE_SUBJECT.is_in(&look.subject));
    is_suspect |= has_subject;
    let names_somebody = has_subject && daemon.is_some() && look.opening.contains('@');
    add(1, "names an address", names_somebody);
    let is_bare = is_bare_report(look);
    is_suspect |= add(2, "nothing but a report", is_bare);
    let auto = mail.headers.text("Auto-Submitted").unwrap_or_default().to_ascii_lowercase();
    is_suspect |= add(1, "says it is automatic", auto.starts_with("auto-"));
    let exchange = mail.headers.has("X-MS-Exchange-Message-Is-Ndr")
        || mail.headers.texts("Content-Class").any(|c| c.contains("dsn") || c.contains("ndr"));
    is_suspect |= add(3, "Exchange calls it a report", exchange);
    // The text is searched only when something else has raised the question: most mail is written by people.
    let says_so = || {
        BOUNCE_BODY.is_in(&look.opening)
            || has_failure_line(&look.opening)
            || (daemon == Some(2) || names_somebody)
                && Cause::of(clip(&look.opening, 1_000), None) != Cause::Unknown
    };
    let has_body = is_suspect && add(2, "text of a bounce", says_so());
    found.has_subject = has_subject;
    found.has_body = has_body;
    // People ask about bounces in words that look like one; a machine shows itself elsewhere, too.
    let is_machine = found
        .told
        .iter()
        .any(|t| !matches!(*t, "subject of a bounce" | "text of a bounce" | "carries a mail"));
    let has_copy = has_subject && has_body && !reads_like_letter(&look.opening) && carries_copy(look);
    if !(is_machine || has_copy) {
        found.weight = 0;
    }
    // People answer people: a mail that is part of a conversation and comes from a mailbox is no bounce.
    if daemon.is_none() && !mail.in_reply_to.is_empty() && found.weight < 5 {
        found.weight = 0;
    }
    found
}

/// The mail it speaks of is attached, or stands below the words.
fn carries_copy(look: &Look<'_, '_>) -> bool {
    look.mail.reports.iter().any(|r| r.kind == crate::parse::ReportKind::OriginalHeaders)
        || super::returned::split(look.mail.body_text()).1.is_some()
}

/// A short text that opens with the failure and names an address, with nothing in it that a person would write.
fn is_bare_report(look: &Look<'_, '_>) -> bool {
    const MOST: usize = 1_000;
    let opening = look.opening.as_str();
    opening.len() < MOST
        && look.mail.in_reply_to.is_empty()
        && opening.contains('@')
        && BOUNCE_BODY.find_all(opening).any(|found| found.meaning && found.start < 200)
        && !reads_like_letter(opening)
}

/// Questions, greetings and thanks: what people write and servers do not.
fn reads_like_letter(opening: &str) -> bool {
    const OPENINGS: &[&str] = &[
        "hi",
        "hello",
        "hallo",
        "dear",
        "guten",
        "bonjour",
        "hola",
        "buenos",
        "ciao",
        "buongiorno",
        "ola",
        "bom",
        "hej",
        "hei",
        "beste",
        "liebe",
        "sehr",
        "moin",
        "servus",
        "good",
        "dobry",
        "dzien",
        "szanowni",
        "здравствуйте",
        "добрый",
    ];
    let first = opening.split(|c: char| !c.is_alphanumeric()).find(|w| !w.is_empty()).unwrap_or_default();
    OPENINGS.contains(&first)
        || opening.contains('?') && !opening.contains("http")
        || ["regards", "thanks", "thank you", "cheers", "gruss", "gruess", "danke", "cordialement", "saludos"]
            .iter()
            .any(|word| opening.contains(word))
}

fn has_failure_line(opening: &str) -> bool {
    opening.lines().any(|line| {
        line.contains('@')
            && (status::read(line).enhanced.is_some_and(|s| !s.starts_with('2'))
                || status::read(line).smtp.is_some())
    })
}

/// The body and every attached plain text, for servers that put their words there.
fn full_text(mail: &Mail<'_>) -> String {
    let mut text = clip(mail.body_text(), MOST_TEXT).to_owned();
    for attachment in &mail.attachments {
        let is_note = attachment.declared_type.starts_with("text/plain") && text.len() < MOST_TEXT;
        if is_note {
            text.push('\n');
            text.push_str(clip(&crate::parse::decode_text(&attachment.content, None), 16 << 10));
        }
    }
    text
}

fn outcome(look: &Look<'_, '_>, told: &str) -> Option<Outcome> {
    let opening = fold(clip(told, 3_000));
    if DELIVERED.is_in(&look.subject) || DELIVERED.is_in(&opening) && !has_code(&opening, b"45") {
        return Some(Outcome::Delivered);
    }
    let has_hard = has_code(&opening, b"5")
        || [
            "permanent",
            "given up",
            "gave up",
            "giving up",
            "undeliverable due",
            "was not delivered within",
            "did not receive your message",
            "has been returned",
            "will not be retried",
            "no further attempts",
        ]
        .iter()
        .any(|sign| opening.contains(sign));
    if DELAYED.is_in(&look.subject) || DELAYED.is_in(&opening) && !has_hard {
        return Some(Outcome::Delayed);
    }
    None
}

fn has_code(text: &str, classes: &[u8]) -> bool {
    let codes = status::read(text);
    let class = codes
        .enhanced
        .and_then(|s| s.bytes().next())
        .or(codes.smtp.map(|c| if c >= 500 { b'5' } else { b'4' }));
    class.is_some_and(|c| classes.contains(&c))
}

fn only(addresses: &[String]) -> Option<String> {
    match addresses {
        [one] => Some(one.clone()),
        [first, ..] => Some(first.clone()),
        [] => None,
    }
}

/// The lines about an address in a report's text, for reports whose machine-readable part is bare.
pub(super) fn near(body: &str, address: &str) -> String {
    if address.is_empty() {
        return String::new();
    }
    let lines: Vec<&str> = body.lines().take(400).collect();
    let lower = address.to_lowercase();
    match lines.iter().position(|l| l.to_lowercase().contains(&lower)) {
        Some(at) => lines[at..(at + 8).min(lines.len())].join("\n"),
        None => String::new(),
    }
}
