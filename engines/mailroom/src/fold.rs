//! Text made comparable: lower case, no accents, one kind of quote and space; and sets of phrases on it.

use aho_corasick::{AhoCorasick, MatchKind};

/// Lower case without Latin accents, runs of white space as one space, typographic quotes and dashes as ASCII,
/// invisible characters dropped. Other scripts keep their letters.
///
/// ```
/// assert_eq!(mainstay_mailroom::fold("  Réponse\u{a0}AUTOMATIQUE – “Été” "), "reponse automatique - \"ete\"");
/// ```
pub fn fold(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut is_gap = false;
    for c in text.chars() {
        if c.is_ascii() {
            if c.is_ascii_whitespace() || c.is_ascii_control() {
                is_gap = true;
                continue;
            }
            if is_gap && !out.is_empty() {
                out.push(' ');
            }
            is_gap = false;
            out.push(c.to_ascii_lowercase());
            continue;
        }
        if is_invisible(c) {
            continue;
        }
        if c.is_whitespace() {
            is_gap = true;
            continue;
        }
        if is_gap && !out.is_empty() {
            out.push(' ');
        }
        is_gap = false;
        fold_char(c, &mut out);
    }
    out
}

/// Zero-width and direction marks, soft hyphens, combining accents.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{ad}'
        | '\u{300}'..='\u{36f}' | '\u{fe0e}' | '\u{fe0f}' | '\u{61c}')
}

fn fold_char(c: char, out: &mut String) {
    let ascii = match c {
        '‘' | '’' | '‚' | '‛' | '`' | '´' | 'ʼ' | '′' => "'",
        '“' | '”' | '„' | '‟' | '«' | '»' | '″' => "\"",
        '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' => "-",
        '…' => "...",
        '：' | '﹕' => ":",
        '，' => ",",
        '（' => "(",
        '）' => ")",
        'ß' => "ss",
        'æ' | 'Æ' => "ae",
        'œ' | 'Œ' => "oe",
        'ø' | 'Ø' => "o",
        'ł' | 'Ł' => "l",
        'đ' | 'Đ' | 'ð' | 'Ð' => "d",
        'þ' | 'Þ' => "th",
        'ı' | 'İ' => "i",
        _ => "",
    };
    if !ascii.is_empty() {
        out.push_str(ascii);
        return;
    }
    match base_letter(c) {
        Some(base) => out.push(base),
        None if c == 'ς' => out.push('σ'),
        None => out.extend(c.to_lowercase().map(greek_base).filter(|c| !is_invisible(*c))),
    }
}

fn greek_base(c: char) -> char {
    match c {
        'ά' => 'α',
        'έ' => 'ε',
        'ή' => 'η',
        'ί' | 'ϊ' | 'ΐ' => 'ι',
        'ό' => 'ο',
        'ύ' | 'ϋ' | 'ΰ' => 'υ',
        'ώ' => 'ω',
        'ς' => 'σ',
        'ё' => 'е',
        other => other,
    }
}

/// The plain letter under an accent, for Latin-1 Supplement, Latin Extended-A and the Vietnamese block.
fn base_letter(c: char) -> Option<char> {
    let base = match u32::from(c) {
        0xc0..=0xc5 | 0xe0..=0xe5 | 0x100..=0x105 | 0x1cd..=0x1ce | 0x1ea0..=0x1eb7 => 'a',
        0xc7 | 0xe7 | 0x106..=0x10d => 'c',
        0x10e..=0x111 => 'd',
        0xc8..=0xcb | 0xe8..=0xeb | 0x112..=0x11b | 0x1eb8..=0x1ec7 => 'e',
        0x11c..=0x123 | 0x1e6..=0x1e7 => 'g',
        0x124..=0x127 => 'h',
        0xcc..=0xcf | 0xec..=0xef | 0x128..=0x131 | 0x1ec8..=0x1ecb => 'i',
        0x134..=0x135 => 'j',
        0x136..=0x138 => 'k',
        0x139..=0x142 => 'l',
        0xd1 | 0xf1 | 0x143..=0x14b => 'n',
        0xd2..=0xd6 | 0xf2..=0xf6 | 0x14c..=0x151 | 0x1a0..=0x1a1 | 0x1ecc..=0x1ee3 => 'o',
        0x154..=0x159 => 'r',
        0x15a..=0x161 | 0x218..=0x219 => 's',
        0x162..=0x167 | 0x21a..=0x21b => 't',
        0xd9..=0xdc | 0xf9..=0xfc | 0x168..=0x173 | 0x1af..=0x1b0 | 0x1ee4..=0x1ef1 => 'u',
        0x174..=0x175 => 'w',
        0xdd | 0xfd | 0xff | 0x176..=0x178 | 0x1ef2..=0x1ef9 => 'y',
        0x179..=0x17e => 'z',
        _ => return None,
    };
    Some(base)
}

