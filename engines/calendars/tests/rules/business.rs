//! Business calendars around the days on which others go wrong.

use jiff::civil::date;
use mainstay_calendars::calendar::{Calendar, Closed};
use mainstay_calendars::moment::{HOUR_MS, Moment};
use mainstay_calendars::problem::from_json;
use mainstay_calendars::spans::Spans;
use mainstay_calendars::zone::Zone;

use crate::{at, span};

fn calendar(json: &str) -> Calendar {
    from_json(json).unwrap()
}

fn office(zone: &str) -> Calendar {
    calendar(&format!(
        r#"{{"zone": "{zone}", "hours": [{{"days": ["mon","tue","wed","thu","fri"], "from": "09:00", "to": "17:00"}}],
            "holidays": [{{"date": "2025-12-25", "last": "2025-12-26", "name": "Christmas", "yearly": true}},
                         {{"date": "2026-12-24", "name": "Christmas Eve", "from": "12:00"}}],
            "exceptions": [{{"date": "2026-11-28", "name": "stocktaking", "hours": [{{"from": "10:00", "to": "14:00"}}]}}]}}"#
    ))
}

#[test]
fn a_wall_time_is_the_first_moment_that_shows_it_or_later() {
    for (zone, wall, moment) in [
        ("Europe/Berlin", "2026-03-29T02:30", "2026-03-29T01:00:00Z"),
        ("Europe/Berlin", "2026-10-25T02:30", "2026-10-25T00:30:00Z"),
        ("Europe/Berlin", "2026-10-25T03:00", "2026-10-25T02:00:00Z"),
        ("Australia/Lord_Howe", "2026-10-04T02:10", "2026-10-03T15:30:00Z"),
        ("Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-04T14:45:00Z"),
        ("Pacific/Apia", "2011-12-30T12:00", "2011-12-30T10:00:00Z"),
        ("Asia/Kathmandu", "1986-01-01T00:05", "1985-12-31T18:30:00Z"),
        ("Europe/Moscow", "2014-10-26T01:30", "2014-10-25T21:30:00Z"),
    ] {
        let zone = Zone::named(zone).unwrap();
        assert_eq!(zone.moment(wall.parse().unwrap()), at(moment), "{zone} {wall}");
    }
}

#[test]
fn adding_stops_at_the_close_and_skips_what_is_closed() {
    let office = office("Europe/Berlin");
    for (from, hours, expected) in [
        ("2026-11-23T08:00:00Z", 8, "2026-11-23T16:00:00Z"),
        ("2026-11-23T08:00:00Z", 9, "2026-11-24T09:00:00Z"),
        ("2026-11-27T15:00:00Z", 2, "2026-11-28T10:00:00Z"), // Friday, then the open Saturday
        ("2026-12-24T08:00:00Z", 4, "2026-12-28T09:00:00Z"), // half a day, two holidays, a weekend
        ("2026-11-23T03:00:00Z", 0, "2026-11-23T03:00:00Z"),
        ("2026-11-23T03:00:00Z", -1, "2026-11-20T15:00:00Z"),
        ("2026-03-27T15:00:00Z", 2, "2026-03-30T08:00:00Z"), // an hour earlier by UTC after the change
    ] {
        assert_eq!(office.add_ms(at(from), hours * HOUR_MS), Some(at(expected)), "{from} {hours}");
        let elapsed = office.elapsed_ms(at(from), at(expected));
        assert_eq!(elapsed, hours * HOUR_MS, "{from} {expected}");
        assert_eq!(office.elapsed_ms(at(expected), at(from)), -elapsed, "reversed");
    }
}

