//! Maintenance: plans, one plan with its simulation and approval, one run with its output.

use axum::Router;
use axum::extract::{Form as Posted, Path};
use axum::routing::{get, post};
use mainstay_face::ui::{
    Act, Column, Field, Form, Icon, Link, Page, Row, State as Mark, Table, Toast, banner, card, chain, empty,
    facts, field, form, hidden, link, live_rows, outline_tag, pad, plain_card, rows, stack, tag, timeline,
    words,
};
use mainstay_face::{Answer, Caller, Door, door};
use mainstay_kernel::access::Scope;
use mainstay_kernel::store::Tx;
use mainstay_kernel::{Cx, Fault, Problem};
use mainstay_patches::{BACK, Which};
use mainstay_record::plan::{self, Plan, State};
use mainstay_record::run::{self, Run};
use mainstay_record::{AssetId, PlanId, Ref, asset, evidence, rights};
use mainstay_wire::{Saved, Simulation};
use maud::{Markup, html};
use serde::Deserialize;

use super::{assets::evidence_rows, frame, runs, told};

pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/maintenance", get(list))
        .route("/maintenance/plans", post(prepare))
        .route("/maintenance/plans/{id}", get(one))
        .route("/maintenance/plans/{id}/approve", post(approve))
        .route("/maintenance/plans/{id}/cancel", post(cancel))
        .route("/maintenance/plans/{id}/back", post(go_back))
}

fn mark(state: State) -> Mark {
    match state {
        State::Done => Mark::Ok,
        State::Failed => Mark::Bad,
        State::Cancelled => Mark::Unknown,
        _ => Mark::Work,
    }
}

async fn list(caller: Caller) -> Answer {
    let (plans, runs) = caller
        .read(|tx, cx| {
            let plans = plan::list(tx, cx, PlanId(i64::MAX), 50)?;
            let mut named = Vec::new();
            for run in run::latest(tx, cx, 30)? {
                let name = asset::get(tx, cx, run.asset)?.name;
                named.push((run, name));
            }
            Ok((plans, named))
        })
        .await?;
    let words = frame::words(&caller);
    let mut table = Table::new("Plans", [Column::new("Plan"), Column::new("State"), Column::new("Prepared")]);
    for p in &plans {
        table = table.line_of(
            p.id,
            [
                html! { (link(&p.title, &format!("/maintenance/plans/{}", p.id))) " " span.num.dim { "#" (p.number) } },
                tag(mark(p.state), p.state.word()),
                words.when(frame::at(p.created_ms)),
            ],
        );
    }
    let ran: Vec<Row> = runs.iter().map(|(r, name)| Row::new(html! { (link(format!("{} on {name}", r.step), &format!("/maintenance/runs/{}", r.id))) " " span.dim { (r.outcome.as_ref().map_or("", |o| o.summary.as_str())) } }).state(runs::mark(r)).when(words.when(frame::at(r.created_ms))).id(r.id)).collect();
    let main = stack(html! {
        @if plans.is_empty() { (plain_card(empty(Icon::Maintenance, "No plans yet", "A plan takes the updates of one host: simulated first, applied only as approved, verified by looking again.", html! { a.btn href="/assets" { "Choose a host" } }))) }
        @else { (plain_card(live_rows("plan,run", "/maintenance", table))) }
        (card("Runs", "newest first", if ran.is_empty() { empty(Icon::Maintenance, "Nothing ran yet", "Every run keeps its output.", html! {}) } else { live_rows("run", "/maintenance", rows(&ran)) }))
    });
    frame::framed(
        &caller,
        Page::new("Maintenance").section("maintenance").live("plan").live("run").main(main),
    )
    .await
}

#[derive(Deserialize)]
struct New {
    asset: String,
    #[serde(default)]
    which: String,
}

async fn prepare(caller: Caller, Posted(given): Posted<New>) -> Answer {
    let on: AssetId = given.asset.parse()?;
    let which = if given.which == "security" { Which::Security } else { Which::Everything };
    let id = caller.write(move |tx, cx| mainstay_patches::prepare(tx, cx, on, which)).await?;
    Ok(door::done(
        &format!("/maintenance/plans/{id}"),
        Some(&Toast::new("The host is asked what would happen. Nothing is changed yet.")),
    ))
}

async fn one(caller: Caller, Path(id): Path<String>) -> Answer {
    shown(&caller, id.parse()?, &Window::default()).await
}

/// What was typed as a window and what is wrong with it.
#[derive(Default)]
struct Window {
    from: String,
    until: String,
    problems: Vec<Problem>,
}

impl Window {
    /// A fault of the window as a whole stands under its end.
    fn fault(&self, name: &str) -> Option<String> {
        let is_here = |p: &&Problem| p.field == name || name == "until" && p.field == "window";
        self.problems.iter().find(is_here).map(|p| p.detail.clone())
    }
}

