//! Recurrence rules against python-dateutil, and what is refused.

use std::fmt::Write;

use jiff::civil::{Date, DateTime, date};
use mainstay_calendars::recur::Rule;
use mainstay_calendars::zone::Zone;
use proptest::prelude::*;

fn walls(rule: &str, start: &str, most: usize) -> Vec<DateTime> {
    let rule: Rule = rule.parse().unwrap();
    rule.occurrences(start.parse().unwrap(), &Zone::utc()).take(most).collect()
}

#[test]
fn rules_of_the_house() {
    for (rule, start, expected) in [
        ("FREQ=MONTHLY;BYDAY=2TU", "2026-01-13T02:00", vec!["2026-01-13", "2026-02-10", "2026-03-10"]),
        (
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
            "2026-01-30T02:00",
            vec!["2026-01-30", "2026-02-27", "2026-03-31"],
        ),
        ("RRULE:FREQ=MONTHLY", "2026-01-31T02:00", vec!["2026-01-31", "2026-03-31", "2026-05-31"]),
        ("FREQ=YEARLY", "2024-02-29T02:00", vec!["2024-02-29", "2028-02-29", "2032-02-29"]),
        (
            "freq=weekly;interval=2;byday=tu,su;wkst=su",
            "1997-08-05T09:00",
            vec!["1997-08-05", "1997-08-17", "1997-08-19"],
        ),
        // Of the week from Friday the 14th the first of the two days is Saturday the 15th, before the start.
        (
            "FREQ=WEEKLY;INTERVAL=4;BYDAY=TH,SA;BYSETPOS=1;WKST=FR",
            "2016-10-17T02:30",
            vec!["2016-11-12", "2016-12-10", "2017-01-07"],
        ),
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=MO",
            "1997-08-05T09:00",
            vec!["1997-08-05", "1997-08-10", "1997-08-19"],
        ),
    ] {
        let found: Vec<String> = walls(rule, start, 3).iter().map(|wall| wall.date().to_string()).collect();
        assert_eq!(found, expected, "{rule}");
    }
    assert_eq!(walls("FREQ=DAILY;COUNT=3", "2026-01-01T02:00", 10).len(), 3);
    assert_eq!(walls("FREQ=DAILY;UNTIL=20260103", "2026-01-01T02:00", 10).len(), 3);
    assert_eq!(walls("FREQ=DAILY;UNTIL=20260103T020000", "2026-01-01T02:00", 10).len(), 3);
    assert_eq!(walls("FREQ=DAILY;UNTIL=20260103T015959Z", "2026-01-01T02:00", 10).len(), 2);
    assert_eq!(
        walls("FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30", "2026-01-01T02:00", 1).len(),
        0,
        "ends without an answer"
    );
}

#[test]
fn what_is_not_supported_is_refused_by_name() {
    for (rule, word) in [
        ("FREQ=HOURLY", "HOURLY"),
        ("FREQ=DAILY;BYHOUR=3", "BYHOUR"),
        ("FREQ=DAILY;COUNT=3;UNTIL=20260101", "exclude"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL"),
        ("FREQ=WEEKLY;BYDAY=2MO", "numbered"),
        ("FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "0 is no position"),
        ("FREQ=DAILY;FREQ=DAILY", "twice"),
        ("INTERVAL=2", "no FREQ"),
        ("FREQ=DAILY;UNTIL=20261301", "no date"),
        ("FREQ=DAILY;BYDAY=é", "BYDAY"),
    ] {
        let message = rule.parse::<Rule>().unwrap_err();
        assert!(message.contains(word), "{rule}: {message}");
    }
}

/// Small numbers that repeat, so that every run compares the same rules.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn list(&mut self, most: u64, mut one: impl FnMut(&mut Self) -> String) -> String {
        (0..=self.roll(most)).map(|_| one(self)).collect::<Vec<_>>().join(",")
    }

    fn rule(&mut self) -> String {
        const DAYS: [&str; 7] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
        let frequency = ["DAILY", "WEEKLY", "MONTHLY", "YEARLY"][usize::try_from(self.roll(4)).unwrap()];
        let mut rule = format!("FREQ={frequency};INTERVAL={}", 1 + self.roll(4));
        let mut has_part = false;
        if self.roll(3) == 0 {
            has_part = true;
            let months = self.list(3, |dice| (1 + dice.roll(12)).to_string());
            write!(rule, ";BYMONTH={months}").unwrap();
        }
        if frequency != "WEEKLY" && self.roll(3) == 0 {
            has_part = true;
            let days = self
                .list(4, |dice| format!("{}{}", if dice.roll(3) == 0 { "-" } else { "" }, 1 + dice.roll(31)));
            write!(rule, ";BYMONTHDAY={days}").unwrap();
        }
        if self.roll(2) == 0 {
            has_part = true;
            // Refused, because it does not say in which period the n-th is counted.
            let is_unclear =
                frequency == "YEARLY" && rule.contains("BYMONTHDAY=") && !rule.contains("BYMONTH=");
            let is_numbered = matches!(frequency, "MONTHLY" | "YEARLY") && !is_unclear && self.roll(2) == 0;
            let days = self.list(3, |dice| {
                let nth = if is_numbered {
                    ["1", "2", "-1", "4", "5", "-5"][usize::try_from(dice.roll(6)).unwrap()]
                } else {
                    ""
                };
                format!("{nth}{}", DAYS[usize::try_from(dice.roll(7)).unwrap()])
            });
            write!(rule, ";BYDAY={days}").unwrap();
        }
        if has_part && self.roll(3) == 0 {
            let places = self.list(2, |dice| {
                ["1", "2", "-1", "-2", "3"][usize::try_from(dice.roll(5)).unwrap()].to_owned()
            });
            write!(rule, ";BYSETPOS={places}").unwrap();
        }
        match self.roll(6) {
            0 => write!(rule, ";COUNT={}", 1 + self.roll(20)).unwrap(),
            1 => write!(rule, ";UNTIL=20{}0{}15T023000", 10 + self.roll(30), 1 + self.roll(9)).unwrap(),
            _ => {}
        }
        if self.roll(3) == 0 {
            write!(rule, ";WKST={}", DAYS[usize::try_from(self.roll(7)).unwrap()]).unwrap();
        }
        rule
    }
}

