//! Entity tags of revisions, and the two questions asked with them: "has it changed?" (`If-None-Match`) and
//! "is it still what I read?" (`If-Match`). RFC 9110, sections 8.8.3 and 13.1.

use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::header::{IF_MATCH, IF_NONE_MATCH};

/// The strong tag of a row's revision: `"r7"`.
pub fn of_revision(revision: i64) -> String {
    format!("\"r{revision}\"")
}

/// What a reader knows of the thing it wants to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// No `If-Match` was sent.
    Anything,
    /// `If-Match: *`: any revision, but it must exist.
    Existing,
    /// One of these revisions. Empty when nothing in the header was a tag of ours: no revision can match.
    Revisions(Vec<i64>),
}

impl Expected {
    /// Reads `If-Match`. Weak tags never match here (RFC 9110, 13.1.1).
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let lines: Vec<&HeaderValue> = headers.get_all(IF_MATCH).iter().collect();
        if lines.is_empty() {
            return Self::Anything;
        }
        let text: Vec<&str> = lines.iter().filter_map(|line| line.to_str().ok()).collect();
        if text.iter().any(|line| line.trim() == "*") {
            return Self::Existing;
        }
        let revisions = text.iter().flat_map(|line| tags(line)).filter(|(weak, _)| !weak);
        Self::Revisions(revisions.filter_map(|(_, tag)| revision(tag)).collect())
    }

    /// Whether a change to the thing at this revision may go ahead.
    pub fn allows(&self, revision: i64) -> bool {
        match self {
            Self::Anything | Self::Existing => true,
            Self::Revisions(list) => list.contains(&revision),
        }
    }
}

/// Whether the reader already holds this tag (`If-None-Match`), so that 304 is the answer.
pub fn is_unchanged(headers: &HeaderMap, tag: &str) -> bool {
    headers.get_all(IF_NONE_MATCH).iter().any(|line| matches_weakly(line, tag))
}

/// Whether a list of tags holds this one, weak or strong alike (RFC 9110, 8.8.3.2).
pub fn matches_weakly(list: &HeaderValue, tag: &str) -> bool {
    let Ok(list) = list.to_str() else { return false };
    let opaque = tag.trim_start_matches("W/").trim_matches('"');
    list.trim() == "*" || tags(list).any(|(_, other)| other == opaque)
}

/// The tags of one header line as (weak, opaque). A comma inside quotes belongs to the tag; what follows a tag
/// that is not closed is dropped.
fn tags(list: &str) -> impl Iterator<Item = (bool, &str)> {
    let mut rest = list;
    std::iter::from_fn(move || {
        let open = rest.find('"')?;
        let weak = rest[..open].ends_with("W/");
        let body = &rest[open + 1..];
        let close = body.find('"')?;
        rest = &body[close + 1..];
        Some((weak, &body[..close]))
    })
}

fn revision(tag: &str) -> Option<i64> {
    tag.strip_prefix('r')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(name: axum::http::HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn if_match_takes_only_strong_tags_of_ours() {
        let read = |value| Expected::from_headers(&asked(IF_MATCH, value));
        assert_eq!(read("\"r7\""), Expected::Revisions(vec![7]));
        assert_eq!(read("\"r7\", W/\"r8\" , \"r9\""), Expected::Revisions(vec![7, 9]));
        assert_eq!(read("*"), Expected::Existing);
        assert_eq!(read("r7"), Expected::Revisions(vec![]));
        assert_eq!(read("\"a,b\", \"r-1\""), Expected::Revisions(vec![-1]));
        assert_eq!(read("\"r7"), Expected::Revisions(vec![]));
        assert_eq!(Expected::from_headers(&HeaderMap::new()), Expected::Anything);
        assert!(!read("junk").allows(7));
        assert!(read("\"r7\"").allows(7) && !read("\"r7\"").allows(8));
    }

    #[test]
    fn if_none_match_ignores_weakness() {
        for held in ["\"r7\"", "W/\"r7\"", "\"x\", \"r7\"", "*"] {
            assert!(is_unchanged(&asked(IF_NONE_MATCH, held), &of_revision(7)), "{held}");
        }
        for held in ["\"r8\"", "r7", "", "\"r7"] {
            assert!(!is_unchanged(&asked(IF_NONE_MATCH, held), &of_revision(7)), "{held}");
        }
    }
}
