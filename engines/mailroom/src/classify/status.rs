//! Status codes in running text: enhanced (RFC 3463) and SMTP (RFC 5321).

/// The codes of one text.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Codes {
    pub enhanced: Option<String>,
    pub smtp: Option<u16>,
}

/// The best codes in a text: a specific enhanced one before a vague one, failures before successes.
pub(crate) fn read(text: &str) -> Codes {
    let enhanced = all_enhanced(text).max_by_key(weight).map(|(text, _)| text);
    Codes { enhanced, smtp: smtp(text) }
}

/// A code at the start of a `Status` field, `5.1.1 (unknown)`.
pub(crate) fn enhanced(text: &str) -> Option<String> {
    all_enhanced(text).next().map(|(code, _)| code)
}

fn weight((code, place): &(String, usize)) -> (bool, bool, std::cmp::Reverse<usize>) {
    (!code.starts_with('2'), !code.ends_with(".0.0"), std::cmp::Reverse(*place))
}

fn all_enhanced(text: &str) -> impl Iterator<Item = (String, usize)> + '_ {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'.', bytes).filter_map(move |dot| {
        let class = *bytes.get(dot.checked_sub(1)?)?;
        if !matches!(class, b'2' | b'4' | b'5') {
            return None;
        }
        let before = dot.checked_sub(2).and_then(|at| bytes.get(at)).copied();
        if before.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'.') {
            return None;
        }
        let subject = digits(bytes, dot + 1)?;
        if bytes.get(dot + 1 + subject) != Some(&b'.') {
            return None;
        }
        let detail_at = dot + 2 + subject;
        let detail = digits(bytes, detail_at)?;
        let end = detail_at + detail;
        let after = bytes.get(end).copied();
        let goes_on = after == Some(b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit)
            || after.is_some_and(|b| b.is_ascii_alphanumeric());
        // Subjects run from 0 to 7; a version number such as 5.12.1 or an address such as 5.10.2.1 is none.
        let is_subject = subject == 1 && bytes[dot + 1] <= b'7';
        (!goes_on && is_subject).then(|| (text[dot - 1..end].to_owned(), dot))
    })
}

fn digits(bytes: &[u8], at: usize) -> Option<usize> {
    let count = bytes.get(at..)?.iter().take(4).take_while(|b| b.is_ascii_digit()).count();
    (1..=3).contains(&count).then_some(count)
}

fn smtp(text: &str) -> Option<u16> {
    let bytes = text.as_bytes();
    let mut vague = None;
    let mut at = 0;
    while at + 3 <= bytes.len() {
        let is_start = at == 0
            || !(bytes[at - 1].is_ascii_alphanumeric()
                || matches!(bytes[at - 1], b'.' | b'-' | b'/' | b'_' | b'+'));
        let number = &bytes[at..at + 3];
        let is_code = is_start
            && matches!(number[0], b'4' | b'5')
            && matches!(number[1], b'0'..=b'7')
            && number[2].is_ascii_digit();
        if is_code {
            let code = u16::from(number[0] - b'0') * 100
                + u16::from(number[1] - b'0') * 10
                + u16::from(number[2] - b'0');
            match bytes.get(at + 3) {
                // `550 5.1.1`, `550-5.1.1`, `550 <text>`: not `550 bytes`, not `550.3`.
                Some(b'-') => return Some(code),
                Some(b' ' | b'\t') => {
                    let rest = text[at + 4..].trim_start();
                    let unit = ["byte", "kb", "mb", "messages", "seconds", "hours", "minutes", "recipients"];
                    let is_unit =
                        unit.iter().any(|u| rest.get(..u.len()).is_some_and(|r| r.eq_ignore_ascii_case(u)));
                    if !is_unit {
                        return Some(code);
                    }
                }
                Some(b')' | b':' | b',' | b';' | b'"' | b'\'' | b'\n' | b'\r' | b'.' | b'#' | b']')
                | None => vague = vague.or(Some(code)),
                _ => {}
            }
        }
        at += 1;
    }
    vague
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_in_running_text() {
        let cases: [(&str, Option<&str>, Option<u16>); 8] = [
            ("host mx [192.0.2.5] said: 550 5.1.1 <a@b>: unknown", Some("5.1.1"), Some(550)),
            ("550-5.7.26 not authenticated", Some("5.7.26"), Some(550)),
            ("(#5.1.1)", Some("5.1.1"), None),
            ("Status: 5.0.0; said 5.2.2 full", Some("5.2.2"), None),
            ("from 5.10.2.1 after 500 bytes", None, None),
            ("version 5.12.1", None, None),
            ("SMTP error: 452", None, Some(452)),
            ("relayed 2.1.5 then 4.4.1", Some("4.4.1"), None),
        ];
        for (text, enhanced, smtp) in cases {
            assert_eq!(read(text), Codes { enhanced: enhanced.map(str::to_owned), smtp }, "{text}");
        }
    }
}
