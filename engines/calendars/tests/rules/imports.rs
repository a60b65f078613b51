//! Answers of other products' APIs in their own shapes, and who is on call by them.

use mainstay_calendars::import::{Imported, goalert, grafana, opsgenie, pagerduty};
use mainstay_calendars::oncall::Board;

use crate::at;

fn who(imported: &Imported, when: &str) -> Vec<String> {
    let board = Board::new(&imported.schedule).unwrap();
    board.oncall(at(when)).into_iter().map(|duty| duty.person.to_owned()).collect()
}

const PAGERDUTY: &str = include_str!("exports/pagerduty-schedule.json");
const OPSGENIE: &str = include_str!("exports/opsgenie-schedules.json");
const GOALERT: &str = include_str!("exports/goalert-schedule.json");
const GRAFANA: &str = include_str!("exports/grafana-oncall.json");

#[test]
fn pagerduty_layers_restrictions_and_overrides() {
    let imported = &pagerduty::schedules(PAGERDUTY).unwrap()[0];
    assert_eq!(imported.people["PALICE"], "Alice");
    assert_eq!(imported.lost.len(), 1, "{:?}", imported.lost);
    assert_eq!(imported.schedule.overrides.len(), 2, "the one that stands twice is taken once");
    // 9 November 2015 plus an even number of weeks is Alice's.
    for (when, person) in [
        ("2015-11-09T15:00:00Z", "PALICE"),
        ("2015-11-16T15:00:00Z", "PBOB"),
        ("2015-11-08T04:00:00Z", "PCAROL"),
        ("2015-11-09T13:59:00Z", "PBOB"), // before the virtual start the round goes backwards
        ("2026-11-23T14:30:00Z", "PALICE"),
        ("2026-11-23T20:30:00Z", "PDAN"),
        ("2026-11-24T20:30:00Z", "PDAN"),
        ("2026-11-24T01:00:00Z", "PCAROL"),
        ("2026-11-24T11:00:00Z", "PALICE"),
        ("2026-11-22T18:00:00Z", "PCAROL"),
        // Daylight saving time: hand-overs stay at 09:00 in New York.
        ("2026-07-13T12:59:00Z", "PALICE"),
        ("2026-07-13T13:00:00Z", "PBOB"),
    ] {
        assert_eq!(who(imported, when), [person], "{when}");
    }
    assert!(who(imported, "2026-12-02T18:00:00Z").is_empty(), "the layer has ended");
}

#[test]
fn pagerduty_lists_and_faults() {
    let fault =
        |old: &str, new: &str| pagerduty::schedules(&PAGERDUTY.replace(old, new)).err().unwrap().field;
    assert_eq!(fault("America/New_York", "Eastern"), "schedule.time_zone");
    assert_eq!(fault("604800", "\"a week\""), "schedule.schedule_layers[1].rotation_turn_length_seconds");
    let bare = r#"{"schedules": [{"id": "P1", "name": "bare", "time_zone": "UTC"}], "limit": 25, "offset": 0, "more": false}"#;
    let list = pagerduty::schedules(bare).unwrap();
    assert!(list[0].lost[0].contains("include[]=schedule_layers"), "no layers is not an empty schedule");
    assert_eq!(pagerduty::schedules("{}").err().unwrap().field, "schedule");
}

#[test]
fn opsgenie_rotations_are_a_union_with_overrides_of_single_ones() {
    let imported = &opsgenie::schedules(OPSGENIE).unwrap()[0];
    for (when, people) in [
        ("2026-01-05T10:00:00Z", vec!["u1"]),
        ("2026-01-06T02:00:00Z", vec!["u1", "u2"]),
        ("2026-01-07T11:00:00Z", vec!["u9"]),
        ("2026-01-07T12:00:00Z", vec!["u1"]),
        ("2026-01-09T12:00:00Z", vec!["u8"]),
        ("2026-01-10T10:00:00Z", vec![]),
        ("2026-01-13T10:00:00Z", vec![]),
        ("2026-07-07T02:00:00Z", vec!["u1"]),
    ] {
        assert_eq!(who(imported, when), people, "{when}");
    }
    assert!(imported.lost[0].contains("team:t1"), "{:?}", imported.lost);
    let fault = opsgenie::schedules(&OPSGENIE.replace("\"startHour\": 9", "\"startHour\": \"nine\"")).err();
    assert_eq!(fault.unwrap().field, "data[0].rotations[0].timeRestriction.restrictions[0].startHour");
}

