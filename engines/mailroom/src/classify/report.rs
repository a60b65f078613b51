//! Reports a machine can read: delivery status (RFC 3464), disposition (RFC 8098), feedback (RFC 5965).

use std::borrow::Cow;

use super::delivery::{Outcome, Recipient, Told, typed_address};
use super::{Kind, Look};
use crate::parse::{Mail, ReportKind};

/// An abuse complaint.
pub(super) fn feedback(look: &mut Look<'_, '_>) -> Option<(Kind, String)> {
    let text = part(look.mail, ReportKind::Feedback);
    let is_report = look.mail.report_type.as_deref() == Some("feedback-report");
    if text.is_none() && !is_report {
        return None;
    }
    let fields = text.map(fields).unwrap_or_default();
    read_original(look);
    let kind = value(&fields, "feedback-type").unwrap_or("abuse");
    let whom = value(&fields, "original-rcpt-to").and_then(typed_address);
    if let Some(address) = &whom {
        look.original.to = vec![address.clone()];
    }
    Some((Kind::Feedback, format!("feedback report of type {kind}")))
}

const REJECTED: &[&str] = &["automatically rejected", "was rejected", "was refused", "has been rejected"];

/// Read, deleted, displayed.
pub(super) fn disposition(look: &mut Look<'_, '_>) -> Option<(Kind, String)> {
    let text = part(look.mail, ReportKind::Disposition);
    let is_report = look.mail.report_type.as_deref() == Some("disposition-notification");
    if text.is_none() && !is_report {
        let subject = super::phrases::READ_RECEIPT.is_in(&look.subject);
        let starts = super::phrases::READ_RECEIPT.find_all(&look.subject).any(|f| f.start == 0);
        let is_receipt =
            subject && starts && look.opening.len() < 1_500 && super::phrases::READ_BODY.is_in(&look.opening);
        return is_receipt
            .then(|| (Kind::Disposition, "subject and text say the mail was read or deleted".to_owned()));
    }
    let fields = text.map(fields).unwrap_or_default();
    read_original(look);
    if let Some(id) = value(&fields, "original-message-id") {
        look.original.message_id = crate::parse::read_ids(id).into_iter().next();
    }
    if let Some(address) = value(&fields, "final-recipient").and_then(typed_address) {
        look.original.to = vec![address];
    }
    let what = value(&fields, "disposition").unwrap_or("not said");
    // A filter that refuses mail says so by a notification of deletion (RFC 5429): that is a bounce.
    let is_marked = look.mail.headers.text("Auto-Submitted").is_some_and(|v| v.contains("rejected"));
    let says_so = is_marked || REJECTED.iter().any(|words| look.opening.contains(words));
    if what.to_ascii_lowercase().starts_with("automatic") && says_so {
        return None;
    }
    Some((Kind::Disposition, format!("disposition notification: {what}")))
}

/// A delivery status part, however it is wrapped.
pub(super) fn delivery(look: &mut Look<'_, '_>) -> Option<(Kind, String)> {
    let mut texts: Vec<Cow<'_, str>> = look
        .mail
        .reports
        .iter()
        .filter(|r| r.kind == ReportKind::Delivery)
        .map(|r| Cow::from(r.text.as_str()))
        .collect();
    if texts.is_empty() {
        texts.extend(in_the_text(look.mail).map(Cow::from));
    }
    if texts.is_empty() {
        return wrapped(look);
    }
    let mut recipients = Vec::new();
    for text in texts {
        for group in groups(&text) {
            recipients.extend(recipient(&group));
        }
    }
    if recipients.is_empty() {
        return None;
    }
    read_original(look);
    improve(look.mail, &mut recipients);
    let worst = recipients.iter().map(|r| r.outcome).max()?;
    let told = recipients.iter().find(|r| r.outcome == worst)?;
    let reason = format!("delivery status {} for {}: {}", told.status, told.address, told.diagnostic);
    look.recipients = recipients;
    Some((kind_of(worst), reason))
}