async fn shown(caller: &Caller, id: PlanId, window: &Window) -> Answer {
    let (plan, host, saved, runs, history, proof) = caller
        .read(move |tx, cx| {
            let plan = plan::get(tx, cx, id)?;
            let host = asset::get(tx, cx, plan.asset)?;
            let saved = mainstay_patches::way_back(tx, cx, &plan)?;
            Ok((
                plan,
                host,
                saved,
                run::of_plan(tx, cx, id)?,
                told::past(tx, cx, &Ref::from(id), 50)?,
                evidence::about(tx, cx, &Ref::from(id))?,
            ))
        })
        .await?;
    let words = frame::words(caller);
    let simulation: Option<Simulation> = plan.simulation.clone().and_then(|v| serde_json::from_value(v).ok());
    let main = stack(html! {
        @if plan.state == State::Simulating { (banner(Mark::Work, html! { (host.name) " is asked what would happen. Nothing is changed. This page follows." }, None)) }
        @if plan.state == State::Ready { (approval(caller, &plan, &host, window)) }
        @if let Some(simulation) = &simulation { (steps(simulation)) }
        (card("Runs", "", if runs.is_empty() { pad(html! { p.dim { "Nothing ran yet." } }) } else { rows(&runs.iter().map(|r| Row::new(html! { (link(&r.step, &format!("/maintenance/runs/{}", r.id))) " " span.dim { (r.outcome.as_ref().map_or(r.state.as_str(), |o| o.summary.as_str())) } }).state(runs::mark(r)).when(words.when(frame::at(r.created_ms)))).collect::<Vec<_>>()) }))
        (evidence_rows(&proof, &words))
        (card("History", "", timeline(&history.moments(&words))))
    });
    let mut known =
        vec![("Way back", plan.rollback.clone()), ("Prepared", words.exact_text(frame::at(plan.created_ms)))];
    known.extend(plan.approved_ms.map(|ms| ("Approved", words.exact_text(frame::at(ms)))));
    known.extend(plan.window_ms.map(|(from, until)| {
        ("Window", format!("{} to {}", words.exact_text(frame::at(from)), words.exact_text(frame::at(until))))
    }));
    let aside = html! {
        (card("About it", "", pad(facts(known))))
        (card("Host", "", pad(html! { (link(&host.name, &format!("/assets/{}", host.id))) " " span.dim { (host.summary) } })))
        @if let Some(saved) = &saved { (back_offer(caller, &plan, &host, saved)) }
    };
    let mut page = Page::new(plan.title.clone()).section("maintenance").crumb("Maintenance", "/maintenance")
        .marks(html! { span.num.dim { "#" (plan.number) } (tag(mark(plan.state), plan.state.word())) (outline_tag("updates")) })
        .above(links(&plan, &runs)).live(format!("plan.{}", id.0)).main(main).aside(aside);
    if window.problems.is_empty() {
        page = page.refreshes(format!("/maintenance/plans/{id}"));
    }
    if let Some(from) = plan.spec["back_from"].as_str() {
        page = page.act(Act::link("The plan it takes back", format!("/maintenance/plans/{from}")));
    }
    if matches!(plan.state, State::Draft | State::Simulating | State::Ready | State::Approved) {
        page = page.act(Act::post("Cancel plan", format!("/maintenance/plans/{id}/cancel")));
    }
    frame::framed(caller, page).await
}

/// How far the plan has come: done, due, still to come.
fn links(plan: &Plan, runs: &[Run]) -> Markup {
    let step = |name: &str, word: &str| {
        let run = runs.iter().rev().find(|r| r.step == word);
        let state = run.map_or(Mark::Unknown, runs::mark);
        let fact = run.map_or("to come".to_owned(), |r| r.state.clone());
        Link { name: name.to_owned(), fact, state, href: run.map(|r| format!("/maintenance/runs/{}", r.id)) }
    };
    let approved = plan.approved_ms.is_some();
    let approval = Link {
        name: "Approve".into(),
        fact: if approved { "approved".into() } else { "to come".into() },
        state: if approved { Mark::Ok } else { Mark::Unknown },
        href: None,
    };
    let mut all = vec![step("Simulate", "simulate"), approval];
    if plan.kind == BACK {
        all.push(step("Go back", "apply"));
    } else {
        all.extend([step("Keep a way back", "keep"), step("Apply", "apply")]);
    }
    all.push(step("Look again", "verify"));
    chain(&all)
}

/// The way back from a finished plan, which is a plan of its own.
fn back_offer(caller: &Caller, plan: &Plan, host: &asset::Asset, saved: &Saved) -> Markup {
    let may = caller.cx.may(&rights::PREPARE_PLANS, Scope::Team(host.team)).is_ok();
    let count = saved.kept.len();
    let lost = match saved.lost.len() {
        0 => String::new(),
        n => format!(" {n} could not be saved and stay as they are."),
    };
    let act = Act::post("Roll back", format!("/maintenance/plans/{}/back", plan.id))
        .unless((!may).then_some("Your roles do not include preparing plans."));
    card(
        "Way back",
        "nothing happens yet",
        pad(stack(html! {
            p { (words::counted(count as u64, "old package is", "old packages are")) " saved on " (host.name) "." (lost) }
            p.dim { "The host is asked first what going back would do; it waits for an approval of its own. Data that a new version converted is not converted back." }
            div { (act) }
        })),
    )
}

