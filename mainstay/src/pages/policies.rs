//! Settings, Policies: the deadlines of every room, and what hosts may fetch. Shown with a dry run before it is saved.

use std::collections::HashMap;

use axum::Router;
use axum::extract::Form as Posted;
use axum::routing::get;
use mainstay_face::ui::{
    Act, Field, Form, Row, Toast, card, checkbox, field, form, hidden, link, pad, rows, stack, words,
};
use mainstay_face::{Answer, Caller, Door, door};
use mainstay_hygiene::Limits;
use mainstay_hygiene::limits::Difference;
use mainstay_kernel::access::Scope;
use mainstay_kernel::store::Tx;
use mainstay_kernel::{Cx, Fault, Problem};
use mainstay_patches::Changelogs;
use mainstay_record::deadlines::{self, Deadlines, Effect};
use mainstay_record::policy::{self, Current};
use mainstay_record::rights;
use maud::{Markup, html};
use serde::Deserialize;

use super::frame;
use super::settings::page;

const PLACE: &str = "/settings/policies";

pub(super) fn routes() -> Router<Door> {
    Router::new().route("/settings/policies", get(shown).post(change))
}

/// The rooms whose findings fall due, and what the card is called.
const ROOMS: &[(deadlines::Of, &str)] =
    &[(mainstay_patches::DEADLINES, "Patch deadlines"), (mainstay_hygiene::DEADLINES, "Hygiene deadlines")];

#[derive(Clone, Deserialize)]
struct Given {
    /// The room of the deadlines, or `changelogs`.
    #[serde(default)]
    of: String,
    version: String,
    #[serde(default)]
    may_download: Option<String>,
    #[serde(default, rename = "do")]
    what: String,
    /// Every number as it was typed.
    #[serde(flatten)]
    numbers: HashMap<String, String>,
}

impl Given {
    /// The version that was read before it was changed.
    fn seen(&self) -> Result<i64, Fault> {
        let wrong = |_| Fault::invalid("version", "malformed", "give the version you read");
        self.version.trim().parse().map_err(wrong)
    }
}

/// What was just tried and not saved: it stands in the form instead of what holds.
#[derive(Default)]
struct Tried {
    room: &'static str,
    version: i64,
    body: Option<Deadlines>,
    problems: Vec<Problem>,
    effects: Option<Vec<Effect>>,
    limits: Option<TriedLimits>,
}

/// Limits that were tried and not saved.
struct TriedLimits {
    version: i64,
    body: Limits,
    problems: Vec<Problem>,
    differences: Option<Vec<Difference>>,
}

/// Everything that holds.
struct Held {
    deadlines: Vec<Current<Deadlines>>,
    limits: Current<Limits>,
    changelogs: Current<Changelogs>,
}

fn held(tx: &mut Tx<'_>, cx: &Cx) -> Result<Held, Fault> {
    let mut all = Vec::new();
    for (of, _) in ROOMS {
        all.push(deadlines::current(tx, cx, *of)?);
    }
    Ok(Held { deadlines: all, limits: policy::current(tx, cx)?, changelogs: policy::current(tx, cx)? })
}

async fn shown(caller: Caller) -> Answer {
    shown_with(&caller, Tried::default()).await
}

async fn shown_with(caller: &Caller, tried: Tried) -> Answer {
    caller.cx.may(&rights::VIEW, Scope::Org)?;
    let held = caller.read(held).await?;
    let main = stack(html! {
        @for ((of, title), now) in ROOMS.iter().zip(&held.deadlines) {
            @if tried.room == of.room {
                @if let Some(effects) = &tried.effects { (effect(caller, effects)) }
                (deadline_form(title, of.room, tried.version, tried.body.as_ref().unwrap_or(&now.body), &tried.problems))
            } @else {
                (deadline_form(title, of.room, now.version, &now.body, &[]))
            }
        }
        @match &tried.limits {
            Some(tried) => {
                @if let Some(differences) = &tried.differences { (difference(differences)) }
                (limit_form(tried.version, &tried.body, &tried.problems))
            }
            None => (limit_form(held.limits.version, &held.limits.body, &[])),
        }
        (changelog_form(&held.changelogs))
    });
    let page = page("Policies").lead(
        "Days run from the day a finding is opened to the day it is due. Every version of a policy is kept.",
    );
    frame::framed(caller, page.main(main)).await
}

