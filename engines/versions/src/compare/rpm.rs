//! RPM version order: `[epoch:]version[-release]`.
//!
//! Authority: rpm's `rpmio/rpmvercmp.cc` and `rpmio/rpmver.cc` (`rpmverParse`, `rpmverCmp`); the answer is that of
//! `rpm.vercmp` in rpm's own Lua. An absent epoch is 0, an absent release is older than any release. rpm finds an order
//! for every text that is not empty, and so does [`compare`]; [`check`] tells whether the text is a version at all.

use std::cmp::Ordering;

use super::{Fault, Undecidable, digits};

/// Orders two EVR texts. Does not allocate.
pub fn compare(a: &str, b: &str) -> Result<Ordering, Undecidable> {
    let a = Evr::read(a).map_err(Undecidable::left)?;
    let b = Evr::read(b).map_err(Undecidable::right)?;
    Ok(compare_segments(a.epoch, b.epoch).then_with(|| compare_segments(a.version, b.version)).then_with(
        || match (a.release, b.release) {
            (Some(a), Some(b)) => compare_segments(a, b),
            (a, b) => a.is_some().cmp(&b.is_some()),
        },
    ))
}

/// Accepts versions made of the characters rpmbuild allows, with a digit somewhere and no empty part.
pub fn check(version: &str) -> Result<(), Fault> {
    let evr = Evr::read(version)?;
    if evr.version.is_empty() {
        return Err(if evr.release.is_some() { Fault::VersionEmpty } else { Fault::AfterEpochEmpty });
    }
    if evr.release.is_some_and(<[u8]>::is_empty) {
        return Err(Fault::RevisionEmpty);
    }
    let parts = || evr.version.iter().chain(evr.release.unwrap_or_default());
    if !parts().all(|byte| byte.is_ascii_alphanumeric() || b"._+~^-%{}".contains(byte)) {
        return Err(Fault::Character);
    }
    if !parts().any(u8::is_ascii_digit) {
        return Err(Fault::NoDigit);
    }
    Ok(())
}

struct Evr<'a> {
    epoch: &'a [u8],
    version: &'a [u8],
    release: Option<&'a [u8]>,
}

impl<'a> Evr<'a> {
    fn read(text: &'a str) -> Result<Self, Fault> {
        let text = text.as_bytes();
        if text.is_empty() {
            return Err(Fault::Empty);
        }
        let (epoch, rest) = match digits::split(text) {
            ([], [b':', rest @ ..]) => (&b"0"[..], rest),
            (epoch, [b':', rest @ ..]) => (epoch, rest),
            _ => (&b"0"[..], text),
        };
        Ok(match rest.iter().rposition(|byte| *byte == b'-') {
            Some(dash) => Evr { epoch, version: &rest[..dash], release: Some(&rest[dash + 1..]) },
            None => Evr { epoch, version: rest, release: None },
        })
    }
}

/// Orders one part by rpm's segments: separators only separate, `~` is before the end, `^` after the end but before any
/// other segment, letters before numbers.
pub fn compare_segments(mut a: &[u8], mut b: &[u8]) -> Ordering {
    loop {
        (a, b) = (skip_separators(a), skip_separators(b));
        match (a.first(), b.first()) {
            (None, None) => return Ordering::Equal,
            (Some(left), Some(right)) if left == right && b"~^".contains(left) => {
                (a, b) = (&a[1..], &b[1..]);
            }
            (Some(left), Some(right)) if left.is_ascii_alphanumeric() && right.is_ascii_alphanumeric() => {
                let order = compare_segment(&mut a, &mut b);
                if order != Ordering::Equal {
                    return order;
                }
            }
            (left, right) => return rank(left).cmp(&rank(right)),
        }
    }
}

/// What decides when the two sides do not go on with segments of their own.
fn rank(byte: Option<&u8>) -> u8 {
    match byte {
        Some(b'~') => 0,
        None => 1,
        Some(b'^') => 2,
        Some(_) => 3,
    }
}

fn skip_separators(text: &[u8]) -> &[u8] {
    let separators =
        text.iter().take_while(|byte| !byte.is_ascii_alphanumeric() && !b"~^".contains(byte)).count();
    &text[separators..]
}

/// Compares the two segments ahead and steps over them.
fn compare_segment(a: &mut &[u8], b: &mut &[u8]) -> Ordering {
    let (is_number, other_is_number) = (a[0].is_ascii_digit(), b[0].is_ascii_digit());
    if is_number != other_is_number {
        return is_number.cmp(&other_is_number);
    }
    let belongs = if is_number { u8::is_ascii_digit } else { u8::is_ascii_alphabetic };
    let (left, after_left) = a.split_at(a.iter().take_while(|byte| belongs(byte)).count());
    let (right, after_right) = b.split_at(b.iter().take_while(|byte| belongs(byte)).count());
    (*a, *b) = (after_left, after_right);
    if is_number { digits::compare(left, right) } else { left.cmp(right) }
}
