//! Exports of other products, and who is on call by them.

use mainstay_calendars::import::{Imported, goalert, grafana, opsgenie, pagerduty};
use mainstay_calendars::oncall::Board;

use crate::at;

fn who(imported: &Imported, when: &str) -> Vec<String> {
    let board = Board::new(&imported.schedule).unwrap();
    board.oncall(at(when)).into_iter().map(|duty| duty.person.to_owned()).collect()
}

const PAGERDUTY: &str = r#"{"schedule": {"id": "PI7DH85", "type": "schedule", "summary": "Daily", "name": "Daily Engineering",
  "time_zone": "America/New_York", "description": "x",
  "schedule_layers": [
    {"id": "PL2", "name": "Layer 2", "start": "2015-11-06T20:00:00-05:00", "end": null,
     "rotation_virtual_start": "2015-11-06T20:00:00-05:00", "rotation_turn_length_seconds": 86400,
     "users": [{"user": {"id": "PCAROL", "type": "user_reference", "summary": "Carol", "self": null}}],
     "restrictions": [{"type": "daily_restriction", "start_time_of_day": "20:00:00", "duration_seconds": 36000},
                      {"type": "weekly_restriction", "start_day_of_week": 6, "start_time_of_day": "00:00:00", "duration_seconds": 172800}]},
    {"id": "PL1", "name": "Layer 1", "start": "2015-11-06T20:00:00-05:00", "end": "2026-12-01T00:00:00Z",
     "rotation_virtual_start": "2015-11-09T09:00:00-05:00", "rotation_turn_length_seconds": 604800,
     "users": [{"user": {"id": "PALICE", "summary": "Alice"}}, {"user": {"id": "PBOB", "summary": "Bob"}}], "restrictions": []},
    {"id": "PL0", "name": "Odd", "start": "2015-11-06T20:00:00-05:00", "rotation_virtual_start": "2015-11-06T20:00:00-05:00",
     "rotation_turn_length_seconds": 5400, "users": [], "restrictions": []}],
  "overrides": [{"id": "O1", "start": "2026-11-23T15:00:00-05:00", "end": "2026-11-23T16:00:00-05:00",
                 "user": {"id": "PDAN", "summary": "Dan"}}]}}"#;

#[test]
fn pagerduty_layers_restrictions_and_overrides() {
    let imported = &pagerduty::schedules(PAGERDUTY).unwrap()[0];
    assert_eq!(imported.people["PALICE"], "Alice");
    assert_eq!(imported.lost.len(), 1, "{:?}", imported.lost);
    // 9 November 2015 plus an even number of weeks is Alice's.
    for (when, person) in [
        ("2015-11-09T15:00:00Z", "PALICE"),
        ("2015-11-16T15:00:00Z", "PBOB"),
        ("2015-11-08T04:00:00Z", "PCAROL"),
        ("2015-11-09T13:59:00Z", "PBOB"), // before the virtual start the round goes backwards
        ("2026-11-23T14:30:00Z", "PALICE"),
        ("2026-11-23T20:30:00Z", "PDAN"),
        ("2026-11-24T01:00:00Z", "PCAROL"),
        ("2026-11-24T11:00:00Z", "PALICE"),
        ("2026-11-22T18:00:00Z", "PCAROL"),
    ] {
        assert_eq!(who(imported, when), [person], "{when}");
    }
    assert!(who(imported, "2026-12-02T18:00:00Z").is_empty(), "the layer has ended");
    let fault = pagerduty::schedules(&PAGERDUTY.replace("America/New_York", "Eastern")).err().unwrap();
    assert_eq!(fault.field, "schedule.time_zone");
}

const OPSGENIE: &str = r#"{"data": [{"id": "s1", "name": "ops", "timezone": "Europe/Berlin", "enabled": true,
  "rotations": [
    {"id": "r1", "name": "day", "startDate": "2026-01-05T08:00:00Z", "type": "weekly", "length": 1,
     "participants": [{"type": "user", "id": "u1", "username": "ada@example.org"}, {"type": "none"}],
     "timeRestriction": {"type": "weekday-and-time-of-day", "restrictions": [
       {"startDay": "monday", "startHour": 9, "startMin": 0, "endDay": "friday", "endHour": 17, "endMin": 30}]}},
    {"id": "r2", "name": "night", "startDate": "2026-01-05T20:00:00Z", "endDate": "2026-06-01T00:00:00Z", "type": "hourly", "length": 12,
     "participants": [{"type": "user", "id": "u2"}, {"type": "team", "id": "t1", "name": "core"}],
     "timeRestriction": {"type": "time-of-day", "restriction": {"startHour": 20, "startMin": 0, "endHour": 8, "endMin": 0}}}],
  "overrides": [
    {"alias": "o1", "user": {"type": "user", "id": "u9"}, "startDate": "2026-01-07T10:00:00Z", "endDate": "2026-01-07T12:00:00Z",
     "rotations": [{"id": "r1", "name": "day"}]},
    {"alias": "o2", "user": {"type": "user", "id": "u8"}, "startDate": "2026-01-09T00:00:00Z", "endDate": "2026-01-10T00:00:00Z", "rotations": []}]}]}"#;

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
}

