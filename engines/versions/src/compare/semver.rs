//! Semantic Versioning and the two ecosystems that bend it: npm and Go.
//!
//! Authorities: semver.org 2.0.0 (section 11); node-semver's `classes/semver.js` in strict mode, whose limits are those
//! of JavaScript numbers; Go's `golang.org/x/mod/semver` and `go/version`. Build metadata never takes part.

use std::cmp::Ordering;

use super::{Fault, Undecidable, digits};

/// Semantic Versioning 2.0.0 to the letter, numbers of any length. Does not allocate.
pub mod strict {
    use super::{Fault, Ordering, Parts, Undecidable, compare_with, digits, read};

    /// Orders two versions by precedence.
    pub fn compare(a: &str, b: &str) -> Result<Ordering, Undecidable> {
        compare_with(a, b, parts, digits::compare)
    }

    /// Accepts what the grammar of the specification accepts.
    pub fn check(version: &str) -> Result<(), Fault> {
        parts(version).map(drop)
    }

    fn parts(version: &str) -> Result<Parts<'_>, Fault> {
        read(version, 3)
    }
}

/// Versions of npm packages, as node-semver reads them strictly. Does not allocate.
pub mod npm {
    use super::{Fault, Ordering, Parts, Undecidable, compare_with, digits, read};

    const LONGEST: usize = 256;
    const BIGGEST: &[u8] = b"9007199254740991"; // Number.MAX_SAFE_INTEGER

    /// Orders two versions like `semver.compare`.
    pub fn compare(a: &str, b: &str) -> Result<Ordering, Undecidable> {
        compare_with(a, b, parts, compare_numbers)
    }

    /// Accepts what `semver.valid` accepts.
    pub fn check(version: &str) -> Result<(), Fault> {
        parts(version).map(drop)
    }

    fn parts(version: &str) -> Result<Parts<'_>, Fault> {
        if version.len() > LONGEST {
            return Err(Fault::Syntax);
        }
        let version = version.trim();
        let parts = read(version.strip_prefix('v').unwrap_or(version), 3)?;
        if parts.numbers.iter().any(|number| digits::compare(number, BIGGEST) == Ordering::Greater) {
            return Err(Fault::Syntax);
        }
        Ok(parts)
    }

    /// Labels past the safe range are JavaScript numbers, so they lose their last digits before they are compared.
    fn compare_numbers(a: &[u8], b: &[u8]) -> Ordering {
        let float =
            |digits: &[u8]| std::str::from_utf8(digits).ok().and_then(|text| text.parse::<f64>().ok());
        match (float(a), float(b)) {
            (Some(left), Some(right)) if a.len().max(b.len()) >= BIGGEST.len() => left.total_cmp(&right),
            _ => digits::compare(a, b),
        }
    }
}

/// Go module versions with or without their `v`, pseudo-versions, and toolchain versions like `go1.21rc2`. Does not
/// allocate.
pub mod go {
    use super::{Fault, Ordering, Parts, Undecidable, compare_with, digits, is_number, read};

    /// Orders two versions like `semver.Compare`; a toolchain version is read as the semantic version the Go
    /// vulnerability database gives it (`go1.21rc2` as `1.21.0-rc.2`).
    pub fn compare(a: &str, b: &str) -> Result<Ordering, Undecidable> {
        compare_with(a, b, parts, digits::compare)
    }

    /// Accepts module and toolchain versions.
    pub fn check(version: &str) -> Result<(), Fault> {
        parts(version).map(drop)
    }

    fn parts(version: &str) -> Result<Parts<'_>, Fault> {
        match version.strip_prefix("go") {
            Some(toolchain) => read_toolchain(toolchain),
            None => read(version.strip_prefix('v').unwrap_or(version), 1),
        }
    }

    /// `1.N[.P]`, `1.NrcM` or `1.NbetaM`, then perhaps a vendor's mark after a space or a dash.
    fn read_toolchain(version: &str) -> Result<Parts<'_>, Fault> {
        let version = version.split([' ', '-', '+']).next().unwrap_or("");
        let end = version.find(|c: char| c != '.' && !c.is_ascii_digit()).unwrap_or(version.len());
        let (numbers, label) = version.split_at(end);
        if numbers.is_empty() {
            return Err(Fault::NoDigitFirst);
        }
        let mut parts = read(numbers, 1)?;
        for word in ["rc", "beta"] {
            if let Some(number) = label.strip_prefix(word).filter(|number| is_number(number.as_bytes())) {
                parts.pre = [Some(word.as_bytes()), Some(number.as_bytes())];
                return Ok(parts);
            }
        }
        if label.is_empty() { Ok(parts) } else { Err(Fault::Syntax) }
    }
}

