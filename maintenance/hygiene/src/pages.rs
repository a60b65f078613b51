//! The limits of this room on the page: a card among the policies, and the form with its dry run.

use std::collections::HashMap;

use axum::Router;
use axum::extract::Form as Posted;
use axum::routing::get;
use mainstay_face::ui::{
    Act, Field, Form, Page, Row, Toast, card, field, form, hidden, link, pad, rows, stack, words,
};
use mainstay_face::{Answer, Caller, Door, door, frame};
use mainstay_kernel::access::Scope;
use mainstay_kernel::store::Tx;
use mainstay_kernel::{Cx, Fault, Problem};
use mainstay_record::policy::{self, Current};
use mainstay_record::rights;
use maud::{Markup, html};
use serde::Deserialize;

use crate::Limits;
use crate::limits::{Difference, change_limits, dry_run};

const PLACE: &str = "/hygiene/limits";

pub fn routes() -> Router<Door> {
    Router::new().route("/hygiene/limits", get(shown).post(change))
}

/// The limits that hold, as a card among the policies.
pub fn policies(tx: &mut Tx<'_>, cx: &Cx) -> Result<Markup, Fault> {
    Ok(limit_form(&policy::current(tx, cx)?, &[]))
}

async fn shown(caller: Caller) -> Answer {
    caller.cx.may(&rights::VIEW, Scope::Org)?;
    let now = caller.read(policy::current::<Limits>).await?;
    framed(&caller, limit_form(&now, &[])).await
}

async fn framed(caller: &Caller, main: Markup) -> Answer {
    let page = Page::new("Hygiene limits")
        .section("settings")
        .crumb("Settings", "/settings")
        .crumb("Policies", "/settings/policies");
    frame::framed(caller, page.main(main)).await
}

fn limit_form(now: &Current<Limits>, problems: &[Problem]) -> Markup {
    let (version, body) = (now.version, &now.body);
    let number = |name: &'static str, label: &'static str, value: String| {
        let fault = problems.iter().find(|p| p.field == name).map(|p| p.detail.clone());
        Field::new(name, label).kind("number").value(value).fault(fault)
    };
    let password = body.password_max_days.map(|days| days.to_string()).unwrap_or_default();
    let fields = html! {
        (hidden("version", version))
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

#[derive(Deserialize)]
struct Given {
    version: String,
    #[serde(default, rename = "do")]
    what: String,
    /// Every number as it was typed.
    #[serde(flatten)]
    numbers: HashMap<String, String>,
}

/// The limits as they were typed; what is no number is told at its field.
fn typed(given: &Given) -> Result<Limits, Fault> {
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

async fn change(caller: Caller, Posted(given): Posted<Given>) -> Answer {
    let (seen, is_dry) = (policy::read_version(&given.version)?, given.what == "dry");
    let body = match typed(&given) {
        Ok(body) => body,
        Err(Fault::Invalid(problems)) => {
            let body = caller.read(policy::current::<Limits>).await?.body;
            return framed(&caller, limit_form(&Current { version: seen, body }, &problems)).await;
        }
        Err(other) => return Err(other.into()),
    };
    let wanted = body.clone();
    let done = caller
        .write(move |tx, cx| {
            if !is_dry {
                change_limits(tx, cx, seen, &wanted)?;
                return Ok(Vec::new());
            }
            dry_run(tx, cx, &wanted)
        })
        .await;
    let tried = Current { version: seen, body };
    match done {
        Ok(_) if !is_dry => {
            let toast = Toast::new("Saved. Every host is judged by it now.");
            Ok(door::done("/settings/policies", Some(&toast)))
        }
        Ok(differences) => {
            framed(&caller, stack(html! { (difference(&differences)) (limit_form(&tried, &[])) })).await
        }
        Err(Fault::Invalid(problems)) => framed(&caller, limit_form(&tried, &problems)).await,
        Err(other) => Err(other.into()),
    }
}
