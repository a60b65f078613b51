//! What the person wrote, apart from quotes, signatures, disclaimers and forwarded parts. What is cut is returned too.

mod container;
mod footer;
mod intro;
mod judge;
mod labels;
mod line;
mod signature;

use serde::Serialize;

use crate::html;
use crate::parse::Mail;

use line::Line;

/// A mail taken apart.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Stripped {
    /// What was written, as plain text. Quoted lines that an answer stands below are kept with `> ` in front.
    pub text: String,
    /// What was taken away, in the order it stood in the mail.
    pub cut: Vec<Cut>,
    /// Nothing was written beside what would be cut (a bare forward, an empty answer), so `text` holds that instead.
    pub is_fallback: bool,
    pub source: Source,
}

/// One piece that was taken away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cut {
    pub kind: CutKind,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CutKind {
    /// An earlier mail, with the line that introduces it.
    Quote,
    Forwarded,
    Signature,
    /// Legal text, and warnings a gateway puts on top.
    Disclaimer,
    /// What lists and scanners append.
    Footer,
}

/// Which form of the body was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    #[default]
    Plain,
    Html,
}

/// Takes a mail apart. The plain part is read when it is worth it; the HTML when only that shows where a quote begins.
///
/// ```
/// let raw = b"From: a@b\n\nJa, bitte.\n\nAm 23.11.26 um 09:00 schrieb Support:\n> Sollen wir?\n";
/// let stripped = mainstay_mailroom::strip(&mainstay_mailroom::parse(raw));
/// assert_eq!(stripped.text, "Ja, bitte.");
/// assert_eq!(stripped.cut[0].text, "Am 23.11.26 um 09:00 schrieb Support:\n> Sollen wir?");
/// ```
pub fn strip(mail: &Mail<'_>) -> Stripped {
    let author = crate::fold(mail.author().map_or("", |a| a.name.as_str()));
    match (&mail.text, &mail.html) {
        (Some(text), Some(html)) => {
            let is_stub = crate::parse::is_stub(text);
            let plain = plain(text, &author);
            let has_quote = plain.cut.iter().any(|c| matches!(c.kind, CutKind::Quote | CutKind::Forwarded));
            if !is_stub && has_quote && !plain.is_fallback {
                return plain;
            }
            let web = web(html, &author);
            let found_quote = web.cut.iter().any(|c| matches!(c.kind, CutKind::Quote | CutKind::Forwarded));
            let is_better = is_stub && web.text.len() >= plain.text.len()
                || found_quote && !has_quote && !web.is_fallback
                || plain.is_fallback && !web.is_fallback
                || web.cut.len() > plain.cut.len() && !web.is_fallback && web.text.len() < plain.text.len();
            if is_better { web } else { plain }
        }
        (Some(text), None) => plain(text, &author),
        (None, Some(html)) => web(html, &author),
        (None, None) => Stripped::default(),
    }
}

/// Takes plain text apart.
pub fn strip_text(text: &str) -> Stripped {
    plain(text, "")
}

/// Takes HTML apart, by the containers mail clients make and by the words in them.
pub fn strip_html(html: &str) -> Stripped {
    web(html, "")
}

fn plain(text: &str, author: &str) -> Stripped {
    let lines = line::read_plain(text);
    let mut stripped = judge::judge(lines, author);
    stripped.source = Source::Plain;
    stripped
}

fn web(html: &str, author: &str) -> Stripped {
    let tree = html::Tree::read(html);
    let rendered = html::render(&tree);
    let mut lines: Vec<Line> = rendered
        .lines
        .into_iter()
        .map(|l| Line { is_bare_quote: l.depth > 0 && !l.is_cited, ..Line::new(l.text, l.depth) })
        .collect();
    container::mark(&tree, &rendered.spans, &mut lines);
    let mut stripped = judge::judge(lines, author);
    stripped.source = Source::Html;
    stripped
}
