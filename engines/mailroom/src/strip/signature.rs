//! Signatures: after a delimiter, of telephones, and blocks of contact data after a greeting.

use std::borrow::Cow;
use std::sync::LazyLock;

use super::line::{Line, Role};
use crate::fold::Phrases;

/// What apps add below a mail.
static MOBILE: LazyLock<Phrases<()>> =
    LazyLock::new(|| Phrases::read(include_str!("words/mobile.txt"), |_| Some(())));

/// Words of farewell.
static FAREWELL: LazyLock<Phrases<()>> =
    LazyLock::new(|| Phrases::read(include_str!("words/farewell.txt"), |_| Some(())));

/// Marks the signature of one own segment. `has_before` says that the person wrote above the segment.
pub(crate) fn mark(lines: &mut [Line], has_before: bool, author: &str) {
    if let Some(start) = delimiter(lines, has_before) {
        set(&mut lines[start..]);
    }
    mobile(lines);
    if let Some(start) = contact_block(lines, has_before, author) {
        set(&mut lines[start..]);
    }
    placeholders(lines, has_before);
}

/// Picture marks without a word after the last sentence: logos.
fn placeholders(lines: &mut [Line], has_before: bool) {
    let is_mark = |line: &Line| line.folded.starts_with("[cid:") && line.folded.ends_with(']');
    let has_words = has_before || lines.iter().any(|l| l.is_own() && !is_mark(l));
    for line in lines.iter_mut().rev().filter(|l| l.is_own()) {
        if !has_words || !is_mark(line) {
            return;
        }
        line.role = Some(Role::Signature);
    }
}

fn set(lines: &mut [Line]) {
    for line in lines.iter_mut().filter(|l| l.role.is_none() && !l.is_blank()) {
        line.role = Some(Role::Signature);
    }
}

/// The line that begins the signature by convention.
fn delimiter(lines: &[Line], has_before: bool) -> Option<usize> {
    const MOST_LINES: usize = 60;
    let mut left = lines.iter().filter(|l| l.is_own()).count();
    let all = left;
    for (at, line) in lines.iter().enumerate() {
        let text = line.text.trim();
        let before = all - left;
        left -= usize::from(line.is_own());
        let rest = left;
        if line.role.is_some() || line.depth > 0 || text.is_empty() || text.chars().count() > 60 {
            continue;
        }
        if rest == 0 && (at > 0 || has_before) && text == "--" {
            return Some(at);
        }
        if matches!(text, "--" | "–" | "—" | "––" | "——" | "- -" | "--=20") && rest <= MOST_LINES && rest > 0
        {
            return Some(at);
        }
        let is_rule = text.chars().count() >= 3
            && text.chars().all(|c| matches!(c, '-' | '_' | '=' | '*' | '~' | '─' | '━' | '—'));
        if is_rule && rest > 0 && rest <= 20 && before > 0 {
            let signs: usize = lines[at + 1..].iter().filter(|l| l.is_own()).map(contact_signs).sum();
            let long =
                lines[at + 1..].iter().any(|l| l.is_own() && l.folded.len() > 100 && contact_signs(l) == 0);
            let is_last = signs >= 1 && !long
                || rest <= 3 && !long && !lines[at + 1..].iter().any(|l| l.folded.ends_with('?'));
            if is_last {
                return Some(at);
            }
        }
    }
    None
}

/// `Sent from my …`, near the end of the segment.
fn mobile(lines: &mut [Line]) {
    let own: Vec<usize> = (0..lines.len()).filter(|i| lines[*i].is_own()).collect();
    let from = own.len().saturating_sub(8);
    for (place, &at) in own.iter().enumerate().skip(from) {
        let line = &lines[at];
        let bare = line.folded.trim_start_matches(['-', '*', '_', ' ', '(', '[', '<', '~', '"', '|']);
        let is_hit = line.folded.len() < 160
            && MOBILE.find_all(bare).any(|f| {
                let at_start = f.start <= 2;
                let at_end =
                    f.start + f.length + 3 >= bare.len() && bare.chars().count() < 40 && !bare.is_ascii();
                at_start && is_app_line(bare, f.length) || at_end
            });
        if !is_hit {
            continue;
        }
        let rest = &own[place..];
        // A link or a name may follow; more than that is not the app's.
        if rest.len() <= 4 {
            let last = *rest.last().unwrap_or(&at);
            let is_short =
                rest.iter().all(|i| lines[*i].folded.len() < 160 && !lines[*i].folded.ends_with('?'));
            if is_short {
                set(&mut lines[at..=last]);
                return;
            }
        }
        set(&mut lines[at..=at]);
    }
}

