//! Debian control data: fields of one stanza, and cutting a stream of any length into stanzas.

use std::borrow::Cow;
use std::io::{self, Write};

/// A stanza longer than this is no package list any more.
const MOST_STANZA_BYTES: usize = 4 << 20;

/// One stanza: `Name: value` lines, continued by lines that start with white space.
#[derive(Clone, Copy, Debug)]
pub struct Stanza<'a>(pub &'a [u8]);

impl<'a> Stanza<'a> {
    /// The value of a field, trimmed; the name in any case. `None` when the field is not there.
    pub fn field(&self, name: &str) -> Option<Cow<'a, str>> {
        self.fields().find(|(key, _)| key.eq_ignore_ascii_case(name.as_bytes())).map(|(_, value)| text(value))
    }

    /// The value of a field, empty when it is not there.
    pub fn or_empty(&self, name: &str) -> Cow<'a, str> {
        self.field(name).unwrap_or_default()
    }

    /// Every field in order with its raw value, trimmed at both ends.
    pub fn fields(&self) -> Fields<'a> {
        Fields { rest: self.0 }
    }
}

/// Iterator over the fields of a stanza; comment lines and lines without a colon are passed over.
pub struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Fields<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.rest.is_empty() {
                return None;
            }
            let end = end_of_field(self.rest);
            let (field, rest) = self.rest.split_at(end);
            self.rest = rest;
            if field.starts_with(b"#") {
                continue;
            }
            if let Some(colon) = memchr::memchr(b':', field) {
                return Some((field[..colon].trim_ascii(), field[colon + 1..].trim_ascii()));
            }
        }
    }
}

/// Where the field that starts here ends: after the last line that is not followed by white space.
fn end_of_field(bytes: &[u8]) -> usize {
    let mut from = 0;
    while let Some(at) = memchr::memchr(b'\n', &bytes[from..]) {
        from += at + 1;
        let is_comment = bytes[0] == b'#';
        match bytes.get(from) {
            Some(b' ' | b'\t') if !is_comment => {}
            _ => return from,
        }
    }
    bytes.len()
}

/// Bytes as text; what is no UTF-8 becomes the replacement character.
pub fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// The stanzas of a whole text, comment lines left out.
pub fn stanzas(text: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut current = Vec::new();
    for line in text.split(|byte| *byte == b'\n') {
        if line.trim_ascii().is_empty() {
            if !current.is_empty() {
                found.push(std::mem::take(&mut current));
            }
        } else if !line.starts_with(b"#") {
            current.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
            current.push(b'\n');
        }
    }
    if !current.is_empty() {
        found.push(current);
    }
    found
}

/// Cuts what is written to it into stanzas and hands each to a function; holds one stanza at a time.
pub struct Cutter<F> {
    each: F,
    begun: Vec<u8>,
}

impl<F: FnMut(Stanza<'_>)> Cutter<F> {
    /// A cutter that hands every stanza to `each`.
    pub fn new(each: F) -> Self {
        Self { each, begun: Vec::new() }
    }

    /// Hands over the last stanza, which no empty line ends.
    pub fn finish(mut self) {
        let last = std::mem::take(&mut self.begun);
        self.hand(&last);
    }

    fn hand(&mut self, stanza: &[u8]) {
        if !stanza.trim_ascii().is_empty() {
            (self.each)(Stanza(stanza));
        }
    }

    /// Hands over every whole stanza in `bytes`; returns where the unfinished rest begins.
    fn cut(&mut self, bytes: &[u8], gap: &memchr::memmem::Finder<'_>) -> usize {
        let mut from = 0;
        while let Some(at) = gap.find(&bytes[from..]) {
            self.hand(&bytes[from..=from + at]);
            from += at + 2;
        }
        from
    }
}

impl<F: FnMut(Stanza<'_>)> Write for Cutter<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let gap = memchr::memmem::Finder::new(b"\n\n");
        let mut rest = bytes;
        if !self.begun.is_empty() {
            // The gap may lie across the border: look from one byte before it.
            let last = usize::from(self.begun.ends_with(b"\n"));
            let border = if last == 1 && bytes.starts_with(b"\n") {
                Some(1)
            } else {
                gap.find(bytes).map(|at| at + 2)
            };
            let Some(border) = border else {
                if self.begun.len() + bytes.len() > MOST_STANZA_BYTES {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, "a stanza of more than 4 MiB"));
                }
                self.begun.extend_from_slice(bytes);
                return Ok(bytes.len());
            };
            self.begun.extend_from_slice(&bytes[..border]);
            let whole = std::mem::take(&mut self.begun);
            self.hand(&whole);
            rest = &bytes[border..];
        }
        let from = self.cut(rest, &gap);
        self.begun.extend_from_slice(&rest[from..]);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(text: &[u8], step: usize) -> Vec<String> {
        let mut names = Vec::new();
        let mut cutter =
            Cutter::new(|stanza: Stanza<'_>| names.push(stanza.or_empty("package").into_owned()));
        for piece in text.chunks(step) {
            cutter.write_all(piece).unwrap();
        }
        cutter.finish();
        names
    }

    #[test]
    fn stanzas_are_the_same_however_the_stream_is_cut() {
        let text = b"Package: a\nX: 1\n\n\nPackage: b\n\nX: 3\nPackage: c\n d\n\nPackage: e";
        for step in 1..text.len() {
            assert_eq!(cut(text, step), ["a", "b", "c\n d", "e"], "step {step}");
        }
    }

    #[test]
    fn a_field_goes_on_over_indented_lines_and_comments_are_no_fields() {
        let stanza = Stanza(b"Package: a\n# X: no\nConffiles:\n /etc/a 1\n /etc/b 2\nEmpty:\nLast: x");
        assert_eq!(stanza.field("conffiles").unwrap(), "/etc/a 1\n /etc/b 2");
        assert_eq!(stanza.field("Empty").unwrap(), "");
        assert_eq!(stanza.field("LAST").unwrap(), "x");
        assert!(stanza.field("X").is_none());
    }
}
