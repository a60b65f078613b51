//! Maintenance windows: never start what cannot finish.

use mainstay_calendars::moment::{DAY_MS, HOUR_MS};
use mainstay_calendars::problem::from_json;
use mainstay_calendars::window::{Freeze, Verdict, Window, collisions};

use crate::{at, span};

fn window(json: &str) -> Window {
    let window: Window = from_json(json).unwrap();
    window.check().unwrap();
    window
}

fn sundays() -> Window {
    window(
        r#"{"zone": "Europe/Berlin", "start": "2026-01-04T01:00", "minutes": 240, "rule": "FREQ=WEEKLY;BYDAY=SU"}"#,
    )
}

fn freeze(from: &str, to: &str) -> Freeze {
    Freeze { from: at(from), to: at(to), reason: "year end".to_owned() }
}

#[test]
fn a_window_lasts_its_time_when_the_clocks_change() {
    let spans: Vec<_> = sundays().spans(span("2026-03-28T00:00:00Z", "2026-03-30T00:00:00Z")).collect();
    assert_eq!(spans, [span("2026-03-29T00:00:00Z", "2026-03-29T04:00:00Z")]);
    assert_eq!(sundays().spans(span("2026-03-30T00:00:00Z", "2026-03-28T00:00:00Z")).count(), 0);
}

#[test]
fn never_start_what_cannot_finish() {
    let frozen = [freeze("2026-12-20T02:00:00Z", "2027-01-05T00:00:00Z")];
    let verdict = |when: &str, hours: i64| sundays().may_start(at(when), hours * HOUR_MS, &frozen);
    assert_eq!(verdict("2026-12-06T01:00:00Z", 2), Verdict::Start { until: at("2026-12-06T04:00:00Z") });
    assert_eq!(verdict("2026-12-06T01:00:00Z", 3), Verdict::Start { until: at("2026-12-06T04:00:00Z") });
    let next = Some(at("2026-12-13T00:00:00Z"));
    assert_eq!(verdict("2026-12-06T01:00:01Z", 3), Verdict::TooLate { left_ms: 3 * HOUR_MS - 1000, next });
    // The freeze cuts the window of 20 December short, so three hours fit only after it.
    assert_eq!(
        verdict("2026-12-19T12:00:00Z", 2),
        Verdict::Outside { next: Some(at("2026-12-20T00:00:00Z")) }
    );
    assert_eq!(
        verdict("2026-12-19T12:00:00Z", 3),
        Verdict::Outside { next: Some(at("2027-01-10T00:00:00Z")) }
    );
    assert!(matches!(verdict("2026-12-27T01:00:00Z", 1), Verdict::Frozen { .. }));
    assert_eq!(verdict("2026-12-06T04:00:00Z", 1), Verdict::Outside { next }, "the end is not inside");
    assert_eq!(
        sundays().next_fit(at("2026-12-06T00:00:00Z"), 5 * HOUR_MS, &[]),
        None,
        "longer than the window"
    );
}

#[test]
fn what_fits_really_fits() {
    let frozen = [
        freeze("2026-02-01T01:00:00Z", "2026-02-01T02:30:00Z"),
        freeze("2026-02-08T03:00:00Z", "2026-02-20T00:00:00Z"),
    ];
    for minutes in [1, 60, 90, 91, 180, 240] {
        for hour in 0..400 {
            let now = at("2026-01-20T00:00:00Z").plus_ms(hour * 2 * HOUR_MS);
            let needs = minutes * 60_000;
            let start = sundays().next_fit(now, needs, &frozen).unwrap();
            assert!(start >= now && start.since(now) < 60 * DAY_MS);
            assert!(
                matches!(sundays().may_start(start, needs, &frozen), Verdict::Start { .. }),
                "{now} {minutes}"
            );
        }
    }
}

#[test]
fn occurrences_name_their_freezes_and_leave_out_exceptions() {
    let mut windows = sundays();
    windows.except = serde_json::from_str(r#"["2026-11-29T01:00"]"#).unwrap();
    let frozen = [freeze("2026-12-06T02:00:00Z", "2026-12-07T00:00:00Z")];
    let next = windows.next_occurrences(at("2026-11-23T00:00:00Z"), &frozen, 2);
    assert_eq!(next[0].span.start, at("2026-12-06T00:00:00Z"));
    assert_eq!(
        (next[0].usable.measure_ms(), next[0].frozen_by.as_slice()),
        (2 * HOUR_MS, ["year end"].as_slice())
    );
    assert_eq!(next[1].span.start, at("2026-12-13T00:00:00Z"));
}

#[test]
fn collisions_are_found_in_pairs() {
    let other = window(r#"{"start": "2026-11-29T03:00", "minutes": 120}"#);
    let far = window(r#"{"start": "2026-11-25T03:00", "minutes": 60, "rule": "FREQ=DAILY;COUNT=3"}"#);
    let found = collisions(&[sundays(), far, other], span("2026-11-23T00:00:00Z", "2026-12-07T00:00:00Z"));
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].first, found[0].second, found[0].time.measure_ms()), (0, 2, HOUR_MS));
}