struct Parts<'a> {
    numbers: [&'a [u8]; 3],
    /// The labels after the dash, in one text or in two.
    pre: [Option<&'a [u8]>; 2],
}

impl<'a> Parts<'a> {
    fn labels(&self) -> impl Iterator<Item = &'a [u8]> {
        self.pre.into_iter().flatten().flat_map(|text| text.split(|byte| *byte == b'.'))
    }
}

fn is_number(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(u8::is_ascii_digit)
}

/// Whether a text is labels between dots; those before the release must not be numbers with leading zeros.
fn are_labels(text: &[u8], is_before_release: bool) -> bool {
    text.split(|byte| *byte == b'.').all(|label| {
        let is_word =
            !label.is_empty() && label.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
        let has_leading_zero = label.len() > 1 && label[0] == b'0';
        is_word && !(is_before_release && has_leading_zero && is_number(label))
    })
}

/// Reads `major.minor.patch[-pre][+build]`; with `fewest` under 3 the last numbers may be left out, and labels with them.
fn read(version: &str, fewest: usize) -> Result<Parts<'_>, Fault> {
    let mut parts = Parts { numbers: [b"0"; 3], pre: [None; 2] };
    let (mut rest, mut count) = (version.as_bytes(), 0);
    loop {
        let (number, after) = digits::split(rest);
        match number {
            [] if version.is_empty() => return Err(Fault::Empty),
            [] if count == 0 => return Err(Fault::NoDigitFirst),
            [] | [b'0', _, ..] => return Err(Fault::Syntax),
            _ => (parts.numbers[count], rest, count) = (number, after, count + 1),
        }
        match rest {
            [b'.', after @ ..] if count < 3 => rest = after,
            _ => break,
        }
    }
    if let [b'-', labels @ ..] = rest {
        let end = labels.iter().position(|byte| *byte == b'+').unwrap_or(labels.len());
        parts.pre[0] = Some(&labels[..end]);
        rest = &labels[end..];
    }
    let is_build_good = match rest {
        [] => true,
        [b'+', build @ ..] => are_labels(build, false),
        _ => false,
    };
    let is_plain = parts.pre[0].is_none() && rest.is_empty();
    let is_complete = count == 3 || (count >= fewest && is_plain);
    let are_labels_good = parts.pre[0].is_none_or(|labels| are_labels(labels, true));
    if is_complete && is_build_good && are_labels_good { Ok(parts) } else { Err(Fault::Syntax) }
}

fn compare_with(
    a: &str,
    b: &str,
    read: impl Fn(&str) -> Result<Parts<'_>, Fault>,
    numbers: impl Fn(&[u8], &[u8]) -> Ordering,
) -> Result<Ordering, Undecidable> {
    let a = read(a).map_err(Undecidable::left)?;
    let b = read(b).map_err(Undecidable::right)?;
    for (left, right) in a.numbers.iter().zip(&b.numbers) {
        let order = digits::compare(left, right);
        if order != Ordering::Equal {
            return Ok(order);
        }
    }
    if a.pre[0].is_none() || b.pre[0].is_none() {
        return Ok(b.pre[0].is_some().cmp(&a.pre[0].is_some()));
    }
    let (mut a, mut b) = (a.labels(), b.labels());
    loop {
        let order = match (a.next(), b.next()) {
            (None, None) => return Ok(Ordering::Equal),
            (Some(left), Some(right)) => match (is_number(left), is_number(right)) {
                (true, true) => numbers(left, right),
                (false, false) => left.cmp(right),
                (is_number, _) => {
                    if is_number {
                        Ordering::Less
                    } else {
                        Ordering::Greater
                    }
                }
            },
            (left, right) => return Ok(left.is_some().cmp(&right.is_some())),
        };
        if order != Ordering::Equal {
            return Ok(order);
        }
    }
}