#[test]
fn goalert_targets_keep_whose_turn_it_is() {
    let imported = &goalert::schedule(GOALERT, at("2026-11-23T18:00:00Z")).unwrap();
    for (when, people) in [
        ("2026-11-23T18:00:00Z", vec!["u3"]),
        ("2026-11-30T18:00:00Z", vec!["u1"]),
        ("2026-11-20T18:00:00Z", vec!["u2"]),
        ("2026-11-24T15:00:00Z", vec!["u9"]),
        ("2026-11-25T15:00:00Z", vec!["u7"]), // Wednesday, all day
        ("2026-11-26T10:00:00Z", vec!["u5"]),
        ("2026-11-26T20:00:00Z", vec![]),
        ("2026-11-29T03:00:00Z", vec!["u7"]),
        ("2026-11-28T18:00:00Z", vec![]),
    ] {
        assert_eq!(who(imported, when), people, "{when}");
    }
    assert_eq!((imported.lost.len(), imported.people["u5"].as_str()), (1, "Eve"), "{:?}", imported.lost);
    let fault = goalert::schedule(
        &GOALERT.replace("\"08:00\", \"end\": \"20:00\"", "\"8\", \"end\": \"20:00\""),
        at("2026-11-23T18:00:00Z"),
    );
    assert_eq!(fault.unwrap_err().field, "data.schedule.targets[0].rules[0].start");
    assert_eq!(goalert::schedule("{}", at("2026-11-23T18:00:00Z")).unwrap_err().field, "schedule");
}

/// A GoAlert schedule that is one rotation day and night.
fn goalert_rotation(rotation: &str, exported_at: &str) -> Imported {
    let text = format!(
        r#"{{"schedule": {{"name": "web", "timeZone": "UTC", "targets": [{{"target": {{"id": "r", "type": "rotation"}},
            "rules": [{{"start": "00:00", "end": "00:00", "weekdayFilter": [true, true, true, true, true, true, true]}}]}}]}},
            "rotations": [{{"id": "r", {rotation}}}]}}"#
    );
    goalert::schedule(&text, at(exported_at)).unwrap()
}

#[test]
fn goalert_hours_are_those_of_the_wall() {
    let rotation = r#""type": "hourly", "shiftLength": 12, "timeZone": "Europe/Berlin", "start": "2026-03-02T07:00:00Z",
        "activeUserIndex": 1, "userIDs": ["ada", "bob", "cy"]"#;
    // Twelve hours from 08:00, so the turns change at 08:00 and 20:00 in winter and in summer.
    let imported = goalert_rotation(rotation, "2026-03-20T10:00:00Z");
    for (when, person) in [
        ("2026-03-20T10:00:00Z", "bob"),
        ("2026-03-20T06:59:00Z", "ada"),
        ("2026-03-20T19:00:00Z", "cy"),
        ("2026-03-21T07:00:00Z", "ada"),
        ("2026-03-29T05:59:00Z", "ada"), // the night of the change lasts eleven hours
        ("2026-03-29T06:00:00Z", "bob"),
        ("2026-03-29T18:00:00Z", "cy"),
    ] {
        assert_eq!(who(&imported, when), [person], "{when}");
    }
    let five = goalert_rotation(&rotation.replace("12", "5"), "2026-03-02T12:30:00Z");
    for (when, person) in [
        ("2026-03-02T12:00:00Z", "bob"),
        ("2026-03-02T11:59:00Z", "ada"),
        ("2026-03-02T17:00:00Z", "cy"),
        ("2026-03-03T09:00:00Z", "cy"), // the sixth turn, 26 hours after the start
    ] {
        assert_eq!(who(&five, when), [person], "{when}");
    }
}