const GOALERT: &str = r#"{"data": {"schedule": {"id": "s", "name": "web", "timeZone": "America/Chicago",
   "targets": [
     {"target": {"id": "r1", "type": "rotation", "name": "primary"}, "rules": [
        {"start": "08:00", "end": "20:00", "weekdayFilter": [false, true, true, true, true, true, false]}]},
     {"target": {"id": "u7", "type": "user", "name": "Gil"}, "rules": [
        {"start": "20:00", "end": "08:00", "weekdayFilter": [true, false, false, false, false, false, true]},
        {"start": "00:00", "end": "00:00", "weekdayFilter": [false, false, false, true, false, false, false]}]},
     {"target": {"id": "gone", "type": "rotation"}, "rules": []}],
   "temporarySchedules": [{"start": "2026-11-26T00:00:00Z", "end": "2026-11-27T00:00:00Z",
     "shifts": [{"userID": "u5", "start": "2026-11-26T06:00:00Z", "end": "2026-11-26T18:00:00Z"}]}]},
 "rotations": [{"id": "r1", "name": "primary", "type": "weekly", "start": "2026-01-05T15:00:00Z", "timeZone": "America/Chicago",
   "shiftLength": 1, "activeUserIndex": 2, "userIDs": ["u1", "u2", "u3"]}],
 "userOverrides": [{"start": "2026-11-24T14:00:00Z", "end": "2026-11-24T20:00:00Z", "addUser": {"id": "u9"}, "removeUser": {"id": "u3"}},
                   {"start": "2026-11-25T14:00:00Z", "end": "2026-11-25T20:00:00Z", "removeUser": {"id": "u3"}}]}}"#;

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
    assert_eq!(imported.lost.len(), 1, "{:?}", imported.lost);
    let fault = goalert::schedule(
        &GOALERT.replace("\"08:00\", \"end\": \"20:00\"", "\"8\", \"end\": \"20:00\""),
        at("2026-11-23T18:00:00Z"),
    );
    assert_eq!(fault.unwrap_err().field, "data.schedule.targets[0].rules[0].start");
}

const GRAFANA: &str = r#"{"schedules": [{"id": "S", "name": "web", "type": "web", "time_zone": "Europe/Berlin",
   "shifts": ["base", "second", "high", "over", "once", "monthly", "gone"]}],
 "on_call_shifts": [
   {"id": "base", "name": "base", "type": "rolling_users", "start": "2026-01-05T00:00:00", "duration": 86400, "frequency": "daily",
    "interval": 1, "level": 1, "rolling_users": [["ada"], ["bob"]], "start_rotation_from_user_index": 1, "time_zone": "UTC"},
   {"id": "second", "type": "recurrent_event", "start": "2026-01-05T12:00:00", "duration": 3600, "frequency": "weekly", "interval": 2,
    "by_day": ["MO", "WE"], "week_start": "MO", "level": 1, "users": ["cy"], "time_zone": "UTC"},
   {"id": "high", "type": "rolling_users", "start": "2026-01-05T18:00:00", "duration": 14400, "frequency": "daily", "interval": 1,
    "level": 5, "rolling_users": [["dee"], ["eve", "fay"]]},
   {"id": "over", "type": "override", "start": "2026-01-08T00:00:00", "duration": 7200, "users": ["gil"], "time_zone": "UTC"},
   {"id": "once", "type": "single_event", "start": "2026-01-09T10:00:00", "duration": 3600, "level": 9, "users": ["hal"], "time_zone": "UTC"},
   {"id": "monthly", "type": "recurrent_event", "start": "2026-01-09T10:00:00", "duration": 3600, "frequency": "monthly",
    "by_monthday": [1], "users": ["hal"]}]}"#;

#[test]
fn grafana_levels_replace_and_equal_levels_join() {
    let imported = &grafana::schedules(GRAFANA).unwrap()[0];
    for (when, people) in [
        ("2026-01-05T10:00:00Z", vec!["bob"]),
        ("2026-01-06T10:00:00Z", vec!["ada"]),
        ("2026-01-05T12:30:00Z", vec!["bob", "cy"]),
        ("2026-01-12T12:30:00Z", vec!["ada"]),
        ("2026-01-19T12:30:00Z", vec!["bob", "cy"]),
        ("2026-01-05T17:30:00Z", vec!["dee"]),
        ("2026-01-06T20:59:00Z", vec!["eve", "fay"]),
        ("2026-01-06T21:00:00Z", vec!["ada"]),
        ("2026-01-08T01:00:00Z", vec!["gil"]),
        ("2026-01-09T10:30:00Z", vec!["hal"]),
    ] {
        assert_eq!(who(imported, when), people, "{when}");
    }
    assert_eq!(imported.lost.len(), 2, "{:?}", imported.lost);
}
