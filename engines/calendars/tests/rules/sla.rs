//! SLA clocks: the field's known faults as cases.

use mainstay_calendars::problem::from_json;
use mainstay_calendars::sla::{Clock, ClockState, Event, IntervalKind, Rules, TargetKind, clocks};

use crate::at;

const RULES: &str = r#"{
  "calendars": {"office": {"zone": "Europe/Berlin", "hours": [{"days": ["mon","tue","wed","thu","fri"], "from": "09:00", "to": "17:00"}]},
                "always": {"hours": [{"from": "00:00", "to": "24:00"}]}},
  "policies": {
    "gold": {"targets": [
      {"kind": "first_response", "calendar": "office", "minutes": {"high": 30, "*": 120}},
      {"kind": "next_response", "calendar": "office", "minutes": {"*": 60}},
      {"kind": "resolution", "calendar": "office", "minutes": {"*": 480}, "paused_in": ["waiting"]}]},
    "anew": {"replan": "from_start", "targets": [{"kind": "resolution", "calendar": "always", "minutes": {"*": 480}}]},
    "plain": {"targets": [{"kind": "resolution", "minutes": {"high": 60}}]}}}"#;

fn with<T>(events: &str, now: &str, check: impl FnOnce(&[Clock<'_>]) -> T) -> T {
    let rules: Rules = from_json(RULES).unwrap();
    rules.check().unwrap();
    let events: Vec<Event> = from_json(events).unwrap();
    check(&clocks(&rules, &events, at(now)).unwrap())
}

fn of<'a, 'b>(clocks: &'b [Clock<'a>], kind: TargetKind, cycle: usize) -> &'b Clock<'a> {
    clocks.iter().find(|clock| clock.kind == kind && clock.cycle == cycle).unwrap()
}

const MINUTE: i64 = 60_000;

#[test]
fn a_pause_over_closed_hours_saves_nothing() {
    // Friday 16:00 to Monday 10:00 on the wall, waiting from Friday 18:00 to Sunday.
    let events = r#"[{"at": "2026-11-20T15:00:00Z", "kind": "created", "policy": "gold"},
        {"at": "2026-11-20T17:00:00Z", "kind": "changed", "state": "waiting"},
        {"at": "2026-11-22T12:00:00Z", "kind": "changed", "state": "open"}]"#;
    with(events, "2026-11-23T09:00:00Z", |clocks| {
        let clock = of(clocks, TargetKind::Resolution, 0);
        assert_eq!(clock.elapsed_ms, 120 * MINUTE);
        let paused = clock.intervals.iter().find(|one| one.kind == IntervalKind::Paused).unwrap();
        assert_eq!((paused.open_ms, paused.why.to_string()), (0, "paused in state waiting".to_owned()));
    });
}

#[test]
fn created_outside_hours_starts_at_the_opening() {
    let events =
        r#"[{"at": "2026-11-21T10:00:00Z", "kind": "created", "policy": "gold", "priority": "high"}]"#;
    with(events, "2026-11-22T10:00:00Z", |clocks| {
        let clock = of(clocks, TargetKind::FirstResponse, 0);
        assert_eq!(
            (clock.state, clock.elapsed_ms, clock.due),
            (ClockState::Closed, 0, Some(at("2026-11-23T08:30:00Z")))
        );
        assert_eq!(clock.intervals[0].why.to_string(), "closed hours");
    });
}

#[test]
fn each_unanswered_message_has_its_clock_and_late_is_late() {
    let events = r#"[{"at": "2026-11-23T08:00:00Z", "kind": "created", "policy": "gold"},
        {"at": "2026-11-23T08:10:00Z", "kind": "requester_message"},
        {"at": "2026-11-23T10:00:00Z", "kind": "agent_reply"},
        {"at": "2026-11-23T11:00:00Z", "kind": "requester_message"},
        {"at": "2026-11-23T11:30:00Z", "kind": "requester_message"},
        {"at": "2026-11-23T12:30:00Z", "kind": "agent_reply"},
        {"at": "2026-11-23T13:00:00Z", "kind": "requester_message"}]"#;
    with(events, "2026-11-23T13:20:00Z", |clocks| {
        let first = of(clocks, TargetKind::FirstResponse, 0);
        assert_eq!((first.state, first.breached), (ClockState::Met, None), "exactly at due is in time");
        let next = of(clocks, TargetKind::NextResponse, 0);
        assert_eq!((next.state, next.breached), (ClockState::Missed, Some(at("2026-11-23T12:00:00Z"))));
        let open = of(clocks, TargetKind::NextResponse, 1);
        assert_eq!(
            (open.state, open.due, open.remaining_ms),
            (ClockState::Running, Some(at("2026-11-23T14:00:00Z")), Some(40 * MINUTE))
        );
        assert_eq!(clocks.len(), 4);
    });
}

