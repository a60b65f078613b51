//! Times as RFC 3339 writes them. Calendar: Howard Hinnant, "chrono-compatible low-level date algorithms".

use crate::promql::eval::dates::{Date, civil};

/// Milliseconds since 1970 of `2023-11-14T22:13:20.25Z` and its like.
pub(super) fn rfc3339_ms(text: &str) -> Option<i64> {
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

/// A time as the API shows it; 0 is what Go writes for a time that never was.
pub fn time_text(ms: i64) -> String {
    if ms == 0 { "0001-01-01T00:00:00Z".to_owned() } else { rfc3339(ms) }
}

/// The time in UTC, with as many digits of a second as are needed.
pub(crate) fn rfc3339(ms: i64) -> String {
    let (days, of_day) = (ms.div_euclid(86_400_000), ms.rem_euclid(86_400_000));
    let Date { year, month, day, .. } = civil(days.into());
    let (seconds, rest) = (of_day / 1000, of_day % 1000);
    let fraction =
        if rest == 0 { String::new() } else { format!(".{rest:03}").trim_end_matches('0').to_owned() };
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read_back() {
        for ms in [0, 1, 951_782_399_999, 1_700_000_000_250, -1, 4_102_444_800_000] {
            assert_eq!(rfc3339_ms(&rfc3339(ms)), Some(ms));
        }
        assert_eq!(rfc3339(1_700_000_000_250), "2023-11-14T22:13:20.25Z");
        assert_eq!(rfc3339_ms("2023-11-14T22:13"), None);
    }
}
