//! Findings: the list over all assets, and one finding with its whole history and the facts behind it.

use axum::Router;
use axum::extract::{Form as Posted, Path};
use axum::routing::{get, post};
use mainstay_face::ui::{
    Act, Field, Form, Icon, Page, Pager, Row, Toast, card, code, empty, facts, field, form, hidden, link,
    live_rows, outline_tag, pad, pager, plain_card, rows, stack, tag, textarea, timeline, words,
};
use mainstay_face::{Answer, Caller, Cursor, Door, Query, door};
use mainstay_kernel::{Fault, Problem};
use mainstay_record::finding::{self, Finding, State};
use mainstay_record::{FindingId, Ref, work};
use maud::{Markup, html};
use serde::Deserialize;

use mainstay_face::{frame, look, told};

const PAGE: usize = 50;
/// One more tells whether there is another page.
const TO_READ: u32 = 51;

pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/findings", get(list))
        .route("/findings/{id}", get(one))
        .route("/findings/{id}/accept", get(accept_form).post(accept))
        .route("/findings/{id}/withdraw", post(withdraw))
        .route("/findings/{id}/task", post(task))
}

#[derive(Default, Deserialize)]
struct After {
    after: Option<Cursor>,
}

async fn list(caller: Caller, Query(asked): Query<After>) -> Answer {
    let key: (i64, i64) = asked.after.as_ref().and_then(Cursor::key).unwrap_or((-1, 0));
    let (found, counts, blind) = caller
        .read(move |tx, cx| {
            let found = finding::open(tx, cx, (key.0, FindingId(key.1)), TO_READ)?;
            Ok((found, finding::counts(tx, cx)?, finding::blind(tx, cx, "")?))
        })
        .await?;
    let words = frame::words(&caller);
    let shown: Vec<Row> = found.iter().take(PAGE).map(|(_, f)| {
        let body = html! { (link(&f.title, &format!("/findings/{}", f.id))) " " span.dim { "on " (f.asset_name) ". " (f.reason) } };
        Row::new(body).state(look::finding_state(f)).after(tag(look::finding_state(f), look::finding_words(f, &words))).id(f.id)
    }).collect();
    let older = found
        .get(PAGE - 1)
        .filter(|_| found.len() > PAGE)
        .map(|(rank, last)| format!("/findings?after={}", Cursor::of(&(*rank, last.id.0))));
    let main = if shown.is_empty() {
        plain_card(empty(
            Icon::Home,
            "No open findings",
            match (blind.is_waiting, blind.has_gaps) {
                (true, _) => "A host is being looked at for the first time.",
                (_, true) => {
                    "What could be seen shows none. Not everything could be seen: the pages of the assets say what."
                }
                _ => "Every rule looked and found nothing.",
            },
            html! {},
        ))
    } else {
        html! { (plain_card(live_rows("finding", &caller.path, rows(&shown)))) (pager(&Pager { words: format!("{} open, {} of them critical or high", counts.open, counts.critical + counts.high), newer: asked.after.is_some().then(|| "/findings".to_owned()), older })) }
    };
    frame::framed(
        &caller,
        Page::new("Findings")
            .section("assets")
            .crumb("Assets", "/assets")
            .lead("Worst first, then what is due first.")
            .live("finding")
            .main(main),
    )
    .await
}

fn texts(finding: &Finding, name: &str) -> Vec<String> {
    finding.detail[name]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|v| v.as_str())
        .map(str::to_owned)
        .collect()
}

/// The CVEs that an update closes, by its own changelog; nothing for findings of other rules.
fn closes(f: &Finding) -> Markup {
    let Some(note) = f.detail["cves_note"].as_str() else { return html! {} };
    let cves = texts(f, "cves");
    let said = if cves.is_empty() { String::new() } else { words::counted(cves.len() as u64, "CVE", "CVEs") };
    card(
        "What the update closes",
        said,
        pad(html! {
            @if !cves.is_empty() { p.mono { (cves.join("  ")) } }
            p.dim { (note) }
        }),
    )
}

async fn one(caller: Caller, Path(id): Path<String>) -> Answer {
    let id: FindingId = id.parse()?;
    let (f, history) = caller
        .read(move |tx, cx| {
            let f = finding::get(tx, cx, id)?;
            Ok((f, told::past(tx, cx, &Ref::from(id), 100)?))
        })
        .await?;
    let words = frame::words(&caller);
    let (evidence, fix) = (texts(&f, "evidence"), texts(&f, "fix"));
    let main = stack(html! {
        @if let Some(why) = f.detail["why"].as_str() { (card("Why it matters", "", pad(html! { p { (why) } }))) }
        (card("What was seen", html! { "by rule " span.mono { (f.rule) } }, pad(if evidence.is_empty() { html! { p.dim { "The rule gave no line of its own." } } } else { code("Evidence", &evidence.join("\n")) })))
        (closes(&f))
        @if !fix.is_empty() { (card("How to mend it", "", pad(code("Steps", &fix.join("\n"))))) }
        (card("History", "", timeline(&history.moments(&words))))
    });
    let when = |ms: Option<i64>| ms.map_or("none".to_owned(), frame::dated);
    let known = vec![
        ("Severity", f.severity.word().to_owned()),
        ("First seen", when(Some(f.first_seen_ms))),
        ("Open since", when(Some(f.opened_ms))),
        ("Last seen", when(Some(f.last_seen_ms))),
        ("Due", when(f.due_ms)),
        ("Opened", if f.times_opened == 1 { "once".to_owned() } else { format!("{} times", f.times_opened) }),
    ];
    let aside = html! {
        (card("Dates", "", pad(facts(known))))
        @if let Some(reason) = &f.accepted_reason { (card("Accepted", when(f.accepted_until_ms), pad(html! { p { (reason) } }))) }
        @if let Some(plan) = f.plan { (card("Plan", "", pad(html! { a.link href={ "/maintenance/plans/" (plan) } { "The plan that mends it" } }))) }
    };
    let marks = html! { (tag(look::finding_state(&f), look::finding_words(&f, &words))) (outline_tag(f.severity.word())) @if let Some(stale) = &f.stale { (outline_tag(format!("stale: {stale}"))) } };
    let mut page = Page::new(f.title.clone())
        .section("assets")
        .crumb("Assets", "/assets")
        .crumb(&f.asset_name, format!("/assets/{}", f.asset))
        .marks(marks)
        .lead(&f.reason)
        .live(format!("finding.{}", f.id.0))
        .refreshes(format!("/findings/{}", f.id))
        .main(main)
        .aside(aside);
    for act in acts(&f) {
        page = page.act(act);
    }
    frame::framed(&caller, page).await
}

