//! Small readings of text that several collectors share.

/// `KEY=value` lines of os-release and its kin, with the quoting of a shell. Comments are skipped.
pub fn assignments(text: &str) -> Vec<(String, String)> {
    text.lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once('='))
        .map(|(key, value)| (key.trim().to_owned(), unquoted(value.trim())))
        .collect()
}

/// A word without its shell quotes; inside double quotes a backslash protects the next letter.
pub fn unquoted(word: &str) -> String {
    let Some(quote) = word.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        return word.to_owned();
    };
    let mut plain = String::new();
    let mut letters = word[1..].chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if quote == '"' => plain.extend(letters.next()),
            end if end == quote => break,
            other => plain.push(other),
        }
    }
    plain
}

/// The civil date `days` after 1970-01-01; `None` beyond what a calendar holds.
pub fn date_of_day(days: i64) -> Option<String> {
    let start = jiff::civil::date(1970, 1, 1);
    let span = jiff::Span::new().try_days(days).ok()?;
    start.checked_add(span).ok().map(|date| date.to_string())
}

/// The UTC date of a moment.
pub fn date_of_ms(at_ms: u64) -> String {
    date_of_day(i64::try_from(at_ms / 86_400_000).unwrap_or(0)).unwrap_or_default()
}

/// `text` matched by a shell pattern of `*`, `?` and `[…]`, as in `glob(7)`; no letter is special in `text`.
pub fn matches(pattern: &str, text: &str) -> bool {
    fn step(pattern: &[char], text: &[char]) -> bool {
        match pattern.split_first() {
            None => text.is_empty(),
            Some(('*', rest)) => (0..=text.len()).any(|skip| step(rest, &text[skip..])),
            Some(('?', rest)) => !text.is_empty() && step(rest, &text[1..]),
            Some(('[', rest)) => match (set(rest), text.split_first()) {
                (Some((allowed, rest)), Some((letter, text))) => allowed(*letter) && step(rest, text),
                (None, Some(('[', text))) => step(rest, text),
                _ => false,
            },
            Some((letter, rest)) => text.first() == Some(letter) && step(rest, &text[1..]),
        }
    }
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    // A run of stars is one star; more would only cost time.
    let mut lean: Vec<char> = Vec::with_capacity(pattern.len());
    for letter in pattern {
        if letter != '*' || lean.last() != Some(&'*') {
            lean.push(letter);
        }
    }
    lean.iter().filter(|c| **c == '*').count() <= 8 && step(&lean, &text)
}

type Allowed<'a> = Box<dyn Fn(char) -> bool + 'a>;

/// What stands behind `[`: which letters it allows, and the pattern after `]`.
fn set(rest: &[char]) -> Option<(Allowed<'_>, &[char])> {
    let is_inverted = matches!(rest.first(), Some('!' | '^'));
    let rest = if is_inverted { &rest[1..] } else { rest };
    let end = 1 + rest.iter().skip(1).position(|c| *c == ']')?;
    let inside = &rest[..end];
    let allowed = move |letter: char| {
        let mut at = 0;
        while at < inside.len() {
            if at + 2 < inside.len() && inside[at + 1] == '-' {
                if (inside[at]..=inside[at + 2]).contains(&letter) {
                    return !is_inverted;
                }
                at += 3;
            } else if inside[at] == letter {
                return !is_inverted;
            } else {
                at += 1;
            }
        }
        is_inverted
    };
    Some((Box::new(allowed), &rest[end + 1..]))
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::{date_of_day, matches, unquoted};

    #[test]
    fn patterns_match_as_a_shell_does() {
        for (pattern, text, is_match) in [
            ("*.conf", "a.conf", true),
            ("*.conf", "a.conf~", false),
            ("[0-9][!a]*", "1b", true),
            ("[0-9][!a]*", "1a", false),
            ("a?c", "abc", true),
            ("a[]b]c", "a]c", true),
            ("a[b", "a[b", true),
            ("*a*b*c*", "xxaxxbxxcxx", true),
            ("", "", true),
        ] {
            assert_eq!(matches(pattern, text), is_match, "{pattern} {text}");
        }
    }

    #[test]
    fn quotes_and_days() {
        assert_eq!(unquoted(r#""a \"b\" c" # d"#), r#"a "b" c"#);
        assert_eq!(unquoted("'a\\'"), "a\\");
        assert_eq!(date_of_day(19_000).as_deref(), Some("2022-01-08"));
        assert_eq!(date_of_day(i64::MAX), None);
    }
}
