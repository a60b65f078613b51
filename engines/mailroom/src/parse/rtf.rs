//! The RTF bodies Outlook puts into containers (MS-OXRTFCP, MS-OXRTFEX): unpacked, then HTML or text taken out.

const DICTIONARY: &[u8] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";
const MOST_BYTES: usize = 8 << 20;

/// What an RTF body was made from.
#[derive(Debug, PartialEq)]
pub(crate) enum Document {
    Html(String),
    Text(String),
}

/// Undoes `LZFu` compression; `None` when the header is wrong.
pub(crate) fn decompress(packed: &[u8]) -> Option<Vec<u8>> {
    let word = |at: usize| packed.get(at..at + 4).map(|b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    let size = usize::try_from(word(4)?).ok()?.min(MOST_BYTES);
    let body = packed.get(16..)?;
    match word(8)? {
        0x414c_454d => return Some(body[..body.len().min(size)].to_vec()),
        0x7546_5a4c => {}
        _ => return None,
    }
    let mut window = [0u8; 4_096];
    window[..DICTIONARY.len()].copy_from_slice(DICTIONARY);
    let mut write = DICTIONARY.len();
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(&flags) = body.get(at) {
        at += 1;
        for bit in 0..8 {
            if out.len() >= size {
                return Some(out);
            }
            if flags >> bit & 1 == 0 {
                let Some(&byte) = body.get(at) else { return Some(out) };
                at += 1;
                out.push(byte);
                window[write] = byte;
                write = (write + 1) % 4_096;
            } else {
                let (Some(&high), Some(&low)) = (body.get(at), body.get(at + 1)) else { return Some(out) };
                at += 2;
                let offset = usize::from(high) << 4 | usize::from(low >> 4);
                if offset == write {
                    return Some(out);
                }
                for step in 0..usize::from(low & 15) + 2 {
                    let byte = window[(offset + step) % 4_096];
                    out.push(byte);
                    window[write] = byte;
                    write = (write + 1) % 4_096;
                }
            }
        }
    }
    Some(out)
}

/// The state of a group.
#[derive(Clone, Copy, Default)]
struct Group {
    is_skipped: bool,
    is_html_tag: bool,
    is_rtf_only: bool,
    unicode_skip: usize,
}

/// Takes the encapsulated HTML out, or the plain text of ordinary RTF.
pub(crate) fn read(rtf: &[u8]) -> Document {
    let head = &rtf[..rtf.len().min(2_000)];
    let is_html = memchr::memmem::find(head, b"\\fromhtml1").is_some();
    let code_page = code_page(head);
    let mut reading = Reading { is_html, bytes: Vec::new(), out: String::new(), code_page };
    let mut stack = vec![Group { unicode_skip: 1, ..Group::default() }];
    let mut at = 0;
    let mut to_skip = 0;
    while let Some(&byte) = rtf.get(at) {
        at += 1;
        match byte {
            b'{' => {
                let top = *stack.last().unwrap_or(&Group::default());
                if stack.len() < 500 {
                    stack.push(top);
                }
            }
            b'}' => {
                if stack.len() > 1 {
                    stack.pop();
                }
            }
            b'\\' => {
                let word = control(rtf, &mut at);
                if let Some(top) = stack.last_mut() {
                    reading.control(word, top, &mut to_skip);
                }
            }
            b'\r' | b'\n' => {}
            _ if to_skip > 0 => to_skip -= 1,
            other => reading.byte(other, stack.last().copied().unwrap_or_default()),
        }
    }
    reading.flush();
    if is_html { Document::Html(reading.out) } else { Document::Text(reading.out) }
}

fn code_page(head: &[u8]) -> String {
    let number = memchr::memmem::find(head, b"\\ansicpg").map(|at| {
        head[at + 8..].iter().take_while(|b| b.is_ascii_digit()).map(|b| char::from(*b)).collect::<String>()
    });
    format!("windows-{}", number.unwrap_or_else(|| "1252".to_owned()))
}

#[derive(Clone, Copy)]
enum Control<'a> {
    Word(&'a [u8], Option<i32>),
    Byte(u8),
    Symbol(u8),
}

fn control<'a>(rtf: &'a [u8], at: &mut usize) -> Control<'a> {
    let Some(&first) = rtf.get(*at) else { return Control::Symbol(b' ') };
    if first == b'\'' {
        let hex = rtf.get(*at + 1..*at + 3).and_then(|h| std::str::from_utf8(h).ok());
        *at = (*at + 3).min(rtf.len());
        return Control::Byte(hex.and_then(|h| u8::from_str_radix(h, 16).ok()).unwrap_or(b'?'));
    }
    if !first.is_ascii_alphabetic() {
        *at += 1;
        return Control::Symbol(first);
    }
    let start = *at;
    while rtf.get(*at).is_some_and(u8::is_ascii_alphabetic) {
        *at += 1;
    }
    let word = &rtf[start..*at];
    let number_start = *at;
    if rtf.get(*at) == Some(&b'-') {
        *at += 1;
    }
    while rtf.get(*at).is_some_and(u8::is_ascii_digit) {
        *at += 1;
    }
    let number = std::str::from_utf8(&rtf[number_start..*at]).ok().and_then(|n| n.parse().ok());
    if rtf.get(*at) == Some(&b' ') {
        *at += 1;
    }
    Control::Word(word, number)
}

