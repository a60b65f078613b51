//! The tree of parts: boundaries as they are really sent, cut at the limits, outer parts before inner ones.

use std::borrow::Cow;

use super::header::{Headers, Structured, line_end};
use super::{Hurt, Protection, decode};
use crate::limits::Limits;

/// One part that is no multipart.
pub(crate) struct Leaf<'a> {
    pub headers: Headers<'a>,
    pub content_type: Structured,
    pub disposition: Structured,
    pub body: &'a [u8],
    /// The number of the innermost `multipart/alternative` it stands in.
    pub alternative: Option<usize>,
    pub is_in_related: bool,
    pub is_in_report: bool,
}

/// A walk over the parts of one mail.
pub(crate) struct Walk<'a> {
    limits: Limits,
    pub leaves: Vec<Leaf<'a>>,
    pub report_type: Option<String>,
    pub protection: Vec<Protection>,
    pub hurt: Vec<Hurt>,
    parts: usize,
    alternatives: usize,
}

#[derive(Clone, Copy, Default)]
struct Place {
    depth: usize,
    alternative: Option<usize>,
    is_in_related: bool,
    is_in_report: bool,
    is_in_digest: bool,
}

impl<'a> Walk<'a> {
    pub fn new(limits: &Limits) -> Self {
        Self {
            limits: *limits,
            leaves: Vec::new(),
            report_type: None,
            protection: Vec::new(),
            hurt: Vec::new(),
            parts: 0,
            alternatives: 0,
        }
    }

    /// Walks a whole mail whose headers are already read.
    pub fn message(&mut self, headers: &Headers<'a>, body: &'a [u8]) {
        self.part(headers.clone(), body, Place::default());
    }

    fn part(&mut self, headers: Headers<'a>, body: &'a [u8], place: Place) {
        self.parts += 1;
        let content_type = headers.raw("Content-Type").map(Structured::read).unwrap_or_default();
        self.recognise_protection(&content_type);
        if content_type.value.starts_with("multipart/") {
            if place.depth < self.limits.depth {
                if self.multipart(&content_type, body, place) {
                    return;
                }
            } else {
                self.hurt.push(Hurt::TooDeep);
            }
        }
        let disposition = headers.raw("Content-Disposition").map(Structured::read).unwrap_or_default();
        let mut content_type = content_type;
        if content_type.value.is_empty() || !content_type.value.contains('/') {
            let default = if place.is_in_digest { "message/rfc822" } else { "text/plain" };
            default.clone_into(&mut content_type.value);
        }
        self.leaves.push(Leaf {
            headers,
            content_type,
            disposition,
            body,
            alternative: place.alternative,
            is_in_related: place.is_in_related,
            is_in_report: place.is_in_report,
        });
    }

    /// Walks the parts of a multipart; false when no boundary can be found and it is to be read as text.
    fn multipart(&mut self, content_type: &Structured, body: &'a [u8], place: Place) -> bool {
        let declared = content_type.parameter("boundary").map(|b| b.trim_end().as_bytes().to_vec());
        let mut pieces = declared.as_deref().map(|b| self.split(body, b)).unwrap_or_default();
        if pieces.is_empty() {
            self.hurt.push(Hurt::BoundaryMissing);
            let Some(guessed) = guess_boundary(body) else { return false };
            pieces = self.split(body, &guessed);
        }
        let kind = content_type.value.strip_prefix("multipart/").unwrap_or_default();
        let mut inner = Place { depth: place.depth + 1, is_in_digest: kind == "digest", ..place };
        match kind {
            "alternative" => {
                self.alternatives += 1;
                inner.alternative = Some(self.alternatives);
            }
            "related" => inner.is_in_related = true,
            "report" => {
                inner.is_in_report = true;
                if self.report_type.is_none() {
                    let declared = content_type.parameter("report-type").unwrap_or_default();
                    self.report_type = Some(declared.to_ascii_lowercase());
                }
            }
            _ => {}
        }
        for piece in pieces {
            if self.parts >= self.limits.parts {
                self.hurt.push(Hurt::PartsCut);
                break;
            }
            let (headers, body_at, is_clipped) = Headers::read(piece, &self.limits);
            if is_clipped {
                self.hurt.push(Hurt::HeadersCut);
            }
            self.part(headers, &piece[body_at..], inner);
        }
        true
    }

