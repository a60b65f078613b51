//! Header fields: where they are, and their text with encoded words (RFC 2047) decoded.

use std::borrow::Cow;

use super::decode;
use crate::limits::Limits;

/// The header fields of a mail or part, in order.
#[derive(Debug, Clone, Default)]
pub struct Headers<'a> {
    fields: Vec<(Cow<'a, str>, Cow<'a, [u8]>)>,
}

impl<'a> Headers<'a> {
    /// Reads the header block; returns it, the offset of the body, and whether fields were left out.
    pub(crate) fn read(raw: &'a [u8], limits: &Limits) -> (Self, usize, bool) {
        let mut fields: Vec<(Cow<'a, str>, Cow<'a, [u8]>)> = Vec::new();
        let mut at = 0;
        let mut is_clipped = false;
        while at < raw.len() {
            let end = line_end(raw, at);
            let line = &raw[at..end];
            if line.iter().all(|b| matches!(b, b'\r' | b'\n')) {
                return (Self { fields }, end, is_clipped);
            }
            let is_mbox_line = at == 0 && (line.starts_with(b"From ") || line.starts_with(b">From "));
            let Some(colon) = field_name_length(line).filter(|_| !is_mbox_line) else {
                if is_mbox_line
                    || line.iter().all(u8::is_ascii_whitespace)
                    || !fields.is_empty() && line[0] == b'>'
                {
                    at = end;
                    continue;
                }
                // No field and no blank line: the body has begun without one.
                return (Self { fields }, at, is_clipped);
            };
            let value_end = folded_end(raw, end);
            if fields.len() < limits.headers {
                let name = String::from_utf8_lossy(line[..colon].trim_ascii());
                let from = at + colon + 1;
                let to = value_end.min(from + limits.header_bytes);
                is_clipped |= to < value_end;
                fields.push((name, Cow::Borrowed(&raw[from..to])));
            } else {
                is_clipped = true;
            }
            at = value_end;
        }
        (Self { fields }, raw.len(), is_clipped)
    }

    /// The raw bytes of the first field of this name, folding kept, name compared without case.
    pub fn raw(&self, name: &str) -> Option<&[u8]> {
        self.fields.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_ref())
    }

    /// The raw bytes of every field of this name.
    pub fn all_raw<'s>(&'s self, name: &'s str) -> impl Iterator<Item = &'s [u8]> + 's {
        self.fields.iter().filter(move |(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_ref())
    }

    /// The decoded, unfolded text of the first field of this name.
    pub fn text(&self, name: &str) -> Option<String> {
        self.raw(name).map(decode_words)
    }

    /// The decoded text of every field of this name.
    pub fn texts<'s>(&'s self, name: &'s str) -> impl Iterator<Item = String> + 's {
        self.all_raw(name).map(decode_words)
    }

    pub fn has(&self, name: &str) -> bool {
        self.raw(name).is_some()
    }

    /// Every field, name and raw value, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.fields.iter().map(|(name, value)| (name.as_ref(), value.as_ref()))
    }

    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    pub fn len(&self) -> usize {
        self.fields.len()
    }
}

/// One past the newline of the line that begins at `at`.
pub(crate) fn line_end(raw: &[u8], at: usize) -> usize {
    match memchr::memchr2(b'\n', b'\r', &raw[at..]) {
        Some(length) if raw[at + length] == b'\r' && raw.get(at + length + 1) == Some(&b'\n') => {
            at + length + 2
        }
        Some(length) => at + length + 1,
        None => raw.len(),
    }
}

fn folded_end(raw: &[u8], mut end: usize) -> usize {
    while matches!(raw.get(end), Some(b' ' | b'\t')) {
        let next = line_end(raw, end);
        // A line of blanks only is taken as the end of the header by many mailers; it is folding by the RFC.
        if raw[end..next].iter().all(u8::is_ascii_whitespace) && !matches!(raw.get(next), Some(b' ' | b'\t'))
        {
            let rest = &raw[next..raw.len().min(next + 200)];
            if field_name_length(&rest[..line_end(rest, 0)]).is_none() {
                break;
            }
        }
        end = next;
    }
    end
}

/// The length of a field name when the line is `Name: …`.
fn field_name_length(line: &[u8]) -> Option<usize> {
    let colon = memchr::memchr(b':', &line[..line.len().min(100)])?;
    let name = line[..colon].trim_ascii_end();
    let is_name = !name.is_empty() && name.iter().all(|b| (33..127).contains(b));
    is_name.then_some(colon)
}

