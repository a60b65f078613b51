//! Character references.

use std::borrow::Cow;

use mail_parser::decoders::html::add_html_token;

/// Decodes references; what is none stays as written.
pub(crate) fn decode(text: &str) -> Cow<'_, str> {
    let Some(first) = memchr::memchr(b'&', text.as_bytes()) else { return Cow::Borrowed(text) };
    let mut out = String::with_capacity(text.len());
    out.push_str(&text[..first]);
    let mut rest = &text[first..];
    while let Some(at) = memchr::memchr(b'&', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let length = reference(rest, &mut out);
        rest = &rest[length..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// Decodes the reference at the start of `rest` and returns its length.
fn reference(rest: &str, out: &mut String) -> usize {
    const MOST: usize = 32;
    let bytes = rest.as_bytes();
    if bytes.get(1) == Some(&b'#') {
        let is_hex = matches!(bytes.get(2), Some(b'x' | b'X'));
        let start = if is_hex { 3 } else { 2 };
        let digits = bytes[start..]
            .iter()
            .take(MOST)
            .take_while(|b| if is_hex { b.is_ascii_hexdigit() } else { b.is_ascii_digit() })
            .count();
        if digits > 0 {
            let number = u32::from_str_radix(&rest[start..start + digits], if is_hex { 16 } else { 10 });
            out.push(character(number.unwrap_or(0xfffd)));
            let end = start + digits;
            return if bytes.get(end) == Some(&b';') { end + 1 } else { end };
        }
    } else {
        let name = bytes[1..].iter().take(MOST).take_while(|b| b.is_ascii_alphanumeric()).count();
        if name > 1 && bytes.get(name + 1) == Some(&b';') {
            let before = out.len();
            add_html_token(out, &bytes[..name + 2], false);
            let is_known = out.len() > before && !out[before..].starts_with('&') || &rest[1..=name] == "amp";
            if is_known {
                return name + 2;
            }
            out.truncate(before);
        }
        // Without a semicolon only the old short names count.
        for (old, c) in [("nbsp", '\u{a0}'), ("amp", '&'), ("lt", '<'), ("gt", '>'), ("quot", '"')] {
            if rest[1..].starts_with(old) && bytes.get(old.len() + 1) != Some(&b'=') {
                out.push(c);
                let end = old.len() + 1;
                return if bytes.get(end) == Some(&b';') { end + 1 } else { end };
            }
        }
    }
    out.push('&');
    1
}

fn character(number: u32) -> char {
    match number {
        0 => '\u{fffd}',
        0x80..=0x9f => {
            let byte = [u8::try_from(number).unwrap_or(b'?')];
            encoding_rs::WINDOWS_1252
                .decode_without_bom_handling(&byte)
                .0
                .chars()
                .next()
                .unwrap_or('\u{fffd}')
        }
        other => char::from_u32(other).unwrap_or('\u{fffd}'),
    }
}
