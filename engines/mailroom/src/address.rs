//! Mail addresses: reading them from header fields and from running text.

use std::borrow::Cow;

use mail_parser::HeaderValue;
use mail_parser::parsers::MessageStream;
use serde::Serialize;

use crate::parse::decode_words;

/// One mailbox: the address and, where given, the name beside it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize)]
pub struct Address {
    /// Decoded display name without quotes; empty when there is none.
    pub name: String,
    /// `local@domain` as written, without angle brackets; may be empty or odd in a broken mail.
    pub address: String,
}

impl Address {
    /// An address without a name.
    pub fn new(address: impl Into<String>) -> Self {
        Self { name: String::new(), address: address.into() }
    }

    /// The address for comparing: lower case, trimmed.
    ///
    /// The local part is case-sensitive by RFC 5321, but no system in use treats it so.
    pub fn key(&self) -> String {
        self.address.trim().to_lowercase()
    }

    /// What stands before the last `@`.
    pub fn local(&self) -> &str {
        self.address.rsplit_once('@').map_or(self.address.as_str(), |(local, _)| local)
    }

    /// What stands after the last `@`, empty when there is none.
    pub fn domain(&self) -> &str {
        self.address.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

/// Reads an address list (RFC 5322, groups flattened) from the raw bytes of a field, at most `most` entries.
pub fn read_addresses(raw: &[u8], most: usize) -> Vec<Address> {
    let text;
    let raw = if std::str::from_utf8(raw).is_ok() {
        raw
    } else {
        text = encoding_rs::WINDOWS_1252.decode_without_bom_handling(raw).0.into_owned();
        text.as_bytes()
    };
    let line = with_newline(raw);
    let HeaderValue::Address(list) = MessageStream::new(&line).parse_address() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for entry in list.iter().take(most) {
        let name = entry.name().map(clean_name).unwrap_or_default();
        let address = entry.address().map(clean_address).unwrap_or_default();
        if address.is_empty()
            && let Some(inner) = find_address(&name)
        {
            let inner = inner.to_owned();
            found.push(Address { name, address: inner });
        } else if !address.is_empty() || !name.is_empty() {
            found.push(Address { name, address });
        }
    }
    found
}

fn with_newline(raw: &[u8]) -> Cow<'_, [u8]> {
    if raw.ends_with(b"\n") {
        return Cow::Borrowed(raw);
    }
    let mut owned = raw.to_vec();
    owned.push(b'\n');
    Cow::Owned(owned)
}

fn clean_name(name: &str) -> String {
    let name = if name.contains("=?") { decode_words(name.as_bytes()) } else { name.to_owned() };
    name.chars().filter(|c| !c.is_control()).collect::<String>().trim_matches(['"', '\'', ' ']).to_owned()
}

fn clean_address(address: &str) -> String {
    let bare: String = address.chars().filter(|c| !c.is_control() && !c.is_whitespace()).collect();
    let bare = bare.trim_matches(['<', '>', ',', ';', '\'', '"']);
    bare.strip_prefix("mailto:").unwrap_or(bare).to_owned()
}

/// The first mail address in running text.
pub fn find_address(text: &str) -> Option<&str> {
    find_addresses(text).next()
}

/// All mail addresses in running text, in order, without surrounding punctuation. ASCII only: in East Asian text
/// words stand next to an address without a space.
///
/// ```
/// let found: Vec<_> = mainstay_mailroom::find_addresses("to <a.b+c@mail.example>, not @home, or x@y").collect();
/// assert_eq!(found, ["a.b+c@mail.example", "x@y"]);
/// ```
pub fn find_addresses(text: &str) -> impl Iterator<Item = &str> {
    memchr::memchr_iter(b'@', text.as_bytes()).filter_map(|at| around(text, at))
}

fn around(text: &str, at: usize) -> Option<&str> {
    const MOST_LOCAL: usize = 200;
    const MOST_DOMAIN: usize = 255;
    let bytes = text.as_bytes();
    let mut start = at;
    if start > 0 && bytes[start - 1] == b'"' {
        let from = at.saturating_sub(MOST_LOCAL);
        let open = memchr::memrchr(b'"', &bytes[from..start - 1])?;
        start = from + open;
    } else {
        while start > 0 && at - start < MOST_LOCAL && is_local(bytes[start - 1]) {
            start -= 1;
        }
    }
    let mut end = at + 1;
    while end < bytes.len() && end - at < MOST_DOMAIN && is_domain(bytes[end]) {
        end += 1;
    }
    // `<a@x>...User unknown`: a domain has no two dots in a row.
    if let Some(dots) = memchr::memmem::find(&bytes[at + 1..end], b"..") {
        end = at + 1 + dots;
    }
    while end > at + 1 && matches!(bytes[end - 1], b'.' | b'-' | b'_') {
        end -= 1;
    }
    while start < at && matches!(bytes[start], b'.' | b'\'' | b'*' | b'-' | b'`' | b'/' | b'=' | b'{' | b'|')
    {
        start += 1;
    }
    let found = text.get(start..end)?;
    (start < at && end > at + 1).then(|| without_scheme(found))
}

/// `SMTP=ann@x` of Exchange and the like.
fn without_scheme(found: &str) -> &str {
    ["rfc822;", "rfc822=", "smtp="]
        .iter()
        .find_map(|scheme| {
            let (start, rest) = found.split_at_checked(scheme.len())?;
            (start.eq_ignore_ascii_case(scheme) && !rest.starts_with('@')).then_some(rest)
        })
        .unwrap_or(found)
}

fn is_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-.".contains(&byte)
}

fn is_domain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')
}
