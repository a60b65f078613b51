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
    Ok(a.epoch
        .cmp(&b.epoch)
        .then_with(|| compare_part(a.upstream, b.upstream))
        .then_with(|| compare_part(a.revision, b.revision)))
}

/// Accepts what dpkg accepts without a warning.
pub fn check(version: &str) -> Result<(), Fault> {
    let parts = Parts::read(version)?;
    if !parts.upstream[0].is_ascii_digit() {
        return Err(Fault::NoDigitFirst);
    }
    let known = |byte: &u8| byte.is_ascii_alphanumeric() || b".-+~".contains(byte);
    if !parts.upstream.iter().all(|byte| known(byte) || *byte == b':') || !parts.revision.iter().all(known) {
        return Err(Fault::Character);
    }
    Ok(())
}

struct Parts<'a> {
    epoch: u32,
    upstream: &'a [u8],
    revision: &'a [u8],
}

impl<'a> Parts<'a> {
    fn read(text: &'a str) -> Result<Self, Fault> {
        let text = text.trim_matches([' ', '\t']);
        if text.is_empty() {
            return Err(Fault::Empty);
        }
        if text.contains([' ', '\t', '\0']) {
            return Err(Fault::Space);
        }
        let (epoch, rest) = match text.split_once(':') {
            None => (0, text),
            Some((epoch, rest)) => (read_epoch(epoch)?, rest),
        };
        if rest.is_empty() {
            return Err(Fault::AfterEpochEmpty);
        }
        let (upstream, revision) = match rest.rsplit_once('-') {
            None => (rest, ""),
            Some((_, "")) => return Err(Fault::RevisionEmpty),
            Some(halves) => halves,
        };
        if upstream.is_empty() {
            return Err(Fault::VersionEmpty);
        }
        Ok(Parts { epoch, upstream: upstream.as_bytes(), revision: revision.as_bytes() })
    }
}

/// dpkg reads the epoch with strtol, so a sign and leading zeros are numbers too.
fn read_epoch(text: &str) -> Result<u32, Fault> {
    let (is_negative, number) = match text.as_bytes() {
        [b'-', number @ ..] => (true, number),
        [b'+', number @ ..] | number => (false, number),
    };
    if text.is_empty() || number.is_empty() || !number[0].is_ascii_digit() {
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
