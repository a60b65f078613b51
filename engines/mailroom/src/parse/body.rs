//! From the walked parts to the body text, the HTML, the attachments and the reports of a mail.

use std::borrow::Cow;

use super::attachment::{Attachment, Content};
use super::header::Headers;
use super::mime::{Leaf, Walk};
use super::{Hurt, Mail, Protection, Report, ReportKind, calendar, decode, tnef, uuencode};
use crate::fold::clip;
use crate::html;
use crate::limits::Limits;

/// One stretch of the body: what alternatives it was given in.
#[derive(Default)]
struct Stretch {
    alternative: Option<usize>,
    text: Option<String>,
    html: Option<String>,
}

/// Fills the mail from its parts.
pub(crate) fn assemble<'a>(mail: &mut Mail<'a>, walk: Walk<'a>, limits: &Limits) {
    mail.protection = walk.protection;
    mail.hurt.extend(walk.hurt);
    let mut stretches: Vec<Stretch> = Vec::new();
    let mut room = Room { text: limits.text_bytes, html: limits.text_bytes };
    let mut budget = limits.expanded_bytes;
    for leaf in &walk.leaves {
        if take_report(mail, leaf, limits) {
            continue;
        }
        if is_body(leaf, &stretches) {
            take_text(mail, leaf, &mut stretches, &mut room);
        } else {
            take_attachment(mail, leaf, &mut stretches, &mut budget, limits);
        }
    }
    join(mail, stretches);
    recognise_armour(mail);
    take_uuencoded(mail, &mut budget);
    mark_inline(mail);
}

fn is_body(leaf: &Leaf<'_>, stretches: &[Stretch]) -> bool {
    let kind = leaf.content_type.value.as_str();
    let is_text = matches!(
        kind,
        "text/plain" | "text/html" | "text/enriched" | "text/richtext" | "text" | "text/x-amp-html"
    ) || kind.starts_with("multipart/");
    if !is_text || leaf.is_attachment() || kind == "text/x-amp-html" {
        return false;
    }
    leaf.file_name().is_none() || stretches.is_empty() || leaf.alternative.is_some()
}

/// Bytes of body text that may still be taken, per kind.
struct Room {
    text: usize,
    html: usize,
}

fn take_text(mail: &mut Mail<'_>, leaf: &Leaf<'_>, stretches: &mut Vec<Stretch>, room: &mut Room) {
    let bytes = leaf.decoded();
    let is_html = leaf.content_type.value == "text/html";
    let left = if is_html { &mut room.html } else { &mut room.text };
    let charset = leaf.content_type.parameter("charset").map(str::to_owned);
    let charset = charset.or_else(|| is_html.then(|| html::declared_charset(&bytes)).flatten());
    let enough = at_most(&bytes, *left);
    let text = decode::text(enough, charset.as_deref());
    if text.len() > *left || enough.len() < bytes.len() {
        mail.hurt.push(Hurt::TextCut);
    }
    let text = clip(&text, *left);
    *left -= text.len();
    let shared = leaf.alternative.and_then(|n| stretches.iter_mut().find(|s| s.alternative == Some(n)));
    let stretch = if let Some(stretch) = shared {
        stretch
    } else {
        stretches.push(Stretch { alternative: leaf.alternative, ..Stretch::default() });
        stretches.last_mut().expect("one was pushed on the line above")
    };
    if is_html {
        append(&mut stretch.html, text.replace('\0', ""));
    } else if matches!(leaf.content_type.value.as_str(), "text/enriched" | "text/richtext") {
        append(&mut stretch.text, html::to_text(&text.replace("<<", "&lt;")));
    } else {
        let text = unix_lines(text);
        let is_flowed =
            leaf.content_type.parameter("format").is_some_and(|f| f.eq_ignore_ascii_case("flowed"));
        let is_delsp = leaf.content_type.parameter("delsp").is_some_and(|d| d.eq_ignore_ascii_case("yes"));
        append(&mut stretch.text, if is_flowed { unflow(&text, is_delsp) } else { text });
    }
}

/// Not more bytes than can matter: text of every charset has at most four for one of UTF-8, and is cut after a line.
fn at_most(bytes: &[u8], left: usize) -> &[u8] {
    let most = left.saturating_mul(4).saturating_add(1 << 10);
    if bytes.len() <= most {
        return bytes;
    }
    let cut = &bytes[..most];
    &cut[..memchr::memrchr(b'\n', cut).map_or(most, |n| n + 1)]
}

fn append(slot: &mut Option<String>, text: String) {
    match slot {
        Some(open) => {
            if !open.ends_with('\n') {
                open.push('\n');
            }
            open.push_str(&text);
        }
        None => *slot = Some(text),
    }
}

/// Line ends as `\n`, NUL dropped.
fn unix_lines(text: &str) -> String {
    if memchr::memchr2(b'\r', 0, text.as_bytes()).is_none() {
        return text.to_owned();
    }
    text.replace("\r\n", "\n").replace('\r', "\n").replace('\0', "")
}

