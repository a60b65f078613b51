//! Figures as words: the edges, and the script's copy of the rules against ours.

use super::*;

fn words() -> Words {
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    Words::new("2026-11-23T08:42:10Z".parse().unwrap(), zone)
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn times_are_as_short_as_they_stay_plain() {
    let words = words();
    let cases = [
        ("2026-11-23T08:18:00Z", "09:18"),
        ("2026-11-22T23:00:00Z", "00:00"),
        ("2026-11-24T01:00:00Z", "Tue 02:00"),
        ("2026-11-20T16:20:00Z", "Fri 17:20"),
        ("2026-10-03T10:00:00Z", "3 Oct"),
        ("2025-10-03T10:00:00Z", "3 Oct 2025"),
        ("2026-11-29T23:30:00Z", "30 Nov"),
    ];
    for (moment, expected) in cases {
        assert_eq!(words.when_text(at(moment)), expected, "{moment}");
    }
    assert_eq!(words.exact_text(at("2026-11-23T08:42:10Z")), "Mon 23 Nov 2026, 09:42:10 CET");
    assert_eq!(words.heading(), "Monday 23 November, 09:42");
}

#[test]
fn ago_turns_into_a_date_after_a_week() {
    let words = words();
    assert!(words.ago(at("2026-11-17T08:42:10Z")).0.ends_with(">6 days ago</time>"));
    assert!(words.ago(at("2026-11-16T08:42:10Z")).0.ends_with(">16 Nov</time>"));
    let html = words.ago(at("2026-11-23T08:42:06.750Z")).0;
    assert!(html.contains("datetime=\"2026-11-23T08:42:06Z\"") && html.contains(">4 s ago<"), "{html}");
}

#[test]
fn spans_round_down() {
    let cases = [
        (0, "0 s left"),
        (59, "59 s left"),
        (60, "1 min left"),
        (3_599, "59 min left"),
        (3_600, "1 h left"),
        (23_880, "6 h 38 min left"),
        (86_399, "23 h 59 min left"),
        (86_400, "1 day left"),
        (172_799, "1 day left"),
        (-1, "1 s late"),
        (-360, "6 min late"),
    ];
    for (seconds, expected) in cases {
        assert_eq!(left_text(seconds), expected);
    }
    assert_eq!(ago_text(-300), "in 5 min");
    assert_eq!(duration(3_542_400), "41 days");
    assert_eq!(took(999), "999 ms");
    assert_eq!(took(1_999), "1.9 s");
    assert_eq!(took(62_000), "1 min");
}

#[test]
fn sizes_keep_three_figures() {
    let cases = [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (9_949, "9.9 kB"),
        (9_950, "10 kB"),
        (999_499, "999 kB"),
        (999_500, "1.0 MB"),
        (3_100_000_000, "3.1 GB"),
        (214_000_000_000, "214 GB"),
        (u64::MAX, "18 EB"),
    ];
    for (size, expected) in cases {
        assert_eq!(bytes(size), expected, "{size}");
    }
}

#[test]
fn a_share_is_all_or_nothing_only_when_it_is() {
    let cases = [
        (0, 0, "–"),
        (0, 9, "0 %"),
        (9, 9, "100 %"),
        (61, 100, "61 %"),
        (9_993, 10_000, "99.93 %"),
        (999_999, 1_000_000, "99.99 %"),
        (1, 1_000_000, "0.01 %"),
        (u64::MAX, u64::MAX, "100 %"),
        (2, 3, "66 %"),
    ];
    for (part, whole, expected) in cases {
        assert_eq!(percent(part, whole), expected, "{part} of {whole}");
    }
}

#[test]
fn counts_and_initials() {
    assert_eq!(count(9_400), "9,400");
    assert_eq!(count(100), "100");
    assert_eq!(count(1_234_567), "1,234,567");
    assert_eq!(counted(1, "host", "hosts"), "1 host");
    assert_eq!(counted(0, "host", "hosts"), "0 hosts");
    assert_eq!(initials("Ines Marlow"), "IM");
    assert_eq!(initials("  priya "), "P");
    assert_eq!(initials("Jean (ops) de la Tour"), "JT");
    assert_eq!(initials("—"), "?");
}

/// The script keeps "5 min ago" true while a page stays open: it must say what the server would.
#[test]
fn the_script_says_the_same() {
    let script = include_str!("../../assets/js/words.js");
    let seconds: Vec<i64> =
        (-200_000..200_000).step_by(997).chain([-1, 0, 1, 59, 60, 3_599, 3_600, 86_399, 86_400]).collect();
    let program =
        format!("{script}\nfor (const s of {seconds:?}) console.log(agoText(s) + '|' + leftText(s));");
    let Ok(output) = std::process::Command::new("node").args(["-e", &program]).output() else {
        println!("skipped: node is not here");
        return;
    };
    let said = String::from_utf8(output.stdout).unwrap();
    let fault = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(said.lines().count(), seconds.len(), "{fault}");
    for (line, second) in said.lines().zip(seconds) {
        assert_eq!(line, format!("{}|{}", ago_text(second), left_text(second)), "{second} s");
    }
}