#[test]
fn a_new_policy_counts_from_the_change_or_from_the_start() {
    let created = r#"{"at": "2026-11-23T15:00:00Z", "kind": "created", "policy": "gold"}"#;
    let anew =
        format!(r#"[{created}, {{"at": "2026-11-23T19:00:00Z", "kind": "changed", "policy": "anew"}}]"#);
    with(&anew, "2026-11-23T20:00:00Z", |clocks| {
        assert_eq!(of(clocks, TargetKind::Resolution, 0).elapsed_ms, 300 * MINUTE, "all five hours");
    });
    let later = format!(
        r#"[{created}, {{"at": "2026-11-23T19:00:00Z", "kind": "changed", "policy": "plain", "priority": "high"}}]"#
    );
    with(&later, "2026-11-23T20:00:00Z", |clocks| {
        let clock = of(clocks, TargetKind::Resolution, 0);
        assert_eq!(clock.elapsed_ms, 120 * MINUTE, "one open hour before, one hour after");
        assert_eq!((clock.state, clock.breached), (ClockState::Breached, Some(at("2026-11-23T16:00:00Z"))));
    });
}

#[test]
fn reopening_goes_on_and_a_paused_clock_forecasts_from_now() {
    let events = r#"[{"at": "2026-11-23T08:00:00Z", "kind": "created", "policy": "gold"},
        {"at": "2026-11-23T10:00:00Z", "kind": "resolved"},
        {"at": "2026-11-24T08:00:00Z", "kind": "reopened"},
        {"at": "2026-11-24T09:00:00Z", "kind": "changed", "state": "waiting"}]"#;
    with(events, "2026-11-24T12:00:00Z", |clocks| {
        let clock = of(clocks, TargetKind::Resolution, 0);
        assert_eq!((clock.state, clock.elapsed_ms), (ClockState::Paused, 180 * MINUTE));
        assert_eq!(clock.due, Some(at("2026-11-25T09:00:00Z")));
        let kinds: Vec<IntervalKind> = clock.intervals.iter().map(|interval| interval.kind).collect();
        assert_eq!(
            kinds,
            [IntervalKind::Ran, IntervalKind::Stopped, IntervalKind::Ran, IntervalKind::Paused]
        );
        let half = clock.marks.iter().find(|mark| mark.percent == 50).unwrap();
        assert_eq!(half.at, Some(at("2026-11-24T13:00:00Z")));
    });
}

#[test]
fn no_promise_is_no_breach() {
    let events =
        r#"[{"at": "2026-11-23T08:00:00Z", "kind": "created", "policy": "plain", "priority": "low"}]"#;
    with(events, "2026-12-23T08:00:00Z", |clocks| {
        let clock = of(clocks, TargetKind::Resolution, 0);
        assert_eq!((clock.state, clock.target_ms, clock.due), (ClockState::NoTarget, None, None));
        assert_eq!(clock.intervals[0].why.to_string(), "the policy had no such target");
    });
}

#[test]
fn faults_name_the_event() {
    let rules: Rules = from_json(RULES).unwrap();
    for (events, field) in [
        ("[]", "events"),
        (r#"[{"at": "2026-11-23T08:00:00Z", "kind": "resolved"}]"#, "events[0].kind"),
        (r#"[{"at": "2026-11-23T08:00:00Z", "kind": "created"}]"#, "events[0].policy"),
        (r#"[{"at": "2026-11-23T08:00:00Z", "kind": "created", "policy": "tin"}]"#, "events[0].policy"),
        (
            r#"[{"at": "2026-11-23T08:00:00Z", "kind": "created", "policy": "gold"}, {"at": "2026-11-23T08:00:00Z", "kind": "changed", "calendar": "x"}]"#,
            "events[1].calendar",
        ),
    ] {
        let events: Vec<Event> = from_json(events).unwrap();
        assert_eq!(clocks(&rules, &events, at("2026-11-24T00:00:00Z")).unwrap_err().field, field);
    }
}
