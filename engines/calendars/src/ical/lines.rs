//! Content lines: folding, escaping and their reverse (RFC 5545 section 3.1 and 3.3.11).

/// The most octets of a line, its line break left aside.
const MOST_OCTETS: usize = 75;

/// Appends `name:value`, folded at 75 octets between characters, ended by CRLF.
pub(crate) fn put(out: &mut String, name: &str, value: &str) {
    let mut octets = 0;
    for character in name.chars().chain([':']).chain(value.chars()) {
        if octets + character.len_utf8() > MOST_OCTETS {
            out.push_str("\r\n ");
            octets = 1;
        }
        out.push(character);
        octets += character.len_utf8();
    }
    out.push_str("\r\n");
}

/// A TEXT value: backslash, semicolon, comma and line break escaped, other control characters left out.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    let unified = text.replace("\r\n", "\n").replace('\r', "\n");
    for character in unified.chars() {
        match character {
            '\\' | ';' | ',' => escaped.extend(['\\', character]),
            '\n' => escaped.push_str("\\n"),
            '\t' => escaped.push('\t'),
            other if other.is_control() => {}
            other => escaped.push(other),
        }
    }
    escaped
}

/// The reverse of [`escape`]; an unknown escape keeps its character.
pub(crate) fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match (character, character == '\\') {
            (_, true) => match characters.next() {
                Some('n' | 'N') => plain.push('\n'),
                Some(other) => plain.push(other),
                None => {}
            },
            (other, false) => plain.push(other),
        }
    }
    plain
}

/// One content line taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// In upper case.
    pub name: String,
    /// Parameter names in upper case, values without quotes.
    pub parameters: Vec<(String, String)>,
    pub value: String,
}

impl Line {
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// `None` when there is no colon outside quotes, or no name.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parts = vec![String::new()];
        let mut is_quoted = false;
        for (at, character) in text.char_indices() {
            match character {
                '"' => is_quoted = !is_quoted,
                ';' if !is_quoted => parts.push(String::new()),
                ':' if !is_quoted => {
                    let name = parts[0].to_ascii_uppercase();
                    let parameters = parts[1..].iter().filter_map(|part| part.split_once('='));
                    let parameters =
                        parameters.map(|(name, value)| (name.to_ascii_uppercase(), value.to_owned()));
                    let value = text[at + 1..].to_owned();
                    return (!name.is_empty()).then(|| Self {
                        name,
                        parameters: parameters.collect(),
                        value,
                    });
                }
                other => parts.last_mut().expect("there is always one part").push(other),
            }
        }
        None
    }
}

/// Lines unfolded; CRLF and LF both end a line.
pub(crate) fn unfold(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some(last)) => last.push_str(rest),
            _ => lines.push(line.to_owned()),
        }
    }
    lines
}
