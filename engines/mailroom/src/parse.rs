//! From raw bytes to a [`Mail`]: headers, bodies, attachments, reports, invitations, protection.

mod attachment;
mod body;
mod calendar;
mod decode;
mod header;
mod mime;
mod rtf;
mod tnef;
mod uuencode;

use std::sync::OnceLock;

use mail_parser::HeaderValue;
use mail_parser::parsers::MessageStream;
use serde::Serialize;

pub use attachment::{Attachment, safe_name, true_type};
pub use calendar::{Invite, InviteMethod};
pub use header::{Headers, decode_words};

pub(crate) use decode::text as decode_text;

use crate::address::{Address, read_addresses};
use crate::limits::Limits;

/// One mail, understood as far as its bytes allow. Borrowed from the raw bytes, which stay untouched.
#[derive(Debug, Clone, Default)]
pub struct Mail<'a> {
    /// The bytes this was read from, complete.
    pub raw: &'a [u8],
    pub headers: Headers<'a>,
    pub from: Vec<Address>,
    pub sender: Option<Address>,
    pub reply_to: Vec<Address>,
    pub to: Vec<Address>,
    pub cc: Vec<Address>,
    /// `Delivered-To`, `X-Original-To`, `Envelope-To` …: where it arrived, whatever `To` says.
    pub delivered_to: Vec<Address>,
    /// The envelope sender; an empty address is the null sender `<>`, `None` means not recorded.
    pub return_path: Option<String>,
    pub subject: String,
    /// Milliseconds since 1970 from `Date`; `None` when absent or unreadable. The sender's word, not a fact.
    pub date_ms: Option<i64>,
    /// Without angle brackets.
    pub message_id: Option<String>,
    pub in_reply_to: Vec<String>,
    /// Oldest first.
    pub references: Vec<String>,
    /// The plain text of the body, line ends `\n`, flowed text joined; `None` when there is none.
    pub text: Option<String>,
    /// The HTML of the body as received: hostile until it went through [`sanitise`](crate::sanitise()).
    pub html: Option<String>,
    pub attachments: Vec<Attachment<'a>>,
    pub reports: Vec<Report>,
    /// `report-type` of a `multipart/report`, in lower case.
    pub report_type: Option<String>,
    pub invites: Vec<Invite>,
    pub protection: Vec<Protection>,
    /// What was left out or mended on the way.
    pub hurt: Vec<Hurt>,
    /// The HTML as text, made once.
    html_text: OnceLock<String>,
}

/// A machine-readable part of a report, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub kind: ReportKind,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportKind {
    /// `message/delivery-status` (RFC 3464).
    Delivery,
    /// `message/disposition-notification` (RFC 8098).
    Disposition,
    /// `message/feedback-report` (RFC 5965).
    Feedback,
    /// `text/rfc822-headers`, or the header block of a returned `message/rfc822`.
    OriginalHeaders,
}

/// How a mail is signed or encrypted. Nothing is verified or decrypted here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Protection {
    SmimeSigned,
    SmimeEncrypted,
    PgpSigned,
    PgpEncrypted,
}

/// Something that was left out, cut or mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Hurt {
    HeadersCut,
    AddressesCut,
    PartsCut,
    TooDeep,
    TextCut,
    ExpansionCut,
    BoundaryMissing,
    ContainerBroken,
}

/// Reads a mail with the default [`Limits`].
///
/// Never fails: bytes that are no mail at all become the text of a mail without headers.
///
/// ```
/// let mail = mainstay_mailroom::parse(b"From: Ann <ann@cust.example>\r\nSubject: =?utf-8?Q?St=C3=B6rung?=\r\n\r\nHelp\r\n");
/// assert_eq!(mail.subject, "Störung");
/// assert_eq!(mail.from[0].name, "Ann");
/// assert_eq!(mail.text.as_deref(), Some("Help\n"));
/// ```
pub fn parse(raw: &[u8]) -> Mail<'_> {
    parse_with(raw, &Limits::default())
}

/// Reads a mail within the given limits.
pub fn parse_with<'a>(raw: &'a [u8], limits: &Limits) -> Mail<'a> {
    let (headers, body_at, is_clipped) = Headers::read(raw, limits);
    let mut mail = Mail { raw, ..Mail::default() };
    if is_clipped {
        mail.hurt.push(Hurt::HeadersCut);
    }
    read_fields(&mut mail, &headers, limits);
    let mut walk = mime::Walk::new(limits);
    walk.message(&headers, &raw[body_at..]);
    mail.report_type = walk.report_type.take();
    mail.headers = headers;
    body::assemble(&mut mail, walk, limits);
    mail.hurt.dedup();
    mail
}