#[test]
fn goalert_rotations_turn_before_their_start_too() {
    let rotation = r#""type": "weekly", "timeZone": "UTC", "start": "2027-01-04T09:00:00Z", "activeUserIndex": 0, "userIDs": ["ada", "bob", "cy"]"#;
    let imported = goalert_rotation(rotation, "2026-11-25T12:00:00Z");
    for (when, person) in [
        ("2026-11-25T12:00:00Z", "ada"),
        ("2026-11-30T09:00:00Z", "bob"),
        ("2027-01-04T09:00:00Z", "ada"), // six weeks later
    ] {
        assert_eq!(who(&imported, when), [person], "{when}");
    }
}

#[test]
fn grafana_levels_replace_and_equal_levels_join() {
    let imported = &grafana::schedules(GRAFANA).unwrap()[0];
    for (when, people) in [
        ("2026-01-05T10:00:00Z", vec!["bob"]),
        ("2026-01-06T10:00:00Z", vec!["ada"]),
        ("2026-01-05T12:30:00Z", vec!["bob", "cy"]),
        ("2026-01-12T12:30:00Z", vec!["ada"]),
        ("2026-01-19T12:30:00Z", vec!["bob", "cy"]),
        ("2026-01-05T18:00:00Z", vec!["dee"]), // shifts made on the web count in UTC
        ("2026-01-06T21:59:00Z", vec!["eve", "fay"]),
        ("2026-01-06T22:00:00Z", vec!["ada"]),
        ("2026-01-08T01:00:00Z", vec!["gil"]),
        ("2026-01-09T10:30:00Z", vec!["hal"]),
    ] {
        assert_eq!(who(imported, when), people, "{when}");
    }
    assert_eq!(imported.lost, ["shift gone is not in the export"]);
}

#[test]
fn grafana_chosen_days_take_turns_by_the_day_or_the_week() {
    let all = grafana::schedules(GRAFANA).unwrap();
    let imported = &all[1];
    // Monday to Friday, a day each; the weekend is no turn. In New York, so 09:00 is 14:00 by UTC.
    for (when, people) in [
        ("2026-01-05T14:00:00Z", vec!["ada"]),
        ("2026-01-06T15:00:00Z", vec!["bob"]),
        ("2026-01-07T15:00:00Z", vec!["cy"]),
        ("2026-01-08T15:00:00Z", vec!["ada"]),
        ("2026-01-09T15:00:00Z", vec!["bob"]),
        ("2026-01-10T15:00:00Z", vec![]),
        ("2026-01-12T15:00:00Z", vec!["cy"]),
        ("2026-01-13T15:00:00Z", vec!["ada"]),
        // By the week: the start is a Wednesday, so the first turns are those of the week of Monday the 12th.
        ("2026-01-11T03:00:00Z", vec![]),
        ("2026-01-13T03:00:00Z", vec!["dee"]),
        ("2026-01-18T03:00:00Z", vec!["dee"]),
        ("2026-01-19T12:00:00Z", vec!["dee"]), // Sunday evening's turn runs on into the next week
        ("2026-01-20T03:00:00Z", vec!["eve"]),
        ("2026-01-25T03:00:00Z", vec!["eve"]),
        ("2026-01-27T03:00:00Z", vec!["dee"]),
    ] {
        assert_eq!(who(imported, when), people, "{when}");
    }
    assert!(imported.lost[0].contains("by_monthday"), "{:?}", imported.lost);
    assert!(all[2].lost[0].contains("iCal"), "{:?}", all[2].lost);
    let numbered = GRAFANA.replace(r#"["SA", "SU", "MO"]"#, r#"["1SA"]"#);
    let numbered = &grafana::schedules(&numbered).unwrap()[1];
    assert!(numbered.lost[0].contains("1SA"), "{:?}", numbered.lost);
    let fault = grafana::schedules(&GRAFANA.replace("\"duration\": 86400", "\"duration\": \"a day\"")).err();
    assert_eq!(fault.unwrap().field, "on_call_shifts.results[0].duration");
}
