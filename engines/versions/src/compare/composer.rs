//! Packagist version order, as Composer has it.
//!
//! Authority: composer/semver's `VersionParser::normalize` and `Comparator`, which end in PHP's `version_compare`.
//! Branch names (`dev-main`) have no place in the order: they are [`Undecidable`].

use std::cmp::Ordering;

use super::{Fault, Undecidable, digits};

/// Orders two Packagist versions. Does not allocate.
pub fn compare(a: &str, b: &str) -> Result<Ordering, Undecidable> {
    let a = Parts::read(a).map_err(Undecidable::left)?;
    let b = Parts::read(b).map_err(Undecidable::right)?;
    let mut at = 0;
    loop {
        let order = match (a.part(at), b.part(at)) {
            (None, None) => return Ok(Ordering::Equal),
            (Some(Part::Number(_)), None) => Ordering::Greater,
            (None, Some(Part::Number(_))) => Ordering::Less,
            (Some(Part::Number(a)), Some(Part::Number(b))) => compare_numbers(a, b),
            (a, b) => rank(a).cmp(&rank(b)),
        };
        if order != Ordering::Equal {
            return Ok(order);
        }
        at += 1;
    }
}

/// Accepts what `VersionParser::normalize` accepts, except branch names.
pub fn check(version: &str) -> Result<(), Fault> {
    Parts::read(version).map(drop)
}

#[derive(Clone, Copy)]
enum Part<'a> {
    Number(&'a [u8]),
    Word(u8),
}

const DEV: u8 = 0;
const NUMBER: u8 = 4;

/// The words before and after a plain version, with their place in `version_compare`.
const WORDS: [(&str, u8); 8] =
    [("beta", 2), ("b", 2), ("rc", 3), ("alpha", 1), ("a", 1), ("patch", 5), ("pl", 5), ("p", 5)];

/// PHP counts in 64 bits and stays at the top.
fn compare_numbers(a: &[u8], b: &[u8]) -> Ordering {
    let is_past = |number| digits::compare(number, b"9223372036854775807") != Ordering::Less;
    if is_past(a) && is_past(b) { Ordering::Equal } else { digits::compare(a, b) }
}

/// A number, and the end, stand between `rc` and `patch`.
fn rank(part: Option<Part<'_>>) -> u8 {
    match part {
        Some(Part::Word(rank)) => rank,
        _ => NUMBER,
    }
}

/// A normalised version: numbers, perhaps a word with numbers of its own, perhaps `dev`.
struct Parts<'a> {
    numbers: [&'a [u8]; 10],
    count: usize,
    word: Option<u8>,
    word_numbers: &'a str,
    is_dev: bool,
}

impl<'a> Parts<'a> {
    fn part(&self, at: usize) -> Option<Part<'a>> {
        if at < self.count {
            return Some(Part::Number(self.numbers[at]));
        }
        let mut rest = at - self.count;
        if let Some(word) = self.word {
            if rest == 0 {
                return Some(Part::Word(word));
            }
            let mut numbers = self.word_numbers.split(['.', '-']).filter(|number| !number.is_empty());
            if let Some(number) = numbers.nth(rest - 1) {
                return Some(Part::Number(number.as_bytes()));
            }
            rest -= 1 + self.word_numbers.split(['.', '-']).filter(|number| !number.is_empty()).count();
        }
        (self.is_dev && rest == 0).then_some(Part::Word(DEV))
    }

    fn read(text: &'a str) -> Result<Self, Fault> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Fault::Empty);
        }
        let text = strip_stability_flag(text);
        if ["master", "trunk", "default"].contains(&text) || strip_prefix(text, "dev-").is_some() {
            return Err(Fault::Branch);
        }
        let is_one_word = !text.contains(char::is_whitespace);
        let text = match text.split_once('+') {
            Some((version, build)) if is_one_word && !build.is_empty() && !version.contains(',') => version,
            _ => text,
        };
        let text = strip_prefix(text, "v").unwrap_or(text);
        if !text.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(Fault::NoDigitFirst);
        }
        classical(text)
            .or_else(|| dated(text))
            .or_else(|| numeric_branch(text))
            .ok_or_else(|| if text.contains(char::is_whitespace) { Fault::Space } else { Fault::Syntax })
    }

    fn new() -> Self {
        Parts { numbers: [b"0"; 10], count: 0, word: None, word_numbers: "", is_dev: false }
    }

    fn push(&mut self, number: &'a [u8]) -> Option<()> {
        *self.numbers.get_mut(self.count)? = number;
        self.count += 1;
        Some(())
    }
}