/// A report that a scanner on the way has put into a mail of its own.
fn wrapped(look: &mut Look<'_, '_>) -> Option<(Kind, String)> {
    super::daemon::of(look.mail)?;
    for attachment in look.mail.attachments.iter().take(5) {
        let Some(inner) = attachment.as_mail(&crate::Limits { depth: 2, ..crate::Limits::default() }) else {
            continue;
        };
        if !inner.reports.iter().any(|r| r.kind == ReportKind::Delivery) {
            continue;
        }
        let verdict = super::classify(&inner, look.desk);
        if verdict.kind.is_delivery() {
            look.recipients = verdict.recipients;
            look.original = verdict.original;
            return Some((verdict.kind, format!("attached: {}", verdict.reason)));
        }
    }
    None
}

/// Delivery status fields sent as ordinary text: a part of the wrong type, or a bounce that was passed on as text.
fn in_the_text(mail: &Mail<'_>) -> Option<String> {
    super::daemon::of(mail)?;
    let body = mail.body_text();
    let attached = mail
        .attachments
        .iter()
        .filter(|a| a.declared_type.starts_with("text/"))
        .map(|a| crate::parse::decode_text(&a.content, None));
    for text in std::iter::once(Cow::from(body)).chain(attached) {
        let text = crate::fold::clip(&text, 64 << 10);
        let lines: Vec<&str> = text.lines().collect();
        let has = |name: &str| {
            lines
                .iter()
                .position(|l| l.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)))
        };
        if let (Some(recipient), Some(action)) =
            (has("Final-Recipient:").or_else(|| has("Original-Recipient:")), has("Action:"))
        {
            let status = has("Status:").unwrap_or(action);
            return Some(lines[recipient.min(action).min(status)..].join("\n"));
        }
    }
    None
}

/// The kind a report is, by the worst that happened.
pub(super) fn kind_of(worst: Outcome) -> Kind {
    match worst {
        Outcome::Hard => Kind::HardBounce,
        Outcome::Soft => Kind::SoftBounce,
        Outcome::Delayed => Kind::Delayed,
        Outcome::Delivered => Kind::Delivered,
    }
}

/// Where the report itself is bare, the words around it say why.
fn improve(mail: &Mail<'_>, recipients: &mut [Recipient]) {
    let body = mail.body_text();
    let only = recipients.len() == 1;
    for recipient in recipients {
        let is_bare = recipient.cause == super::Cause::Unknown || recipient.diagnostic.is_empty();
        if !is_bare || !matches!(recipient.outcome, Outcome::Hard | Outcome::Soft) {
            continue;
        }
        let near = super::prose::near(body, &recipient.address);
        let text = if near.is_empty() && only { crate::fold::clip(body, 3_000).to_owned() } else { near };
        if text.is_empty() {
            continue;
        }
        let told = Told {
            outcome: Some(recipient.outcome),
            status: Some(&recipient.status),
            diagnostic: &text,
            ..Told::default()
        };
        let judged = Recipient::judge(recipient.address.clone(), told);
        if judged.cause != super::Cause::Unknown {
            recipient.cause = judged.cause;
            recipient.outcome = judged.outcome;
        }
        if recipient.status.ends_with(".0.0") && judged.status.starts_with(&recipient.status[..1]) {
            recipient.status = judged.status;
        }
        recipient.smtp_code = recipient.smtp_code.or(judged.smtp_code);
        if recipient.diagnostic.is_empty() {
            recipient.diagnostic = judged.diagnostic;
        }
    }
}

pub(super) fn read_original(look: &mut Look<'_, '_>) {
    for report in look.mail.reports.iter().filter(|r| r.kind == ReportKind::OriginalHeaders) {
        look.original.read(&report.text);
    }
}

fn part<'m>(mail: &'m Mail<'_>, kind: ReportKind) -> Option<&'m str> {
    mail.reports.iter().find(|r| r.kind == kind).map(|r| r.text.as_str())
}

type Fields = Vec<(String, String)>;

/// Fields of one block or group that are read.
const MOST_FIELDS: usize = 200;
/// Recipients of one report that are read.
const MOST_GROUPS: usize = 500;

fn value<'f>(fields: &'f Fields, name: &str) -> Option<&'f str> {
    fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
}

