//! On-call schedules: hand-overs, precedence, participants, swaps, words.

use mainstay_calendars::moment::{DAY_MS, HOUR_MS};
use mainstay_calendars::oncall::fairness::Measure;
use mainstay_calendars::oncall::shifts::differences;
use mainstay_calendars::oncall::swap::{Swap, SwapFault};
use mainstay_calendars::oncall::{Board, Schedule};
use mainstay_calendars::problem::from_json;
use mainstay_calendars::zone::Zone;

use crate::{at, span};

pub fn board(json: &str) -> Board {
    Board::new(&from_json::<Schedule>(json).unwrap()).unwrap()
}

/// A schedule of one rotation.
fn turning(zone: &str, rotation: &str, rest: &str) -> Board {
    board(&format!(
        r#"{{"name": "web", "zone": "{zone}", "layers": [{{"name": "primary",
            "participants": ["ada", "bob", "cy"], "rotation": {{{rotation}}} {rest}}}]}}"#
    ))
}

fn hand_overs(board: &Board, from: &str, to: &str) -> Vec<String> {
    board.stretches(span(from, to)).iter().skip(1).map(|stretch| stretch.span.start.to_string()).collect()
}

fn who<'a>(board: &'a Board, when: &str) -> Vec<&'a str> {
    board.oncall(at(when)).into_iter().map(|duty| duty.person).collect()
}