/// Joins flowed lines (RFC 3676): a line that ends in a space goes on, within one quote depth.
fn unflow(text: &str, is_delsp: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut open: Option<usize> = None;
    for line in text.split_inclusive('\n') {
        let line = line.trim_end_matches('\n');
        let depth = line.bytes().take_while(|b| *b == b'>').count();
        let rest = &line[depth..];
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        let is_signature = rest == "-- ";
        let is_flowed = rest.ends_with(' ') && !is_signature;
        let goes_on = open == Some(depth) && !is_signature;
        if !goes_on {
            if open.is_some() {
                out.push('\n');
            }
            out.extend(std::iter::repeat_n('>', depth));
            if depth > 0 && !rest.is_empty() {
                out.push(' ');
            }
        }
        let body = if is_flowed && is_delsp { &rest[..rest.len() - 1] } else { rest };
        out.push_str(body);
        if is_flowed {
            open = Some(depth);
        } else {
            out.push('\n');
            open = None;
        }
    }
    out
}

/// Puts the stretches together: each in its best form for either kind.
fn join(mail: &mut Mail<'_>, stretches: Vec<Stretch>) {
    let has_text = stretches.iter().any(|s| s.text.is_some());
    let has_html =
        stretches.iter().any(|s| s.html.as_deref().is_some_and(|h| !h.starts_with("<img src=\"cid:inline-")));
    // A plain part followed by an HTML part of equal content outside of any alternative is sent by some systems.
    if has_html {
        let mut joined = String::new();
        let has_bare_text = stretches.iter().any(|s| s.html.is_none());
        let pages: Vec<String> = stretches
            .iter()
            .filter_map(|s| s.html.as_deref().filter(|_| has_bare_text))
            .map(|html| letters(&html::to_text(html)))
            .collect();
        for stretch in &stretches {
            match (&stretch.html, &stretch.text) {
                (Some(html), _) => joined.push_str(html),
                (None, Some(text)) if !repeats(text, &pages) => joined.push_str(&html::from_text(text)),
                _ => {}
            }
        }
        mail.html = Some(joined);
    }
    if has_text {
        let mut joined = String::new();
        for stretch in stretches {
            let text = match (stretch.text, stretch.html) {
                (Some(text), _) => text,
                (None, Some(html)) => {
                    let text = html::to_text(&html);
                    if joined.len() > 20 && begin_alike(&letters(&joined), &letters(&text)) {
                        continue;
                    }
                    text
                }
                _ => continue,
            };
            if !joined.is_empty() && !joined.ends_with('\n') {
                joined.push('\n');
            }
            joined.push_str(&text);
        }
        mail.text = Some(joined);
    }
}

fn repeats(text: &str, pages: &[String]) -> bool {
    let letters = letters(text);
    text.len() > 20 && pages.iter().any(|page| begin_alike(&letters, page))
}

/// The first letters and digits of a text.
fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).take(120).collect()
}

fn begin_alike(a: &str, b: &str) -> bool {
    let shorter = a.len().min(b.len());
    shorter > 20 && a.as_bytes()[..shorter] == b.as_bytes()[..shorter]
}

/// Machine-readable parts of reports, and the headers of a returned mail.
fn take_report(mail: &mut Mail<'_>, leaf: &Leaf<'_>, limits: &Limits) -> bool {
    let kind = match leaf.content_type.value.as_str() {
        "message/delivery-status" | "message/global-delivery-status" => ReportKind::Delivery,
        "message/disposition-notification" | "message/global-disposition-notification" => {
            ReportKind::Disposition
        }
        "message/feedback-report" => ReportKind::Feedback,
        "text/rfc822-headers" | "message/rfc822-headers" | "message/global-headers" => {
            ReportKind::OriginalHeaders
        }
        "message/rfc822" | "message/global" | "message/partial" => {
            let bytes = leaf.decoded();
            let (_, end, _) = Headers::read(&bytes, limits);
            let head = decode::text(&bytes[..end], None);
            let text = unix_lines(clip(&head, limits.header_bytes));
            mail.reports.push(Report { kind: ReportKind::OriginalHeaders, text });
            return false;
        }
        _ => return false,
    };
    let bytes = leaf.decoded();
    let text = decode::text(&bytes, None);
    mail.reports.push(Report { kind, text: unix_lines(clip(&text, limits.text_bytes)) });
    true
}