/// Fields of a block, unfolded, names in lower case. Continuation lines without a leading blank are taken too when
/// they cannot be a field.
fn fields(text: &str) -> Fields {
    let mut fields: Fields = Vec::new();
    for line in text.lines().filter(|l| !l.trim().is_empty()) {
        if fields.len() >= MOST_FIELDS {
            break;
        }
        let name = line.split_once(':').filter(|(name, _)| {
            !line.starts_with([' ', '\t'])
                && !name.trim().is_empty()
                && name.len() < 40
                && !name.trim().contains(' ')
        });
        match (name, fields.last_mut()) {
            (Some((name, value)), _) => {
                fields.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
            }
            (None, Some((_, open))) if open.len() < 8_000 => {
                open.push(' ');
                open.push_str(line.trim());
            }
            _ => {}
        }
    }
    fields
}

/// The per-recipient groups: a group begins where a recipient field would repeat, blank lines or not.
fn groups(text: &str) -> Vec<Fields> {
    let mut groups: Vec<Fields> = vec![Vec::new()];
    for block in text.split("\n\n") {
        let mut is_fresh = true;
        for (name, value) in fields(block) {
            let group = groups.last_mut().expect("there is always one");
            let has_recipient = group.iter().any(|(n, _)| n.ends_with("-recipient"));
            let repeats = group.iter().any(|(n, _)| *n == name);
            let is_start = name == "final-recipient" || name == "original-recipient";
            if has_recipient && is_start && (is_fresh || repeats) && groups.len() < MOST_GROUPS {
                groups.push(Vec::new());
            }
            is_fresh = false;
            let group = groups.last_mut().expect("there is always one");
            if group.len() < MOST_FIELDS {
                group.push((name, value));
            }
        }
    }
    groups
}

fn recipient(group: &Fields) -> Option<Recipient> {
    let final_recipient = value(group, "final-recipient")
        .or_else(|| value(group, "x-actual-recipient"))
        .and_then(typed_address);
    let original = value(group, "original-recipient").and_then(typed_address);
    let address = match (&final_recipient, &original) {
        // Some servers name an internal address, or none; the one the mail was sent to is of more use then.
        (Some(f), Some(o)) if !is_public(f) && is_public(o) => o.clone(),
        (Some(f), _) => f.clone(),
        (None, Some(o)) => o.clone(),
        (None, None) => return None,
    };
    let action = value(group, "action").unwrap_or_default().to_ascii_lowercase();
    let outcome = match action.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default() {
        "delivered" | "relayed" | "expanded" => Some(Outcome::Delivered),
        "delayed" => Some(Outcome::Delayed),
        "failed" | "failure" => Some(Outcome::Hard),
        _ => match value(group, "status").and_then(|s| s.trim().bytes().next()) {
            Some(b'2') => Some(Outcome::Delivered),
            _ => None,
        },
    };
    let diagnostic = ["diagnostic-code", "x-supplementary-info", "x-display-name", "x-notes"]
        .iter()
        .filter_map(|name| value(group, name))
        .take(2)
        .map(without_type)
        .collect::<Vec<_>>()
        .join(" ");
    let comment = value(group, "status").filter(|s| s.contains('(')).unwrap_or_default();
    let diagnostic = if diagnostic.trim().is_empty() { comment.to_owned() } else { diagnostic };
    let remote = value(group, "remote-mta").map(without_type);
    let told = Told { outcome, status: value(group, "status"), diagnostic: &diagnostic, remote_mta: remote };
    let mut judged = Recipient::judge(address, told);
    judged.original_address = original.filter(|o| !o.eq_ignore_ascii_case(&judged.address));
    Some(judged)
}

/// Whether the domain is one of the internet, not of a machine inside.
fn is_public(address: &str) -> bool {
    address.rsplit_once('@').is_some_and(|(_, domain)| domain.contains('.'))
}

/// `smtp; 550 …` without the type.
fn without_type(value: &str) -> &str {
    match value.split_once(';') {
        Some((kind, rest)) if kind.trim().len() < 30 && !kind.trim().contains(' ') => rest.trim(),
        _ => value.trim(),
    }
}