#[test]
fn monthly_hand_overs_are_clamped_and_never_drift() {
    let monthly = turning("UTC", r#""every": "month", "start": "2023-12-31T09:00""#, "");
    assert_eq!(
        hand_overs(&monthly, "2024-01-01T00:00:00Z", "2024-06-01T00:00:00Z"),
        [
            "2024-01-31T09:00:00Z",
            "2024-02-29T09:00:00Z",
            "2024-03-31T09:00:00Z",
            "2024-04-30T09:00:00Z",
            "2024-05-31T09:00:00Z"
        ]
    );
}

#[test]
fn daily_hand_overs_in_the_gap_and_the_fold_happen_once() {
    let daily = turning("Europe/Berlin", r#""every": "day", "start": "2026-01-01T02:30""#, "");
    assert_eq!(
        hand_overs(&daily, "2026-03-28T00:00:00Z", "2026-03-30T12:00:00Z"),
        ["2026-03-28T01:30:00Z", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z"]
    );
    assert_eq!(
        hand_overs(&daily, "2026-10-24T00:00:00Z", "2026-10-26T12:00:00Z"),
        ["2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]
    );
    let hourly =
        turning("Europe/Berlin", r#""every": "hour", "length": 12, "start": "2026-03-28T08:00""#, "");
    assert_eq!(
        hand_overs(&hourly, "2026-03-28T18:00:00Z", "2026-03-29T20:00:00Z"),
        ["2026-03-28T19:00:00Z", "2026-03-29T07:00:00Z", "2026-03-29T19:00:00Z"]
    );
}

#[test]
fn whoever_is_on_call_stays_when_the_list_changes() {
    let weekly = r#""every": "week", "start": "2026-01-05T09:00""#;
    // In the second week it is bob's turn.
    for (list, during, next) in [
        (r#""ada", "zoe", "bob", "cy""#, "bob", "cy"),
        (r#""bob", "cy""#, "bob", "cy"),
        (r#""ada", "cy""#, "cy", "ada"),
        (r#""cy", "bob""#, "bob", "cy"),
        (r#""zoe""#, "zoe", "zoe"),
    ] {
        let rest = format!(r#", "changes": [{{"at": "2026-01-14T12:00:00Z", "participants": [{list}]}}]"#);
        let board = turning("UTC", weekly, &rest);
        assert_eq!(who(&board, "2026-01-14T11:59:59Z"), ["bob"], "the past stays");
        assert_eq!(who(&board, "2026-01-14T12:00:00Z"), [during], "{list}");
        assert_eq!(who(&board, "2026-01-19T09:00:00Z"), [next], "{list}");
    }
}

#[test]
fn layers_overrides_and_temporary_schedules_in_their_order() {
    let board = board(
        r#"{"name": "web", "layers": [
            {"name": "base", "participants": ["ada"]},
            {"name": "night", "participants": ["bob"], "restrictions": [{"from": "22:00", "to": "06:00"}]},
            {"name": "beside night", "mode": "beside", "participants": ["cy"], "restrictions": [{"from": "20:00", "to": "23:00"}]},
            {"name": "shadow", "mode": "add", "participants": ["dee"], "restrictions": [{"from": "12:00", "to": "13:00"}]},
            {"name": "empty", "mode": "only", "participants": [], "from": "2026-05-01T00:00:00Z", "until": "2026-05-02T00:00:00Z"}],
          "overrides": [
            {"from": "2026-04-01T00:00:00Z", "to": "2026-04-02T00:00:00Z", "kind": "replace", "person": "eve", "instead_of": "bob"},
            {"from": "2026-04-03T00:00:00Z", "to": "2026-04-04T00:00:00Z", "kind": "remove", "person": "ada"},
            {"from": "2026-04-05T00:00:00Z", "to": "2026-04-06T00:00:00Z", "kind": "replace", "person": "eve"}],
          "temporary": [{"from": "2026-04-05T10:00:00Z", "to": "2026-04-05T12:00:00Z",
            "shifts": [{"person": "fay", "from": "2026-04-05T09:00:00Z", "to": "2026-04-05T11:00:00Z"}]}]}"#,
    );
    for (when, people) in [
        ("2026-03-01T10:00:00Z", vec!["ada"]),
        ("2026-03-01T21:00:00Z", vec!["cy"]),
        ("2026-03-01T22:30:00Z", vec!["bob", "cy"]),
        ("2026-03-01T23:00:00Z", vec!["bob"]),
        ("2026-03-01T12:00:00Z", vec!["ada", "dee"]),
        ("2026-05-01T10:00:00Z", vec![]),
        ("2026-04-01T23:00:00Z", vec!["eve"]),
        ("2026-04-01T21:00:00Z", vec!["cy"]),
        ("2026-04-03T10:00:00Z", vec![]),
        ("2026-04-05T09:30:00Z", vec!["eve"]),
        ("2026-04-05T10:30:00Z", vec!["fay"]),
        ("2026-04-05T11:30:00Z", vec![]),
    ] {
        assert_eq!(who(&board, when), people, "{when}");
    }
    let why = board.oncall(at("2026-04-01T23:00:00Z"))[0].because[0].to_string();
    assert_eq!(why, "instead of bob by override 1 until 2026-04-02T00:00:00Z");
}

#[test]
fn follow_the_sun_covers_winter_and_summer() {
    let layer = |name: &str, zone: &str, from: &str, to: &str| {
        format!(
            r#"{{"name": "{name}", "zone": "{zone}", "participants": ["{name}"],
            "restrictions": [{{"from": "{from}", "to": "{to}"}}]}}"#
        )
    };
    let (europe, asia) =
        (layer("europe", "Europe/Berlin", "08:00", "20:00"), layer("asia", "Asia/Tokyo", "03:00", "16:00"));
    let board = board(&format!(r#"{{"name": "sun", "layers": [{asia}, {europe}]}}"#));
    // Berlin changes its clocks, Tokyo does not: the hour they share moves, but no gap opens.
    assert_eq!(board.gaps(span("2026-01-15T00:00:00Z", "2026-01-16T00:00:00Z")).measure_ms(), 0);
    let gaps = board.gaps(span("2026-07-15T00:00:00Z", "2026-07-16T12:00:00Z"));
    assert_eq!(gaps.measure_ms(), 0, "{gaps:?}");
    let change = board.next_change(at("2026-07-15T10:00:00Z"), 400 * DAY_MS).unwrap();
    assert_eq!(
        (change.before, change.after, change.at),
        (vec!["europe"], vec!["asia"], at("2026-07-15T18:00:00Z"))
    );
}

#[test]
fn loads_and_rest_are_measured() {
    let board = turning("UTC", r#""every": "day", "length": 1, "start": "2026-01-05T00:00""#, "");
    let range = span("2026-01-05T00:00:00Z", "2026-01-11T00:00:00Z");
    let fairness = board.fairness(range, &Measure::european(Zone::utc())).unwrap();
    let whole = |share: Option<f64>| (share.unwrap() - 100.0).abs() < 1e-9;
    assert!(whole(fairness.coverage_percent) && whole(fairness.balance_percent));
    let nothing =
        board.fairness(span("2026-01-05T00:00:00Z", "2026-01-05T00:00:00Z"), &Measure::european(Zone::utc()));
    assert_eq!(nothing.unwrap().coverage_percent, None, "nothing is not well covered");
    let ada = &fairness.loads[0];
    assert_eq!((ada.total_ms, ada.shifts, ada.night_ms), (48 * HOUR_MS, 2, 16 * HOUR_MS));
    assert_eq!(ada.short_rests.len(), 2, "a day on call leaves no rest in its 24 hours");
    assert_eq!(fairness.loads[2].weekend_ms, 24 * HOUR_MS, "cy has the Saturday");
}

#[test]
fn a_swap_needs_consent_and_people_who_can() {
    let board = turning("UTC", r#""every": "day", "start": "2026-01-05T00:00""#, "");
    let mut swap = Swap {
        giver: "ada".to_owned(),
        taker: "bob".to_owned(),
        given: span("2026-01-05T10:00:00Z", "2026-01-05T12:00:00Z"),
        returned: Some(span("2026-01-06T10:00:00Z", "2026-01-06T12:00:00Z")),
        agreed: vec!["ada".to_owned()],
    };
    assert_eq!(swap.overrides(&board), Err(SwapFault::NoConsent("bob".to_owned())));
    swap.agreed.push("bob".to_owned());
    let mut schedule = board.schedule().clone();
    schedule.overrides.extend(swap.overrides(&board).unwrap());
    let after = Board::new(&schedule).unwrap();
    assert_eq!(who(&after, "2026-01-05T11:00:00Z"), ["bob"]);
    assert_eq!(who(&after, "2026-01-06T11:00:00Z"), ["ada"]);
    let changed = differences(&board, &after, span("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"));
    assert_eq!(changed.iter().map(|one| one.person.as_str()).collect::<Vec<_>>(), ["ada", "bob"]);
    assert_eq!(changed[0].loses.measure_ms(), 2 * HOUR_MS);
    swap.returned = Some(span("2026-01-06T23:00:00Z", "2026-01-07T01:00:00Z"));
    assert!(matches!(swap.overrides(&board), Err(SwapFault::NotOnCall(..))));
}

#[test]
fn schedules_read_as_sentences() {
    let weekly = turning("Europe/Berlin", r#""every": "week", "start": "2026-01-05T09:00""#, "");
    assert_eq!(
        weekly.describe(at("2026-11-24T00:00:00Z")),
        [
            "primary: ada, bob, cy, weekly from Monday 09:00 (Europe/Berlin), next hand-over Mon 30 Nov 2026 09:00 to cy"
        ]
    );
    let monthly = turning(
        "UTC",
        r#""every": "month", "start": "2027-01-31T09:00", "on_for_minutes": 90"#,
        r#", "restrictions": [{"days": ["wed", "mon", "tue", "sat"], "from": "08:00", "to": "24:00"}]"#,
    );
    assert_eq!(
        monthly.describe(at("2026-11-24T00:00:00Z")),
        [
            "primary: ada, bob, cy, monthly on the 31st or the last day from 09:00, on call for 1 h 30 min, only Monday to \
          Wednesday and Saturday 08:00-24:00 (UTC), next hand-over Sun 31 Jan 2027 09:00 to ada"
        ]
    );
}

#[test]
fn empty_and_reversed_ranges_have_no_shifts() {
    let weekly = turning("UTC", r#""every": "week", "start": "2026-01-05T09:00""#, "");
    assert!(weekly.shifts(span("2026-02-01T00:00:00Z", "2026-01-01T00:00:00Z")).is_empty());
    assert!(
        weekly.shifts(span("2025-01-01T00:00:00Z", "2026-01-05T09:00:00Z")).is_empty(),
        "before the first turn"
    );
    let nobody = board(r#"{"name": "x", "layers": []}"#);
    assert_eq!(nobody.gaps(span("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")).measure_ms(), DAY_MS);
}

#[test]
fn schedules_survive_json() {
    let weekly = turning("UTC", r#""every": "week", "start": "2026-01-05T09:00""#, r#", "restrictions": []"#);
    let text = serde_json::to_string(weekly.schedule()).unwrap();
    assert_eq!(&from_json::<Schedule>(&text).unwrap(), weekly.schedule());
}
