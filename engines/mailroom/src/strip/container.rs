//! The containers mail clients put around quotes and signatures in HTML.

use super::line::{Line, Role};
use crate::html::{Element, Node, Tree};

/// What a container says about its content.
enum Says {
    Is(Role),
    /// Everything from here on is quoted.
    Rest,
}

/// Classes and ids (compared without case and without Outlook's `x_` in front) and what they hold.
const QUOTES: &[&str] = &[
    "yahoo_quoted",
    "yqtdbase",
    "protonmail_quote",
    "tutanota_quote",
    "mail-editor-reference-message-container",
    "ms-outlook-mobile-reference-message",
    "zmail_extra",
    "freshdesk_quote",
    "missive_quote",
    "front-blockquote",
    "hs_reply",
    "isreplycontent",
    "ntes-mailmaster-quote",
    "mail-quote-collapse",
    "messagereplysection",
    "gmail_quote_container",
    "mailquote",
    "moz-forward-container",
    "wm_msg_quote",
    "reply-quote",
    "quoted-reply",
    "email-quote",
    "nylas-quote",
    "spark-quote",
    "outlookmessageheader",
    "msg-quote",
    "quoted_message",
    "superhuman-quote",
    "nextquote",
    "previousmessage",
    "hm_quote",
    "bluemail_quote",
    "aqm-original-body",
    "canary-quote",
    "shortwave-quote",
    "polymail_quote",
];
const SIGNATURES: &[&str] = &[
    "gmail_signature",
    "gmail_signature_prefix",
    "moz-signature",
    "applemailsignature",
    "apple-mail-signature",
    "ms-outlook-mobile-signature",
    "ms-outlook-ios-signature",
    "protonmail_signature_block",
    "protonmail_signature_block-user",
    "protonmail_signature_block-proton",
    "k9mail-signature",
    "composer_signature",
    "_rc_sig",
    "signature",
    "messagesignaturesection",
    "zimbra-signature",
    "ox-signature",
    "io-ox-signature",
    "tutanota_signature",
    "data-signature-widget",
    "yahoo-signature",
    "hs_signature",
    "missive_signature",
    "front-signature",
    "spark-signature",
    "mailspring-signature",
    "email-signature",
    "signature-block",
    "wisestamp_signature",
    "blm_signature",
    "mail_signature",
    "bluemail_signature",
    "mail-signature",
    "x-apple-signature",
    "samsung_signature",
    "mailsignature",
    "edo-signature",
    "newton_signature",
];
const INTROS: &[&str] = &[
    "gmail_attr",
    "moz-cite-prefix",
    "reply-intro",
    "moz-email-headers-table",
    "gmail_quote_header",
    "protonmail_header",
    "front-quote-header",
];
const RESTS: &[&str] = &[
    "divrplyfwdmsg",
    "appendonsend",
    "stopspelling",
    "ms-outlook-mobile-body-separator-line",
    "zwchr",
    "olk_src_body_section",
    "replysplit",
    "originalcontent",
    "_mailoriginal",
    "mailoriginal",
    "mail-separator",
    "reply_head",
    "orighead",
];

/// Marks the lines of known containers.
pub(crate) fn mark(tree: &Tree, spans: &[(usize, usize)], lines: &mut [Line]) {
    for (id, node) in tree.nodes.iter().enumerate() {
        let Node::Element(element) = node else { continue };
        if element.attributes.is_empty() {
            continue;
        }
        let (start, end) = spans[id];
        if start >= lines.len() {
            continue;
        }
        match says(element) {
            Some(Says::Is(role)) => {
                let end = end.clamp(start, lines.len() - 1);
                for line in &mut lines[start..=end] {
                    // What stands outside decides: a signature inside a quote is quoted.
                    if line.role.is_none() && !line.is_blank() {
                        line.role = Some(role);
                    }
                }
            }
            Some(Says::Rest) => lines[start].is_rest_quoted = true,
            None if has_top_border(element) && is_header_like(&lines[start..]) => {
                lines[start].is_rest_quoted = true;
            }
            None => {}
        }
    }
}

fn says(element: &Element) -> Option<Says> {
    for key in ["class", "id", "name", "data-marker", "data-smartmail", "itemprop"] {
        for token in element.attribute(key).split_ascii_whitespace().take(20) {
            if let Some(found) = token_says(token, key, element) {
                return Some(found);
            }
        }
    }
    None
}

fn token_says(token: &str, key: &str, element: &Element) -> Option<Says> {
    let lower = token.to_ascii_lowercase();
    let mut bare = lower.as_str();
    while let Some(rest) = bare.strip_prefix("x_").or_else(|| bare.strip_prefix("m_")) {
        bare = rest;
    }
    // Yahoo and Gmail put a number around their names: `ydp1a2b3cyahoo_quoted`, `m_-123divRplyFwdMsg`.
    let known = |table: &[&str]| {
        table.contains(&bare)
            || bare.len() > 12 && table.iter().any(|name| name.len() > 10 && bare.ends_with(name))
    };
    if bare == "__quoted_text__" || known(QUOTES) {
        return Some(Says::Is(Role::Quote));
    }
    if bare.starts_with("yahoo_quoted_") || bare.starts_with("yqt") && bare.len() > 8 {
        return Some(Says::Is(Role::Quote));
    }
    if bare == "__divider__" || known(RESTS) {
        return Some(Says::Rest);
    }
    if known(INTROS) {
        return Some(Says::Is(Role::Intro));
    }
    let is_signature = known(SIGNATURES)
        || bare.starts_with("__sig_")
        || bare.starts_with("ydp") && bare.ends_with("signature")
        || bare.starts_with("lineBreakAtBeginningOfSignature");
    if is_signature && !(bare == "signature" && key == "itemprop") {
        return Some(Says::Is(Role::Signature));
    }
    // GMX and web.de: `<div name="quote" style="… border-left …">`
    if key == "name" && bare == "quote" && element.name == "div" {
        return Some(Says::Is(Role::Quote));
    }
    None
}

/// Outlook draws a line above the labels of the mail it quotes.
fn has_top_border(element: &Element) -> bool {
    let style = element.attribute("style");
    style.len() < 400 && {
        let style: String = style.to_ascii_lowercase().chars().filter(|c| !c.is_whitespace()).collect();
        style.contains("border-top:solid") && style.contains("padding:3.0pt")
            || style.contains("border-top:1ptsolid")
            || style.contains("border-top:1.0ptsolid")
    }
}

/// Three labels in five lines, in whatever language.
fn is_header_like(lines: &[Line]) -> bool {
    let labelled = |line: &&Line| line.text.char_indices().take(30).any(|(_, c)| c == ':' || c == '：');
    lines.iter().filter(|l| !l.is_blank()).take(5).filter(labelled).count() >= 3
}
