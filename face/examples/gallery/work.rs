//! A list with paging, and a run with live output.

use std::sync::atomic::{AtomicU32, Ordering};

use axum::response::{IntoResponse, Response};
use mainstay_face::ui::{
    Act, Choice, Column, Field, More, Page, Row, State, Table, Words, card, live_rows, output, pager, rows,
    search_field, select, tag,
};
use mainstay_face::{Cursor, Paging, Query, Slice};
use maud::html;
use serde::Deserialize;

use crate::pages::Request;

const LAST: u32 = 2_431;
/// How often something happened since the start.
pub static TICKS: AtomicU32 = AtomicU32::new(0);
const TITLES: [(&str, &str, State, &str); 8] = [
    ("VPN drops every hour since Friday", "Lena Okafor", State::Warn, "Due in 38 min"),
    ("Webshop checkout: 14 people report failed payments", "Joined to #2438", State::Bad, "Late"),
    ("New starter on 1 December: laptop, ERP", "Marc Dubois", State::Work, "3 of 9 steps"),
    ("Shared mailbox for the spring fair", "Sofia Lindqvist", State::Unknown, "Waits for approval"),
    ("Report export stops at 10,000 rows", "Aiko Tanaka", State::Unknown, "With the vendor"),
    ("Printer on floor 2 prints blank pages", "Karim Haddad", State::Work, "Visit at 13:00"),
    ("Reset link says it has expired", "Eva Novak", State::Ok, "Answered"),
    ("Access to the tender archive", "Paul Adeyemi", State::Unknown, "Owner asked"),
];

/// The list: newest first, a keyset page at a time.
pub async fn list(request: Request, Query(mut paging): Query<Paging>) -> Response {
    paging.limit = paging.limit.or(Some(8));
    request.framed(|words| page(words, &paging))
}

fn page(words: &Words, paging: &Paging) -> Page {
    let slice = read(paging);
    let columns = [
        Column::new("Title").sorted("/work", None),
        Column::new("Who"),
        Column::new("State"),
        Column::figure("Number").sorted("/work?sort=-number", Some("descending")),
        Column::figure("Changed"),
        Column::acts("Next step"),
    ];
    let mut table = Table::new("Open work", columns);
    for number in &slice.items {
        let (title, who, state, said) = TITLES[*number as usize % TITLES.len()];
        let changed =
            words.now - jiff::SignedDuration::from_secs(i64::from(LAST.saturating_sub(*number)) * 2_000 + 60);
        table = table.line_of(
            number,
            [
                html! { a href="/incidents" { (title) } },
                html! { (who) },
                tag(state, said),
                html! { "#" (number) },
                words.ago(changed),
                html! { (Act::link("Open", "/incidents").small()) },
            ],
        );
    }
    let choices = [Choice::new("", "Everyone"), Choice::new("me", "Me"), Choice::new("none", "Nobody")];
    Page::new("18 requests are open, 1 is close to its limit")
        .section("work")
        .live("work")
        .act(Act::link("New request", "/forms").primary().key("c"))
        .above(search_field("/work", "q", "Look for", "", select(&Field::new("owner", "Owner"), &choices)))
        .main(html! {
            section.card {
                (live_rows("work", "/work", table))
                (pager(&slice.pager("/work", &[], "Newest first")))
            }
        })
}

fn read(paging: &Paging) -> Slice<u32> {
    let key = |cursor: Option<&Cursor>| cursor.and_then(Cursor::key::<u32>);
    let to_read = paging.to_read() as usize;
    let last = LAST + TICKS.load(Ordering::Relaxed);
    let numbers: Vec<u32> = match (key(paging.after.as_ref()), key(paging.before.as_ref())) {
        (_, Some(before)) => (before.saturating_add(1)..=last).take(to_read).collect(),
        (Some(after), _) => (2_400..after.min(last)).rev().take(to_read).collect(),
        _ => (2_400..=last).rev().take(to_read).collect(),
    };
    Slice::new(numbers, paging, |number| *number)
}

/// A run whose output grows.
pub fn run(_: &Words) -> Page {
    let text =
        "Reading package lists\nThe following packages will be upgraded:\n  libssl3 postgresql-15 tzdata\n";
    let more = More { href: "/maintenance/output".into(), offset: 0, topics: "output.812".into() };
    Page::new("Patching db-01, step 2 of 4")
        .section("maintenance")
        .crumb("Maintenance", "/maintenance")
        .crumb("Weekly patches", "/maintenance")
        .marks(html! { (tag(State::Work, "Running")) span.sm.dim { "since 09:41, approved by Ines Marlow" } })
        .act(Act::post("Stop after this step", "/remove").danger())
        .live("output.812")
        .main(html! { div.stack {
            (output("Output", "libssl3 3.0.17 to 3.0.18", text, &more, Some("/maintenance")))
            (card("Steps", "2 of 4", rows(&[
                Row::new("Save the packages that will be replaced").state(State::Ok).after(html! { span.sm.dim { "done 09:41" } }),
                Row::new("Install exactly what was approved").state(State::Work).after(html! { span.sm.work-text { "running" } }),
                Row::new("Restart what still uses old files").state(State::Unknown).after(html! { span.sm.dim { "to come" } }),
                Row::new("Look again").state(State::Unknown).after(html! { span.sm.dim { "to come" } }),
            ])))
        } })
}

#[derive(Deserialize)]
pub struct From {
    from: usize,
}

/// What was written from an offset on.
pub async fn output_from(Query(asked): Query<From>) -> Response {
    let lines = 0..TICKS.load(Ordering::Relaxed);
    let text: String = lines
        .flat_map(|n| ["Unpacking libssl3 (3.0.18-1~deb12u1), ".to_owned(), n.to_string(), " …\n".to_owned()])
        .collect();
    let next = text.len().to_string();
    ([("x-next", next)], text.get(asked.from..).unwrap_or_default().to_owned()).into_response()
}