fn acts(f: &Finding) -> Vec<Act> {
    let task = Act::post("Make it a task", format!("/findings/{}/task", f.id));
    match f.state {
        State::Gone => Vec::new(),
        State::Accepted => vec![Act::post("Withdraw acceptance", format!("/findings/{}/withdraw", f.id))],
        State::Open | State::Planned => {
            let accept = Act::link("Accept the risk", format!("/findings/{}/accept", f.id));
            if f.rule == "patches.update_waiting" {
                vec![
                    accept,
                    task,
                    Act::post("Plan updates", "/maintenance/plans")
                        .field("asset", f.asset.to_string())
                        .field("which", "security")
                        .primary(),
                ]
            } else {
                vec![accept, task.primary()]
            }
        }
    }
}

async fn accept_form(caller: Caller, Path(id): Path<String>) -> Answer {
    shown_form(&caller, &id, "", "", &[]).await
}

async fn shown_form(caller: &Caller, id: &str, reason: &str, until: &str, problems: &[Problem]) -> Answer {
    let id: FindingId = id.parse()?;
    let f = caller.read(move |tx, cx| finding::get(tx, cx, id)).await?;
    let fault = |name: &str| problems.iter().find(|p| p.field == name).map(|p| p.detail.clone());
    let fields: Markup = html! {
        (hidden("revision", f.revision))
        (textarea(&Field::new("reason", "Why is the risk acceptable?").value(reason).fault(fault("reason")).first()))
        (field(&Field::new("until", "Until").kind("date").value(until).fault(fault("until")).hint("On that day the finding is open again by itself.")))
    };
    let to = format!("/findings/{id}/accept");
    let acts = vec![Act::submit("Accept the risk").primary(), Act::link("Cancel", format!("/findings/{id}"))];
    let body = form(&Form { to, faults: Vec::new(), fields, acts });
    let page = Page::new("Accept the risk")
        .section("assets")
        .crumb(&f.asset_name, format!("/assets/{}", f.asset))
        .crumb(&f.title, format!("/findings/{id}"))
        .lead(&f.title);
    frame::framed(caller, page.main(card("Acceptance", "", pad(body)))).await
}

#[derive(Deserialize)]
struct Acceptance {
    revision: i64,
    reason: String,
    until: String,
}

/// Midnight at the end of a day, as the server's zone has it.
pub(super) fn end_of_day(text: &str, field: &str) -> Result<i64, Fault> {
    let wrong = |_| Fault::invalid(field, "malformed", "give a date as 2027-01-31");
    let date: jiff::civil::Date = text.trim().parse().map_err(wrong)?;
    let end = date.tomorrow().and_then(|next| next.to_zoned(jiff::tz::TimeZone::system())).map_err(wrong)?;
    Ok(end.timestamp().as_millisecond())
}

async fn accept(caller: Caller, Path(id): Path<String>, Posted(given): Posted<Acceptance>) -> Answer {
    let (finding_id, reason, seen): (FindingId, _, _) = (id.parse()?, given.reason.clone(), given.revision);
    let accepted = match end_of_day(&given.until, "until") {
        Ok(until_ms) => {
            caller.write(move |tx, cx| finding::accept(tx, cx, finding_id, seen, &reason, until_ms)).await
        }
        Err(fault) => Err(fault),
    };
    match accepted {
        Ok(()) => Ok(door::done(
            &format!("/findings/{id}"),
            Some(&Toast::new("Risk accepted").undo(format!("/findings/{id}/withdraw"))),
        )),
        Err(Fault::Invalid(problems)) => {
            shown_form(&caller, &id, &given.reason, &given.until, &problems).await
        }
        Err(other) => Err(other.into()),
    }
}

async fn withdraw(caller: Caller, Path(id): Path<String>) -> Answer {
    let finding_id: FindingId = id.parse()?;
    caller.write(move |tx, cx| finding::withdraw(tx, cx, finding_id)).await?;
    Ok(door::done(&format!("/findings/{id}"), Some(&Toast::new("Open again"))))
}

async fn task(caller: Caller, Path(id): Path<String>) -> Answer {
    let finding_id: FindingId = id.parse()?;
    let (_, number) = caller
        .write(move |tx, cx| {
            let f = finding::get(tx, cx, finding_id)?;
            let new = work::New {
                kind: "task".into(),
                title: f.title.chars().take(300).collect(),
                body: f.reason,
                priority: 2,
                asset: Some(f.asset),
                finding: Some(f.id),
                due_ms: f.due_ms,
                ..work::New::default()
            };
            work::create(tx, cx, &new)
        })
        .await?;
    Ok(door::done(
        &format!("/work/{number}"),
        Some(&Toast::new("Task opened. Closing it does not close the finding: its rule looks again.")),
    ))
}
