//! Header labels, separators and verbs of quoting, in the languages of the world's mail clients.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::fold::{Phrases, fold};

/// What a label in front of a quoted mail stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Label {
    From,
    Date,
    To,
    Subject,
    /// Cc, reply-to, attachments, importance: belongs to a block but does not make one.
    Other,
}

static BY_NAME: LazyLock<HashMap<String, Label>> = LazyLock::new(|| {
    let mut map = HashMap::new();
    crate::fold::read_words(include_str!("words/labels.txt"), |section, name| {
        if let Some(label) = label_named(section) {
            map.entry(fold(name)).or_insert(label);
        }
    });
    map
});

fn label_named(name: &str) -> Option<Label> {
    Some(match name {
        "from" => Label::From,
        "date" => Label::Date,
        "to" => Label::To,
        "subject" => Label::Subject,
        "other" => Label::Other,
        _ => return None,
    })
}

/// The label a folded line begins with, and whether something follows it.
pub(crate) fn label_of(folded: &str) -> Option<(Label, bool)> {
    let bare = folded.trim_start_matches(['*', '_', '|', ' ', '-', '\t', '·', '•']);
    let colon = bare.char_indices().take(40).find(|(_, c)| *c == ':').map(|(at, _)| at)?;
    let name = bare[..colon].trim_end_matches(['*', '_', ' ', '|']).trim();
    let label = *BY_NAME.get(name)?;
    Some((label, !bare[colon + 1..].trim_matches(['*', ' ']).is_empty()))
}

/// What a separator announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Announced {
    Reply,
    Forward,
    /// `## reply above this line ##`
    AnswerLine,
}

pub(crate) static SEPARATORS: LazyLock<Phrases<Announced>> = LazyLock::new(|| {
    Phrases::read(include_str!("words/separators.txt"), |name| match name {
        "reply" => Some(Announced::Reply),
        "forward" => Some(Announced::Forward),
        "answer_line" => Some(Announced::AnswerLine),
        _ => None,
    })
});

/// The verbs of `… wrote:`.
pub(crate) static WROTE: LazyLock<Phrases<()>> =
    LazyLock::new(|| Phrases::read(include_str!("words/wrote.txt"), |_| Some(())));

/// Words an introducing line begins with.
static STARTS: LazyLock<Phrases<()>> =
    LazyLock::new(|| Phrases::read(include_str!("words/intro_starts.txt"), |_| Some(())));

pub(crate) fn begins_like_intro(folded: &str) -> bool {
    STARTS.find_all(crate::fold::clip(folded, 40)).any(|found| found.start == 0)
}
