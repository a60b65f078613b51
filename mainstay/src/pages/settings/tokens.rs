//! Settings, Tokens: what programs sign in with.

use axum::Router;
use axum::extract::Path;
use axum::routing::{get, post};
use mainstay_face::ui::{
    Act, Column, Field, Form, Icon, State, Table, Toast, banner, card, checkbox, code, empty, field, form,
    pad, plain_card, stack,
};
use mainstay_face::{Answer, Caller, Door, door, frame};
use mainstay_kernel::access::Scope;
use mainstay_kernel::people::token;
use mainstay_kernel::{Fault, Problem};
use maud::{Markup, html};
use serde::Deserialize;

use super::page;

pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/settings/tokens", get(list).post(make))
        .route("/settings/tokens/{id}/revoke", post(revoke))
}

async fn list(caller: Caller) -> Answer {
    shown(&caller, &[], None).await
}

async fn shown(caller: &Caller, problems: &[Problem], made: Option<&str>) -> Answer {
    let person = caller.cx.who.person().ok_or(Fault::SignIn)?;
    let tokens = caller.read(move |tx, cx| token::list(tx, cx, person)).await?;
    let words = frame::words(caller);
    let mut table = Table::new(
        "Your tokens",
        [
            Column::new("Name"),
            Column::new("Rights"),
            Column::new("Until"),
            Column::new("Last used"),
            Column::acts("Do"),
        ],
    );
    for t in &tokens {
        let revoke = if t.revoked_ms.is_some() {
            html! { "revoked" }
        } else {
            html! { (Act::post("Revoke", format!("/settings/tokens/{}/revoke", t.id)).small().danger()) }
        };
        table = table.line([
            html! { (t.name) },
            html! { (t.rights.join(", ")) },
            words.date(frame::at(t.until_ms)),
            t.seen_ms.map_or(html! { "never" }, |ms| words.ago(frame::at(ms))),
            revoke,
        ]);
    }
    let fault = |name: &str| problems.iter().find(|p| p.field == name).map(|p| p.detail.clone());
    let mine: Vec<_> =
        caller.door.ground().rights.iter().filter(|r| caller.cx.rights.has(r, Scope::Org)).collect();
    let fields: Markup = html! {
        (field(&Field::new("name", "What it is for").fault(fault("name"))))
        (field(&Field::new("days", "Valid for days").kind("number").value("90").fault(fault("until"))))
        fieldset { legend { "What it may do" } @for right in &mine { (checkbox("rights", right.word, html! { span.mono { (right.word) } " " span.dim { (right.about) } }, false)) } }
        @if let Some(words) = fault("rights") { (banner(State::Bad, words, None)) }
    };
    let main = stack(html! {
        @if let Some(text) = made { (card("Your new token", "shown only now", pad(code("Token", text)))) }
        @if tokens.is_empty() {
            (plain_card(empty(Icon::Key, "No tokens yet", "A program that speaks the API signs in with one, and may do what you allow it below.", html! {})))
        } @else { (card("Your tokens", "", html! { (table) })) }
        (card("A new token", "", pad(form(&Form { to: "/settings/tokens".into(), faults: Vec::new(), fields, acts: vec![Act::submit("Make it").primary()] }))))
    });
    frame::framed(caller, page("Tokens").main(main)).await
}

async fn make(caller: Caller, body: String) -> Answer {
    // A list of checkboxes: the same name several times.
    #[derive(Deserialize)]
    struct Given {
        name: String,
        days: i64,
        #[serde(default)]
        rights: Vec<String>,
    }
    let given: Given = mainstay_face::query::read(&body)?;
    let until_ms = caller.cx.now_ms() + given.days.clamp(0, 10_000) * 86_400_000;
    let all = caller.door.ground().rights.clone();
    let made =
        caller.write(move |tx, cx| token::make(tx, cx, &all, &given.name, &given.rights, until_ms)).await;
    match made {
        Ok((_, text)) => shown(&caller, &[], Some(&text)).await,
        Err(Fault::Invalid(problems)) => shown(&caller, &problems, None).await,
        Err(other) => Err(other.into()),
    }
}

async fn revoke(caller: Caller, Path(id): Path<String>) -> Answer {
    let id = id.parse()?;
    caller.write(move |tx, cx| token::revoke(tx, cx, id)).await?;
    Ok(door::done("/settings/tokens", Some(&Toast::new("Revoked"))))
}
