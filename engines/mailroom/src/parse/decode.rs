//! Transfer encodings and charsets, tolerant of everything that is sent in practice.

use std::borrow::Cow;

use mail_parser::decoders::charsets::map::charset_decoder;

/// Base64 with anything else skipped; padding in the middle (joined pieces) starts anew.
pub(crate) fn base64(input: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(input.len() / 4 * 3 + 3);
    let mut group = 0u32;
    let mut filled = 0u8;
    for &byte in input {
        let value = BASE64[usize::from(byte)];
        if value < 64 {
            group = group << 6 | u32::from(value);
            filled += 1;
            if filled == 4 {
                out.extend_from_slice(&group.to_be_bytes()[1..]);
                group = 0;
                filled = 0;
            }
        } else if byte == b'=' && filled > 0 {
            flush(&mut out, group, filled);
            group = 0;
            filled = 0;
        }
    }
    flush(&mut out, group, filled);
    out
}

fn flush(out: &mut Vec<u8>, group: u32, filled: u8) {
    match filled {
        2 => out.extend_from_slice(&(group << 12).to_be_bytes()[1..2]),
        3 => out.extend_from_slice(&(group << 6).to_be_bytes()[1..3]),
        _ => {}
    }
}

const BASE64: [u8; 256] = {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut table = [255u8; 256];
    let mut index = 0u8;
    while index < 64 {
        table[alphabet[index as usize] as usize] = index;
        index += 1;
    }
    table[b'-' as usize] = 62;
    table[b'_' as usize] = 63;
    table
};

/// Quoted-printable; a broken escape stays as it is written.
pub(crate) fn quoted_printable(input: &[u8], is_word: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(input.len());
    let mut at = 0;
    while at < input.len() {
        let byte = input[at];
        if byte == b'_' && is_word {
            out.push(b' ');
        } else if byte == b'=' {
            if let (Some(high), Some(low)) =
                (input.get(at + 1).copied().and_then(hex), input.get(at + 2).copied().and_then(hex))
            {
                out.push(high << 4 | low);
                at += 3;
                continue;
            }
            if let Some(length) = soft_break(&input[at + 1..]) {
                at += 1 + length;
                continue;
            }
            out.push(byte);
        } else {
            out.push(byte);
        }
        at += 1;
    }
    out
}

/// The length of `[ \t]*\r?\n` (or the end) after an equals sign.
fn soft_break(rest: &[u8]) -> Option<usize> {
    let blank = rest.iter().take(80).take_while(|b| matches!(b, b' ' | b'\t' | b'\r')).count();
    match rest.get(blank) {
        Some(b'\n') => Some(blank + 1),
        None => Some(blank),
        _ => None,
    }
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Text from bytes in a declared charset; a wrong or missing declaration is overruled by the bytes.
pub(crate) fn text<'a>(bytes: &'a [u8], charset: Option<&str>) -> Cow<'a, str> {
    let declared = charset.map(|name| name.trim().trim_matches(['"', '\''])).filter(|name| !name.is_empty());
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bytes.starts_with(b"\xff\xfe") && bytes.len().is_multiple_of(2) {
        return encoding_rs::UTF_16LE.decode_with_bom_removal(bytes).0;
    }
    let is_utf8_name = declared.is_none_or(|name| {
        name.eq_ignore_ascii_case("utf-8")
            || name.eq_ignore_ascii_case("utf8")
            || name.eq_ignore_ascii_case("us-ascii")
            || name.eq_ignore_ascii_case("ascii")
            || name.eq_ignore_ascii_case("unknown-8bit")
            || name.eq_ignore_ascii_case("unicode-1-1-utf-8")
    });
    if is_utf8_name {
        if has_iso2022jp(bytes) {
            return encoding_rs::ISO_2022_JP.decode_without_bom_handling(bytes).0;
        }
        return match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(error) if mostly_utf8(bytes, error.valid_up_to()) => Cow::Owned(mixed(bytes)),
            Err(_) => Cow::Owned(guess(bytes)),
        };
    }
    // Many mailers declare a single-byte charset and send UTF-8: long valid multi-byte runs are no accident.
    let name = declared.unwrap_or_default();
    if is_single_byte(name)
        && has_utf8_runs(bytes)
        && let Ok(text) = std::str::from_utf8(bytes)
    {
        return Cow::Borrowed(text);
    }
    if name.len() <= 45
        && let Some(decode) = charset_decoder(name.as_bytes())
    {
        return Cow::Owned(decode(bytes));
    }
    match encoding_rs::Encoding::for_label(name.as_bytes()) {
        Some(encoding) => encoding.decode_without_bom_handling(bytes).0,
        None => match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(guess(bytes)),
        },
    }
}

