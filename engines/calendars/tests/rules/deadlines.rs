//! Regulator clocks: shipped packs and the rules of counting.

use mainstay_calendars::deadline::{Case, Deadline, DeadlineState, Pack, deadlines, next_due, shipped};
use mainstay_calendars::problem::from_json;

use crate::at;

fn with<T>(packs: &[Pack], case: &str, now: &str, check: impl FnOnce(&[Deadline<'_>]) -> T) -> T {
    let case: Case = from_json(case).unwrap();
    check(&deadlines(packs, &case, at(now)).unwrap())
}

fn one<'a, 'b>(clocks: &'b [Deadline<'a>], id: &str) -> &'b Deadline<'a> {
    clocks.iter().find(|clock| clock.id == id).unwrap()
}

#[test]
fn shipped_packs_are_sound_dated_and_not_claimed_to_be_verified() {
    let packs = shipped();
    for pack in &packs {
        pack.check().unwrap();
        for clock in &pack.clocks {
            assert!(clock.source.starts_with("https://") && !clock.basis.is_empty(), "{}", clock.id);
            assert!(!clock.verified || pack.reviewed_by.is_some(), "{} has no reviewer", clock.id);
            if let Some(after) = &clock.after {
                assert!(
                    packs.iter().flat_map(|pack| &pack.clocks).any(|other| other.id == *after),
                    "{after}"
                );
            }
        }
    }
    let mut ids: Vec<&str> =
        packs.iter().flat_map(|pack| &pack.clocks).map(|clock| clock.id.as_str()).collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "ids are unique over all packs");
}

#[test]
fn hours_run_through_the_weekend_and_caps_hold() {
    // Friday; classified Saturday evening, later than 24 h after becoming aware.
    let case = r#"{"zone": "Europe/Berlin", "facts": ["no_weekend_relief"],
        "anchors": {"aware": "2026-11-20T10:00:00Z", "classified": "2026-11-21T20:00:00Z"}}"#;
    with(&shipped(), case, "2026-11-22T10:00:00Z", |clocks| {
        let gdpr = one(clocks, "gdpr.authority");
        assert_eq!((gdpr.due, gdpr.state), (Some(at("2026-11-23T10:00:00Z")), DeadlineState::Running));
        assert!((gdpr.used_percent.unwrap() - 200.0 / 3.0).abs() < 1e-9);
        assert_eq!(one(clocks, "dora.initial_no_relief").due, Some(at("2026-11-22T00:00:00Z")));
        assert_eq!(one(clocks, "dora.initial").state, DeadlineState::NotApplicable);
        assert_eq!(next_due(clocks).unwrap().id, "nis2.early_warning");
        assert!(clocks.iter().all(|clock| !clock.id.starts_with("circia")), "packs that are off give none");
    });
    let early = r#"{"anchors": {"aware": "2026-11-19T10:00:00Z", "classified": "2026-11-20T09:00:00Z"}, "facts": ["no_weekend_relief"]}"#;
    with(&shipped(), early, "2026-11-20T09:30:00Z", |clocks| {
        assert_eq!(
            one(clocks, "dora.initial_no_relief").due,
            Some(at("2026-11-20T10:00:00Z")),
            "24 h after aware"
        );
    });
}

#[test]
fn weekend_relief_goes_to_noon_of_the_next_working_day() {
    let case = r#"{"zone": "Europe/Berlin", "anchors": {"aware": "2026-11-20T20:00:00Z", "classified": "2026-11-21T01:00:00Z"}}"#;
    with(&shipped(), case, "2026-11-21T02:00:00Z", |clocks| {
        let initial = one(clocks, "dora.initial");
        assert_eq!(initial.due, Some(at("2026-11-23T11:00:00Z")));
        assert_eq!(initial.because.last().unwrap(), "2026-11-21 is no business day, moved to 2026-11-23");
        assert_eq!(one(clocks, "dora.intermediate").state, DeadlineState::Waiting);
    });
}

#[test]
fn a_report_starts_the_next_clock_and_months_are_clamped() {
    let case = r#"{"zone": "Europe/Berlin", "anchors": {"aware": "2026-01-28T10:00:00Z"},
        "reports": {"nis2.notification": ["2026-01-31T12:00:00Z"], "nis2.early_warning": ["2026-01-29T10:00:00Z"]}}"#;
    with(&shipped(), case, "2026-02-10T00:00:00Z", |clocks| {
        assert_eq!(one(clocks, "nis2.early_warning").state, DeadlineState::Met, "at due is in time");
        assert_eq!(one(clocks, "nis2.notification").state, DeadlineState::Late);
        // The last day ends at midnight on the wall.
        assert_eq!(one(clocks, "nis2.final").due, Some(at("2026-02-28T23:00:00Z")));
    });
}

