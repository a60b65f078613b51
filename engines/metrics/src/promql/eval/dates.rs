//! Parts of a date (UTC) from seconds since 1970. Source: Howard Hinnant, "chrono-compatible low-level date
//! algorithms".

/// The function with a name that takes seconds.
pub fn part(name: &str) -> Option<fn(f64) -> f64> {
    Some(match name {
        "year" => |t| date(t).map_or(f64::NAN, |d| d.year as f64),
        "month" => |t| date(t).map_or(f64::NAN, |d| d.month as f64),
        "day_of_month" => |t| date(t).map_or(f64::NAN, |d| d.day as f64),
        "day_of_week" => |t| seconds(t).map_or(f64::NAN, |s| (s.div_euclid(86_400) + 4).rem_euclid(7) as f64),
        "day_of_year" => |t| {
            date(t).map_or(f64::NAN, |d| (d.days - days_of(d.year, 1, 1) + 1) as f64)
        },
        "days_in_month" => |t| {
            date(t).map_or(f64::NAN, |d| {
                let (year, month) = if d.month == 12 { (d.year + 1, 1) } else { (d.year, d.month + 1) };
                (days_of(year, month, 1) - days_of(d.year, d.month, 1)) as f64
            })
        },
        "hour" => |t| seconds(t).map_or(f64::NAN, |s| (s.rem_euclid(86_400) / 3600) as f64),
        "minute" => |t| seconds(t).map_or(f64::NAN, |s| (s.rem_euclid(3600) / 60) as f64),
        _ => return None,
    })
}

struct Date {
    year: i64,
    month: i64,
    day: i64,
    days: i64,
}

/// Whole seconds, where they are in the range of calendars.
fn seconds(t: f64) -> Option<i64> {
    (t.is_finite() && t.abs() < 1e15).then_some(t as i64)
}

fn date(t: f64) -> Option<Date> {
    let days = seconds(t)?.div_euclid(86_400);
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Some(Date { year, month, day, days })
}

fn days_of(year: i64, month: i64, day: i64) -> i64 {
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
