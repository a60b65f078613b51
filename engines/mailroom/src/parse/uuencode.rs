//! Files in the text itself, encoded by uuencode.

/// One file found in a text.
pub(crate) struct Found {
    pub name: String,
    pub content: Vec<u8>,
    /// Where its lines begin and end in the text.
    pub start: usize,
    pub end: usize,
}

/// Finds every complete `begin … end` block. A block whose lines do not decode is left in the text.
pub(crate) fn extract(text: &[u8]) -> Vec<Found> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(start) = next_begin(text, from) {
        let first_end = super::header::line_end(text, start);
        match block(text, start, first_end) {
            Some(file) => {
                from = file.end;
                found.push(file);
            }
            None => from = first_end,
        }
        if found.len() >= 100 {
            break;
        }
    }
    found
}

fn next_begin(text: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let hit = at + memchr::memmem::find(text.get(at..)?, b"begin ")?;
        let mode = text.get(hit + 6..hit + 9).unwrap_or_default();
        let is_begin = mode.len() == 3 && mode.iter().all(|b| (b'0'..b'8').contains(b));
        if is_begin && (hit == 0 || matches!(text[hit - 1], b'\n' | b'\r')) {
            return Some(hit);
        }
        at = hit + 6;
    }
}

fn block(text: &[u8], start: usize, mut at: usize) -> Option<Found> {
    let header = text[start..at].trim_ascii_end();
    let name = String::from_utf8_lossy(header.get(9..)?.trim_ascii())
        .trim_start_matches(char::is_numeric)
        .trim()
        .to_owned();
    let mut content = Vec::new();
    while at < text.len() {
        let end = super::header::line_end(text, at);
        let line = text[at..end].strip_suffix(b"\n").unwrap_or(&text[at..end]);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        at = end;
        if line.trim_ascii() == b"end" {
            return (!content.is_empty()).then_some(Found { name, content, start, end });
        }
        if line.is_empty() || line.trim_ascii() == b"`" {
            continue;
        }
        decode_line(line, &mut content)?;
    }
    None
}

fn decode_line(line: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let length = usize::from(line[0].checked_sub(32)? & 63);
    let data = &line[1..];
    // Trailing blanks are often eaten on the way, but never more than the last group.
    if line[0] > 96 || data.len() + 4 < length.div_ceil(3) * 4 {
        return None;
    }
    let before = out.len();
    for group in data.chunks(4) {
        let mut bits = 0u32;
        for index in 0..4 {
            let byte = *group.get(index).unwrap_or(&b' ');
            if !(32..=96).contains(&byte) {
                return None;
            }
            bits = bits << 6 | u32::from((byte - 32) & 63);
        }
        out.extend_from_slice(&bits.to_be_bytes()[1..]);
    }
    out.truncate(before + length);
    Some(())
}
