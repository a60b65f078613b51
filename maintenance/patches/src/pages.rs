//! The pages of a plan: what the host says would happen, the approval, how far it has come, the way back.

use axum::Router;
use axum::extract::{Form as Posted, Path};
use axum::routing::{get, post};
use mainstay_face::ui::{
    Act, Form, Page, Row, State as Mark, Toast, banner, card, checkbox, facts, form, hidden, link,
    outline_tag, pad, rows, stack, tag, timeline,
};
use mainstay_face::{Answer, Caller, Door, door, frame, look, told};
use mainstay_kernel::store::Tx;
use mainstay_kernel::{Cx, Fault};
use mainstay_record::plan::{self, State};
use mainstay_record::{AssetId, PlanId, Ref, asset, evidence, policy, run};
use mainstay_wire::Simulation;
use maud::{Markup, html};
use serde::Deserialize;

use crate::view::{Window, approval, back_offer, links, proved, steps, too_little_room};
use crate::{Changelogs, Which, approve, prepare, prepare_back, way_back};

pub fn routes() -> Router<Door> {
    Router::new()
        .route("/maintenance/plans", post(begin))
        .route("/maintenance/plans/{id}", get(one))
        .route("/maintenance/plans/{id}/approve", post(approved))
        .route("/maintenance/plans/{id}/cancel", post(cancel))
        .route("/maintenance/plans/{id}/back", post(go_back))
        .route("/patches/changelogs", post(change_changelogs))
}

#[derive(Deserialize)]
struct New {
    asset: String,
    #[serde(default)]
    which: String,
}

async fn begin(caller: Caller, Posted(given): Posted<New>) -> Answer {
    let on: AssetId = given.asset.parse()?;
    let which = if given.which == "security" { Which::Security } else { Which::Everything };
    let id = caller.write(move |tx, cx| prepare(tx, cx, on, which)).await?;
    Ok(door::done(
        &format!("/maintenance/plans/{id}"),
        Some(&Toast::new("The host is asked what would happen. Nothing is changed yet.")),
    ))
}

async fn one(caller: Caller, Path(id): Path<String>) -> Answer {
    shown(&caller, id.parse()?, &Window::default()).await
}

async fn shown(caller: &Caller, id: PlanId, window: &Window) -> Answer {
    let (plan, host, saved, runs, history, proof) = caller
        .read(move |tx, cx| {
            let plan = plan::get(tx, cx, id)?;
            let host = asset::get(tx, cx, plan.asset)?;
            let saved = way_back(tx, cx, &plan)?;
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
        @if let Some(short) = simulation.as_ref().filter(|_| plan.state.is_open()).and_then(too_little_room) { (banner(Mark::Bad, short, None)) }
        @if plan.state == State::Ready { (approval(caller, &plan, &host, window)) }
        @if let Some(simulation) = &simulation { (steps(simulation)) }
        (card("Runs", "", if runs.is_empty() { pad(html! { p.dim { "Nothing ran yet." } }) } else { rows(&runs.iter().map(|r| Row::new(html! { (link(&r.step, &format!("/maintenance/runs/{}", r.id))) " " span.dim { (r.outcome.as_ref().map_or(r.state.as_str(), |o| o.summary.as_str())) } }).state(look::run_state(r)).when(words.when(frame::at(r.created_ms)))).collect::<Vec<_>>()) }))
        @for one in &proof { (proved(one, &words)) }
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
        .marks(html! { span.num.dim { "#" (plan.number) } (tag(look::plan_state(plan.state), plan.state.word())) (outline_tag("updates")) })
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

async fn approved(caller: Caller, Path(id): Path<String>, Posted(given): Posted<Approval>) -> Answer {
    let (plan_id, hash): (PlanId, _) = (id.parse()?, given.hash.clone());
    let outcome = match window(&given) {
        Ok(window_ms) => {
            let act = move |tx: &mut Tx<'_>, cx: &Cx| approve(tx, cx, plan_id, &hash, window_ms);
            caller.write(act).await
        }
        Err(fault) => Err(fault),
    };
    match outcome {
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
    let made = caller.write(move |tx, cx| prepare_back(tx, cx, plan_id)).await?;
    Ok(door::done(
        &format!("/maintenance/plans/{made}"),
        Some(&Toast::new("The host is asked what going back would do. Nothing is changed yet.")),
    ))
}

/// The policy of changelogs, as a card among the policies.
pub fn policies(tx: &mut Tx<'_>, cx: &Cx) -> Result<Markup, Fault> {
    let now = policy::current::<Changelogs>(tx, cx)?;
    let label = html! {
        "Hosts may download waiting security updates to read their changelogs "
        span.dim { "which name the CVEs they close. Through apt, one package per source; nothing is installed." }
    };
    let fields = html! {
        (hidden("version", now.version))
        (checkbox("may_download", "yes", label, now.body.may_download))
    };
    let acts = vec![Act::submit("Save").primary()];
    let body = form(&Form { to: "/patches/changelogs".into(), faults: Vec::new(), fields, acts });
    Ok(card("CVEs of updates", format!("version {}", now.version), pad(body)))
}

#[derive(Deserialize)]
struct Given {
    version: String,
    may_download: Option<String>,
}

async fn change_changelogs(caller: Caller, Posted(given): Posted<Given>) -> Answer {
    let seen = policy::read_version(&given.version)?;
    let new = Changelogs { may_download: given.may_download.is_some() };
    caller.write(move |tx, cx| policy::change(tx, cx, seen, &new)).await?;
    Ok(door::done("/settings/policies", Some(&Toast::new("Saved. It holds from the next look of a host."))))
}