/// Unfolds a field and decodes its encoded words; neighbours of one charset are joined before decoding, because
/// mailers cut multi-byte characters in two. Raw eight-bit text is read as UTF-8 or guessed.
pub fn decode_words(raw: &[u8]) -> String {
    let unfolded = unfold(raw);
    if memchr::memmem::find(&unfolded, b"=?").is_none() {
        return clean(&decode::text(&unfolded, None));
    }
    let mut out = String::with_capacity(unfolded.len());
    let mut pending: Option<(String, Vec<u8>)> = None;
    let mut at = 0;
    while at < unfolded.len() {
        if unfolded[at..].starts_with(b"=?")
            && let Some((charset, bytes, length)) = encoded_word(&unfolded[at..])
        {
            match &mut pending {
                Some((open, collected)) if open.eq_ignore_ascii_case(charset) => collected.extend(bytes),
                _ => {
                    flush(&mut out, pending.take());
                    pending = Some((charset.to_owned(), bytes));
                }
            }
            at += length;
            let gap = unfolded[at..].iter().take_while(|b| b.is_ascii_whitespace()).count();
            if unfolded[at + gap..].starts_with(b"=?") && encoded_word(&unfolded[at + gap..]).is_some() {
                at += gap;
            }
            continue;
        }
        flush(&mut out, pending.take());
        let next = memchr::memmem::find(&unfolded[at + 1..], b"=?").map_or(unfolded.len(), |n| at + 1 + n);
        out.push_str(&decode::text(&unfolded[at..next], None));
        at = next;
    }
    flush(&mut out, pending);
    clean(&out)
}

fn flush(out: &mut String, pending: Option<(String, Vec<u8>)>) {
    if let Some((charset, bytes)) = pending {
        out.push_str(&decode::text(&bytes, Some(&charset)));
    }
}

fn unfold(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    for &byte in raw {
        match byte {
            b'\r' | b'\n' => {}
            b'\t' => out.push(b' '),
            other => out.push(other),
        }
    }
    out
}

fn clean(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect::<String>().trim().to_owned()
}

/// `=?charset?B?text?=` at the start of `rest`: the charset, the bytes, the length. Spaces inside are allowed,
/// as some mailers send them.
fn encoded_word(rest: &[u8]) -> Option<(&str, Vec<u8>, usize)> {
    const MOST: usize = 4 << 10;
    let rest = &rest[..rest.len().min(MOST)];
    let charset_end = 2 + memchr::memchr(b'?', &rest[2..])?;
    let charset = std::str::from_utf8(&rest[2..charset_end]).ok()?;
    let charset = charset.split('*').next().unwrap_or(charset);
    if charset.is_empty() || charset.contains(char::is_whitespace) {
        return None;
    }
    let encoding = *rest.get(charset_end + 1)?;
    if rest.get(charset_end + 2) != Some(&b'?') {
        return None;
    }
    let from = charset_end + 3;
    let length = memchr::memmem::find(rest.get(from..)?, b"?=")?;
    let mut payload = &rest[from..from + length];
    let mut end = from + length + 2;
    // `?==3D?=`: in Q the text itself may begin with an escape.
    if matches!(encoding, b'Q' | b'q') && payload.is_empty() && rest.get(end - 1) == Some(&b'=') {
        let more = memchr::memmem::find(rest.get(end - 1..)?, b"?=")?;
        payload = &rest[end - 1..end - 1 + more];
        end = end - 1 + more + 2;
    }
    let bytes = match encoding {
        b'B' | b'b' => decode::base64(payload),
        b'Q' | b'q' => decode::quoted_printable(payload, true),
        _ => return None,
    };
    Some((charset, bytes, end))
}

/// A structured field such as `Content-Type`: the value in lower case and its parameters (RFC 2231 and 2047).
#[derive(Debug, Clone, Default)]
pub(crate) struct Structured {
    pub value: String,
    parameters: Vec<(String, String)>,
}

impl Structured {
    pub fn read(raw: &[u8]) -> Self {
        let text = unfold(raw);
        let mut pieces = split_quoted(&text).into_iter();
        let first = pieces.next().unwrap_or_default();
        let value = String::from_utf8_lossy(first).trim().to_ascii_lowercase();
        let value = value.split([' ', ',']).next().unwrap_or_default().to_owned();
        let mut plain: Vec<(String, String)> = Vec::new();
        let mut sections: Vec<(String, u32, bool, Vec<u8>)> = Vec::new();
        for piece in pieces.take(100) {
            let Some(equals) = memchr::memchr(b'=', piece) else { continue };
            let name = String::from_utf8_lossy(piece[..equals].trim_ascii()).to_ascii_lowercase();
            let raw_value = unquote(piece[equals + 1..].trim_ascii());
            if let Some((base, number, is_encoded)) = section(&name) {
                sections.push((base, number, is_encoded, raw_value));
            } else {
                plain.push((name, decode_words(&raw_value)));
            }
        }
        let mut parameters = join_sections(sections);
        parameters.extend(plain);
        Self { value, parameters }
    }

    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(n, v)| n == name && !v.is_empty()).map(|(_, value)| value.as_str())
    }
}

/// `name*`, `name*0`, `name*0*`: the name, its place, and whether it is percent-encoded.
fn section(name: &str) -> Option<(String, u32, bool)> {
    let (base, rest) = name.split_once('*')?;
    let is_encoded = rest.is_empty() || rest.ends_with('*');
    let number = rest.trim_end_matches('*').parse().unwrap_or(0);
    Some((base.to_owned(), number, is_encoded))
}