fn deadline_form(
    title: &str,
    room: &'static str,
    version: i64,
    body: &Deadlines,
    problems: &[Problem],
) -> Markup {
    let fault = |name: &str| problems.iter().find(|p| p.field == name).map(|p| p.detail.clone());
    let days = |name: &'static str, label: &'static str, value: u32| {
        field(&Field::new(name, label).kind("number").value(value.to_string()).fault(fault(name)).of(room))
    };
    let fields = html! {
        (hidden("of", room)) (hidden("version", version))
        (days("critical_days", "Critical, days", body.critical_days)) (days("high_days", "High, days", body.high_days))
        (days("medium_days", "Medium, days", body.medium_days)) (days("low_days", "Low, days", body.low_days))
    };
    let acts = vec![
        Act::submit("Show what would change").field("do", "dry"),
        Act::submit("Save").field("do", "save").primary(),
    ];
    let body = form(&Form { to: PLACE.into(), faults: Vec::new(), fields, acts });
    card(title, format!("version {version}"), pad(body))
}

fn limit_form(version: i64, body: &Limits, problems: &[Problem]) -> Markup {
    let number = |name: &'static str, label: &'static str, value: String| {
        let fault = problems.iter().find(|p| p.field == name).map(|p| p.detail.clone());
        Field::new(name, label).kind("number").value(value).fault(fault)
    };
    let password = body.password_max_days.map(|days| days.to_string()).unwrap_or_default();
    let fields = html! {
        (hidden("of", "limits")) (hidden("version", version))
        (field(&number("password_max_days", "A password must be changed after, days", password).optional().hint("Empty: passwords need not age.")))
        (field(&number("ssh_max_attempts", "Attempts at a password per ssh connection", body.ssh_max_attempts.to_string())))
        (field(&number("certificate_medium_days", "A certificate is worth a plan before its end, days", body.certificate_medium_days.to_string())))
        (field(&number("certificate_high_days", "… and is pressing, days", body.certificate_high_days.to_string())))
        (field(&number("disk_medium_percent", "A file system is nearly full above, per cent", body.disk_medium_percent.to_string())))
        (field(&number("disk_high_percent", "… and about to stop its services, per cent", body.disk_high_percent.to_string())))
        (field(&number("backup_quiet_days", "A scheduled backup has stopped after no write for, days", body.backup_quiet_days.to_string())))
    };
    let acts = vec![
        Act::submit("Show what would change").field("do", "dry"),
        Act::submit("Save").field("do", "save").primary(),
    ];
    let body = form(&Form { to: PLACE.into(), faults: Vec::new(), fields, acts });
    card("Hygiene limits", format!("version {version}"), pad(body))
}

/// What a dry run of other limits showed.
fn difference(all: &[Difference]) -> Markup {
    let opened = all.iter().filter(|d| d.before.is_none()).count();
    let ended = all.iter().filter(|d| d.after.is_none()).count();
    let list: Vec<Row> = all
        .iter()
        .take(20)
        .map(|d| {
            let word = match (d.before, d.after) {
                (None, Some(after)) => format!("opens, {}", after.word()),
                (Some(before), Some(after)) => format!("{} becomes {}", before.word(), after.word()),
                _ => "ends".to_owned(),
            };
            Row::new(html! { (link(&d.asset_name, &format!("/assets/{}", d.asset))) " " (d.title) })
                .after(html! { span.sm.dim { (word) } })
        })
        .collect();
    let body = if list.is_empty() { pad(html! { p { "Nothing would change." } }) } else { rows(&list) };
    let count = words::counted(all.len() as u64, "finding", "findings");
    card("What would change", format!("{count}: {opened} open, {ended} end; nothing is saved yet"), body)
}

fn changelog_form(now: &Current<Changelogs>) -> Markup {
    let label = html! {
        "Hosts may download waiting security updates to read their changelogs "
        span.dim { "which name the CVEs they close. Through apt, one package per source; nothing is installed." }
    };
    let fields = html! {
        (hidden("of", "changelogs")) (hidden("version", now.version))
        (checkbox("may_download", "yes", label, now.body.may_download))
    };
    let acts = vec![Act::submit("Save").primary()];
    let body = form(&Form { to: PLACE.into(), faults: Vec::new(), fields, acts });
    card("CVEs of updates", format!("version {}", now.version), pad(body))
}