fn approval(caller: &Caller, plan: &Plan, host: &asset::Asset, window: &Window) -> Markup {
    let may = caller.cx.may(&rights::APPROVE_PLANS, Scope::Team(host.team)).is_ok();
    let fields = html! {
        (hidden("hash", plan.simulation_hash.as_deref().unwrap_or_default()))
        p { "Exactly the steps below are carried out on " (host.name) ", or none: the host simulates once more and stops when it would do something else." }
        p.mid { "Way back: " (plan.rollback) "." }
        (field(&Field::new("from", "Begin not before").kind("datetime-local").optional()
            .value(&window.from).fault(window.fault("from")).hint("Empty: at once.")))
        (field(&Field::new("until", "Begin not after").kind("datetime-local").optional()
            .value(&window.until).fault(window.fault("until"))))
    };
    let act = Act::submit("Approve")
        .primary()
        .unless((!may).then_some("Your roles do not include approving plans."));
    card(
        "Approve it",
        "nothing has been changed",
        pad(form(&Form {
            to: format!("/maintenance/plans/{}/approve", plan.id),
            faults: Vec::new(),
            fields,
            acts: vec![act],
        })),
    )
}

fn steps(simulation: &Simulation) -> Markup {
    let mut table = Table::new(
        "What would happen",
        [
            Column::new("Step"),
            Column::new("Package"),
            Column::new("From"),
            Column::new("To"),
            Column::new("Origin"),
        ],
    );
    for s in &simulation.steps {
        table = table.line([
            html! { (format!("{:?}", s.action).to_lowercase()) },
            html! { (s.name) span.dim { ":" (s.architecture) } },
            html! { span.mono { (s.old.as_deref().unwrap_or("")) } },
            html! { span.mono { (s.new.as_deref().unwrap_or("")) } },
            html! { (s.origins.join(", ")) },
        ]);
    }
    let size =
        simulation.download_bytes.map_or(String::new(), |b| format!(", {} to download", words::bytes(b)));
    card(html! { "What would happen" }, format!("{} steps{size}", simulation.steps.len()), html! { (table) })
}

#[derive(Deserialize)]
struct Approval {
    hash: String,
    #[serde(default)]
    from: String,
    #[serde(default)]
    until: String,
}

fn moment(text: &str, field: &str) -> Result<Option<i64>, Fault> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let wrong = |_| Fault::invalid(field, "malformed", "give day and time as 2026-11-24T02:00");
    let when: jiff::civil::DateTime = text.trim().parse().map_err(wrong)?;
    Ok(Some(when.to_zoned(jiff::tz::TimeZone::system()).map_err(wrong)?.timestamp().as_millisecond()))
}

fn window(given: &Approval) -> Result<Option<(i64, i64)>, Fault> {
    match (moment(&given.from, "from")?, moment(&given.until, "until")?) {
        (None, None) => Ok(None),
        (Some(from), Some(until)) => Ok(Some((from, until))),
        (None, _) => Err(Fault::invalid("from", "required", "give both ends of the window, or neither")),
        (_, None) => Err(Fault::invalid("until", "required", "give both ends of the window, or neither")),
    }
}

async fn approve(caller: Caller, Path(id): Path<String>, Posted(given): Posted<Approval>) -> Answer {
    let (plan_id, hash): (PlanId, _) = (id.parse()?, given.hash.clone());
    let approved = match window(&given) {
        Ok(window_ms) => {
            let act =
                move |tx: &mut Tx<'_>, cx: &Cx| mainstay_patches::approve(tx, cx, plan_id, &hash, window_ms);
            caller.write(act).await
        }
        Err(fault) => Err(fault),
    };
    match approved {
        Ok(()) => Ok(door::done(&format!("/maintenance/plans/{id}"), Some(&Toast::new("Approved")))),
        Err(Fault::Invalid(problems)) => {
            shown(&caller, plan_id, &Window { from: given.from, until: given.until, problems }).await
        }
        Err(other) => Err(other.into()),
    }
}

async fn cancel(caller: Caller, Path(id): Path<String>) -> Answer {
    let plan_id: PlanId = id.parse()?;
    caller.write(move |tx, cx| plan::cancel(tx, cx, plan_id)).await?;
    Ok(door::done(&format!("/maintenance/plans/{id}"), Some(&Toast::new("Cancelled"))))
}

async fn go_back(caller: Caller, Path(id): Path<String>) -> Answer {
    let plan_id: PlanId = id.parse()?;
    let made = caller.write(move |tx, cx| mainstay_patches::prepare_back(tx, cx, plan_id)).await?;
    Ok(door::done(
        &format!("/maintenance/plans/{made}"),
        Some(&Toast::new("The host is asked what going back would do. Nothing is changed yet.")),
    ))
}
