//! Figures as words: times, spans, sizes and counts, short and exact, the same on every page.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use maud::{Markup, html};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The reader's now and zone: what "5 min ago" and "Tue 02:00" are measured against.
#[derive(Clone, Debug)]
pub struct Words {
    /// The moment the page is made.
    pub now: Timestamp,
    /// The zone the reader lives in.
    pub zone: TimeZone,
}

impl Words {
    /// Words for a reader.
    pub fn new(now: Timestamp, zone: TimeZone) -> Self {
        Self { now, zone }
    }

    /// How long something has been: `4 s ago`, `24 min ago`, `3 h ago`, `2 days ago`; beyond a week its date.
    pub fn ago(&self, at: Timestamp) -> Markup {
        let passed = seconds_between(at, self.now);
        let text = if passed < 7 * DAY { ago_text(passed) } else { self.date_text(at) };
        self.element(at, Some("ago"), &text)
    }

    /// How long is left: `38 min left`, `6 h 38 min left`, `6 min late`.
    pub fn left(&self, at: Timestamp) -> Markup {
        self.element(at, Some("left"), &left_text(seconds_between(self.now, at)))
    }

    /// When, as short as it stays plain: `09:18` today, `Tue 02:00` within six days, `3 Oct` this year,
    /// `3 Oct 2025`.
    pub fn when(&self, at: Timestamp) -> Markup {
        self.element(at, None, &self.when_text(at))
    }

    /// The day and nothing else: `3 Oct`, `3 Oct 2025`.
    pub fn date(&self, at: Timestamp) -> Markup {
        self.element(at, None, &self.date_text(at))
    }

    /// Day and time in full, for evidence: `Mon 23 Nov 2026, 09:42:10 CET`.
    pub fn exact(&self, at: Timestamp) -> Markup {
        self.element(at, None, &self.exact_text(at))
    }

    /// The time of day: `09:18`.
    pub fn time_of_day(&self, at: Timestamp) -> Markup {
        self.element(at, None, &at.to_zoned(self.zone.clone()).strftime("%H:%M").to_string())
    }

    /// The long form above a page: `Monday 23 November, 09:42`.
    pub fn heading(&self) -> String {
        self.now.to_zoned(self.zone.clone()).strftime("%A %-d %B, %H:%M").to_string()
    }

    /// As [`Words::when`], as plain text.
    pub fn when_text(&self, at: Timestamp) -> String {
        let (now, then) = (self.now.to_zoned(self.zone.clone()), at.to_zoned(self.zone.clone()));
        if then.date() == now.date() {
            return then.strftime("%H:%M").to_string();
        }
        let near = seconds_between(at, self.now).abs() < 6 * DAY;
        if near { then.strftime("%a %H:%M").to_string() } else { self.date_text(at) }
    }

    /// As [`Words::date`], as plain text.
    pub fn date_text(&self, at: Timestamp) -> String {
        let (now, then) = (self.now.to_zoned(self.zone.clone()), at.to_zoned(self.zone.clone()));
        let form = if then.year() == now.year() { "%-d %b" } else { "%-d %b %Y" };
        then.strftime(form).to_string()
    }

    /// As [`Words::exact`], as plain text.
    pub fn exact_text(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%a %-d %b %Y, %H:%M:%S %Z").to_string()
    }

    /// `kind` tells the script which rule keeps the words true while the page stays open.
    fn element(&self, at: Timestamp, kind: Option<&str>, text: &str) -> Markup {
        let whole = Timestamp::from_second(at.as_second()).unwrap_or(at);
        html! { time datetime=(whole) title=(self.exact_text(at)) data-words=[kind] { (text) } }
    }
}

/// Whole seconds from one moment to another; negative when the second is earlier.
pub fn seconds_between(from: Timestamp, to: Timestamp) -> i64 {
    to.as_second() - from.as_second()
}

/// `4 s ago`; a moment ahead of us reads `in 5 min`. `assets/js/words.js` holds the same rule.
pub fn ago_text(passed: i64) -> String {
    if passed < 0 { format!("in {}", span(-passed)) } else { format!("{} ago", span(passed)) }
}