fn strip_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

fn strip_suffix<'a>(text: &'a str, suffix: &str) -> Option<&'a str> {
    let start = text.len().checked_sub(suffix.len())?;
    text.get(start..)?.eq_ignore_ascii_case(suffix).then(|| &text[..start])
}

fn strip_stability_flag(text: &str) -> &str {
    ["@stable", "@rc", "@beta", "@alpha", "@dev"]
        .iter()
        .find_map(|flag| strip_suffix(text, flag))
        .unwrap_or(text)
}

fn count_digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// `1.2.3.4` with one to four numbers, the first of at most five digits, and modifiers.
fn classical(text: &str) -> Option<Parts<'_>> {
    let mut parts = Parts::new();
    let mut rest = text;
    while parts.count < 4 {
        let from = usize::from(parts.count > 0);
        if from == 1 && !rest.starts_with('.') {
            break;
        }
        let length = count_digits(&rest[from..]);
        if length == 0 || (parts.count == 0 && length > 5) {
            break;
        }
        parts.push(&rest.as_bytes()[from..from + length])?;
        rest = &rest[from + length..];
    }
    if parts.count == 0 {
        return None;
    }
    while parts.count < 4 {
        parts.push(b"0")?;
    }
    modifiers(rest, parts)
}

/// `2024-01-31.5` and the like: a year, then pairs of digits, then one to three digits.
fn dated(text: &str) -> Option<Parts<'_>> {
    let mut parts = Parts::new();
    let (mut rest, mut pairs) = (text, 0);
    loop {
        let length = count_digits(rest);
        let (number, after) = rest.split_at(length);
        parts.push(number.as_bytes())?;
        let next =
            after.strip_prefix(['.', ':', '-']).filter(|next| next.starts_with(|c: char| c.is_ascii_digit()));
        let body = if parts.count == 1 { length.checked_sub(4)? } else { length };
        pairs += body / 2;
        let is_whole = body % 2 == 0;
        match next {
            Some(next) if is_whole => rest = next,
            Some(_) => return None,
            None if pairs == 0 || pairs > 7 || (pairs == 7 && body < 2) => return None,
            None => return modifiers(after, parts),
        }
    }
}

/// `2.x-dev`, `2.1-dev`: the newest of a numbered branch.
fn numeric_branch(text: &str) -> Option<Parts<'_>> {
    let name = strip_suffix(text, "dev")?;
    let name = name.strip_suffix(['.', '-']).unwrap_or(name);
    let name = name.trim();
    let mut parts = Parts::new();
    for (at, number) in name.split('.').enumerate() {
        let is_wild = at > 0 && ["x", "X", "*"].contains(&number);
        if at > 3 || number.is_empty() || !(is_wild || count_digits(number) == number.len()) {
            return None;
        }
        parts.push(if is_wild { b"9999999" } else { number.as_bytes() })?;
    }
    while parts.count < 4 {
        parts.push(b"9999999")?;
    }
    parts.is_dev = true;
    Some(parts)
}

/// `-beta2.1`, `-dev`, `.RC1-dev` … up to the end of the text.
fn modifiers<'a>(text: &'a str, mut parts: Parts<'a>) -> Option<Parts<'a>> {
    let text =
        text.strip_prefix(['.', '_', '-']).map_or(text, |rest| if rest.is_empty() { "" } else { rest });
    let (word, mut rest) = match strip_prefix(text, "stable") {
        Some(rest) => (Some(None), rest),
        None => match WORDS.iter().find_map(|(word, rank)| Some((*rank, strip_prefix(text, word)?))) {
            Some((rank, rest)) => (Some(Some(rank)), rest),
            None => (None, text),
        },
    };
    if word.is_some() {
        let start = rest;
        loop {
            let after = rest.strip_prefix(['.', '-']).unwrap_or(rest);
            let length = count_digits(after);
            if length == 0 {
                break;
            }
            rest = &after[length..];
        }
        parts.word_numbers = &start[..start.len() - rest.len()];
    }
    let after_mark = rest.strip_prefix(['.', '-']).unwrap_or(rest);
    let is_dev = after_mark.eq_ignore_ascii_case("dev");
    if !is_dev && !rest.is_empty() {
        return None;
    }
    match word {
        Some(None) => parts.word_numbers = "", // `stable` ends the normalised version, even before `dev`
        Some(Some(rank)) => (parts.word, parts.is_dev) = (Some(rank), is_dev),
        None => parts.is_dev = is_dev,
    }
    Some(parts)
}