/// `Gesendet von Ann an alle Kunden, bitte prüfen` is a sentence of a person: the app's line is short.
fn is_app_line(bare: &str, phrase: usize) -> bool {
    let words = bare.split(' ').count();
    let devices = [
        "iphone",
        "ipad",
        "android",
        "samsung",
        "galaxy",
        "outlook",
        "gmail",
        "yahoo",
        "mail",
        "mobile",
        "handy",
        "smartphone",
        "telefon",
        "phone",
        "blackberry",
        "huawei",
        "xiaomi",
        "windows",
        "app",
        "proton",
        "thunderbird",
        "k-9",
        "movil",
        "telefono",
        "portable",
        "tablet",
        "brevity",
        "typos",
        "nokia",
        "sony",
        "pixel",
        "motorola",
        "orange",
        "bluemail",
        "spark",
        "tutanota",
        "web.de",
        "gmx",
        "freenet",
        "t-online",
        "mozilla",
        "surface",
        "workspace",
        "яндекс",
        "yandex",
        "мобильн",
        "телефон",
        "устройства",
        "планшет",
        "устройств",
        "マイ",
        "手机",
        "smart",
        "telia",
        "ipod",
        "mac",
    ];
    let is_near = words <= 5 && phrase > 8 || words <= 8 && phrase > 11;
    words <= 22 && (is_near || devices.iter().any(|d| bare.contains(d)))
}

/// What a word in a line of contact data stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Contact {
    /// The label of a number.
    Label,
    /// A legal form, a street.
    Company,
}

static CONTACT: LazyLock<Phrases<Contact>> = LazyLock::new(|| {
    Phrases::read(include_str!("words/contact.txt"), |name| match name {
        "label" => Some(Contact::Label),
        "company" => Some(Contact::Company),
        _ => None,
    })
});

/// How many kinds of contact data a line shows.
fn contact_signs(line: &Line) -> usize {
    const LONGEST: usize = 240;
    let shown = without_links(&line.folded);
    let folded = shown.as_ref();
    if folded.len() > LONGEST {
        return 0;
    }
    let digits = folded.bytes().filter(u8::is_ascii_digit).count();
    // A label opens the line or a column of it, or has a colon.
    let is_label = |found: &crate::fold::Found<Contact>| {
        let (before, after) = (&folded[..found.start], &folded[found.start + found.length..]);
        before.is_empty() || before.ends_with("| ") || before.ends_with(' ') && after.starts_with(':')
    };
    let (mut has_label, mut has_company) = (false, false);
    for found in CONTACT.find_all(folded) {
        has_label |= found.meaning == Contact::Label && is_label(&found);
        has_company |= found.meaning == Contact::Company;
    }
    let phone = (6..=40).contains(&digits)
        && (has_label
            || folded.contains('+') && folded.len() < 60
            || folded.bytes().all(|b| b.is_ascii_digit() || b" +-/().".contains(&b)));
    let words = folded.split(' ').count();
    let web = folded.contains("www.") || folded.contains("http://") || folded.contains("https://");
    let mail = folded.contains('@') && folded.len() < 90;
    usize::from(phone)
        + usize::from(web && words <= 8)
        + usize::from(mail && words <= 6)
        + usize::from(has_company && folded.len() < 100)
}