#[test]
fn business_days_year_ends_and_validity() {
    let case = r#"{"zone": "America/New_York", "facts": ["sec_registrant", "hipaa"],
        "anchors": {"materiality_determined": "2026-11-25T15:00:00Z", "discovered": "2026-03-01T15:00:00Z"}}"#;
    with(&shipped(), case, "2026-11-26T00:00:00Z", |clocks| {
        let filing = one(clocks, "sec.8k").due;
        assert_eq!(
            filing,
            Some(at("2026-12-02T22:30:00Z")),
            "Wednesday 17:30: Thanksgiving is no business day"
        );
        assert_eq!(
            one(clocks, "hipaa.hhs_small").due,
            Some(at("2027-03-02T05:00:00Z")),
            "1 March, end of day"
        );
        assert_eq!(one(clocks, "hipaa.hhs_large").state, DeadlineState::NotApplicable);
    });
    let before = r#"{"anchors": {"aware": "2026-09-10T12:00:00Z"}, "facts": ["severe_incident"]}"#;
    with(&shipped(), before, "2026-09-12T00:00:00Z", |clocks| {
        let clock = one(clocks, "cra.incident_warning");
        assert_eq!(clock.state, DeadlineState::NotApplicable);
        assert!(clock.because[0].contains("not in force on 2026-09-10"));
    });
}

/// The due moment of one clock of the shipped packs.
fn due(id: &str, case: &str, now: &str) -> Option<mainstay_calendars::moment::Moment> {
    with(&shipped(), case, now, |clocks| one(clocks, id).due)
}

#[test]
fn worked_examples() {
    let lines = include_str!("worked-examples.txt").lines().filter(|line| !line.starts_with('#'));
    for line in lines {
        let cells: Vec<&str> = line.split(" | ").collect();
        let [id, zone, fact, anchor, when, expected, why] = cells[..] else { panic!("{line}") };
        let facts = if fact == "-" { String::new() } else { format!("\"{fact}\"") };
        let case =
            format!(r#"{{"zone": "{zone}", "facts": [{facts}], "anchors": {{"{anchor}": "{when}"}}}}"#);
        assert_eq!(due(id, &case, "2028-06-01T00:00:00Z"), Some(at(expected)), "{id}: {why}");
    }
}

#[test]
fn holidays_of_the_place_move_a_weekend_rule() {
    let case = |calendars: &str| {
        format!(
            r#"{{"zone": "Europe/Berlin", "anchors": {{"aware": "2026-12-24T18:00:00Z", "classified": "2026-12-24T22:00:00Z"}}{calendars}}}"#
        )
    };
    let now = "2026-12-25T00:00:00Z";
    assert_eq!(
        due("dora.initial", &case(""), now),
        Some(at("2026-12-25T02:00:00Z")),
        "a Friday like any other"
    );
    let calendars = r#", "calendars": {"working_days": {"zone": "Europe/Berlin", "hours": [{"days": ["mon", "tue", "wed", "thu", "fri"],
        "from": "00:00", "to": "24:00"}], "holidays": [{"date": "2026-12-25", "name": "Christmas"}]}}"#;
    assert_eq!(due("dora.initial", &case(calendars), now), Some(at("2026-12-28T11:00:00Z")), "Monday noon");
}

