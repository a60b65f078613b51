//! Settings, Policies: how long the findings of every room may stay open, with a dry run before it is saved; and the
//! cards of what else a room decides by.

use std::collections::HashMap;

use axum::Router;
use axum::extract::Form as Posted;
use axum::routing::get;
use mainstay_face::ui::{
    Act, Field, Form, Row, Toast, Words, card, field, form, hidden, link, pad, rows, stack, words,
};
use mainstay_face::{Answer, Caller, Door, door, frame};
use mainstay_kernel::access::Scope;
use mainstay_kernel::store::Tx;
use mainstay_kernel::{Cx, Fault, Problem};
use mainstay_record::deadlines::{self, Deadlines, Effect};
use mainstay_record::policy::{self, Current};
use mainstay_record::rights;
use maud::{Markup, html};
use serde::Deserialize;

use super::settings::page;
use crate::house::ROOMS;

const PLACE: &str = "/settings/policies";

pub(super) fn routes() -> Router<Door> {
    Router::new().route("/settings/policies", get(shown).post(change))
}

#[derive(Deserialize)]
struct Given {
    /// The room whose deadlines they are.
    of: String,
    version: String,
    #[serde(default, rename = "do")]
    what: String,
    /// Every number as it was typed.
    #[serde(flatten)]
    numbers: HashMap<String, String>,
}

/// Deadlines that were just tried and not saved: they stand in the form instead of what holds.
struct Tried {
    room: &'static str,
    now: Current<Deadlines>,
    problems: Vec<Problem>,
    effects: Option<Vec<Effect>>,
}

/// What holds: the deadlines of every room, and its cards.
fn held(tx: &mut Tx<'_>, cx: &Cx) -> Result<Vec<(Current<Deadlines>, Markup)>, Fault> {
    ROOMS
        .iter()
        .map(|room| Ok((deadlines::current(tx, cx, room.deadlines.0)?, (room.policies)(tx, cx)?)))
        .collect()
}

async fn shown(caller: Caller) -> Answer {
    shown_with(&caller, None).await
}

async fn shown_with(caller: &Caller, tried: Option<Tried>) -> Answer {
    caller.cx.may(&rights::VIEW, Scope::Org)?;
    let held = caller.read(held).await?;
    let words = frame::words(caller);
    let main = stack(html! {
        @for (room, (now, _)) in ROOMS.iter().zip(&held) {
            @match tried.as_ref().filter(|tried| tried.room == room.name) {
                Some(tried) => {
                    @if let Some(effects) = &tried.effects { (effect(&words, effects)) }
                    (deadline_form(room.deadlines.1, room.name, &tried.now, &tried.problems))
                }
                None => (deadline_form(room.deadlines.1, room.name, now, &[])),
            }
        }
        @for (_, cards) in &held { (cards) }
    });
    let page = page("Policies").lead(
        "Days run from the day a finding is opened to the day it is due. Every version of a policy is kept.",
    );
    frame::framed(caller, page.main(main)).await
}

fn deadline_form(title: &str, room: &'static str, now: &Current<Deadlines>, problems: &[Problem]) -> Markup {
    let fault = |name: &str| problems.iter().find(|p| p.field == name).map(|p| p.detail.clone());
    let days = |name: &'static str, label: &'static str, value: u32| {
        field(&Field::new(name, label).kind("number").value(value.to_string()).fault(fault(name)).of(room))
    };
    let (version, body) = (now.version, &now.body);
    let fields = html! {
        (hidden("of", room)) (hidden("version", version))
        div.across {
            (days("critical_days", "Critical, days", body.critical_days)) (days("high_days", "High, days", body.high_days))
            (days("medium_days", "Medium, days", body.medium_days)) (days("low_days", "Low, days", body.low_days))
        }
    };
    let acts = vec![
        Act::submit("Show what would change").field("do", "dry"),
        Act::submit("Save").field("do", "save").primary(),
    ];
    let body = form(&Form { to: PLACE.into(), faults: Vec::new(), fields, acts });
    card(title, format!("version {version}"), pad(body))
}

/// What a dry run showed.
fn effect(words_of: &Words, effects: &[Effect]) -> Markup {
    let late = effects.iter().filter(|e| e.becomes_late).count();
    let list: Vec<Row> = effects
        .iter()
        .take(20)
        .map(|e| {
            Row::new(html! { (link(&e.title, &format!("/findings/{}", e.finding))) })
                .after(html! { span.sm.dim { "due " (words_of.date(frame::at(e.due_after_ms))) } })
        })
        .collect();
    let body =
        if list.is_empty() { pad(html! { p { "No open finding gets another date." } }) } else { rows(&list) };
    let count = words::counted(effects.len() as u64, "finding", "findings");
    card("What would change", format!("{count}, {late} of them late at once; nothing is saved yet"), body)
}

async fn change(caller: Caller, Posted(given): Posted<Given>) -> Answer {
    let Some(room) = ROOMS.iter().find(|room| room.name == given.of) else {
        return Err(Fault::invalid("of", "unknown", "there is no such policy").into());
    };
    let of = room.deadlines.0;
    // What is no number is zero, and zero days are told at the field.
    let days = |name: &str| given.numbers.get(name).and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    let body = Deadlines {
        critical_days: days("critical_days"),
        high_days: days("high_days"),
        medium_days: days("medium_days"),
        low_days: days("low_days"),
    };
    let (wanted, seen, is_dry) = (body.clone(), policy::read_version(&given.version)?, given.what == "dry");
    let done = caller
        .write(move |tx, cx| {
            let effects = deadlines::dry_run(tx, cx, of, &wanted)?;
            if !is_dry {
                deadlines::change(tx, cx, of, seen, &wanted)?;
            }
            Ok(effects)
        })
        .await;
    let tried =
        Tried { room: room.name, now: Current { version: seen, body }, problems: Vec::new(), effects: None };
    match done {
        Ok(_) if !is_dry => {
            Ok(door::done(PLACE, Some(&Toast::new("Saved. Open findings get their new dates."))))
        }
        Ok(effects) => shown_with(&caller, Some(Tried { effects: Some(effects), ..tried })).await,
        Err(Fault::Invalid(problems)) => shown_with(&caller, Some(Tried { problems, ..tried })).await,
        Err(other) => Err(other.into()),
    }
}