/// In weeks dateutil lets BYSETPOS choose from what the start leaves of the first one, where months and years
/// are whole; here all are. So such a rule begins with its week.
fn comparable(rule: &str, start: Date) -> Date {
    let days = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
    let first = days.iter().position(|day| rule.ends_with(&format!("WKST={day}"))).unwrap_or(0);
    let into = (start.weekday().to_monday_zero_offset() + 7 - i8::try_from(first).unwrap()) % 7;
    let is_weekly = rule.contains("FREQ=WEEKLY") && rule.contains("BYSETPOS");
    start.saturating_sub(jiff::Span::new().days(if is_weekly { into } else { 0 }))
}

/// `MAINSTAY_RULES` and `MAINSTAY_SEED` make it more of them, and other ones.
#[test]
fn random_rules_agree_with_dateutil() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let mut dice = Dice(number("MAINSTAY_SEED").unwrap_or(20_261_123));
    let cases: Vec<(String, DateTime)> = (0..number("MAINSTAY_RULES").unwrap_or(300))
        .map(|_| {
            let start = date(2000, 1, 1)
                .saturating_add(jiff::Span::new().days(i64::try_from(dice.roll(12_000)).unwrap()));
            let rule = dice.rule();
            (rule.clone(), comparable(&rule, start).at(2, 30, 0, 0))
        })
        .collect();
    #[expect(clippy::format_collect, reason = "a few lines for another program")]
    let input: String = cases.iter().map(|(rule, start)| format!("{start} {rule}\n")).collect();
    // dateutil walks to the last year there is for rules that never match, so that is earlier here; the latest
    // start is in 2032, and both stop after 3,000 days.
    let script = r"
import sys, itertools, datetime, warnings
warnings.simplefilter('ignore')
from dateutil.rrule import rrulestr
datetime.MAXYEAR = 2045
for line in sys.stdin:
    start, rule = line.split()
    start = datetime.datetime.fromisoformat(start)
    found = rrulestr(rule, dtstart=start)
    end = start + datetime.timedelta(days=3000)
    found = found.replace(until=min(found._until or end, end))
    found = itertools.islice(found, 25)
    print(' '.join(at.strftime('%Y-%m-%dT%H:%M:%S') for at in found))
";
    let Some(output) = crate::python(&["dateutil.rrule"], script, &input) else { return };
    let mut compared = 0;
    for ((rule, start), line) in cases.iter().zip(output.lines()) {
        let found: Vec<String> = walls(rule, &start.to_string(), 25)
            .iter()
            .take_while(|wall| **wall <= start.saturating_add(jiff::Span::new().days(3_000)))
            .map(ToString::to_string)
            .collect();
        assert_eq!(found.join(" "), line, "{rule} from {start}");
        compared += found.len();
    }
    println!("{compared} occurrences of {} rules agree with dateutil", cases.len());
    assert!(compared > 1_000);
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in "(FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY))?[;=,A-Z0-9éTZ+-]{0,40}") {
        if let Ok(rule) = text.parse::<Rule>() {
            prop_assert_eq!(rule.to_string().parse::<Rule>(), Ok(rule.clone()));
            let _ = rule.occurrences(date(2026, 2, 28).at(1, 0, 0, 0), &Zone::utc()).take(5).count();
        }
    }
}
