//! Disclaimers, gateway warnings, list and scanner footers.

use std::sync::LazyLock;

use super::line::{Line, Role};
use crate::fold::Phrases;

/// How much a phrase proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weight {
    /// Alone enough to call the paragraph a disclaimer.
    Sure,
    /// Two of these do.
    Hint,
    /// A warning put on top by a gateway.
    Banner,
    /// Appended by lists and scanners.
    Appended,
}

static PHRASES: LazyLock<Phrases<Weight>> = LazyLock::new(|| {
    Phrases::read(include_str!("words/footer.txt"), |name| match name {
        "sure" => Some(Weight::Sure),
        "hint" => Some(Weight::Hint),
        "banner" => Some(Weight::Banner),
        "appended" => Some(Weight::Appended),
        _ => None,
    })
});

/// Marks disclaimers and footers among the lines of one own segment. `is_top` says that the mail begins here.
pub(crate) fn mark(lines: &mut [Line], is_top: bool) {
    let mut at = 0;
    let mut is_first = is_top;
    while at < lines.len() {
        if !lines[at].is_own() {
            at += 1;
            continue;
        }
        let end = (at..lines.len()).find(|i| !lines[*i].is_own()).unwrap_or(lines.len());
        match judge(&lines[at..end], is_first) {
            Some(Found::Banner(length)) => set(&mut lines[at..at + length], Role::Disclaimer),
            Some(Found::Paragraph(role)) => {
                let begins = at + start_within(&lines[at..end], role);
                set(&mut lines[begins..end], role);
                if end < lines.len() && !is_first {
                    tail(&mut lines[end..], role);
                }
            }
            None => is_first = false,
        }
        at = end;
    }
}

enum Found {
    Banner(usize),
    Paragraph(Role),
}

fn judge(paragraph: &[Line], is_first: bool) -> Option<Found> {
    let joined: String = paragraph.iter().map(|l| l.folded.as_str()).collect::<Vec<_>>().join(" ");
    let (mut sure, mut hints, mut banner, mut appended) = (0, 0, 0, 0);
    let mut seen = Vec::new();
    for found in PHRASES.find_all(&joined) {
        match found.meaning {
            Weight::Sure => sure += 1,
            Weight::Hint if !seen.contains(&found.index) => {
                seen.push(found.index);
                hints += 1;
            }
            Weight::Hint => {}
            Weight::Banner => banner += 1,
            Weight::Appended => appended += 1,
        }
    }
    let can_be_hinted = !is_first && hints >= 3 && joined.len() >= 160 && !joined.contains('?');
    let is_legal = joined.chars().count() >= 60;
    if banner > 0 && (is_first || joined.len() < 700) {
        // The person's first words may follow the warning without a blank line.
        let last = paragraph.iter().rposition(|l| {
            PHRASES.find_all(&l.folded).any(|f| f.meaning == Weight::Banner || f.meaning == Weight::Hint)
        });
        let length = if is_first { banner_length(paragraph, last.unwrap_or(0)) } else { paragraph.len() };
        return Some(Found::Banner(length));
    }
    if sure >= 1 && is_legal || can_be_hinted || sure >= 2 {
        return Some(Found::Paragraph(Role::Disclaimer));
    }
    (appended > 0 && joined.len() < 1_500).then_some(Found::Paragraph(Role::Footer))
}

/// A warning wraps over short lines; it ends with the sentence its last sign stands in.
fn banner_length(paragraph: &[Line], last: usize) -> usize {
    let mut end = last;
    while end + 1 < paragraph.len()
        && !paragraph[end].text.trim_end().ends_with(['.', '!', ']', '*', '>', '。'])
        && end < last + 3
    {
        end += 1;
    }
    end + 1
}

/// In a paragraph that runs on from the person's words, the line on which the foreign text begins.
fn start_within(paragraph: &[Line], role: Role) -> usize {
    let wanted: &[Weight] =
        if role == Role::Footer { &[Weight::Appended] } else { &[Weight::Sure, Weight::Hint] };
    let first = paragraph
        .iter()
        .position(|l| PHRASES.find_all(&l.folded).any(|f| wanted.contains(&f.meaning)))
        .unwrap_or(0);
    // A phrase may be cut by a line end; only a clear break before it is taken as the border.
    let is_border = |i: usize| {
        paragraph[i].text.trim_end().ends_with(['.', '!', '?', ':', ','])
            || paragraph[i].folded.len() < 45
            || paragraph[i].folded.chars().all(|c| !c.is_alphanumeric())
    };
    (0..first)
        .rev()
        .find(|i| is_border(*i))
        .map_or(if first > 0 && role == Role::Footer { first } else { 0 }, |i| i + 1)
}

/// Nobody writes below a disclaimer: what follows in the segment belongs to it.
fn tail(lines: &mut [Line], role: Role) {
    let words: usize = lines.iter().filter(|l| l.is_own()).map(|l| l.folded.split(' ').count()).sum();
    if words < 400 {
        set(lines, role);
    }
}

fn set(lines: &mut [Line], role: Role) {
    for line in lines.iter_mut().filter(|l| l.is_own()) {
        line.role = Some(role);
    }
}
