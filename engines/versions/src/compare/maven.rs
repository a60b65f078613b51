//! Maven version order.
//!
//! Authority: `org.apache.maven.artifact.versioning.ComparableVersion` of maven-artifact 3.8 (the rule of the POM
//! reference, "Version Order Specification"). Maven's own order has corners that are not transitive (`1.sp` is after
//! `1`, `1` after `1-alpha`, and `1-alpha` after `1.sp`); they are kept, because the answer has to be Maven's.

use std::cmp::Ordering;

use super::{Fault, Undecidable, digits};

/// Orders two Maven versions. Does not allocate. Only ASCII is taken; Maven itself has an order for any text.
pub fn compare(a: &str, b: &str) -> Result<Ordering, Undecidable> {
    readable(a).map_err(Undecidable::left)?;
    readable(b).map_err(Undecidable::right)?;
    let (mut a, mut b) = (Items::new(a.as_bytes()), Items::new(b.as_bytes()));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ok(Ordering::Equal),
            (Some(left), None) => left.against_nothing(),
            (None, Some(right)) => right.against_nothing().reverse(),
            (Some(left), Some(right)) => left.compare(right),
        };
        if order != Ordering::Equal {
            return Ok(order);
        }
    }
}

/// Accepts texts of the characters a version may have in a repository, with a digit somewhere.
pub fn check(version: &str) -> Result<(), Fault> {
    readable(version)?;
    if !version.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte)) {
        return Err(Fault::Character);
    }
    if version.bytes().any(|byte| byte.is_ascii_digit()) { Ok(()) } else { Err(Fault::NoDigit) }
}

fn readable(version: &str) -> Result<(), Fault> {
    match version {
        "" => Err(Fault::Empty),
        text if text.is_ascii() => Ok(()),
        _ => Err(Fault::Character),
    }
}

/// Maven builds nested lists, but a list only ever ends with its one nested list: a flat row of items with `Nest`
/// where a list opens says the same.
#[derive(Debug, Clone, Copy)]
enum Item<'a> {
    Number(&'a [u8]),
    Word { text: &'a [u8], is_before_digit: bool },
    Nest,
}

const RELEASE: u8 = 5;
const UNKNOWN: u8 = 7;

impl Item<'_> {
    fn is_null(self) -> bool {
        match self {
            Item::Number(number) => number.iter().all(|digit| *digit == b'0'),
            Item::Word { text, is_before_digit } => qualifier(text, is_before_digit) == RELEASE,
            Item::Nest => false,
        }
    }

    fn against_nothing(self) -> Ordering {
        match self {
            Item::Number(number) => digits::compare(number, b"0"),
            Item::Word { text, is_before_digit } => qualifier(text, is_before_digit).cmp(&RELEASE),
            Item::Nest => Ordering::Equal, // what is inside decides
        }
    }

    fn compare(self, other: Self) -> Ordering {
        match (self, other) {
            (Item::Number(a), Item::Number(b)) => width(a).cmp(&width(b)).then_with(|| digits::compare(a, b)),
            (
                Item::Word { text: a, is_before_digit },
                Item::Word { text: b, is_before_digit: other_is_before_digit },
            ) => {
                let (rank, other) = (qualifier(a, is_before_digit), qualifier(b, other_is_before_digit));
                let by_text = || lower(a).cmp(lower(b));
                rank.cmp(&other).then_with(|| if rank == UNKNOWN { by_text() } else { Ordering::Equal })
            }
            (a, b) => a.kind().cmp(&b.kind()),
        }
    }

    fn kind(self) -> u8 {
        match self {
            Item::Word { .. } => 0,
            Item::Nest => 1,
            Item::Number(_) => 2,
        }
    }
}

/// Maven keeps a number in 32 bits, 64 bits or more by its count of digits, and orders by that first. It only shows in a
/// zero written with ten digits or more, whose zeros Maven forgets to strip.
fn width(number: &[u8]) -> u8 {
    let zeros = number.iter().take_while(|digit| **digit == b'0').count();
    match if zeros == number.len() { zeros } else { number.len() - zeros } {
        0..=9 => 0,
        10..=18 => 1,
        _ => 2,
    }
}

fn lower(text: &[u8]) -> impl Iterator<Item = u8> {
    text.iter().map(u8::to_ascii_lowercase)
}