/// What a dry run showed.
fn effect(caller: &Caller, effects: &[Effect]) -> Markup {
    let late = effects.iter().filter(|e| e.becomes_late).count();
    let words_of = frame::words(caller);
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

/// The limits as they were typed; what is no number is told at its field.
fn limits(given: &Given) -> Result<Limits, Fault> {
    let mut problems = Vec::new();
    let mut number = |name: &str| {
        let text = given.numbers.get(name).map(|text| text.trim()).unwrap_or_default();
        text.parse::<u32>().unwrap_or_else(|_| {
            let (field, detail) = (name.to_owned(), "give a whole number".to_owned());
            problems.push(Problem { field, code: "malformed", detail });
            0
        })
    };
    let is_aging = given.numbers.get("password_max_days").is_some_and(|text| !text.trim().is_empty());
    let limits = Limits {
        password_max_days: is_aging.then(|| number("password_max_days")),
        ssh_max_attempts: number("ssh_max_attempts"),
        certificate_high_days: number("certificate_high_days"),
        certificate_medium_days: number("certificate_medium_days"),
        disk_medium_percent: number("disk_medium_percent"),
        disk_high_percent: number("disk_high_percent"),
        backup_quiet_days: number("backup_quiet_days"),
    };
    if problems.is_empty() { Ok(limits) } else { Err(Fault::Invalid(problems)) }
}

async fn change_limits(caller: Caller, given: Given) -> Answer {
    let (seen, is_dry) = (given.seen()?, given.what == "dry");
    let body = match limits(&given) {
        Ok(body) => body,
        Err(Fault::Invalid(problems)) => {
            let body = caller.read(policy::current::<Limits>).await?.body;
            let tried = TriedLimits { version: seen, body, problems, differences: None };
            return shown_with(&caller, Tried { limits: Some(tried), ..Tried::default() }).await;
        }
        Err(other) => return Err(other.into()),
    };
    let wanted = body.clone();
    let done = caller
        .write(move |tx, cx| {
            if !is_dry {
                mainstay_hygiene::limits::change_limits(tx, cx, seen, &wanted)?;
                return Ok(Vec::new());
            }
            mainstay_hygiene::limits::dry_run(tx, cx, &wanted)
        })
        .await;
    let tried = TriedLimits { version: seen, body, problems: Vec::new(), differences: None };
    let tried = match done {
        Ok(_) if !is_dry => {
            return Ok(door::done(PLACE, Some(&Toast::new("Saved. Every host is judged by it now."))));
        }
        Ok(differences) => TriedLimits { differences: Some(differences), ..tried },
        Err(Fault::Invalid(problems)) => TriedLimits { problems, ..tried },
        Err(other) => return Err(other.into()),
    };
    shown_with(&caller, Tried { limits: Some(tried), ..Tried::default() }).await
}

async fn change(caller: Caller, Posted(given): Posted<Given>) -> Answer {
    if given.of == "limits" {
        return change_limits(caller, given).await;
    }
    if given.of == "changelogs" {
        let (seen, may_download) = (given.seen()?, given.may_download.is_some());
        caller.write(move |tx, cx| policy::change(tx, cx, seen, &Changelogs { may_download })).await?;
        return Ok(door::done(PLACE, Some(&Toast::new("Saved. It holds from the next look of a host."))));
    }
    let named = |(of, _): &&(deadlines::Of, &str)| {
        of.room == given.of || (given.of.is_empty() && of.room == "patches")
    };
    let Some((of, _)) = ROOMS.iter().find(named).copied() else {
        return Err(Fault::invalid("of", "unknown", "there is no such policy").into());
    };
    // What is no number is zero, and zero days are told at the field.
    let days = |name: &str| given.numbers.get(name).and_then(|text| text.trim().parse().ok()).unwrap_or(0);
    let body = Deadlines {
        critical_days: days("critical_days"),
        high_days: days("high_days"),
        medium_days: days("medium_days"),
        low_days: days("low_days"),
    };
    let (wanted, seen, is_dry) = (body.clone(), given.seen()?, given.what == "dry");
    let done = caller
        .write(move |tx, cx| {
            let effects = deadlines::dry_run(tx, cx, of, &wanted)?;
            if !is_dry {
                deadlines::change(tx, cx, of, seen, &wanted)?;
            }
            Ok(effects)
        })
        .await;
    let tried = Tried { room: of.room, version: seen, body: Some(body), ..Tried::default() };
    match done {
        Ok(_) if !is_dry => {
            Ok(door::done(PLACE, Some(&Toast::new("Saved. Open findings get their new dates."))))
        }
        Ok(effects) => shown_with(&caller, Tried { effects: Some(effects), ..tried }).await,
        Err(Fault::Invalid(problems)) => shown_with(&caller, Tried { problems, ..tried }).await,
        Err(other) => Err(other.into()),
    }
}