struct Reading {
    is_html: bool,
    bytes: Vec<u8>,
    out: String,
    code_page: String,
}

impl Reading {
    fn is_shown(&self, group: Group) -> bool {
        let is_for_rtf = self.is_html && group.is_rtf_only && !group.is_html_tag;
        !(group.is_skipped || is_for_rtf)
    }

    fn byte(&mut self, byte: u8, group: Group) {
        if self.is_shown(group) {
            self.bytes.push(byte);
        }
    }

    fn push(&mut self, text: &str, group: Group) {
        if self.is_shown(group) {
            self.flush();
            self.out.push_str(text);
        }
    }

    fn flush(&mut self) {
        if !self.bytes.is_empty() {
            let text = super::decode::text(&self.bytes, Some(&self.code_page)).into_owned();
            self.out.push_str(&text);
            self.bytes.clear();
        }
    }

    fn control(&mut self, control: Control<'_>, group: &mut Group, to_skip: &mut usize) {
        match control {
            Control::Byte(_) if *to_skip > 0 => *to_skip -= 1,
            Control::Byte(byte) => self.byte(byte, *group),
            Control::Symbol(b'*') => group.is_skipped = true,
            Control::Symbol(symbol @ (b'{' | b'}' | b'\\')) => self.byte(symbol, *group),
            Control::Symbol(b'~') => self.push("\u{a0}", *group),
            Control::Symbol(_) => {}
            Control::Word(word, number) => self.word(word, number, group, to_skip),
        }
    }

    fn word(&mut self, word: &[u8], number: Option<i32>, group: &mut Group, to_skip: &mut usize) {
        match word {
            b"htmltag" | b"mhtmltag" => {
                group.is_skipped = word == b"mhtmltag" || !self.is_html;
                group.is_html_tag = true;
            }
            b"htmlrtf" => group.is_rtf_only = number != Some(0),
            b"fonttbl" | b"colortbl" | b"stylesheet" | b"info" | b"pict" | b"generator" => {
                group.is_skipped = true;
            }
            b"par" | b"line" => self.push("\n", *group),
            b"tab" => self.push("\t", *group),
            b"lquote" => self.push("\u{2018}", *group),
            b"rquote" => self.push("\u{2019}", *group),
            b"ldblquote" => self.push("\u{201c}", *group),
            b"rdblquote" => self.push("\u{201d}", *group),
            b"endash" => self.push("\u{2013}", *group),
            b"emdash" => self.push("\u{2014}", *group),
            b"bullet" => self.push("\u{2022}", *group),
            b"uc" => group.unicode_skip = usize::try_from(number.unwrap_or(1)).unwrap_or(1).min(8),
            b"u" => {
                let code = number.map_or(0xfffd, |n| if n < 0 { n + 65_536 } else { n });
                let c = u32::try_from(code).ok().and_then(char::from_u32).unwrap_or('\u{fffd}');
                self.push(c.encode_utf8(&mut [0; 4]), *group);
                *to_skip = group.unicode_skip;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_example_unpacks() {
        // MS-OXRTFCP 3.1.1: a simple compressed body.
        let packed = [
            0x2d, 0x00, 0x00, 0x00, 0x2b, 0x00, 0x00, 0x00, 0x4c, 0x5a, 0x46, 0x75, 0xf1, 0xc5, 0xc7, 0xa7,
            0x03, 0x00, 0x0a, 0x00, 0x72, 0x63, 0x70, 0x67, 0x31, 0x32, 0x35, 0x42, 0x32, 0x0a, 0xf3, 0x20,
            0x68, 0x65, 0x6c, 0x09, 0x00, 0x20, 0x62, 0x77, 0x05, 0xb0, 0x6c, 0x64, 0x7d, 0x0a, 0x80, 0x0f,
            0xa0,
        ];
        let rtf = decompress(&packed).expect("the header is right");
        assert_eq!(String::from_utf8_lossy(&rtf), "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n");
        assert_eq!(read(&rtf), Document::Text("hello world".to_owned()));
    }

    #[test]
    fn html_comes_out_of_its_capsule() {
        let rtf = b"{\\rtf1\\ansi\\ansicpg1252\\fromhtml1 \\deff0{\\fonttbl{\\f0 Arial;}}{\\*\\htmltag64 <p>}\\htmlrtf \\par\\htmlrtf0 Gr\\'fc\\'dfe \\u8364?{\\*\\htmltag72 </p>}}";
        assert_eq!(read(rtf), Document::Html("<p>Grüße €</p>".to_owned()));
    }
}
