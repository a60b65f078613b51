//! Lines with their quote depth and what part of the mail they belong to.

use crate::fold::fold;

/// What a line is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The line that introduces a quote.
    Intro,
    Quote,
    Forwarded,
    Signature,
    Disclaimer,
    Footer,
}

/// One line of a body.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// Without quote marks.
    pub text: String,
    pub folded: String,
    pub depth: usize,
    /// `None`: written by the person, as far as is known.
    pub role: Option<Role>,
    /// A container says that from here on everything is quoted.
    pub is_rest_quoted: bool,
    /// The quoting may be the person's own: a bare `<blockquote>`.
    pub is_bare_quote: bool,
}

impl Line {
    pub fn new(text: String, depth: usize) -> Self {
        const MOST_FOLDED: usize = 600;
        let folded = fold(crate::fold::clip(&text, MOST_FOLDED));
        Self { text, folded, depth, role: None, is_rest_quoted: false, is_bare_quote: false }
    }

    pub fn is_blank(&self) -> bool {
        self.folded.is_empty()
    }

    /// Written by the person, as far as is known, and not empty.
    pub fn is_own(&self) -> bool {
        self.role.is_none() && self.depth == 0 && !self.is_blank()
    }

    /// The line as it stood, with quote marks.
    pub fn shown(&self) -> String {
        if self.depth == 0 {
            return self.text.clone();
        }
        let mut out = ">".repeat(self.depth);
        if !self.text.is_empty() {
            out.push(' ');
            out.push_str(&self.text);
        }
        out
    }
}

/// Reads plain text: `> ` in all its forms becomes depth.
pub(crate) fn read_plain(text: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = text.lines().map(plain_line).collect();
    mend_wraps(&mut lines);
    set_armour_apart(&mut lines);
    let least = lines.iter().map(|l| l.depth).filter(|d| *d > 0).min().unwrap_or_default();
    // `>>> ` alone is the prompt of an interpreter, not a mail quoted three times.
    if least >= 3 {
        for line in &mut lines {
            if line.depth > 0 {
                *line = Line::new(line.shown(), 0);
            }
        }
    }
    lines
}

/// The frame of a signed text (RFC 9580, section 7): its heading, its signature, and the dashes it escapes.
fn set_armour_apart(lines: &mut [Line]) {
    let Some(begin) = lines.iter().position(|l| l.text == "-----BEGIN PGP SIGNED MESSAGE-----") else {
        return;
    };
    let (mut is_heading, mut is_signature) = (true, false);
    for line in &mut lines[begin..] {
        is_heading &= !line.is_blank();
        is_signature |= line.text == "-----BEGIN PGP SIGNATURE-----";
        if is_heading || is_signature {
            line.role = Some(Role::Footer).filter(|_| !line.is_blank());
            is_signature &= line.text != "-----END PGP SIGNATURE-----";
        } else if let Some(escaped) = line.text.strip_prefix("- ").filter(|rest| rest.starts_with('-')) {
            *line = Line::new(escaped.to_owned(), line.depth);
        }
    }
}

/// Lines a mailer broke: `Ann <ann@x` / `>:` is one intro, and quoted text that ran over loses its mark.
fn mend_wraps(lines: &mut [Line]) {
    const NEARLY_FULL: usize = 55;
    for at in 1..lines.len() {
        let (above, below) = lines.split_at_mut(at);
        let (before, line) = (&above[at - 1], &mut below[0]);
        let is_open = before.depth == 0 && before.text.rfind('<') > before.text.rfind('>');
        if line.depth == 1 && is_open && line.text.len() < 40 && line.text.ends_with(':') {
            *line = Line::new(line.shown(), 0);
            continue;
        }
        let goes_on = before.depth > 0
            && before.text.chars().count() >= NEARLY_FULL
            && !before.text.trim_end().ends_with(['.', '!', '?', ':', ';'])
            && line.depth == 0
            && line.text.starts_with(char::is_lowercase)
            && below.get(1).is_some_and(|next| next.depth > 0);
        if goes_on {
            below[0].depth = above[at - 1].depth;
        }
    }
}

fn plain_line(raw: &str) -> Line {
    let mut rest = raw;
    let mut depth = 0;
    loop {
        let trimmed = rest.trim_start_matches([' ', '\u{a0}', '\t']);
        // An indented mark is a quote only at the very start of a line or after another mark.
        let indent = rest.len() - trimmed.len();
        if let Some(after) = trimmed.strip_prefix('>').filter(|_| indent <= 2) {
            if depth == 0 && after.starts_with("From ") {
                return Line::new(after.to_owned(), 0);
            }
            depth += 1;
            rest = after;
        } else {
            break;
        }
    }
    let text = if depth == 0 { raw.trim_end() } else { rest.strip_prefix(' ').unwrap_or(rest).trim_end() };
    Line::new(text.to_owned(), depth)
}
