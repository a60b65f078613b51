//! Parts of a date (UTC) from seconds since 1970. Source: Howard Hinnant, "chrono-compatible low-level date
//! algorithms".

/// The function with a name that takes seconds.
pub fn part(name: &str) -> Option<fn(f64) -> f64> {
    Some(match name {
        "year" => |t| date(t).year as f64,
        "month" => |t| date(t).month as f64,
        "day_of_month" => |t| date(t).day as f64,
        "day_of_week" => |t| (seconds(t).div_euclid(86_400) + 4).rem_euclid(7) as f64,
        "day_of_year" => |t| {
            let d = date(t);
            (d.days - days_of(d.year, 1, 1) + 1) as f64
        },
        "days_in_month" => |t| {
            let d = date(t);
            let (year, month) = if d.month == 12 { (d.year + 1, 1) } else { (d.year, d.month + 1) };
            (days_of(year, month, 1) - days_of(d.year, d.month, 1)) as f64
        },
        "hour" => |t| (seconds(t).rem_euclid(86_400) / 3600) as f64,
        "minute" => |t| (seconds(t).rem_euclid(3600) / 60) as f64,
        _ => return None,
    })
}

/// A day of the proleptic Gregorian calendar.
pub(crate) struct Date {
    pub(crate) year: i128,
    pub(crate) month: i128,
    pub(crate) day: i128,
    days: i128,
}

/// 1970 in the seconds Go counts from, 292 billion years ago, modulo 2^64.
const EPOCH: u64 = 9_223_372_028_715_321_600;

/// Whole seconds. Whatever is no such number becomes what Go makes of it on amd64: the least integer, which then
/// wraps around in its calendar.
fn seconds(t: f64) -> i128 {
    let is_whole = t > -9.223_372_036_854_775e18 && t < 9.223_372_036_854_775e18;
    let seconds = if is_whole { t as i64 } else { i64::MIN };
    i128::from((seconds as u64).wrapping_add(EPOCH)) - i128::from(EPOCH)
}

fn date(t: f64) -> Date {
    civil(seconds(t).div_euclid(86_400))
}

/// The date so many days after 1970-01-01.
pub(crate) fn civil(days: i128) -> Date {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i128::from(month <= 2);
    Date { year, month, day, days }
}

fn days_of(year: i128, month: i128, day: i128) -> i128 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let year_of_era = y.rem_euclid(400);
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::part;

    #[test]
    fn parts_of_known_dates() {
        // 2024-02-29 23:59:59 UTC, a Thursday; 1969-12-31 23:00:00, a Wednesday.
        let cases = [
            ("year", 2024.0, 1969.0),
            ("month", 2.0, 12.0),
            ("day_of_month", 29.0, 31.0),
            ("day_of_week", 4.0, 3.0),
            ("day_of_year", 60.0, 365.0),
            ("days_in_month", 29.0, 31.0),
            ("hour", 23.0, 23.0),
            ("minute", 59.0, 0.0),
        ];
        for (name, leap, before) in cases {
            let f = part(name).unwrap();
            assert_eq!((f(1_709_251_199.0), f(-3600.0)), (leap, before), "{name}");
        }
    }
}
