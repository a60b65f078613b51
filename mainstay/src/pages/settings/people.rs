//! Settings, People: everybody of the organisation, and somebody new.

use std::collections::BTreeSet;

use axum::Router;
use axum::extract::Form as Posted;
use axum::routing::get;
use mainstay_face::ui::{
    Act, Column, Field, Form, Pager, Table, Toast, card, field, form, link, pad, pager, select, stack,
};
use mainstay_face::{Answer, Caller, Cursor, Door, Query, door, frame};
use mainstay_kernel::access::{self, Grantee};
use mainstay_kernel::id::PersonId;
use mainstay_kernel::people::{self, Kind, New, Person};
use mainstay_kernel::{Problem, notify};
use maud::{Markup, html};
use serde::Deserialize;

use super::held::Held;
use super::{fault_of, faults_beside, page, problems_of};

const PAGE: usize = 50;
/// One more tells whether there is another page.
const TO_READ: u32 = 51;

pub(super) fn routes() -> Router<Door> {
    Router::new().route("/settings/people", get(list).post(add))
}

#[derive(Default, Deserialize)]
struct After {
    after: Option<Cursor>,
}

#[derive(Clone, Default, Deserialize)]
struct Given {
    name: String,
    email: String,
    role: String,
}

async fn list(caller: Caller, Query(asked): Query<After>) -> Answer {
    let after = asked.after.as_ref().and_then(Cursor::key::<(String, i64)>);
    shown(&caller, after, &Given::default(), &[]).await
}

async fn shown(caller: &Caller, after: Option<(String, i64)>, given: &Given, problems: &[Problem]) -> Answer {
    let is_first = after.is_none();
    let asked = people::Page { after: after.map(|(name, id)| (name, PersonId(id))), limit: TO_READ };
    let (found, held) =
        caller.read(move |tx, cx| Ok((people::list(tx, cx, None, &asked)?, Held::read(tx, cx)?))).await?;
    let mut table = Table::new(
        "People",
        [
            Column::new("Name"),
            Column::new("E-mail"),
            Column::new("Roles"),
            Column::new("Teams"),
            Column::new("Ways in"),
        ],
    );
    for one in found.iter().take(PAGE) {
        table = table.line([
            html! { (link(&one.name, &format!("/settings/people/{}", one.id))) },
            address(one),
            roles(&held, one),
            html! { (held.teams_of(one.id).iter().map(|team| team.name.as_str()).collect::<Vec<_>>().join(", ")) },
            html! { (ways_in(one)) },
        ]);
    }
    let older = found
        .get(PAGE - 1)
        .filter(|_| found.len() > PAGE)
        .map(|last| format!("/settings/people?after={}", Cursor::of(&(&last.name, last.id.0))));
    let newer = (!is_first).then(|| "/settings/people".to_owned());
    let words = if older.is_some() || newer.is_some() {
        format!("{} shown", found.len().min(PAGE))
    } else {
        String::new()
    };
    let fields = html! {
        (field(&Field::new("name", "Name").value(&given.name).fault(fault_of(problems, "name"))))
        (field(&Field::new("email", "E-mail").kind("email").value(&given.email).fault(fault_of(problems, "email"))))
        (select(&Field::new("role", "Role").value(&given.role).fault(fault_of(problems, "role")).hint("For everything. Roles for what one team owns are given on the person's page."), &held.choices()))
    };
    let faults = faults_beside(problems, &["name", "email", "role"]);
    let acts = vec![Act::submit("Add").primary()];
    let body = form(&Form { to: "/settings/people".into(), faults, fields, acts });
    let main = stack(html! {
        (card("People", "", html! { (table) }))
        (pager(&Pager { words, newer, older }))
        (card("Somebody new", "", pad(body)))
    });
    frame::framed(caller, page("People").main(main)).await
}

/// An address that mail can go to, or that there is none.
pub(super) fn address(one: &Person) -> Markup {
    html! { @if notify::is_address(&one.email) { (one.email) } @else { span.dim { "none given" } } }
}

/// By whatever way they are held; the person's page tells which.
fn roles(held: &Held, one: &Person) -> Markup {
    let own = held.given(Grantee::Person(one.id)).into_iter();
    let by_teams = held.by_teams(one.id).into_iter().map(|(_, grant)| grant);
    let all: BTreeSet<String> = own.chain(by_teams).map(|grant| held.said(grant)).collect();
    let all: Vec<String> = all.into_iter().collect();
    html! { @if all.is_empty() { span.dim { "none" } } @else { (all.join(", ")) } }
}

/// How somebody can come in.
pub(super) fn ways_in(one: &Person) -> &'static str {
    match (one.is_active, one.has_password, one.has_totp) {
        (false, ..) => "disabled",
        (_, true, true) => "password and code",
        (_, true, false) => "password",
        _ => "link only",
    }
}

async fn add(caller: Caller, Posted(given): Posted<Given>) -> Answer {
    let role = given.role.parse()?;
    let new = New { name: given.name.clone(), email: given.email.clone(), kind: Kind::Staff };
    let added = caller
        .write(move |tx, cx| {
            let id = people::add(tx, cx, &new)?;
            access::grant(tx, cx, role, Grantee::Person(id), None)?;
            Ok(id)
        })
        .await;
    match added {
        Ok(id) => {
            let said = Toast::new(format!("{} is here; a sign-in link lets them in", given.name.trim()));
            Ok(door::done(&format!("/settings/people/{id}"), Some(&said)))
        }
        Err(fault) => shown(&caller, None, &given, &problems_of(fault)?).await,
    }
}
