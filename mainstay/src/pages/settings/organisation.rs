//! Settings, Organisation: what it is called.

use axum::Router;
use axum::extract::Form as Posted;
use axum::routing::get;
use mainstay_face::ui::{Act, Field, Form, Toast, card, facts, field, form, pad, stack};
use mainstay_face::{Answer, Caller, Door, door, frame};
use mainstay_kernel::access::{MANAGE_SETTINGS, Scope};
use mainstay_kernel::{Problem, tenancy};
use maud::html;
use serde::Deserialize;

use super::{fault_of, page, problems_of};

pub(super) fn routes() -> Router<Door> {
    Router::new().route("/settings/organisation", get(shown).post(rename))
}

async fn shown(caller: Caller) -> Answer {
    shown_with(&caller, None, &[]).await
}

async fn shown_with(caller: &Caller, given: Option<&str>, problems: &[Problem]) -> Answer {
    caller.cx.may(&MANAGE_SETTINGS, Scope::Org)?;
    let org = caller.read(|tx, cx| tenancy::get(tx, cx.org)).await?;
    let name = Field::new("name", "Name").value(given.unwrap_or(&org.name)).fault(fault_of(problems, "name"));
    let body = form(&Form {
        to: "/settings/organisation".into(),
        faults: Vec::new(),
        fields: field(&name.hint("Shown beside the mark on every page.")),
        acts: vec![Act::submit("Save").primary()],
    });
    let main = stack(html! {
        (card("Name", "", pad(body)))
        (card("Short name", "in links; it stays as it is", pad(facts([("Short name", org.slug)]))))
    });
    frame::framed(caller, page("Organisation").main(main)).await
}

#[derive(Deserialize)]
struct Given {
    name: String,
}

async fn rename(caller: Caller, Posted(given): Posted<Given>) -> Answer {
    let name = given.name.clone();
    match caller.write(move |tx, cx| tenancy::rename(tx, cx, &name)).await {
        Ok(()) => Ok(door::done("/settings/organisation", Some(&Toast::new("Saved")))),
        Err(fault) => shown_with(&caller, Some(&given.name), &problems_of(fault)?).await,
    }
}
