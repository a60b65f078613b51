//! `NuGet` version order: one to four numbers, `-pre.release` labels without regard to case, `+metadata` ignored.
//!
//! Authority: `NuGet.Client`'s `NuGetVersion.TryParse` and `VersionComparer` (default mode), and the documentation page
//! "Package versioning".

use std::cmp::Ordering;

use super::{Fault, Undecidable, digits};

/// Orders two `NuGet` versions. Does not allocate.
pub fn compare(a: &str, b: &str) -> Result<Ordering, Undecidable> {
    check(a).map_err(Undecidable::left)?;
    check(b).map_err(Undecidable::right)?;
    let ((a, pre_a), (b, pre_b)) = (split(a.trim()), split(b.trim()));
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    for _ in 0..4 {
        let (left, right) = (a.next().unwrap_or("0").trim(), b.next().unwrap_or("0").trim());
        let order = digits::compare(left.as_bytes(), right.as_bytes());
        if order != Ordering::Equal {
            return Ok(order);
        }
    }
    Ok(match (pre_a, pre_b) {
        (Some(a), Some(b)) => compare_labels(a, b),
        (a, b) => b.is_some().cmp(&a.is_some()),
    })
}

/// Accepts what `NuGetVersion.TryParse` accepts.
pub fn check(version: &str) -> Result<(), Fault> {
    let version = version.trim();
    if version.is_empty() {
        return Err(Fault::Empty);
    }
    if !version.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(Fault::NoDigitFirst);
    }
    let (numbers, pre) = split(version);
    let is_number = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_digit())
            && digits::compare(part.as_bytes(), b"2147483647") != Ordering::Greater
    };
    if numbers.split('.').count() > 4 || !numbers.split('.').all(is_number) {
        return Err(Fault::Syntax);
    }
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    let metadata = version.split_once('+').map(|(_, metadata)| metadata);
    if !pre.into_iter().chain(metadata).all(|labels| labels.split('.').all(is_label)) {
        return Err(Fault::Syntax);
    }
    Ok(())
}

fn split(version: &str) -> (&str, Option<&str>) {
    let version = version.split_once('+').map_or(version, |(version, _)| version);
    match version.split_once('-') {
        Some((numbers, pre)) => (numbers, Some(pre)),
        None => (version, None),
    }
}

fn compare_labels(a: &str, b: &str) -> Ordering {
    let (mut a, mut b) = (a.split('.'), b.split('.'));
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (left, right) if left.is_none() || right.is_none() => {
                return left.is_some().cmp(&right.is_some());
            }
            (left, right) => compare_label(left.unwrap_or_default(), right.unwrap_or_default()),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// A label is a number when it fits 32 bits, as in .NET's `int.TryParse`; numbers come before words.
fn compare_label(a: &str, b: &str) -> Ordering {
    match (a.parse::<i32>(), b.parse::<i32>()) {
        (Ok(a), Ok(b)) => a.cmp(&b),
        (Ok(_), Err(_)) => Ordering::Less,
        (Err(_), Ok(_)) => Ordering::Greater,
        (Err(_), Err(_)) => upper(a).cmp(upper(b)),
    }
}

fn upper(label: &str) -> impl Iterator<Item = u8> {
    label.bytes().map(|byte| byte.to_ascii_uppercase())
}