/// What a reader sees of a line: the addresses behind links are not part of it.
fn without_links(folded: &str) -> Cow<'_, str> {
    if !folded.contains('<') {
        return Cow::Borrowed(folded);
    }
    let mut out = String::with_capacity(folded.len());
    let mut rest = folded;
    while let Some(open) = rest.find('<') {
        let is_link = ["<http", "<tel:", "<mailto:"].iter().any(|scheme| rest[open..].starts_with(scheme));
        // A line is folded up to a length; what is cut there has no closing mark.
        let end =
            if is_link { rest[open..].find('>').map_or(rest.len(), |n| open + n + 1) } else { open + 1 };
        out.push_str(rest[..if is_link { open } else { end }].trim_end());
        rest = &rest[end..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn shown_length(line: &Line) -> usize {
    without_links(&line.folded).chars().count()
}

/// A block of contact data at the end of the segment, with the farewell or the name above it.
fn contact_block(lines: &[Line], has_before: bool, author: &str) -> Option<usize> {
    const MOST_LINES: usize = 16;
    let own: Vec<usize> = (0..lines.len()).filter(|i| lines[*i].is_own()).collect();
    let first_possible = own.len().saturating_sub(MOST_LINES);
    for (place, &at) in own.iter().enumerate().skip(first_possible) {
        let is_name = !author.is_empty() && is_same_name(&lines[at].folded, author);
        if !(is_name || is_farewell(&lines[at])) || place == 0 && !has_before {
            continue;
        }
        if is_signature_below(lines, &own[place + 1..], is_name) {
            return Some(at);
        }
    }
    // No farewell: the last paragraph, when it is nothing but contact data.
    let last = *own.last()?;
    let start = (0..=last)
        .rev()
        .take_while(|i| !lines[*i].is_blank() && lines[*i].role.is_none() && lines[*i].depth == 0)
        .last()?;
    let count = last + 1 - start;
    if count > MOST_LINES {
        return None;
    }
    let signs: usize = lines[start..=last].iter().map(contact_signs).sum();
    let is_short = lines[start..=last].iter().all(|l| shown_length(l) <= 90 && !l.folded.ends_with('?'));
    let has_above = has_before || own.iter().any(|i| *i < start);
    (has_above && is_short && count >= 2 && signs >= 2 && signs * 2 >= count).then_some(start)
}

/// Whether what stands below a farewell or the writer's name is the rest of a signature, not of the letter.
fn is_signature_below(lines: &[Line], below: &[usize], is_name: bool) -> bool {
    let below = || below.iter().map(|i| &lines[*i]);
    let signs: usize = below().map(contact_signs).sum();
    let is_letter = |l: &Line| {
        let is_item =
            l.folded.starts_with("- ") || l.folded.starts_with("* ") || l.folded.ends_with([':', '?']);
        let is_note = l.folded.starts_with("ps") || l.folded.starts_with("p.s");
        shown_length(l) > 110 || is_item && contact_signs(l) == 0 || is_note
    };
    let longest = below().map(shown_length).max().unwrap_or_default();
    let lines_needed = if is_name { 2 } else { 4 };
    !below().any(is_letter) && (signs >= 1 || below().count() >= lines_needed && longest <= 50)
}

/// `Ann Miller`, `Miller, Ann`, `Dr. Ann Miller`, or bold marks around it.
fn is_same_name(folded: &str, author: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        let mut words: Vec<String> = text
            .split(|c: char| !c.is_alphanumeric())
            .filter(|w| {
                w.chars().count() > 1 && !matches!(*w, "dr" | "prof" | "ing" | "dipl" | "mr" | "mrs" | "ms")
            })
            .map(str::to_owned)
            .collect();
        words.sort_unstable();
        words
    };
    folded.len() < 60 && words(author).len() >= 2 && words(folded) == words(author)
}

/// `Best regards, Ann`
pub(crate) fn is_farewell(line: &Line) -> bool {
    if line.folded.chars().count() > 60 || line.folded.contains('?') {
        return false;
    }
    let bare = line.folded.trim_start_matches(['-', '*', ' ', '_']);
    FAREWELL.find_all(bare).any(|f| {
        let rest = bare.get(f.length..).unwrap_or_default().trim_matches([' ', ',', '.', '!', '-', '*', ':']);
        // `Thanks for the quick answer.` opens a letter as often as it closes one.
        let is_thanks = [
            "thank",
            "dank",
            "merci",
            "graci",
            "grazie",
            "obrigad",
            "bedankt",
            "tack",
            "tak",
            "kiitos",
            "dziek",
            "dekuj",
            "спасиб",
        ]
        .iter()
        .any(|t| bare.starts_with(t));
        let most = if is_thanks { 2 } else { 5 };
        f.start == 0
            && (rest.is_empty() || rest.split(' ').count() <= most && !(is_thanks && rest.starts_with("for")))
    })
}