fn read_fields(mail: &mut Mail<'_>, headers: &Headers<'_>, limits: &Limits) {
    let mut is_cut = false;
    let mut addresses = |names: &[&str]| {
        let mut all = Vec::new();
        for raw in names.iter().flat_map(|name| headers.all_raw(name)) {
            let left = limits.addresses.saturating_sub(all.len());
            if left == 0 {
                is_cut = true;
                break;
            }
            all.extend(read_addresses(raw, left));
        }
        all
    };
    mail.from = addresses(&["From"]);
    mail.sender = addresses(&["Sender"]).into_iter().next();
    mail.reply_to = addresses(&["Reply-To"]);
    mail.to = addresses(&["To"]);
    mail.cc = addresses(&["Cc"]);
    mail.delivered_to =
        addresses(&["Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-RCPT-TO"]);
    if is_cut {
        mail.hurt.push(Hurt::AddressesCut);
    }
    mail.return_path = headers.text("Return-Path").map(|path| {
        let inner = path.trim().trim_start_matches('<').split('>').next().unwrap_or_default();
        inner.trim().to_owned()
    });
    mail.subject = headers.text("Subject").unwrap_or_default();
    mail.date_ms = headers.raw("Date").and_then(read_date);
    mail.message_id = headers.text("Message-ID").and_then(|id| read_ids(&id).into_iter().next());
    mail.in_reply_to = headers.texts("In-Reply-To").flat_map(|ids| read_ids(&ids)).take(100).collect();
    mail.references = headers.texts("References").flat_map(|ids| read_ids(&ids)).take(1_000).collect();
}

fn read_date(raw: &[u8]) -> Option<i64> {
    let mut line = raw.to_vec();
    line.push(b'\n');
    match MessageStream::new(&line).parse_date() {
        HeaderValue::DateTime(date) if date.is_valid() && date.year < 4_000 => {
            date.to_timestamp().checked_mul(1_000)
        }
        _ => None,
    }
}

/// Message-IDs from a field: what stands in angle brackets, else bare words with an `@`.
pub(crate) fn read_ids(text: &str) -> Vec<String> {
    let mut ids = Vec::new();
    for piece in text.split('<').skip(1) {
        let id: String =
            piece.split('>').next().unwrap_or_default().chars().filter(|c| !c.is_whitespace()).collect();
        if !id.is_empty() && id.len() <= 998 {
            ids.push(id);
        }
    }
    if ids.is_empty() {
        let words = text.split(|c: char| c.is_whitespace() || c == ',' || c == ';');
        ids.extend(
            words
                .filter(|word| word.contains('@') && word.len() <= 998)
                .map(|w| w.trim_matches('>').to_owned()),
        );
    }
    ids
}

impl Mail<'_> {
    /// The first author's address, or the sender's when there is no author.
    pub fn author(&self) -> Option<&Address> {
        self.from.iter().find(|a| !a.address.is_empty()).or(self.sender.as_ref()).or(self.from.first())
    }

    /// Everybody the mail names as recipient, by header and by envelope trace.
    pub fn recipients(&self) -> impl Iterator<Item = &Address> {
        self.delivered_to.iter().chain(&self.to).chain(&self.cc)
    }

    /// The body as plain text: the plain part, or the HTML turned into text when there is none worth showing.
    pub fn body_text(&self) -> &str {
        let from_html = || match &self.html {
            Some(html) => self.html_text.get_or_init(|| crate::html::to_text(html)).as_str(),
            None => "",
        };
        match &self.text {
            Some(text) if is_stub(text) && from_html().trim().len() > text.trim().len() => from_html(),
            Some(text) => text,
            None => from_html(),
        }
    }
}

/// A plain part that only says that there is an HTML part, or nothing.
pub(crate) fn is_stub(text: &str) -> bool {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return true;
    }
    if trimmed.len() > 600 {
        return false;
    }
    let folded = crate::fold(trimmed);
    [
        "html",
        "browser",
        "view this",
        "mime format",
        "multi-part message",
        "ihr e-mail-programm",
        "votre messagerie",
    ]
    .iter()
    .filter(|sign| folded.contains(**sign))
    .count()
        >= 2
        || trimmed.starts_with('<') && trimmed.contains("</")
}
