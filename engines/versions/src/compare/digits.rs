//! Runs of decimal digits of any length, compared as numbers without turning them into numbers.

use std::cmp::Ordering;

/// Splits off the leading run of ASCII digits.
pub(crate) fn split(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(text.iter().take_while(|byte| byte.is_ascii_digit()).count())
}

/// Orders two runs of digits by their value; leading zeros and length do not matter, an empty run is zero.
pub(crate) fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let (a, b) = (significant(a), significant(b));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

fn significant(digits: &[u8]) -> &[u8] {
    &digits[digits.iter().take_while(|byte| **byte == b'0').count()..]
}