#[test]
fn a_window_through_the_night_of_the_change_is_an_hour_shorter_or_longer() {
    let night = calendar(r#"{"zone": "Europe/Berlin", "hours": [{"from": "22:00", "to": "06:00"}]}"#);
    let hours = |from: &str, to: &str| night.elapsed_ms(at(from), at(to)) / HOUR_MS;
    assert_eq!(hours("2026-03-28T12:00:00Z", "2026-03-29T12:00:00Z"), 7);
    assert_eq!(hours("2026-10-24T12:00:00Z", "2026-10-25T12:00:00Z"), 9);
    let skipped =
        calendar(r#"{"zone": "Pacific/Apia", "hours": [{"days": ["fri"], "from": "09:00", "to": "17:00"}]}"#);
    assert_eq!(skipped.open(span("2011-12-29T00:00:00Z", "2012-01-02T00:00:00Z")), Spans::none());
}

#[test]
fn it_says_why_it_is_closed_and_when_it_opens() {
    let office = office("Europe/Berlin");
    assert_eq!(office.closed_because(at("2026-12-25T10:00:00Z")), Some(Closed::Holiday("Christmas")));
    assert_eq!(office.closed_because(at("2026-12-24T12:00:00Z")), Some(Closed::Holiday("Christmas Eve")));
    assert_eq!(office.closed_because(at("2026-12-23T20:00:00Z")), Some(Closed::Hours));
    assert_eq!(office.closed_because(at("2026-12-23T12:00:00Z")), None);
    assert_eq!(office.next_opening(at("2026-12-24T12:00:00Z")), Some(at("2026-12-28T08:00:00Z")));
    assert_eq!(office.next_closing(at("2026-12-28T08:00:00Z")), Some(at("2026-12-28T16:00:00Z")));
}

#[test]
fn never_and_always_have_answers() {
    let never = calendar(r#"{"hours": []}"#);
    let now = at("2026-11-23T08:00:00Z");
    assert_eq!((never.add_ms(now, 1), never.next_opening(now), never.next_closing(now)), (None, None, None));
    assert_eq!(never.add_business_days(date(2026, 1, 1), 1), None);
    let always = Calendar::always();
    assert_eq!(always.next_closing(now), None);
    assert_eq!(always.add_ms(now, 1_000 * HOUR_MS), Some(now.plus_ms(1_000 * HOUR_MS)));
    assert_eq!(always.add_ms(now, -HOUR_MS), Some(now.plus_ms(-HOUR_MS)));
    assert_eq!(always.open(span("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z")), Spans::none());
    assert_eq!(Moment::MAX.plus_ms(1), Moment::MAX);
}

#[test]
fn business_days_count_only_open_ones() {
    let office = office("Europe/Berlin");
    assert_eq!(office.add_business_days(date(2026, 12, 23), 2), Some(date(2026, 12, 28)));
    assert_eq!(office.add_business_days(date(2026, 12, 25), 0), Some(date(2026, 12, 28)));
    assert_eq!(office.add_business_days(date(2026, 11, 30), -1), Some(date(2026, 11, 28)));
}

#[test]
fn a_fault_names_its_field() {
    for (json, field, word) in [
        (r#"{"hours": [{"from": "24:00", "to": "01:00"}]}"#, "", "hours[0].from"),
        (r#"{"hours": [{"from": "9", "to": "01:00"}]}"#, "hours[0].from", "time of day"),
        (r#"{"hours": [{"days": ["moon"], "from": "09:00", "to": "01:00"}]}"#, "hours[0].days[0]", "weekday"),
        (r#"{"zone": "Mars/Base", "hours": []}"#, "zone", "time zone"),
        (r#"{"hours": [], "holidays": [{"date": "2026-02-30", "name": "x"}]}"#, "holidays[0].date", ""),
        (
            r#"{"hours": [], "holidays": [{"date": "2026-02-03", "last": "2026-02-01", "name": "x"}]}"#,
            "",
            "holidays[0].last",
        ),
        (r#"{"hours": [], "open": 1}"#, "open", "unknown field"),
        (r#"{"zone": "UTC"}"#, "", "missing field `hours`"),
    ] {
        let problem = from_json::<Calendar>(json).unwrap_err();
        assert_eq!(problem.field, field, "{problem}");
        assert!(problem.message.contains(word), "{problem}");
    }
}
