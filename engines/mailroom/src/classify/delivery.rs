//! What became of a mail: per recipient, and which mail it was.

use serde::Serialize;

use super::cause::Cause;
use super::status;
use crate::address::{find_addresses, read_addresses};
use crate::limits::Limits;
use crate::parse::{Headers, decode_words, read_ids};

/// What became of the mail for one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recipient {
    /// The address the server speaks of; empty when it names none.
    pub address: String,
    /// The address the mail was first sent to, when the report tells it apart.
    pub original_address: Option<String>,
    pub outcome: Outcome,
    /// Enhanced status code (RFC 3463), `5.1.1`; from the report, the SMTP answer, or the cause, in that order.
    pub status: String,
    /// The three digits of the SMTP answer.
    pub smtp_code: Option<u16>,
    pub cause: Cause,
    /// What the server said, one line.
    pub diagnostic: String,
    pub remote_mta: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Delivered,
    Delayed,
    /// Failed for now: full mailbox, unreachable server, greylisting …
    Soft,
    /// Failed for good.
    Hard,
}

/// The mail a report speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Original {
    /// Without angle brackets.
    pub message_id: Option<String>,
    pub from: Option<String>,
    pub to: Vec<String>,
    pub subject: Option<String>,
    /// The references of the original; with our Message-IDs in them they name the ticket.
    pub references: Vec<String>,
}

impl Original {
    /// Reads a header block; fields that are already known stay.
    pub(crate) fn read(&mut self, head: &str) {
        let lines = head.trim_start().lines().map(|line| line.strip_prefix("> ").unwrap_or(line));
        let trimmed = lines.collect::<Vec<_>>().join(
            "
",
        );
        let (headers, ..) = Headers::read(trimmed.as_bytes(), &Limits::default());
        let first = |name: &str| headers.raw(name).map(decode_words);
        self.message_id = self
            .message_id
            .take()
            .or_else(|| first("Message-ID").and_then(|id| read_ids(&id).into_iter().next()));
        let from = || headers.raw("From").and_then(|raw| read_addresses(raw, 1).pop()).map(|a| a.address);
        self.from = self.from.take().or_else(from);
        self.subject = self.subject.take().or_else(|| first("Subject"));
        if self.to.is_empty() {
            let fields = ["To", "Cc", "X-Failed-Recipients"].iter().filter_map(|name| headers.raw(name));
            self.to = fields
                .flat_map(|raw| read_addresses(raw, 50))
                .map(|a| a.address)
                .filter(|a| a.contains('@'))
                .collect();
        }
        if self.references.is_empty() {
            let ids = headers.texts("References").chain(headers.texts("In-Reply-To"));
            self.references = ids.flat_map(|text| read_ids(&text)).take(200).collect();
        }
    }
}

impl Recipient {
    /// A recipient from what was read about it; outcome and missing codes follow from text and cause.
    pub(crate) fn judge(address: String, told: Told<'_>) -> Self {
        let codes = status::read(told.diagnostic);
        let told_status = told.status.and_then(status::enhanced);
        let cause = Cause::of(told.diagnostic, told_status.as_deref().or(codes.enhanced.as_deref()));
        let status = choose_status(told_status, &codes, cause, told.outcome);
        let is_soft = is_soft(&status, codes.smtp, cause);
        let outcome = match told.outcome {
            Some(Outcome::Soft | Outcome::Hard) | None => {
                if is_soft {
                    Outcome::Soft
                } else {
                    Outcome::Hard
                }
            }
            Some(other) => other,
        };
        Self {
            address,
            original_address: None,
            outcome,
            status,
            smtp_code: codes.smtp,
            cause,
            diagnostic: one_line(told.diagnostic),
            remote_mta: told.remote_mta.map(str::to_owned),
        }
    }
}

/// What a report says about one recipient, before it is judged.
#[derive(Clone, Copy, Default)]
pub(crate) struct Told<'a> {
    pub outcome: Option<Outcome>,
    pub status: Option<&'a str>,
    pub diagnostic: &'a str,
    pub remote_mta: Option<&'a str>,
}

fn choose_status(
    told: Option<String>,
    codes: &status::Codes,
    cause: Cause,
    outcome: Option<Outcome>,
) -> String {
    // `5.0.0` and the like say only the class; what the other server said says more.
    let is_vague = |s: &str| s.ends_with(".0.0");
    if let Some(told) = &told
        && !is_vague(told)
    {
        return told.clone();
    }
    if let Some(said) = &codes.enhanced {
        return said.clone();
    }
    if let Some(told) = told {
        return told;
    }
    let class = match (codes.smtp, outcome) {
        (_, Some(Outcome::Delivered)) => return "2.0.0".to_owned(),
        (_, Some(Outcome::Delayed)) => Some('4'),
        (Some(code), _) if code >= 500 => Some('5'),
        (Some(_), _) => Some('4'),
        _ => None,
    };
    let usual = cause.usual_status();
    match class {
        Some(class) => format!("{class}{}", &usual[1..]),
        None => usual.to_owned(),
    }
}

/// Hard is what no second attempt mends. The class of the status decides, save for causes that mean the opposite of
/// their usual class (a full mailbox is reported as 5.2.2 by half of all servers).
fn is_soft(status: &str, smtp: Option<u16>, cause: Cause) -> bool {
    if cause == Cause::MailboxFull || cause == Cause::RateLimited || cause == Cause::Greylisted {
        return true;
    }
    match status.as_bytes().first() {
        Some(b'4') => !(smtp.is_some_and(|code| code >= 500) && cause.is_about_address()),
        _ => false,
    }
}

pub(crate) fn one_line(text: &str) -> String {
    const MOST: usize = 600;
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    crate::fold::clip(&joined, MOST).to_owned()
}

/// Addresses in a field such as `rfc822; <ann@x>` or a bare one.
pub(crate) fn typed_address(value: &str) -> Option<String> {
    // `rfc822; <ann@x>`, and gateways that put their remarks behind: `<ann@x>; SMTP=1`.
    let bare = match value.split_once(';') {
        Some((kind, _)) if kind.contains('@') => kind,
        Some((_, rest)) => rest,
        None => value,
    };
    let bare = bare.trim();
    if let Some(found) = find_addresses(bare).next() {
        return Some(found.to_owned());
    }
    let bare = bare.trim_matches(['<', '>', '"', ' ']);
    (!bare.is_empty() && !bare.contains(' ')).then(|| bare.to_owned())
}