#[test]
fn several_clocks_run_at_once_and_the_next_is_named() {
    let case = r#"{"zone": "Europe/Berlin", "facts": ["no_weekend_relief", "high_risk", "uk_personal_data"],
        "anchors": {"aware": "2026-11-24T10:00:00Z", "classified": "2026-11-24T12:00:00Z"},
        "reports": {"nis2.early_warning": ["2026-11-24T22:00:00Z"], "dora.initial_no_relief": ["2026-11-24T15:00:00Z"]}}"#;
    with(&shipped(), case, "2026-11-25T10:00:00Z", |clocks| {
        let open: Vec<(&str, Option<f64>)> = clocks
            .iter()
            .filter(|clock| clock.state.is_open())
            .map(|clock| (clock.id, clock.used_percent.map(f64::round)))
            .collect();
        let third = Some(33.0);
        assert_eq!(
            open,
            [
                ("gdpr.data_subjects", None), // no period is fixed, so it is before all that have one
                ("gdpr.authority", third),
                ("nis2.notification", third),
                ("uk.ico", third),
                ("dora.intermediate_no_relief", Some(26.0)),
            ]
        );
        assert_eq!(next_due(clocks).unwrap().id, "gdpr.authority");
        let met = one(clocks, "nis2.early_warning");
        assert_eq!((met.state, met.used_percent), (DeadlineState::Met, Some(50.0)));
        let at_once = one(clocks, "gdpr.data_subjects");
        assert_eq!((at_once.state, at_once.due), (DeadlineState::Running, None));
        let alarms: Vec<_> =
            one(clocks, "gdpr.authority").marks.iter().map(|mark| mark.at.unwrap()).collect();
        assert_eq!(alarms[..2], [at("2026-11-25T22:00:00Z"), at("2026-11-26T16:00:00Z")], "50 and 75 %");
    });
    with(&shipped(), case, "2026-11-27T12:00:00Z", |clocks| {
        let late: Vec<&str> = clocks
            .iter()
            .filter(|clock| clock.state == DeadlineState::Overdue)
            .map(|clock| clock.id)
            .collect();
        assert_eq!(late, ["gdpr.authority", "nis2.notification", "uk.ico"], "dora's is three hours away");
    });
}

#[test]
fn what_a_case_cannot_say_is_refused() {
    for (case, field) in [
        (r#"{"anchors": {"year_end": "2026-12-31T00:00:00Z"}}"#, "anchors.year_end"),
        (r#"{"anchors": {}, "reports": {"gdpr.authorities": []}}"#, "reports.gdpr.authorities"),
        (r#"{"anchors": {}, "facts": ["high_risk", "high-risk"]}"#, "facts[1]"),
    ] {
        let case: Case = from_json(case).unwrap();
        assert_eq!(case.check(&shipped()).unwrap_err().field, field);
        assert!(deadlines(&shipped(), &case, at("2026-11-23T08:00:00Z")).is_ok(), "old cases are still told");
    }
}

#[test]
fn repeating_clocks_run_until_their_end() {
    let pack = r#"[{"id": "own", "title": "own", "version": "1", "clocks": [{"id": "own.update", "title": "update",
        "recipient": "customer", "anchor": "aware", "amount": 4, "unit": "hours", "repeats": true, "until": "handled",
        "basis": "contract", "source": "contract"}]}]"#;
    let packs: Vec<Pack> = from_json(pack).unwrap();
    let case = |more: &str| {
        format!(
            r#"{{"anchors": {{"aware": "2026-11-23T08:00:00Z" {more}}},
        "reports": {{"own.update": ["2026-11-23T11:00:00Z", "2026-11-23T15:30:00Z"]}}}}"#
        )
    };
    with(&packs, &case(""), "2026-11-23T16:00:00Z", |clocks| {
        assert_eq!(
            (clocks[0].cycle, clocks[0].due),
            (2, Some(at("2026-11-23T19:30:00Z"))),
            "the open one is first"
        );
        assert_eq!(clocks[2].state, DeadlineState::Late);
    });
    with(&packs, &case(r#", "handled": "2026-11-23T15:00:00Z""#), "2026-11-23T16:00:00Z", |clocks| {
        assert_eq!(clocks.len(), 2);
    });
}

#[test]
fn faults_name_the_clock() {
    let pack = |clock: &str| {
        format!(
            r#"[{{"id": "p", "title": "p", "version": "1", "clocks": [{{"id": "c", "title": "c",
        "recipient": "r", "basis": "b", "source": "s", {clock}}}]}}]"#
        )
    };
    let case: Case = from_json(r#"{"anchors": {}}"#).unwrap();
    for (clock, field) in [
        (r#""anchor": "aware", "amount": 0, "unit": "hours""#, "packs[0].clocks[0].amount"),
        (r#""anchor": "aware", "amount": 1, "unit": "without_delay""#, "packs[0].clocks[0].amount"),
        (r#""anchor": "previous_report", "amount": 1, "unit": "hours""#, "packs[0].clocks[0].after"),
        (
            r#""anchor": "aware", "amount": 1, "unit": "business_days", "calendar": "x""#,
            "packs[0].clocks[0].calendar",
        ),
    ] {
        let packs: Vec<Pack> = from_json(&pack(clock)).unwrap();
        assert_eq!(deadlines(&packs, &case, at("2026-11-23T08:00:00Z")).unwrap_err().field, field);
    }
    let wrong =
        from_json::<Vec<Pack>>(&pack(r#""anchor": "noticed", "amount": 1, "unit": "hours""#)).unwrap_err();
    assert_eq!(wrong.field, "[0].clocks[0].anchor");
}
