//! The dates of release files and changelog trailers: `Sat, 11 Jul 2026 10:16:37 UTC`, `… +0200`.

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Milliseconds since 1970 of an RFC 2822 date; the weekday may be missing and is not checked.
/// `None` for anything else, and for dates before 1970.
pub fn parse(text: &str) -> Option<u64> {
    let text = text.split_once(',').map_or(text, |(_, rest)| rest);
    let mut words = text.split_ascii_whitespace();
    let day: i64 = words.next()?.parse().ok().filter(|day| (1..=31).contains(day))?;
    let name = words.next()?.get(..3)?.to_ascii_lowercase();
    let month = i64::try_from(MONTHS.iter().position(|month| *month == name)?).ok()? + 1;
    let year: i64 = words.next()?.parse().ok().filter(|year| (1970..=9999).contains(year))?;
    let mut clock =
        words.next()?.split(':').map(|part| part.parse::<i64>().ok().filter(|n| (0..=60).contains(n)));
    let (hour, minute) = (clock.next()??, clock.next()??);
    let second = clock.next().unwrap_or(Some(0))?;
    let seconds =
        days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset(words.next())?;
    u64::try_from(seconds).ok()?.checked_mul(1000)
}

/// Seconds east of Greenwich.
fn offset(zone: Option<&str>) -> Option<i64> {
    let zone = zone.unwrap_or("UTC");
    if matches!(zone, "UTC" | "GMT" | "UT" | "Z") {
        return Some(0);
    }
    let (sign, digits) = match zone.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let number: i64 = digits.parse().ok().filter(|_| digits.len() == 4)?;
    Some(sign * ((number / 100) * 3600 + (number % 100) * 60))
}

/// Days since 1970-01-01 in the Gregorian calendar, counting years from March.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn dates_of_archives_and_changelogs() {
        assert_eq!(parse("Thu, 01 Jan 1970 00:00:00 UTC"), Some(0));
        assert_eq!(parse("Sat, 11 Jul 2026 10:16:37 UTC"), Some(1_783_764_997_000));
        assert_eq!(parse("Thu, 29 Feb 2024 23:59:59 -0130"), Some(1_709_256_599_000));
        assert_eq!(parse("  Mon,  3 Mar 2025 09:00:00 +0100 "), Some(1_740_988_800_000));
        for wrong in ["", "yesterday", "Mon, 32 Jan 2024 00:00:00 +0000", "Mon, 1 Foo 2024 00:00:00 +0000"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
