//! Debian version order.
//!
//! Authority: Debian Policy 5.6.12 and dpkg's `lib/dpkg/parsehelp.c` and `lib/dpkg/version.c`; the answer is that of
//! `dpkg --compare-versions`. What dpkg only warns about (odd characters, no digit first) is compared like dpkg does;
//! what it refuses is [`Undecidable`]. An empty version is refused here, where dpkg calls it older than any other.

use std::cmp::Ordering;

use super::{Fault, Undecidable, digits};

/// Orders two Debian versions `[epoch:]upstream[-revision]`. Does not allocate.
pub fn compare(a: &str, b: &str) -> Result<Ordering, Undecidable> {
    let a = Parts::read(a).map_err(Undecidable::left)?;
    let b = Parts::read(b).map_err(Undecidable::right)?;
    Ok(a.compare(&b))
}

/// Like [`compare`], and refuses a first version that does not pass [`check`].
pub fn compare_strictly(a: &str, b: &str) -> Result<Ordering, Undecidable> {
    let a = Parts::read(a).map_err(Undecidable::left)?;
    a.check().map_err(Undecidable::left)?;
    let b = Parts::read(b).map_err(Undecidable::right)?;
    Ok(a.compare(&b))
}

/// Accepts what dpkg accepts without a warning.
pub fn check(version: &str) -> Result<(), Fault> {
    Parts::read(version)?.check()
}

struct Parts<'a> {
    epoch: u32,
    upstream: &'a [u8],
    revision: &'a [u8],
}

impl<'a> Parts<'a> {
    fn compare(&self, other: &Self) -> Ordering {
        self.epoch
            .cmp(&other.epoch)
            .then_with(|| compare_part(self.upstream, other.upstream))
            .then_with(|| compare_part(self.revision, other.revision))
    }

    fn check(&self) -> Result<(), Fault> {
        if !self.upstream[0].is_ascii_digit() {
            return Err(Fault::NoDigitFirst);
        }
        let is_known = |byte: &u8| byte.is_ascii_alphanumeric() || b".-+~".contains(byte);
        let is_upstream_known = self.upstream.iter().all(|byte| is_known(byte) || *byte == b':');
        if is_upstream_known && self.revision.iter().all(is_known) { Ok(()) } else { Err(Fault::Character) }
    }

    fn read(text: &'a str) -> Result<Self, Fault> {
        let text = trim(text.as_bytes());
        let (mut colon, mut dash) = (None, None);
        for (at, byte) in text.iter().enumerate() {
            match byte {
                b':' => colon = colon.or(Some(at)),
                b'-' => dash = Some(at),
                b' ' | b'\t' | 0 => return Err(Fault::Space),
                _ => {}
            }
        }
        let (epoch, start) = match colon {
            None if text.is_empty() => return Err(Fault::Empty),
            None => (0, 0),
            Some(at) => (read_epoch(&text[..at])?, at + 1),
        };
        if start == text.len() {
            return Err(Fault::AfterEpochEmpty);
        }
        let (upstream, revision) = match dash.filter(|at| *at >= start) {
            None => (&text[start..], &b""[..]),
            Some(at) if at + 1 == text.len() => return Err(Fault::RevisionEmpty),
            Some(at) => (&text[start..at], &text[at + 1..]),
        };
        if upstream.is_empty() {
            return Err(Fault::VersionEmpty);
        }
        Ok(Parts { epoch, upstream, revision })
    }
}

fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// dpkg reads the epoch with strtol, so a sign and leading zeros are numbers too.
fn read_epoch(text: &[u8]) -> Result<u32, Fault> {
    let (is_negative, number) = match text {
        [b'-', number @ ..] => (true, number),
        [b'+', number @ ..] | number => (false, number),
    };
    if number.is_empty() || !number[0].is_ascii_digit() {
        return Err(Fault::EpochEmpty);
    }
    let (digits, rest) = digits::split(number);
    if !rest.is_empty() {
        return Err(Fault::EpochNotNumber);
    }
    match digits::compare(digits, b"2147483647") {
        _ if is_negative && digits.iter().any(|digit| *digit != b'0') => Err(Fault::EpochNegative),
        Ordering::Greater => Err(Fault::EpochTooBig),
        _ => Ok(digits.iter().fold(0, |value, digit| value * 10 + u32::from(digit - b'0'))),
    }
}

/// Alternates between runs of other characters, in [`weight`] order, and runs of digits, by value.
fn compare_part(mut a: &[u8], mut b: &[u8]) -> Ordering {
    if a == b {
        return Ordering::Equal;
    }
    loop {
        loop {
            let (left, right) = (weight(a.first()), weight(b.first()));
            if left != right {
                return left.cmp(&right);
            }
            if left == 0 {
                break; // both stand before a digit or at their end
            }
            (a, b) = (&a[1..], &b[1..]);
        }
        if a.is_empty() && b.is_empty() {
            return Ordering::Equal;
        }
        let (left, after_left) = digits::split(a);
        let (right, after_right) = digits::split(b);
        let order = digits::compare(left, right);
        if order != Ordering::Equal {
            return order;
        }
        (a, b) = (after_left, after_right);
    }
}

/// `~` before the end, the end like a digit, then letters, then everything else. Bytes over 127 are negative in dpkg's
/// signed `char`, so they stand between letters and the other characters.
fn weight(byte: Option<&u8>) -> i32 {
    match byte {
        None => 0,
        Some(byte) if byte.is_ascii_digit() => 0,
        Some(b'~') => -1,
        Some(byte) if byte.is_ascii_alphabetic() => i32::from(*byte),
        Some(byte) => i32::from(byte.cast_signed()) + 256,
    }
}
