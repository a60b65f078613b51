//! `RubyGems` version order.
//!
//! Authority: `RubyGems`' `lib/rubygems/version.rb` (`Gem::Version#<=>`, `#canonical_segments`).

use std::cmp::Ordering;

use super::{Fault, Undecidable, digits};

/// Orders two gem versions. Does not allocate. An empty text, which `RubyGems` reads as `0`, is refused.
pub fn compare(a: &str, b: &str) -> Result<Ordering, Undecidable> {
    check(a).map_err(Undecidable::left)?;
    check(b).map_err(Undecidable::right)?;
    let (mut a, mut b) = (Segments::new(a.trim().as_bytes()), Segments::new(b.trim().as_bytes()));
    loop {
        let (left, right) = match (a.next(), b.next()) {
            (None, None) => return Ok(Ordering::Equal),
            (left, right) => (left.unwrap_or(Segment::ZERO), right.unwrap_or(Segment::ZERO)),
        };
        let order = match (left, right) {
            (Segment::Number(a), Segment::Number(b)) => digits::compare(a, b),
            (Segment::Word(a), Segment::Word(b)) => a.cmp(b),
            (Segment::Word(_), Segment::Number(_)) => Ordering::Less,
            (Segment::Number(_), Segment::Word(_)) => Ordering::Greater,
        };
        if order != Ordering::Equal {
            return Ok(order);
        }
    }
}

/// Accepts what `Gem::Version.correct?` accepts, except the empty text.
pub fn check(version: &str) -> Result<(), Fault> {
    let version = version.trim();
    if version.is_empty() {
        return Err(Fault::Empty);
    }
    let (release, pre) = match version.split_once('-') {
        Some((release, pre)) => (release, Some(pre)),
        None => (version, None),
    };
    let mut parts = release.split('.');
    let first = parts.next().unwrap_or("");
    if first.is_empty() || !first.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(if release.starts_with(|c: char| c.is_ascii_digit()) {
            Fault::Syntax
        } else {
            Fault::NoDigitFirst
        });
    }
    let is_word = |part: &str, dash: bool| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || (dash && byte == b'-'))
    };
    if !parts.all(|part| is_word(part, false))
        || pre.is_some_and(|pre| !pre.split('.').all(|part| is_word(part, true)))
    {
        return Err(Fault::Syntax);
    }
    Ok(())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Segment<'a> {
    Number(&'a [u8]),
    Word(&'a [u8]),
}

impl Segment<'_> {
    const ZERO: Segment<'static> = Segment::Number(b"0");

    fn is_zero(self) -> bool {
        matches!(self, Segment::Number(digits) if digits.iter().all(|digit| *digit == b'0'))
    }
}

/// Canonical segments: zeros before the first word and at the end are left out; a dash reads as `.pre.`.
struct Segments<'a> {
    rest: &'a [u8],
    has_word: bool,
    /// Zeros seen and owed, followed by this segment.
    zeros: usize,
    after_zeros: Option<Segment<'a>>,
    /// The segment behind a `pre` that a dash has put in.
    is_after_dash: bool,
}

impl<'a> Segments<'a> {
    fn new(text: &'a [u8]) -> Self {
        Segments { rest: text, has_word: false, zeros: 0, after_zeros: None, is_after_dash: false }
    }

    fn raw(&mut self) -> Option<Segment<'a>> {
        loop {
            match self.rest.first()? {
                b'-' if !self.is_after_dash => {
                    self.is_after_dash = true;
                    return Some(Segment::Word(b"pre"));
                }
                byte if byte.is_ascii_alphanumeric() => break,
                _ => (self.rest, self.is_after_dash) = (&self.rest[1..], false),
            }
        }
        self.is_after_dash = false;
        let is_number = self.rest[0].is_ascii_digit();
        let belongs = if is_number { u8::is_ascii_digit } else { u8::is_ascii_alphabetic };
        let (segment, rest) = self.rest.split_at(self.rest.iter().take_while(|byte| belongs(byte)).count());
        self.rest = rest;
        Some(if is_number { Segment::Number(segment) } else { Segment::Word(segment) })
    }
}

impl<'a> Iterator for Segments<'a> {
    type Item = Segment<'a>;

    fn next(&mut self) -> Option<Segment<'a>> {
        if self.zeros == 0 && self.after_zeros.is_none() {
            let mut segment = self.raw()?;
            while segment.is_zero() {
                self.zeros += 1;
                segment = self.raw()?; // zeros at the end are dropped with the end
            }
            if matches!(segment, Segment::Word(_)) && !std::mem::replace(&mut self.has_word, true) {
                self.zeros = 0;
            }
            self.after_zeros = Some(segment);
        }
        if self.zeros > 0 {
            self.zeros -= 1;
            return Some(Segment::ZERO);
        }
        self.after_zeros.take()
    }
}