/// The place of a qualifier; unknown ones come last and are ordered by their text.
fn qualifier(text: &[u8], is_before_digit: bool) -> u8 {
    let is = |word: &str| text.eq_ignore_ascii_case(word.as_bytes());
    let short = |letter: &str| is_before_digit && is(letter);
    match () {
        () if is("alpha") || short("a") => 0,
        () if is("beta") || short("b") => 1,
        () if is("milestone") || short("m") => 2,
        () if is("rc") || is("cr") => 3,
        () if is("snapshot") => 4,
        () if is("") || is("ga") || is("final") || is("release") => RELEASE,
        () if is("sp") => 6,
        () => UNKNOWN,
    }
}

/// The items of a version after normalisation: nulls at the end of each list and empty lists are left out.
struct Items<'a> {
    raw: Raw<'a>,
    /// Offset up to which nulls are known to stay.
    keep_nulls_before: usize,
    /// Offset just after the last item that is not null; lists opened later are empty.
    last_filled: usize,
}

impl<'a> Items<'a> {
    fn new(text: &'a [u8]) -> Self {
        let mut raw = Raw { text, at: 0, has_nest: false, is_list_empty: true };
        let mut last_filled = 0;
        while let Some(item) = raw.next() {
            if !matches!(item, Item::Nest) && !item.is_null() {
                last_filled = raw.at;
            }
        }
        let raw = Raw { text, at: 0, has_nest: false, is_list_empty: true };
        Items { raw, keep_nulls_before: 0, last_filled }
    }

    /// Whether the run of nulls ahead ends before an item that keeps it.
    fn nulls_stay(&mut self) -> bool {
        let mut ahead = self.raw;
        loop {
            match ahead.next() {
                None | Some(Item::Nest) => return false,
                Some(item) if item.is_null() => {}
                Some(_) => {
                    self.keep_nulls_before = ahead.at;
                    return true;
                }
            }
        }
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Item<'a>;

    fn next(&mut self) -> Option<Item<'a>> {
        loop {
            let item = self.raw.next()?;
            if self.raw.at > self.last_filled
                || (matches!(item, Item::Nest) && self.raw.at == self.last_filled)
            {
                return None;
            }
            if !item.is_null() || self.raw.at < self.keep_nulls_before || self.nulls_stay() {
                return Some(item);
            }
            self.skip_nulls();
        }
    }
}

impl Items<'_> {
    /// Steps over the rest of a run of nulls that was found to be trimmed.
    fn skip_nulls(&mut self) {
        let mut ahead = self.raw;
        while ahead.next().is_some_and(Item::is_null) {
            self.raw = ahead;
        }
    }
}

/// The items as they are written.
#[derive(Clone, Copy)]
struct Raw<'a> {
    text: &'a [u8],
    at: usize,
    /// A list opens before the next item.
    has_nest: bool,
    is_list_empty: bool,
}

impl<'a> Raw<'a> {
    fn next(&mut self) -> Option<Item<'a>> {
        if std::mem::take(&mut self.has_nest) {
            self.is_list_empty = true;
            return Some(Item::Nest);
        }
        let rest = &self.text[self.at..];
        let is_number = rest.first()?.is_ascii_digit();
        let belongs = |byte: &&u8| !b".-".contains(byte) && byte.is_ascii_digit() == is_number;
        let (item, rest) = rest.split_at(rest.iter().take_while(belongs).count());
        let is_before_digit = rest.first().is_some_and(u8::is_ascii_digit);
        let is_word = !is_number && !item.is_empty();
        if is_word && (is_before_digit || rest.is_empty()) && !self.is_list_empty {
            self.is_list_empty = true;
            return Some(Item::Nest); // `.rc1` and a last `.rc` are read as `-rc1` and `-rc`
        }
        self.at += item.len();
        match rest.first() {
            Some(b'.') => self.at += 1,
            Some(b'-') => (self.at, self.has_nest) = (self.at + 1, true),
            Some(_) => self.has_nest = true, // from digits to letters or back
            None => {}
        }
        self.is_list_empty = false;
        Some(match item {
            [] => Item::Number(b"0"), // two separators in a row
            _ if is_number => Item::Number(item),
            _ => Item::Word { text: item, is_before_digit },
        })
    }
}
