//! Python version order.
//!
//! Authority: PEP 440 and pypa/packaging's `version.py`. Versions from before the PEP (`0.1-bulbasaur`) have no place in
//! the order, as in `packaging` since 22: they are [`Undecidable`]. Numbers have no upper limit, as in Python.

use std::cmp::Ordering;

use super::{Fault, Undecidable, digits};

/// Orders two Python versions. Does not allocate.
pub fn compare(a: &str, b: &str) -> Result<Ordering, Undecidable> {
    let a = Parts::read(a).map_err(Undecidable::left)?;
    let b = Parts::read(b).map_err(Undecidable::right)?;
    Ok(digits::compare(a.epoch, b.epoch)
        .then_with(|| compare_releases(a.release, b.release))
        .then_with(|| a.phase().cmp(&b.phase()))
        .then_with(|| digits::compare(a.pre.map_or(b"", |pre| pre.1), b.pre.map_or(b"", |pre| pre.1)))
        .then_with(|| a.post.is_some().cmp(&b.post.is_some()))
        .then_with(|| digits::compare(a.post.unwrap_or(b""), b.post.unwrap_or(b"")))
        .then_with(|| b.dev.is_some().cmp(&a.dev.is_some()))
        .then_with(|| digits::compare(a.dev.unwrap_or(b""), b.dev.unwrap_or(b"")))
        .then_with(|| compare_locals(a.local, b.local)))
}

/// Accepts what `packaging.version.Version` accepts.
pub fn check(version: &str) -> Result<(), Fault> {
    Parts::read(version).map(drop)
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// A development release of the final version, before any pre-release.
    Dev,
    Alpha,
    Beta,
    Candidate,
    Final,
}

const PRE: [(&str, Phase); 8] = [
    ("alpha", Phase::Alpha),
    ("a", Phase::Alpha),
    ("beta", Phase::Beta),
    ("b", Phase::Beta),
    ("rc", Phase::Candidate),
    ("c", Phase::Candidate),
    ("preview", Phase::Candidate),
    ("pre", Phase::Candidate),
];
const POST: [(&str, ()); 3] = [("post", ()), ("rev", ()), ("r", ())];

struct Parts<'a> {
    epoch: &'a [u8],
    release: &'a [u8],
    pre: Option<(Phase, &'a [u8])>,
    post: Option<&'a [u8]>,
    dev: Option<&'a [u8]>,
    local: Option<&'a [u8]>,
}

impl<'a> Parts<'a> {
    fn phase(&self) -> Phase {
        match self.pre {
            Some((phase, _)) => phase,
            None if self.post.is_none() && self.dev.is_some() => Phase::Dev,
            None => Phase::Final,
        }
    }

    fn read(text: &'a str) -> Result<Self, Fault> {
        let text = text.trim().as_bytes();
        if text.is_empty() {
            return Err(Fault::Empty);
        }
        let text = if text[0].eq_ignore_ascii_case(&b'v') { &text[1..] } else { text };
        let (epoch, rest) = match digits::split(text) {
            ([], _) => return Err(Fault::NoDigitFirst),
            (epoch, [b'!', rest @ ..]) => (epoch, rest),
            _ => (&b"0"[..], text),
        };
        let (release, mut rest) = split_release(rest)?;
        let pre = marked(&mut rest, &PRE);
        let post = implicit_post(&mut rest).or_else(|| marked(&mut rest, &POST).map(|((), number)| number));
        let dev = marked(&mut rest, &[("dev", ())]).map(|((), number)| number);
        let local = match rest {
            [] => None,
            [b'+', local @ ..] if is_local(local) => Some(local),
            _ => return Err(Fault::Syntax),
        };
        Ok(Parts { epoch, release, pre, post, dev, local })
    }
}

fn split_release(text: &[u8]) -> Result<(&[u8], &[u8]), Fault> {
    let mut end = digits::split(text).0.len();
    if end == 0 {
        return Err(Fault::Syntax);
    }
    while let [b'.', after @ ..] = &text[end..] {
        match digits::split(after).0.len() {
            0 => break,
            length => end += 1 + length,
        }
    }
    Ok(text.split_at(end))
}

fn skip_separator(text: &[u8]) -> &[u8] {
    match text {
        [b'.' | b'-' | b'_', rest @ ..] => rest,
        _ => text,
    }
}

/// Takes `[separator]word[separator][digits]` off the text.
fn marked<'a, T: Copy>(text: &mut &'a [u8], words: &[(&str, T)]) -> Option<(T, &'a [u8])> {
    let rest = skip_separator(text);
    words.iter().find_map(|(word, value)| {
        let (head, after) = rest.split_at_checked(word.len())?;
        if !head.eq_ignore_ascii_case(word.as_bytes()) {
            return None;
        }
        let (number, after) = digits::split(skip_separator(after));
        *text = after;
        Some((*value, number))
    })
}

/// `-1` right after the release or the pre-release is a post-release.
fn implicit_post<'a>(text: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (number, after) = digits::split(text.strip_prefix(b"-")?);
    if number.is_empty() {
        return None;
    }
    *text = after;
    Some(number)
}

fn is_local(text: &[u8]) -> bool {
    text.split(|byte| b".-_".contains(byte))
        .all(|part| !part.is_empty() && part.iter().all(u8::is_ascii_alphanumeric))
}

/// Missing numbers are zero.
fn compare_releases(a: &[u8], b: &[u8]) -> Ordering {
    let (mut a, mut b) = (a.split(|byte| *byte == b'.'), b.split(|byte| *byte == b'.'));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (left, right) => digits::compare(left.unwrap_or(b""), right.unwrap_or(b"")),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// No local version first; then part by part, words before numbers, the shorter one first.
fn compare_locals(a: Option<&[u8]>, b: Option<&[u8]>) -> Ordering {
    let (Some(a), Some(b)) = (a, b) else { return a.is_some().cmp(&b.is_some()) };
    let is_separator = |byte: &u8| b".-_".contains(byte);
    let (mut a, mut b) = (a.split(is_separator), b.split(is_separator));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (Some(left), Some(right)) => compare_local(left, right),
            (left, right) => return left.is_some().cmp(&right.is_some()),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

fn compare_local(a: &[u8], b: &[u8]) -> Ordering {
    let is_number = |part: &[u8]| part.iter().all(u8::is_ascii_digit);
    match (is_number(a), is_number(b)) {
        (true, true) => digits::compare(a, b),
        (false, false) => lower(a).cmp(lower(b)),
        (left, right) => left.cmp(&right),
    }
}

fn lower(part: &[u8]) -> impl Iterator<Item = u8> {
    part.iter().map(u8::to_ascii_lowercase)
}
