//! Parameters of requests: times, durations, repeated names.

use super::time::rfc3339_ms;
use crate::promql::lex;

/// Times beyond this are cut to it, so that reckoning with them cannot overflow: 36 million years.
const FARTHEST_MS: f64 = (i64::MAX / 8) as f64;

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
        return if ms.is_nan() { Err(bad()) } else { Ok(ms.clamp(-FARTHEST_MS, FARTHEST_MS) as i64) };
    }
    match text {
        // How Go writes the first and the last time it knows; clients send them for "everything".
        "-292273086-05-16T16:47:06Z" => Ok(-FARTHEST_MS as i64),
        "292277025-08-18T07:12:54.999999999Z" | "292277025-08-18T07:12:54.999Z" => Ok(FARTHEST_MS as i64),
        _ => rfc3339_ms(text).ok_or_else(bad),
    }
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
