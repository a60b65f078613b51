//! Cutting a query into words.

use std::fmt;

/// One word of a query.
#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    /// A name or keyword; with a colon it can only be a metric.
    Name(String),
    Number(f64),
    /// A length of time in milliseconds.
    Duration(i64),
    Text(String),
    /// Brackets, operators and the like.
    Sign(&'static str),
    End,
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "identifier {name:?}"),
            Self::Number(number) => write!(f, "number \"{number}\""),
            Self::Duration(ms) => write!(f, "duration of {ms} ms"),
            Self::Text(text) => write!(f, "string {text:?}"),
            Self::Sign(sign) => write!(f, "{sign:?}"),
            Self::End => f.write_str("end of input"),
        }
    }
}

/// Longer ones first.
const SIGNS: &[&str] = &[
    "==", "!=", "=~", "!~", "<=", ">=", "</", ">/", "+", "-", "*", "/", "%", "^", "<", ">", "=", "(", ")",
    "{", "}", "[", "]", ",", ":", "@",
];

/// Words with the byte offset of each. A problem is told with its offset.
pub fn tokens(query: &str) -> Result<Vec<(usize, Token)>, (usize, String)> {
    let mut out = Vec::new();
    let bytes = query.as_bytes();
    let mut at = 0;
    // In `[5m:1m]` a colon stands between lengths of time; elsewhere it begins a metric's name.
    let mut brackets = 0_u32;
    while at < bytes.len() {
        let start = at;
        let token = match bytes[at] {
            b' ' | b'\t' | b'\n' | b'\r' => {
                at += 1;
                continue;
            }
            b'#' => {
                at += query[at..].find(['\n', '\r']).unwrap_or(query.len() - at);
                continue;
            }
            quote @ (b'"' | b'\'' | b'`') => {
                let (text, end) = text(query, at, quote)?;
                at = end;
                Token::Text(text)
            }
            b'0'..=b'9' => {
                let (token, end) = number(query, at)?;
                at = end;
                token
            }
            b'.' if bytes.get(at + 1).is_some_and(u8::is_ascii_digit) => {
                let (token, end) = number(query, at)?;
                at = end;
                token
            }
            b if b.is_ascii_alphabetic() || b == b'_' || b == b':' && brackets == 0 => {
                let is_part = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_' || *b == b':' && brackets == 0;
                let end = at + bytes[at..].iter().take_while(|b| is_part(b)).count();
                let name = &query[at..end];
                at = end;
                match name.to_ascii_lowercase().as_str() {
                    "inf" => Token::Number(f64::INFINITY),
                    "nan" => Token::Number(f64::NAN),
                    _ => Token::Name(name.to_owned()),
                }
            }
            _ => {
                if let Some(sign) = SIGNS.iter().find(|sign| query[at..].starts_with(**sign)) {
                    at += sign.len();
                    match *sign {
                        "[" => brackets += 1,
                        "]" => brackets = brackets.saturating_sub(1),
                        _ => {}
                    }
                    Token::Sign(sign)
                } else {
                    let c = query[at..].chars().next().unwrap_or(' ');
                    return Err((at, format!("unexpected character: {c:?}")));
                }
            }
        };
        out.push((start, token));
    }
    out.push((query.len(), Token::End));
    Ok(out)
}

fn number(query: &str, start: usize) -> Result<(Token, usize), (usize, String)> {
    let bytes = query.as_bytes();
    let rest = &bytes[start..];
    let bad = |end: usize| (start, format!("bad number or duration syntax: {:?}", &query[start..end]));
    if rest.len() > 2 && rest[0] == b'0' && (rest[1] | 32) == b'x' {
        let end =
            start + 2 + rest[2..].iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
        let digits = query[start + 2..end].replace('_', "");
        let value = u64::from_str_radix(&digits, 16).map_err(|_| bad(end))?;
        return Ok((Token::Number(value as f64), end));
    }
    let mut end = start + rest.iter().take_while(|b| b.is_ascii_digit() || **b == b'_').count();
    let is_unit = |b: &u8| b"smhdwy".contains(b);
    if end > start && bytes.get(end).is_some_and(is_unit) {
        let end = start + rest.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
        let ms = span_ms(&query[start..end]).map_err(|reason| (start, reason))?;
        return Ok((Token::Duration(ms), end));
    }
    if bytes.get(end) == Some(&b'.') {
        end += 1 + bytes[end + 1..].iter().take_while(|b| b.is_ascii_digit() || **b == b'_').count();
    }
    if bytes.get(end).is_some_and(|b| (b | 32) == b'e') {
        let sign = usize::from(bytes.get(end + 1).is_some_and(|b| *b == b'+' || *b == b'-'));
        let digits =
            bytes[(end + 1 + sign).min(bytes.len())..].iter().take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 {
            return Err(bad((end + 1 + sign).min(query.len())));
        }
        end += 1 + sign + digits;
    }
    if bytes.get(end).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_') {
        let end = start + rest.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
        return Err(bad(end.max(start + 1)));
    }
    let text = query[start..end].replace('_', "");
    // As Go reads integers: a leading 0 makes them octal.
    let is_octal =
        text.len() > 1 && text.starts_with('0') && text.bytes().all(|b| (b'0'..=b'7').contains(&b));
    if is_octal && let Ok(value) = u64::from_str_radix(&text, 8) {
        return Ok((Token::Number(value as f64), end));
    }
    text.parse().map(|value| (Token::Number(value), end)).map_err(|_| bad(end))
}