fn take_attachment<'a>(
    mail: &mut Mail<'a>,
    leaf: &Leaf<'a>,
    stretches: &mut Vec<Stretch>,
    budget: &mut usize,
    limits: &Limits,
) {
    if leaf.body.len() / 4 * 3 > *budget {
        mail.hurt.push(Hurt::ExpansionCut);
        return;
    }
    let content = leaf.decoded();
    *budget = budget.saturating_sub(content.len());
    if matches!(leaf.content_type.value.as_str(), "text/calendar" | "application/ics") {
        let text = decode::text(&content, leaf.content_type.parameter("charset").or(Some("utf-8")));
        mail.invites.extend(calendar::read(&text));
    }
    let is_tnef =
        matches!(leaf.content_type.value.as_str(), "application/ms-tnef" | "application/vnd.ms-tnef")
            || content.starts_with(&tnef::SIGNATURE);
    if is_tnef {
        match tnef::open(&content, budget) {
            Some(opened) => return take_tnef(mail, opened, stretches, limits),
            None => mail.hurt.push(Hurt::ContainerBroken),
        }
    }
    let number = mail.attachments.len() + 1;
    let mut attachment = Attachment::from_leaf(leaf, content, number);
    let is_shown_inline = attachment.true_type.starts_with("image/")
        && !leaf.is_attachment()
        && attachment.content_id.is_none()
        && !leaf.is_in_report;
    if is_shown_inline {
        // Apple Mail puts pictures between text parts without any id; the place is what connects them.
        let id = format!("inline-{number}");
        stretches.push(Stretch { html: Some(format!("<img src=\"cid:{id}\">")), ..Stretch::default() });
        attachment.content_id = Some(id);
        attachment.is_inline = true;
    }
    mail.attachments.push(attachment);
}

fn take_tnef(mail: &mut Mail<'_>, opened: tnef::Opened, stretches: &mut Vec<Stretch>, limits: &Limits) {
    let has_body = stretches
        .iter()
        .any(|s| s.html.is_some() || s.text.as_deref().is_some_and(|text| !text.trim().is_empty()));
    if !has_body {
        let text = opened.text.map(|t| clip(&unix_lines(&t), limits.text_bytes).to_owned());
        let html = opened.html.map(|h| clip(&h, limits.text_bytes).to_owned());
        if text.is_some() || html.is_some() {
            stretches.push(Stretch { alternative: None, text, html });
        }
    }
    for file in opened.files {
        let number = mail.attachments.len() + 1;
        mail.attachments.push(Attachment::from_bytes(
            file.name.as_deref(),
            &file.declared,
            file.content,
            number,
        ));
    }
}

/// Files written into the text itself, as before MIME.
fn take_uuencoded(mail: &mut Mail<'_>, budget: &mut usize) {
    let Some(text) = mail.text.as_mut() else { return };
    if !text.contains("begin ") {
        return;
    }
    let found = uuencode::extract(text.as_bytes());
    if found.is_empty() {
        return;
    }
    let mut kept = String::with_capacity(text.len());
    let mut at = 0;
    for file in found {
        let fits = file.content.len() <= *budget;
        if let Some(before) = text.get(at..file.start) {
            kept.push_str(before);
        }
        at = file.end;
        if fits {
            *budget -= file.content.len();
            let number = mail.attachments.len() + 1;
            let declared = "application/octet-stream";
            mail.attachments.push(Attachment::from_bytes(Some(&file.name), declared, file.content, number));
        } else {
            mail.hurt.push(Hurt::ExpansionCut);
        }
    }
    kept.push_str(text.get(at..).unwrap_or_default());
    *text = kept;
}

/// PGP written into the text itself.
fn recognise_armour(mail: &mut Mail<'_>) {
    let has =
        |mark: &str| mail.text.as_deref().is_some_and(|text| text.lines().any(|l| l.trim_end() == mark));
    let mut found = Vec::new();
    if mail.text.as_deref().is_some_and(|text| text.contains("-----BEGIN PGP ")) {
        if has("-----BEGIN PGP SIGNED MESSAGE-----") {
            found.push(Protection::PgpSigned);
        }
        if has("-----BEGIN PGP MESSAGE-----") {
            found.push(Protection::PgpEncrypted);
        }
    }
    for protection in found {
        if !mail.protection.contains(&protection) {
            mail.protection.push(protection);
        }
    }
}

/// An attachment the HTML shows is inline, whatever its disposition says.
fn mark_inline(mail: &mut Mail<'_>) {
    let Some(html) = mail.html.as_deref() else { return };
    for attachment in &mut mail.attachments {
        let by_id = attachment.content_id.as_deref().is_some_and(|id| html.contains(&format!("cid:{id}")));
        let by_place = attachment.content_location.as_deref().is_some_and(|place| html.contains(place));
        attachment.is_inline = by_id || by_place;
        if by_place && !by_id && attachment.content_id.is_none() {
            attachment.content_id.clone_from(&attachment.content_location);
        }
    }
}

impl<'a> Content<'a> for Cow<'a, [u8]> {
    fn into_cow(self) -> Cow<'a, [u8]> {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flowed_text_is_joined_within_its_depth() {
        let text = "One \nparagraph.\n> quoted \n> too\nplain\n-- \nsig\n";
        assert_eq!(unflow(text, false), "One paragraph.\n> quoted too\nplain\n-- \nsig\n");
        assert_eq!(unflow("日本 \n語\n", true), "日本語\n");
    }
}