fn is_single_byte(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    ["iso-8859", "iso8859", "windows-125", "cp125", "latin", "koi8"]
        .iter()
        .any(|start| lower.starts_with(start))
}

fn has_utf8_runs(bytes: &[u8]) -> bool {
    bytes.iter().filter(|b| **b >= 0x80).take(8).count() >= 2 && std::str::from_utf8(bytes).is_ok()
}

/// A cut at the end or a stray byte does not make a text something else than UTF-8.
fn mostly_utf8(bytes: &[u8], valid: usize) -> bool {
    let high = bytes[..valid].iter().filter(|b| **b >= 0x80).count();
    high >= 4 && (valid + 4 >= bytes.len() || high > 40)
}

fn has_iso2022jp(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, b"\x1b$").is_some()
}

/// The charset of undeclared eight-bit text, by what the bytes allow and how its letters fall.
fn guess(bytes: &[u8]) -> String {
    let sample = &bytes[..bytes.len().min(8 << 10)];
    for encoding in [encoding_rs::SHIFT_JIS, encoding_rs::GB18030, encoding_rs::EUC_KR, encoding_rs::BIG5] {
        let (text, _, is_broken) = encoding.decode(sample);
        if !is_broken && is_east_asian(&text) {
            return encoding.decode_without_bom_handling(bytes).0.into_owned();
        }
    }
    let high: Vec<u8> = sample.iter().copied().filter(|b| *b >= 0x80).collect();
    let letters = high.iter().filter(|b| **b >= 0xc0).count();
    let others = sample.iter().filter(|b| b.is_ascii_alphabetic()).count();
    if letters * 10 > high.len() * 9 && letters > others {
        // Cyrillic without a name: in KOI8-R lower case is 0xc0..0xdf, in windows-1251 it is 0xe0..0xff.
        let low_half = high.iter().filter(|b| (0xc0..0xe0).contains(*b)).count();
        let encoding = if low_half * 2 > letters { encoding_rs::KOI8_R } else { encoding_rs::WINDOWS_1251 };
        return encoding.decode_without_bom_handling(bytes).0.into_owned();
    }
    mixed(bytes)
}

/// UTF-8 with stray bytes of Windows-1252 among it, as programs make that paste one into the other; text that is all
/// Windows-1252 comes out as such. A character cut off at the end is left open.
fn mixed(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + bytes.len() / 8);
    let mut has_utf8 = false;
    let mut chunks = bytes.utf8_chunks().peekable();
    while let Some(chunk) = chunks.next() {
        out.push_str(chunk.valid());
        has_utf8 |= !chunk.valid().is_ascii();
        let is_last = chunks.peek().is_none();
        let is_cut_off = is_last && has_utf8 && matches!(chunk.invalid(), [0xc2..=0xf4, ..]);
        if is_cut_off {
            out.push(char::REPLACEMENT_CHARACTER);
        } else {
            out.push_str(&encoding_rs::WINDOWS_1252.decode_without_bom_handling(chunk.invalid()).0);
        }
    }
    out
}

fn is_east_asian(text: &str) -> bool {
    let (mut wide, mut other) = (0u32, 0u32);
    for c in text.chars().filter(|c| !c.is_ascii()) {
        match c {
            '\u{3000}'..='\u{30ff}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{ac00}'..='\u{d7a3}'
            | '\u{ff01}'..='\u{ff5e}' => {
                wide += 1;
            }
            _ => other += 1,
        }
    }
    wide >= 4 && other * 8 <= wide
}