    /// The bytes between boundary lines; empty when the boundary does not occur.
    fn split(&self, body: &'a [u8], boundary: &[u8]) -> Vec<&'a [u8]> {
        let mut pieces = Vec::new();
        if boundary.is_empty() {
            return pieces;
        }
        let mut marker = b"--".to_vec();
        marker.extend_from_slice(boundary);
        let mut open: Option<usize> = None;
        let mut from = 0;
        let finder = memchr::memmem::Finder::new(&marker);
        while let Some(at) = finder.find(&body[from..]).map(|n| from + n) {
            let after = at + marker.len();
            from = after;
            let is_line_start = at == 0 || matches!(body[at - 1], b'\n' | b'\r');
            let line = &body[after..line_end(body, after)];
            let rest = line.trim_ascii();
            let is_end = rest.starts_with(b"--");
            if !is_line_start || !(rest.is_empty() || is_end) {
                continue;
            }
            if let Some(start) = open.take() {
                pieces.push(&body[start..before_newline(body, at).max(start)]);
            }
            if is_end {
                // Some gateways add parts after the end line; only a following start line opens one.
                continue;
            }
            open = Some(after + line.len());
            if pieces.len() > self.limits.parts {
                break;
            }
        }
        if let Some(start) = open {
            let rest = &body[start.min(body.len())..];
            if !rest.trim_ascii().is_empty() {
                pieces.push(rest);
            }
        }
        pieces
    }

    fn recognise_protection(&mut self, content_type: &Structured) {
        let protocol = content_type.parameter("protocol").unwrap_or_default().to_ascii_lowercase();
        let found = match content_type.value.as_str() {
            "multipart/signed" if protocol.contains("pgp") => Protection::PgpSigned,
            "application/pkcs7-mime" | "application/x-pkcs7-mime" => {
                let kind = content_type.parameter("smime-type").unwrap_or_default().to_ascii_lowercase();
                if kind.contains("signed") { Protection::SmimeSigned } else { Protection::SmimeEncrypted }
            }
            "multipart/signed" | "application/pkcs7-signature" | "application/x-pkcs7-signature" => {
                Protection::SmimeSigned
            }
            "multipart/encrypted" | "application/pgp-encrypted" => Protection::PgpEncrypted,
            "application/pgp-signature" => Protection::PgpSigned,
            _ => return,
        };
        if !self.protection.contains(&found) {
            self.protection.push(found);
        }
    }
}

fn before_newline(body: &[u8], at: usize) -> usize {
    let at = if at > 0 && body[at - 1] == b'\n' { at - 1 } else { at };
    if at > 0 && body[at - 1] == b'\r' { at - 1 } else { at }
}

/// The first line that looks like a boundary, when the declared one is missing or wrong.
fn guess_boundary(body: &[u8]) -> Option<Vec<u8>> {
    let mut at = 0;
    for _ in 0..200 {
        if at >= body.len() {
            return None;
        }
        let end = line_end(body, at);
        let line = body[at..end].trim_ascii_end();
        let next = body[end..].trim_ascii_start();
        if line.len() > 3
            && line.starts_with(b"--")
            && line[2..].iter().any(u8::is_ascii_alphanumeric)
            && next.len() > 8
            && next[..8].eq_ignore_ascii_case(b"content-")
        {
            return Some(line[2..].to_vec());
        }
        at = end;
    }
    None
}

impl<'a> Leaf<'a> {
    /// The body with its transfer encoding undone.
    pub fn decoded(&self) -> Cow<'a, [u8]> {
        let encoding =
            self.headers.text("Content-Transfer-Encoding").unwrap_or_default().to_ascii_lowercase();
        match encoding.trim().trim_end_matches(';') {
            "base64" => {
                if self.content_type.value.starts_with("message/") && looks_like_headers(self.body) {
                    return Cow::Borrowed(self.body);
                }
                Cow::Owned(decode::base64(self.body))
            }
            "quoted-printable" => Cow::Owned(decode::quoted_printable(self.body, false)),
            "x-uuencode" | "uuencode" | "x-uue" | "uue" => match super::uuencode::extract(self.body).pop() {
                Some(found) => Cow::Owned(found.content),
                None => Cow::Borrowed(self.body),
            },
            _ => Cow::Borrowed(self.body),
        }
    }

    /// The name given by either field, decoded but not yet made safe.
    pub fn file_name(&self) -> Option<&str> {
        self.disposition.parameter("filename").or_else(|| self.content_type.parameter("name"))
    }

    pub fn is_attachment(&self) -> bool {
        self.disposition.value == "attachment"
    }
}

fn looks_like_headers(body: &[u8]) -> bool {
    let (headers, ..) = Headers::read(&body[..body.len().min(2_000)], &Limits::default());
    headers.len() >= 2
}