/// A set of phrases, each with what it means, searched in one pass over folded text.
pub(crate) struct Phrases<T> {
    automaton: AhoCorasick,
    meanings: Vec<T>,
    lengths: Vec<usize>,
}

impl<T: Copy> Phrases<T> {
    /// Builds the set from a word file, see [`read_words`]; `meaning` turns a section's name into what it means.
    pub fn read(text: &str, meaning: impl Fn(&str) -> Option<T>) -> Self {
        let mut patterns = Vec::new();
        let mut meanings = Vec::new();
        read_words(text, |section, phrase| {
            if let Some(meaning) = meaning(section) {
                // A space at either end is part of a pattern: it stands for "a word begins (ends) here".
                let mut pattern = fold(phrase);
                if phrase.starts_with(' ') {
                    pattern.insert(0, ' ');
                }
                if phrase.ends_with(' ') {
                    pattern.push(' ');
                }
                patterns.push(pattern);
                meanings.push(meaning);
            }
        });
        let lengths = patterns.iter().map(String::len).collect();
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .build(&patterns)
            .expect("a word file is small and fixed at build time");
        Self { automaton, meanings, lengths }
    }

    /// Every phrase found, with its place and length in the folded text, overlapping ones included.
    pub fn find_all<'t>(&'t self, folded: &'t str) -> impl Iterator<Item = Found<T>> + 't {
        self.automaton.find_overlapping_iter(folded).map(|hit| {
            let index = hit.pattern().as_usize();
            Found { meaning: self.meanings[index], start: hit.start(), length: self.lengths[index], index }
        })
    }

    /// The phrase that stands first in the table of all that are found.
    pub fn first_by_order(&self, folded: &str) -> Option<T> {
        self.find_all(folded).min_by_key(|found| found.index).map(|found| found.meaning)
    }

    pub fn is_in(&self, folded: &str) -> bool {
        self.automaton.is_match(folded)
    }
}

/// One phrase in a text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found<T> {
    pub meaning: T,
    pub start: usize,
    pub length: usize,
    pub index: usize,
}

/// The longest prefix of `text` that has at most `most` bytes and ends between characters.
pub(crate) fn clip(text: &str, most: usize) -> &str {
    if text.len() <= most {
        return text;
    }
    let mut end = most;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Hands over every phrase of a word file with the name of its section: lines `== name`, phrases parted by ` | `, `_`
/// at an end for a space, `#` for a remark.
pub(crate) fn read_words(text: &str, mut take: impl FnMut(&str, &str)) {
    let mut section = "";
    for line in text.lines().filter(|line| !line.starts_with("# ")) {
        if let Some(name) = line.strip_prefix("== ") {
            section = name.trim();
            continue;
        }
        for phrase in line.split(" | ").filter(|phrase| !phrase.trim().is_empty()) {
            let start = phrase.starts_with('_') && phrase.len() > 1 && !phrase.starts_with("__");
            let end = phrase.ends_with('_') && phrase.len() > 1 && !phrase.ends_with("__");
            let bare = &phrase[usize::from(start)..phrase.len() - usize::from(end)];
            let spaced = format!("{}{bare}{}", if start { " " } else { "" }, if end { " " } else { "" });
            take(section, &spaced);
        }
    }
}