/// `38 min left`, `6 min late`. Exactly due reads `0 s left`.
pub fn left_text(left: i64) -> String {
    if left < 0 { format!("{} late", duration(-left)) } else { format!("{} left", duration(left)) }
}

/// One unit, rounded down: `48 s`, `24 min`, `6 h`, `2 days`.
pub fn span(seconds: i64) -> String {
    let seconds = seconds.abs();
    if seconds < MINUTE {
        format!("{seconds} s")
    } else if seconds < HOUR {
        format!("{} min", seconds / MINUTE)
    } else if seconds < DAY {
        format!("{} h", seconds / HOUR)
    } else {
        days(seconds / DAY)
    }
}

/// Two units where the second matters: `48 s`, `24 min`, `6 h 38 min`, `41 days`. Rounded down.
pub fn duration(seconds: i64) -> String {
    let seconds = seconds.abs();
    if (HOUR..DAY).contains(&seconds) && seconds % HOUR >= MINUTE {
        return format!("{} h {} min", seconds / HOUR, seconds % HOUR / MINUTE);
    }
    span(seconds)
}

fn days(days: i64) -> String {
    if days == 1 { "1 day".to_owned() } else { format!("{} days", grouped(days.unsigned_abs())) }
}

/// How long something took: `310 ms`, `1.9 s`, `48 s`, then as [`duration`].
pub fn took(milliseconds: u64) -> String {
    match milliseconds {
        0..1_000 => format!("{milliseconds} ms"),
        1_000..10_000 => tenths(milliseconds / 100, "s"),
        _ => duration(i64::try_from(milliseconds / 1_000).unwrap_or(i64::MAX)),
    }
}

/// A size in decimal units with three figures at most: `912 B`, `3.1 GB`, `214 GB`.
pub fn bytes(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 1_000 {
        return format!("{bytes} B");
    }
    let mut unit_bytes = 1_000_u64;
    for (index, unit) in UNITS.iter().enumerate() {
        // 999.95 of a unit would round to 1000: it is 1.0 of the next.
        let last = index + 1 == UNITS.len();
        let tenths_of = bytes / (unit_bytes / 10) + u64::from(bytes % (unit_bytes / 10) >= unit_bytes / 20);
        let whole = bytes / unit_bytes + u64::from(bytes % unit_bytes >= unit_bytes / 2);
        if tenths_of < 100 {
            return tenths(tenths_of, unit);
        }
        if whole < 1_000 || last {
            return format!("{whole} {unit}");
        }
        unit_bytes *= 1_000;
    }
    unreachable!("the last unit always answers")
}

/// `1.9 s` from 19 tenths.
fn tenths(tenths: u64, unit: &str) -> String {
    format!("{}.{} {unit}", tenths / 10, tenths % 10)
}

/// A count with its thousands apart: `9,400`.
pub fn count(number: u64) -> String {
    grouped(number)
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with its noun: `1 host`, `9,400 hosts`.
pub fn counted(number: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { many })
}

/// A part of a whole as a percentage that never rounds to all or nothing: `61 %`, `99.93 %`, `100 %`.
/// Nothing of nothing has no share: `–`.
pub fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let (part, whole) = (u128::from(part), u128::from(whole));
    // Rounded down, so that 100 % means all of it.
    let hundredths = part * 10_000 / whole;
    let near_an_end = (9_900..10_000).contains(&hundredths) || (hundredths < 100 && part > 0);
    if near_an_end {
        let hundredths = hundredths.max(1);
        return format!("{}.{:02} %", hundredths / 100, hundredths % 100);
    }
    format!("{} %", hundredths / 100)
}

/// The initials in an avatar: `IM` for Ines Marlow, `P` for priya, `?` for nobody.
pub fn initials(name: &str) -> String {
    let mut words = name.split_whitespace().filter_map(|word| word.chars().find(|c| c.is_alphanumeric()));
    let (first, last) = (words.next(), words.next_back());
    let letters: String = first.into_iter().chain(last).flat_map(char::to_uppercase).collect();
    if letters.is_empty() { "?".to_owned() } else { letters }
}

#[cfg(test)]
#[path = "words_tests.rs"]
mod tests;