/// `1h30m` in milliseconds, more than nothing; units from long to short, each at most once.
pub fn duration_ms(text: &str) -> Result<i64, String> {
    match span_ms(text)? {
        0 => Err("duration must be greater than 0".to_owned()),
        ms => Ok(ms),
    }
}

fn span_ms(text: &str) -> Result<i64, String> {
    const UNITS: [(&str, i64); 7] = [
        ("y", 365 * 86_400_000),
        ("w", 7 * 86_400_000),
        ("d", 86_400_000),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1_000),
        ("ms", 1),
    ];
    let bad = || format!("not a valid duration string: {text:?}");
    let mut rest = text;
    let mut total = 0_i64;
    let mut next_unit = 0;
    if rest.is_empty() {
        return Err("empty duration string".to_owned());
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let letters = rest[digits..].bytes().take_while(u8::is_ascii_alphabetic).count();
        let unit = &rest[digits..digits + letters];
        let at =
            UNITS.iter().position(|(name, _)| *name == unit).filter(|at| *at >= next_unit).ok_or_else(bad)?;
        let count: i64 = rest[..digits].parse().map_err(|_| bad())?;
        let part = count.checked_mul(UNITS[at].1).ok_or("duration out of range")?;
        total = total.checked_add(part).ok_or("duration out of range")?;
        next_unit = at + 1;
        rest = &rest[digits + letters..];
    }
    if total > i64::MAX / 1_000_000 {
        return Err("duration out of range".to_owned());
    }
    Ok(total)
}

/// A quoted text with Go's escapes; returns where it ends.
fn text(query: &str, start: usize, quote: u8) -> Result<(String, usize), (usize, String)> {
    let unterminated = || (start, "unterminated quoted string".to_owned());
    let mut out = Vec::new();
    let bytes = query.as_bytes();
    let mut at = start + 1;
    loop {
        let byte = *bytes.get(at).ok_or_else(unterminated)?;
        at += 1;
        match byte {
            b if b == quote => break,
            b'\n' if quote != b'`' => return Err(unterminated()),
            b'\\' if quote != b'`' => at = escape(query, at, quote, &mut out)?,
            b => out.push(b),
        }
    }
    String::from_utf8(out).map(|text| (text, at)).map_err(|_| (start, "a string is not UTF-8".to_owned()))
}

fn escape(query: &str, at: usize, quote: u8, out: &mut Vec<u8>) -> Result<usize, (usize, String)> {
    let bytes = query.as_bytes();
    let bad = || (at - 1, "unknown escape sequence".to_owned());
    let code = *bytes.get(at).ok_or_else(bad)?;
    let simple = match code {
        b'a' => Some(7),
        b'b' => Some(8),
        b'f' => Some(12),
        b'n' => Some(b'\n'),
        b'r' => Some(b'\r'),
        b't' => Some(b'\t'),
        b'v' => Some(11),
        b'\\' => Some(b'\\'),
        c if c == quote => Some(c),
        _ => None,
    };
    if let Some(byte) = simple {
        out.push(byte);
        return Ok(at + 1);
    }
    let (skip, len, radix) = match code {
        b'x' => (1, 2, 16),
        b'u' => (1, 4, 16),
        b'U' => (1, 8, 16),
        b'0'..=b'7' => (0, 3, 8),
        _ => return Err(bad()),
    };
    let digits = query.get(at + skip..at + skip + len).ok_or_else(bad)?;
    let value = u32::from_str_radix(digits, radix).map_err(|_| bad())?;
    if len < 4 {
        out.push(u8::try_from(value).map_err(|_| bad())?);
    } else {
        let c = char::from_u32(value).ok_or_else(bad)?;
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
    Ok(at + skip + len)
}
