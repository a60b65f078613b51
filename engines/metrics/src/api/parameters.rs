//! Parameters of requests: times, durations, repeated names.

use crate::promql::lex;

/// Decoded name/value pairs of a query string or form.
#[derive(Clone, Debug, Default)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads `a=b&c=d` with percent escapes and `+` for space.
    pub fn parse(text: &str) -> Self {
        Self(
            text.split('&')
                .filter(|pair| !pair.is_empty())
                .map(|pair| {
                    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                    (unescape(name), unescape(value))
                })
                .collect(),
        )
    }

    /// Puts the pairs of a form body behind those of the query string.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// Seconds since 1970 (with fraction) or RFC 3339, in milliseconds.
pub fn time_ms(text: &str) -> Result<i64, String> {
    let bad = || format!("cannot parse {text:?} to a valid timestamp");
    if let Ok(seconds) = text.parse::<f64>() {
        let ms = (seconds * 1000.0).round();
        return if ms.is_finite() && ms.abs() < 9.2e15 { Ok(ms as i64) } else { Err(bad()) };
    }
    rfc3339_ms(text).ok_or_else(bad)
}

/// Seconds (with fraction) or `1h30m`, in milliseconds.
pub fn duration_ms(text: &str) -> Result<i64, String> {
    let bad = || format!("cannot parse {text:?} to a valid duration");
    if let Ok(seconds) = text.parse::<f64>() {
        let ms = seconds * 1000.0;
        return if ms.is_finite() && ms.abs() < 9.2e15 { Ok(ms.round() as i64) } else { Err(bad()) };
    }
    lex::duration_ms(text).map_err(|_| bad())
}

fn rfc3339_ms(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let number = |from: usize, to: usize| text.get(from..to)?.parse::<i64>().ok().filter(|n| *n >= 0);
    let sign_at = |i: usize, sign: u8| bytes.get(i) == Some(&sign);
    if !(sign_at(4, b'-') && sign_at(7, b'-') && sign_at(13, b':') && sign_at(16, b':')) {
        return None;
    }
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut at = 19;
    let mut ms = 0;
    if sign_at(at, b'.') {
        let digits = bytes[at + 1..].iter().take_while(|b| b.is_ascii_digit()).count();
        let fraction = text.get(at..at + 1 + digits)?.parse::<f64>().ok()?;
        ms = (fraction * 1000.0).round() as i64;
        at += 1 + digits;
    }
    let offset = match bytes.get(at)? {
        b'Z' | b'z' => 0,
        sign @ (b'+' | b'-') => {
            let minutes = number(at + 1, at + 3)? * 60 + number(at + 4, at + 6)?;
            if *sign == b'+' { minutes } else { -minutes }
        }
        _ => return None,
    };
    let y = if month <= 2 { year - 1 } else { year };
    let shifted = (month + 9) % 12;
    let days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * shifted + 2) / 5 + day - 1 - 719_468;
    Some(((days * 24 + hour) * 60 + minute - offset) * 60_000 + second * 1000 + ms)
}

fn unescape(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let code = text.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (bytes[at], code) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 2;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_durations_and_escapes() {
        assert_eq!(time_ms("1700000000.25"), Ok(1_700_000_000_250));
        assert_eq!(time_ms("2023-11-14T22:13:20.25Z"), Ok(1_700_000_000_250));
        assert_eq!(time_ms("2023-11-14T23:13:20+01:00"), Ok(1_700_000_000_000));
        assert!(time_ms("yesterday").is_err());
        assert_eq!(duration_ms("1m30s"), Ok(90_000));
        assert_eq!(duration_ms("0.5"), Ok(500));
        let parameters = Parameters::parse("match[]=up%7Ba%3D%22b+c%22%7D&match%5B%5D=x");
        assert_eq!(parameters.all("match[]").collect::<Vec<_>>(), ["up{a=\"b c\"}", "x"]);
    }
}
