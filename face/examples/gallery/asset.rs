//! One host: forecast, load, patches, backups, evidence.

use mainstay_face::ui::{
    Act, Chart, Fact, Forecast, Limit, Page, Row, Run, State, Words, card, chart, evidence, facts,
    outline_tag, pad, plain_tag, rows, runs, split, state_card, tabs, tag, tiles,
};
use maud::{Markup, html};

use crate::pages::open;

const DAY: f64 = 86_400.0;

/// The page.
pub fn page(words: &Words) -> Page {
    let seen = words.now - jiff::SignedDuration::from_secs(4);
    Page::new("db-01")
        .section("assets")
        .crumb("Assets", "/assets")
        .marks(html! {
            (tag(State::Warn, "Needs attention")) (outline_tag("Host")) (outline_tag("production"))
            span.sm.dim { "Debian 12.12, PostgreSQL 15.14, seen " (words.ago(seen)) }
        })
        .lead(html! {
            "Carries " (open("Webshop")) ", " (open("ERP")) " and " (open("Customer portal")) ". Owned by Priya Nair."
        })
        .act(Act::link("Run a plan", "/maintenance").key("r"))
        .above(tabs(
            "db-01",
            &[
                ("Overview", None, "/assets".into()),
                ("Findings", Some(4), "/assets".into()),
                ("Patches", Some(3), "/assets".into()),
                ("Backups", None, "/assets".into()),
                ("Database", None, "/assets".into()),
                ("Access", None, "/assets".into()),
                ("History", None, "/assets".into()),
            ],
            "Overview",
        ))
        .main(html! {
            (state_card(State::Warn, "/var reaches its limit around 2 December", "30 Nov to 5 Dec, 80 % likely", html! {
                (pad(chart(&forecast())))
                (split(html! {
                    b { "audit_log" } " grows 2.1 GB a day and keeps 5 years; policy asks for 2. Purging older rows frees "
                    b.num { "61 GB" } ", the next limit is then in April."
                }, &Act::link("Plan purge for Tue 02:00", "/maintenance").primary().small()))
            }))
            (tiles("Load", &load()))
            (card("Patches", "applied Tue 02:00, weekly", rows(&patches())))
            (card("Not visible", "", pad(evidence("/etc/shadow", words.when(seen), "9f86d081884c7d659a2f", "stat: Permission denied\n"))))
        })
        .wide_aside(html! {
            (state_card(State::Ok, "Backups", "every 6 h", backups()))
            (state_card(State::Work, "Compliance", "17 of 18", rows(&controls())))
        })
}

fn forecast() -> Chart {
    let use_of = |day: f64| 55.0 + day * 0.97 + (day * 1.3).sin() * 1.4;
    let past: Vec<(f64, f64)> = (0..=30).map(|day| (f64::from(day) * DAY, use_of(f64::from(day)))).collect();
    let step = |day: f64, low: f64, middle: f64, high: f64| ((30.0 + day) * DAY, low, middle, high);
    Chart {
        words: "Use of /var over 30 days and forecast: 95 percent around 2 December".into(),
        past,
        axis: [(0.0, "24 Oct"), (15.0, "8 Nov"), (30.0, "today"), (44.0, "7 Dec")]
            .map(|(day, word)| (day * DAY, word.to_owned()))
            .into(),
        grid: [40.0, 60.0, 80.0, 100.0].map(|value| (value, format!("{value}"))).into(),
        limit: Some(Limit { value: 95.0, label: "95 % limit".into() }),
        forecast: Some(Forecast {
            steps: vec![
                step(7.0, 89.0, 92.0, 95.0),
                step(9.0, 91.0, 95.0, 100.0),
                step(14.0, 96.0, 104.0, 112.0),
            ],
            hit: Some((39.0 * DAY, 95.0, "2 Dec".into())),
        }),
    }
}

fn load() -> [Fact; 4] {
    let course = |base: f64, swing: f64, pace: f64| {
        (0..48)
            .map(|n| base + (f64::from(n) * pace).sin() * swing + (f64::from(n) * 2.1).sin() * swing / 5.0)
            .collect()
    };
    [
        Fact::new("Processor", "34 %", "").samples(course(30.0, 12.0, 0.25)),
        Fact::new("Memory", "67 %", "").samples(course(64.0, 3.0, 0.05)),
        Fact::new("Query p95", "31 ms", "").samples(course(30.0, 4.0, 0.6)),
        Fact::new("Connections", "28", "of 96").samples(course(24.0, 6.0, 0.14)),
    ]
}

fn patches() -> [Row; 3] {
    let row = |state, name: &str, from_to: &str, why: &str, due: Markup| {
        Row::new(html! { b { (name) } " " span.mono.dim { (from_to) } })
            .state(state)
            .after(html! { span.sm.dim.wide-only { (why) } (due) })
    };
    [
        row(
            State::Bad,
            "postgresql-15",
            "15.14 to 15.15",
            "2 vulnerabilities, one reachable here",
            html! { span.tag.bad { "due in 2 days" } },
        ),
        row(
            State::Warn,
            "linux-image",
            "6.1.153 to 6.1.158",
            "needs a restart, window Sun 03:00",
            plain_tag("due in 9 days"),
        ),
        row(State::Unknown, "tzdata", "2026a to 2026b", "routine", plain_tag("due in 21 days")),
    ]
}

fn backups() -> Markup {
    let proven = [2, 6, 9, 13];
    let history: Vec<Run> =
        (0..14).map(|n| Run { state: State::Ok, is_proven: proven.contains(&n) }).collect();
    pad(html! { div.stack.tight {
        (runs("Last 14 runs, all succeeded, 4 restored", &history, html! { "14 ran, " span.proven-key { "4 restored" } }))
        div.sm { (facts([
            ("Last run", html! { "06:00, 1.9 GB new" }),
            ("Last restore test", html! { "Sat, 1,204 tables equal" }),
            ("Can lose at most", html! { span.num { "6 h " span.dim { "agreed 6 h" } } }),
            ("Back within", html! { span.num { "26 min " span.dim { "agreed 60 min" } } }),
            ("Copies", html! { "3, one unchangeable" }),
        ])) }
    } })
}

fn controls() -> [Row; 5] {
    let row =
        |state, name: &str, when: &str| Row::new(name).state(state).after(html! { span.sm.dim { (when) } });
    [
        row(State::Warn, "Critical patches within 7 days", "2 days left"),
        row(State::Ok, "Restore proven every 30 days", "2 days ago"),
        row(State::Ok, "Access reviewed every quarter", "3 Oct"),
        row(State::Ok, "Stored data encrypted", "today"),
        Row::new(open("All 18 with evidence")),
    ]
}
