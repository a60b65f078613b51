//! Package URLs: `pkg:type/namespace/name@version?qualifiers#subpath`.

use std::fmt::Write as _;
use std::str::FromStr;

/// A package URL, taken apart and percent-decoded. Source: the purl specification, "How to parse a purl".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Purl {
    /// `deb`, `npm` … in lower case.
    pub kind: String,
    /// Segments joined by `/`; may be empty.
    pub namespace: String,
    /// The name.
    pub name: String,
    /// May be empty.
    pub version: String,
    /// Sorted by key.
    pub qualifiers: Vec<(String, String)>,
}

impl Purl {
    /// The value of a qualifier.
    pub fn qualifier(&self, key: &str) -> Option<&str> {
        self.qualifiers.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }
}

/// A text that is no package URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoPurl;

impl FromStr for Purl {
    type Err = NoPurl;

    fn from_str(text: &str) -> Result<Self, NoPurl> {
        let rest = text.strip_prefix("pkg:").ok_or(NoPurl)?.trim_start_matches('/');
        let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (kind, path) = rest.split_once('/').ok_or(NoPurl)?;
        let path = path.trim_matches('/');
        // An `@` in front of a segment (npm's scopes, often written unencoded) is no version.
        let (path, version) = match path.rfind('@') {
            Some(at) if at > 0 && !path[..at].ends_with('/') => (&path[..at], &path[at + 1..]),
            _ => (path, ""),
        };
        let (namespace, name) = path.rsplit_once('/').unwrap_or(("", path));
        if kind.is_empty() || name.is_empty() {
            return Err(NoPurl);
        }
        let mut qualifiers: Vec<(String, String)> = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .filter(|(_, value)| !value.is_empty())
            .map(|(key, value)| (key.to_ascii_lowercase(), decode(value)))
            .collect();
        qualifiers.sort();
        Ok(Purl {
            kind: kind.to_ascii_lowercase(),
            namespace: decode(namespace),
            name: decode(name),
            version: decode(version),
            qualifiers,
        })
    }
}

impl std::fmt::Display for Purl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "pkg:{}/", self.kind)?;
        for segment in self.namespace.split('/').filter(|segment| !segment.is_empty()) {
            write!(f, "{}/", encode(segment))?;
        }
        f.write_str(&encode(&self.name))?;
        if !self.version.is_empty() {
            write!(f, "@{}", encode(&self.version))?;
        }
        for (at, (key, value)) in self.qualifiers.iter().enumerate() {
            write!(f, "{}{key}={}", if at == 0 { '?' } else { '&' }, encode(value))?;
        }
        Ok(())
    }
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        if let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            out.push(byte);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b".-_~:".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("writing to a String cannot fail");
        }
    }
    out
}
