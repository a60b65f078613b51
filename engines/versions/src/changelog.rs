//! A package's own changelog as evidence: which CVE ids do the entries newer than the installed version name?
//!
//! Needs no feed at all. It cannot know flaws nobody fixed yet, and an id mentioned in passing counts as named.

use std::cmp::Ordering;

use serde::Serialize;

use crate::compare::{Undecidable, dpkg};

/// One entry of a Debian changelog.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry<'a> {
    /// Source package.
    pub source: &'a str,
    /// Version of this upload.
    pub version: &'a str,
    /// Distributions it was uploaded to, as written.
    pub suite: &'a str,
    /// CVE ids it names, in the order of the text, each once.
    pub cves: Vec<&'a str>,
}

/// Reads the entries of a `debian/changelog`, newest first as in the file. A text cut off in the middle of an entry
/// gives that entry with what is there; lines before the first heading are left out.
pub fn entries(text: &str) -> impl Iterator<Item = Entry<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (heading, body) = loop {
            let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
            if rest.is_empty() {
                return None;
            }
            rest = after;
            if let Some(heading) = read_heading(line) {
                break (heading, after);
            }
        };
        let length = body_length(body);
        rest = &body[length..];
        let (source, version, suite) = heading;
        Some(Entry { source, version, suite, cves: cve_ids(&body[..length]) })
    })
}

/// The CVE ids that entries newer than `installed` name, sorted by year and number, each once.
///
/// # Errors
/// When the installed version, or one in the changelog, is not a Debian version.
pub fn fixed_since<'a>(text: &'a str, installed: &str) -> Result<Vec<&'a str>, Undecidable> {
    let mut found = Vec::new();
    for entry in entries(text) {
        if dpkg::compare(entry.version, installed)? == Ordering::Greater {
            found.extend(entry.cves);
        }
    }
    found.sort_by_key(|id| number(id));
    found.dedup();
    Ok(found)
}

/// The CVE ids in a text, in its order, each once. An id inside a word or with fewer than four digits is none.
pub fn cve_ids(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("CVE-") {
        let is_inside_word = text[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
        let tail = &text.as_bytes()[at + 4..];
        let year = tail.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if is_inside_word || year != 4 || tail.get(4) != Some(&b'-') {
            continue;
        }
        let digits = tail[5..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let id = &text[at..at + 9 + digits];
        if digits >= 4 && !found.contains(&id) {
            found.push(id);
        }
    }
    found
}

/// Year and number of an id; the number may have any length.
fn number(id: &str) -> (&str, usize, &str) {
    let (year, number) = id.strip_prefix("CVE-").and_then(|rest| rest.split_once('-')).unwrap_or((id, ""));
    (year, number.len(), number)
}

/// `source (version) suites; urgency=…`, at the very start of a line.
fn read_heading(line: &str) -> Option<(&str, &str, &str)> {
    if !line.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return None;
    }
    let (source, rest) = line.split_once(" (")?;
    let (version, rest) = rest.split_once(')')?;
    let (suite, _) = rest.split_once(';')?;
    let is_word = |text: &str| !text.is_empty() && !text.contains(char::is_whitespace);
    (is_word(source) && is_word(version)).then_some((source, version, suite.trim()))
}

fn body_length(body: &str) -> usize {
    let mut length = 0;
    for line in body.split_inclusive('\n') {
        if read_heading(line.trim_end_matches(['\n', '\r'])).is_some() {
            break;
        }
        length += line.len();
    }
    length
}
