//! Cutting HTML into tags and text, in one pass, whatever it looks like.

use super::entity;

/// Attributes of one tag beyond this many are dropped.
const MOST_ATTRIBUTES: usize = 64;

/// One piece of HTML.
pub(crate) enum Token {
    Text(String),
    Open { name: String, attributes: Vec<(String, String)>, is_closed: bool },
    Close(String),
}

/// The pieces of a document, comments and the contents of scripts and styles left out.
pub(crate) struct Tokens<'a> {
    html: &'a str,
    at: usize,
}

impl<'a> Tokens<'a> {
    pub fn new(html: &'a str) -> Self {
        Self { html, at: 0 }
    }

    fn rest(&self) -> &'a str {
        &self.html[self.at..]
    }

    fn text(&mut self) -> Token {
        let rest = self.rest();
        // A `<` that begins no tag is text; look for the next one that may.
        let mut end = 1;
        while let Some(next) = memchr::memchr(b'<', &rest.as_bytes()[end..]) {
            end += next;
            if begins_tag(&rest[end..]) {
                break;
            }
            end += 1;
        }
        // `end` is at a `<`, or still inside the first character: then there is no tag any more.
        if rest.as_bytes().get(end) != Some(&b'<') {
            end = rest.len();
        }
        self.at += end;
        Token::Text(entity::decode(&rest[..end]).into_owned())
    }

    /// Skips `<!…>`, `<?…>` and comments.
    fn declaration(&mut self) {
        let rest = self.rest();
        let end = if let Some(inner) = rest.strip_prefix("<!--") {
            if inner.starts_with('>') {
                Some(5)
            } else if inner.starts_with("->") {
                Some(6)
            } else {
                comment_end(inner).map(|n| n + 4)
            }
        } else {
            memchr::memchr(b'>', rest.as_bytes()).map(|n| n + 1)
        };
        self.at += end.unwrap_or(rest.len());
    }

    fn close_tag(&mut self) -> Token {
        let rest = self.rest();
        let end = memchr::memchr(b'>', rest.as_bytes()).unwrap_or(rest.len());
        let name = tag_name(&rest[2..end.max(2)]);
        self.at += (end + 1).min(rest.len());
        Token::Close(name)
    }

    fn open_tag(&mut self) -> Option<Token> {
        let rest = self.rest();
        let name = tag_name(&rest[1..]);
        let mut reader = Attributes { rest: &rest[1 + name.len()..] };
        let mut attributes = Vec::new();
        while let Some((key, value)) = reader.next_pair() {
            if attributes.len() < MOST_ATTRIBUTES {
                attributes.push((key, value));
            }
        }
        let is_closed = reader.rest.starts_with('/');
        let tail = reader.rest.trim_start_matches('/');
        let Some(tail) = tail.strip_prefix('>') else {
            // The document ends inside a tag: nothing of it is shown.
            self.at = self.html.len();
            return None;
        };
        self.at = self.html.len() - tail.len();
        if is_raw(&name) && !is_closed {
            self.skip_raw(&name);
        }
        Some(Token::Open { name, attributes, is_closed })
    }

    /// Moves behind the end tag of an element whose content is no HTML.
    fn skip_raw(&mut self, name: &str) {
        let rest = self.rest();
        let mut from = 0;
        while let Some(at) = memchr::memmem::find(&rest.as_bytes()[from..], b"</").map(|n| from + n) {
            let after = at + 2;
            let is_end = rest
                .as_bytes()
                .get(after..after + name.len())
                .is_some_and(|n| n.eq_ignore_ascii_case(name.as_bytes()));
            if is_end {
                let close =
                    memchr::memchr(b'>', &rest.as_bytes()[after..]).map_or(rest.len(), |n| after + n + 1);
                self.at += close;
                return;
            }
            from = after;
        }
        self.at = self.html.len();
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        loop {
            let rest = self.rest();
            if rest.is_empty() {
                return None;
            }
            if !rest.starts_with('<') || !begins_tag(rest) {
                return Some(self.text());
            }
            match rest.as_bytes().get(1) {
                Some(b'!' | b'?') => self.declaration(),
                Some(b'/') => return Some(self.close_tag()),
                _ => {
                    if let Some(tag) = self.open_tag() {
                        return Some(tag);
                    }
                }
            }
        }
    }
}

/// One past the end of a comment: `-->` or `--!>`, whichever comes first.
fn comment_end(inner: &str) -> Option<usize> {
    let bytes = inner.as_bytes();
    let mut from = 0;
    while let Some(at) = memchr::memmem::find(&bytes[from..], b"--").map(|n| from + n) {
        match (bytes.get(at + 2), bytes.get(at + 3)) {
            (Some(b'>'), _) => return Some(at + 3),
            (Some(b'!'), Some(b'>')) => return Some(at + 4),
            _ => from = at + 1,
        }
    }
    None
}

fn begins_tag(rest: &str) -> bool {
    match rest.as_bytes().get(1) {
        Some(b'!' | b'?') => true,
        Some(b'/') => rest.as_bytes().get(2).is_some_and(u8::is_ascii_alphabetic),
        Some(byte) => byte.is_ascii_alphabetic(),
        None => false,
    }
}

fn is_raw(name: &str) -> bool {
    matches!(
        name,
        "script"
            | "style"
            | "title"
            | "textarea"
            | "xmp"
            | "iframe"
            | "noembed"
            | "noframes"
            | "template"
            | "svg"
            | "math"
    )
}

fn tag_name(rest: &str) -> String {
    let end = rest
        .find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>' | '<' | '"' | '\''))
        .unwrap_or(rest.len());
    rest[..end].to_ascii_lowercase()
}

struct Attributes<'a> {
    rest: &'a str,
}

impl Attributes<'_> {
    /// The next attribute; `None` at the end of the tag.
    fn next_pair(&mut self) -> Option<(String, String)> {
        loop {
            self.rest = self
                .rest
                .trim_start_matches(|c: char| c.is_ascii_whitespace() || matches!(c, '"' | '\'' | '<'));
            match self.rest.as_bytes() {
                [] | [b'>', ..] | [b'/', b'>', ..] => return None,
                [b'/', ..] => self.rest = &self.rest[1..],
                _ => break,
            }
        }
        let first = self.rest.chars().next().map_or(1, char::len_utf8);
        let end = self.rest[first..]
            .find(|c: char| c.is_ascii_whitespace() || matches!(c, '=' | '>' | '/'))
            .map_or(self.rest.len(), |n| n + first);
        let key = self.rest[..end].to_ascii_lowercase();
        self.rest = self.rest[end..].trim_start();
        let Some(after) = self.rest.strip_prefix('=') else { return Some((key, String::new())) };
        let after = after.trim_start();
        let (raw, rest) = match after.as_bytes().first() {
            Some(quote @ (b'"' | b'\'')) => match memchr::memchr(*quote, &after.as_bytes()[1..]) {
                Some(length) => (&after[1..=length], &after[length + 2..]),
                None => (&after[1..], ""),
            },
            _ => after
                .split_at(after.find(|c: char| c.is_ascii_whitespace() || c == '>').unwrap_or(after.len())),
        };
        self.rest = rest;
        Some((key, entity::decode(raw).into_owned()))
    }
}
