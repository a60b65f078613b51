//! Shell patterns, in any case, as pins use them.

/// Whether a name is to be read as a pattern.
pub fn is_pattern(name: &str) -> bool {
    name.contains(['*', '[', '?'])
}

/// Whether a name is a regular expression between slashes.
pub fn is_regex(name: &str) -> bool {
    name.len() > 1 && name.starts_with('/') && name.ends_with('/')
}

/// Whether `text` fits `pattern` with `*`, `?`, `[…]` and `\`, in any case. Takes time in proportion to the
/// product of both lengths at most.
pub fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    let mut last_star: Option<(usize, usize)> = None;
    while t < text.len() {
        if pattern.get(p) == Some(&b'*') {
            last_star = Some((p, t));
            p += 1;
            continue;
        }
        if let Some(next) = one(pattern, p, text[t]) {
            (p, t) = (next, t + 1);
            continue;
        }
        // Let the last star take one byte more.
        let Some((star, from)) = last_star else { return false };
        last_star = Some((star, from + 1));
        (p, t) = (star + 1, from + 1);
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

/// Whether the piece of the pattern at `p` fits the byte, and where the next piece begins.
fn one(pattern: &[u8], p: usize, byte: u8) -> Option<usize> {
    let byte = byte.to_ascii_lowercase();
    match *pattern.get(p)? {
        b'?' => Some(p + 1),
        b'[' => match set(pattern, p + 1, byte) {
            Some((true, next)) => Some(next),
            Some((false, _)) => None,
            None => (byte == b'[').then_some(p + 1),
        },
        b'\\' => (pattern.get(p + 1)?.to_ascii_lowercase() == byte).then_some(p + 2),
        plain => (plain.to_ascii_lowercase() == byte).then_some(p + 1),
    }
}

/// Whether a set `[a-z]`, `[!x]` has the byte, and where the pattern goes on; `None` when it is never closed.
fn set(pattern: &[u8], from: usize, byte: u8) -> Option<(bool, usize)> {
    let is_not = matches!(pattern.get(from), Some(b'!' | b'^'));
    let start = from + usize::from(is_not);
    let end = start + 1 + pattern.get(start + 1..)?.iter().position(|byte| *byte == b']')?;
    let members = &pattern[start..end];
    let mut has = false;
    let mut at = 0;
    while at < members.len() {
        let low = members[at].to_ascii_lowercase();
        if members.get(at + 1) == Some(&b'-') && at + 2 < members.len() {
            has |= (low..=members[at + 2].to_ascii_lowercase()).contains(&byte);
            at += 3;
        } else {
            has |= low == byte;
            at += 1;
        }
    }
    Some((has != is_not, end + 1))
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn patterns() {
        for (pattern, text) in [
            ("*", ""),
            ("a*c", "abbc"),
            ("A?c", "abC"),
            ("[a-c]x", "bx"),
            ("[!a]x", "bx"),
            ("a*b*c", "axbxbxc"),
            (r"a\*", "a*"),
            ("linux-*", "linux-image"),
        ] {
            assert!(fits(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in
            [("", "a"), ("a*c", "abb"), ("a?", "a"), ("[a-c]x", "dx"), (r"a\*", "ab"), ("a", "ab")]
        {
            assert!(!fits(pattern, text), "{pattern} {text}");
        }
    }
}
