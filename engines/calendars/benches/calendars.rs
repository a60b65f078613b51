//! Figures of the budgets: who is on call in 10,000 schedules, a year of shifts, an SLA clock with 100 pauses.

use std::hint::black_box;
use std::time::Instant;

use mainstay_calendars::calendar::Calendar;
use mainstay_calendars::moment::{DAY_MS, HOUR_MS, MINUTE_MS, Moment, Span};
use mainstay_calendars::oncall::{Board, Schedule};
use mainstay_calendars::problem::from_json;
use mainstay_calendars::sla::{Event, EventKind, Rules, clocks};

const ZONES: [&str; 8] = [
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Africa/Casablanca",
    "Europe/Moscow",
    "America/Sao_Paulo",
];

fn main() {
    println!("| what | budget | median | p99 |");
    println!("|---|---|---|---|");
    let now: Moment = "2026-11-23T09:30:00Z".parse().expect("a time");
    on_call_in_many(now);
    year_of_shifts(now);
    sla_clock();
    business_time(now);
}

/// Schedules as teams have them: a weekly primary, nights, a weekend layer, an override now and then.
fn schedule(number: usize, layers: usize) -> Schedule {
    let zone = ZONES[number % ZONES.len()];
    let kinds = [
        r#"{"name": "primary", "participants": ["ada", "bob", "cy", "dee"], "rotation": {"every": "week", "start": "2025-01-06T09:00"}}"#,
        r#"{"name": "night", "participants": ["eve", "fay"], "rotation": {"every": "day", "start": "2025-01-06T20:00"}, "restrictions": [{"from": "20:00", "to": "08:00"}]}"#,
        r#"{"name": "weekend", "participants": ["gil", "hal", "ivy"], "rotation": {"every": "month", "start": "2025-01-31T09:00"}, "restrictions": [{"days": ["fri"], "from": "18:00", "to": "08:00", "to_day": "mon"}]}"#,
        r#"{"name": "office", "mode": "add", "participants": ["jo", "kim"], "rotation": {"every": "hour", "length": 12, "start": "2025-01-06T09:00"}, "restrictions": [{"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "17:00"}]}"#,
        r#"{"name": "sun", "mode": "beside", "zone": "Asia/Tokyo", "participants": ["lee", "mo"], "rotation": {"every": "day", "start": "2025-01-06T09:00"}, "restrictions": [{"from": "09:00", "to": "18:00"}]}"#,
    ];
    let kinds = kinds[..layers].join(",");
    let text = format!(
        r#"{{"name": "s{number}", "zone": "{zone}", "layers": [{kinds}],
            "overrides": [{{"from": "2026-11-23T09:00:00Z", "to": "2026-11-23T10:00:00Z", "kind": "replace", "person": "zoe", "instead_of": "ada"}}]}}"#
    );
    from_json(&text).expect("the schedule is sound")
}

fn on_call_in_many(now: Moment) {
    let boards: Vec<Board> =
        (0..10_000).map(|number| Board::new(&schedule(number, 1 + number % 5)).expect("sound")).collect();
    measure("on call now in 10,000 schedules of 1 to 5 layers", "50 ms", 1, 60, |round| {
        let at = now.plus_ms(i64::from(round) * HOUR_MS);
        boards.iter().map(|board| black_box(board.oncall(at)).len()).sum::<usize>()
    });
    let schedules: Vec<Schedule> = (0..10_000).map(|number| schedule(number, 1 + number % 5)).collect();
    measure("the same, schedules checked and laid out first", "–", 1, 10, |_| {
        schedules.iter().map(|schedule| Board::new(schedule).expect("sound").oncall(now).len()).sum::<usize>()
    });
}

fn year_of_shifts(now: Moment) {
    let board = Board::new(&schedule(0, 5)).expect("sound");
    let range = Span::new(now, now.plus_ms(365 * DAY_MS));
    let count = board.shifts(range).len();
    measure(&format!("a year of shifts of 5 layers ({count} shifts)"), "5 ms", 1, 200, |_| {
        board.shifts(range).len()
    });
}

fn sla_clock() {
    let rules: Rules = from_json(
        r#"{"calendars": {"office": {"zone": "Europe/Berlin", "hours": [{"days": ["mon","tue","wed","thu","fri"], "from": "09:00", "to": "17:00"}],
              "holidays": [{"date": "2026-12-25", "name": "Christmas", "yearly": true}]}},
            "policies": {"gold": {"targets": [{"kind": "resolution", "calendar": "office", "minutes": {"*": 4800}, "paused_in": ["waiting"]}]}}}"#,
    )
    .expect("the rules are sound");
    let start: Moment = "2026-11-02T08:00:00Z".parse().expect("a time");
    let mut created = Event::new(start, EventKind::Created);
    created.policy = Some("gold".to_owned());
    let mut events = vec![created];
    for pause in 0..100 {
        let at = start.plus_ms((30 + pause * 97) * MINUTE_MS);
        for (minutes, state) in [(0, "waiting"), (41, "open")] {
            let mut event = Event::new(at.plus_ms(minutes * MINUTE_MS), EventKind::Changed);
            event.state = Some(state.to_owned());
            events.push(event);
        }
    }
    let now = start.plus_ms(9_800 * MINUTE_MS);
    let found = clocks(&rules, &events, now).expect("sound").remove(0);
    let name = format!("SLA clock with 100 pauses, explained ({} intervals)", found.intervals.len());
    measure(&name, "20 µs", 200, 200, |_| clocks(&rules, &events, now).expect("sound").len());
}

fn business_time(now: Moment) {
    let calendar: Calendar = from_json(
        r#"{"zone": "Europe/Berlin", "hours": [{"days": ["mon","tue","wed","thu","fri"], "from": "09:00", "to": "17:00"}]}"#,
    )
    .expect("the calendar is sound");
    measure("add 40 business hours", "–", 1_000, 100, |_| {
        usize::from(black_box(&calendar).add_ms(now, 40 * HOUR_MS).is_some())
    });
    let year = now.plus_ms(365 * DAY_MS);
    measure("elapsed business time of a year", "–", 100, 100, |_| {
        usize::try_from(black_box(&calendar).elapsed_ms(now, year)).unwrap_or(0)
    });
}

/// Prints one row: the time of one act, over rounds of so many acts.
fn measure(what: &str, budget: &str, acts: u32, rounds: u32, act: impl Fn(u32) -> usize) {
    black_box(act(0));
    let mut times: Vec<f64> = (0..rounds)
        .map(|round| {
            let start = Instant::now();
            for _ in 0..acts {
                black_box(act(round));
            }
            start.elapsed().as_secs_f64() * 1e6 / f64::from(acts)
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
    println!("| {what} | {budget} | {} | {} |", shown(at(50)), shown(at(99)));
}

fn shown(microseconds: f64) -> String {
    if microseconds < 1_000.0 {
        format!("{microseconds:.2} µs")
    } else {
        format!("{:.2} ms", microseconds / 1_000.0)
    }
}