fn join_sections(mut sections: Vec<(String, u32, bool, Vec<u8>)>) -> Vec<(String, String)> {
    sections.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    let mut joined: Vec<(String, Option<String>, Vec<u8>)> = Vec::new();
    for (name, _, is_encoded, value) in sections {
        let is_new = joined.last().is_none_or(|(last, ..)| *last != name);
        let mut charset = None;
        let mut bytes = value;
        if is_encoded {
            if is_new && let Some((declared, rest)) = split_charset(&bytes) {
                charset = Some(declared);
                bytes = rest;
            }
            bytes = percent(&bytes);
        }
        match joined.last_mut() {
            Some(last) if !is_new => last.2.extend(bytes),
            _ => joined.push((name, charset, bytes)),
        }
    }
    joined
        .into_iter()
        .map(|(name, charset, bytes)| {
            let text = decode::text(&bytes, charset.as_deref()).into_owned();
            let text = if text.contains("=?") { decode_words(text.as_bytes()) } else { text };
            (name, text)
        })
        .collect()
}

fn split_charset(value: &[u8]) -> Option<(String, Vec<u8>)> {
    let first = memchr::memchr(b'\'', value)?;
    let second = first + 1 + memchr::memchr(b'\'', &value[first + 1..])?;
    Some((String::from_utf8_lossy(&value[..first]).into_owned(), value[second + 1..].to_vec()))
}

fn percent(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len());
    let mut at = 0;
    while at < value.len() {
        let pair = value.get(at + 1..at + 3).and_then(|p| std::str::from_utf8(p).ok());
        if let Some(byte) = pair.filter(|_| value[at] == b'%').and_then(|p| u8::from_str_radix(p, 16).ok()) {
            out.push(byte);
            at += 3;
        } else {
            out.push(value[at]);
            at += 1;
        }
    }
    out
}

/// Splits at semicolons outside quotes.
fn split_quoted(text: &[u8]) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    let (mut start, mut is_quoted, mut is_escaped) = (0, false, false);
    for (at, &byte) in text.iter().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            b';' if !is_quoted => {
                pieces.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    pieces.push(&text[start..]);
    pieces
}

fn unquote(value: &[u8]) -> Vec<u8> {
    let Some(inner) = value.strip_prefix(b"\"") else { return value.to_vec() };
    let mut out = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter();
    while let Some(&byte) = bytes.next() {
        match byte {
            b'"' => break,
            b'\\' => match bytes.next() {
                // Windows paths in file names are sent with bare backslashes.
                Some(&next @ (b'"' | b'\\')) => out.push(next),
                Some(&next) => out.extend([b'\\', next]),
                None => {}
            },
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_joined_before_decoding() {
        // "Störung" in UTF-8 with the ö cut between two words.
        assert_eq!(decode_words(b" =?utf-8?Q?St=C3?=\r\n =?utf-8?Q?=B6rung?="), "Störung");
        assert_eq!(decode_words(b"Re: =?ISO-8859-1?Q?Gr=FC=DFe?= an alle"), "Re: Grüße an alle");
        assert_eq!(decode_words(b"=?iso-2022-jp?B?GyRCPkRMQBsoQg==?="), "渉明");
        assert_eq!(decode_words(b"=?gb18030?B?xOO6ww==?="), "你好");
        assert_eq!(decode_words(b"=?utf-8?Q?=3D?= ok =?broken"), "= ok =?broken");
        assert_eq!(decode_words("Größe roh".as_bytes()), "Größe roh");
        assert_eq!(decode_words(b"Gr\xf6\xdfe roh"), "Größe roh");
    }

    #[test]
    fn parameters_in_every_dialect() {
        let cases: [(&str, &str); 6] = [
            ("attachment; filename=plain.txt", "plain.txt"),
            ("attachment; filename=\"a; b.txt\"", "a; b.txt"),
            ("attachment; filename*=UTF-8''%C3%BCber.pdf", "über.pdf"),
            (
                "attachment; filename*0*=utf-8''%E2%82; filename*1*=%AC%20rates; filename*2=.csv",
                "€ rates.csv",
            ),
            ("attachment; filename=\"=?utf-8?B?w7xiZXIucGRm?=\"", "über.pdf"),
            ("attachment; filename=\"C:\\temp\\x.doc\"", "C:\\temp\\x.doc"),
        ];
        for (field, name) in cases {
            assert_eq!(Structured::read(field.as_bytes()).parameter("filename"), Some(name), "{field}");
        }
    }

    #[test]
    fn header_block_ends_where_it_ends() {
        let raw = b"From x@y Mon\nSubject: a\n b\nX-Odd : c\n\nbody: no\n";
        let (headers, body, _) = Headers::read(raw, &Limits::default());
        assert_eq!(headers.text("subject").as_deref(), Some("a b"));
        assert_eq!(headers.text("X-Odd").as_deref(), Some("c"));
        assert_eq!(&raw[body..], b"body: no\n");
        let (headers, body, _) = Headers::read(b"Subject: x\r\nno field here\r\n", &Limits::default());
        assert_eq!((headers.len(), body), (1, 12));
    }
}
