//! One person: their ways in, roles, teams, what follows from them, and what happened.

use axum::Router;
use axum::extract::{Form as Posted, Path};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use mainstay_face::ui::{
    Act, Choice, Field, Form, Row, State, Toast, card, copy_line, field, form, hidden, link, outline_tag,
    pad, rows, select, stack, tag, timeline,
};
use mainstay_face::{Answer, Caller, Door, door, frame};
use mainstay_kernel::access::{self, Grantee, MANAGE_PEOPLE, Rights, Scope, Scopes};
use mainstay_kernel::id::{PersonId, Ref, TeamId};
use mainstay_kernel::people::{self, Kind, New, Person};
use mainstay_kernel::{Fault, Problem};
use maud::{Markup, html};
use serde::Deserialize;

use super::held::Held;
use super::people::{address, ways_in};
use super::{fault_of, faults_beside, history, page, problems_of};
use crate::organisations;

pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/settings/people/{id}", get(one).post(change))
        .route("/settings/people/{id}/link", post(issue_link))
        .route("/settings/people/{id}/disable", post(disable))
        .route("/settings/people/{id}/enable", post(enable))
        .route("/settings/people/{id}/codes/remove", post(remove_codes))
        .route("/settings/people/{id}/teams", post(join))
        .route("/settings/people/{id}/teams/{team}/leave", post(leave))
}

/// What the page says besides what holds: what is wrong with one of its forms, or a link that was just made.
#[derive(Default)]
pub(super) struct Said<'s> {
    role: &'s [Problem],
    name: Option<(&'s New, &'s [Problem])>,
    link: Option<String>,
}

impl<'s> Said<'s> {
    /// A role could not be given.
    pub(super) fn role(problems: &'s [Problem]) -> Self {
        Self { role: problems, ..Self::default() }
    }
}

async fn one(caller: Caller, Path(id): Path<String>) -> Answer {
    shown(&caller, id.parse()?, &Said::default()).await
}

pub(super) async fn shown(caller: &Caller, id: PersonId, said: &Said<'_>) -> Answer {
    let (person, held, rights, told) = caller
        .read(move |tx, cx| {
            // First who is here: whoever may not see people learns nothing of an id.
            let held = Held::read(tx, cx)?;
            let told = history(tx, cx, &Ref::new("person", id.0))?;
            Ok((people::get(tx, cx.org, id)?, held, access::rights_of(tx, cx.org, id)?, told))
        })
        .await?;
    let may_manage = caller.cx.may(&MANAGE_PEOPLE, Scope::Org).is_ok();
    let to = |word: &str| format!("/settings/people/{id}/{word}");
    let mut top =
        page(&person.name).crumb("People", "/settings/people").marks(marks(&person)).lead(address(&person));
    if may_manage && person.is_active {
        top = top
            .act(Act::post("Disable", to("disable")).danger())
            .act(Act::post("Make a sign-in link", to("link")).primary());
    } else if may_manage {
        top = top.act(Act::post("Let in again", to("enable")).primary());
    }
    if may_manage && person.has_totp && caller.cx.who.person() != Some(id) {
        top = top.act(Act::post("Phone lost: no more codes", to("codes/remove")));
    }
    let by_teams = held.by_teams(id).into_iter().map(|(team, grant)| {
        let of = link(&team.name, &format!("/settings/teams/{}", team.id));
        Row::new(html! { (held.told(grant)) span.dim { ", by being in " (of) } })
    });
    let is_staff = person.kind == Kind::Staff;
    let main = stack(html! {
        @if let Some(text) = &said.link { (card("A link, good once within 15 minutes", "shown only now", pad(copy_line(text)))) }
        (card("Roles", "", html! {
            (held.roles_of(Grantee::Person(id), by_teams.collect()))
            @if held.may_change && is_staff { (held.form(&id.to_string(), said.role)) }
        }))
        (card("Teams", "", teams(&held, id, is_staff)))
        (card("May do", "what the roles above add up to", may_do(caller, &held, &rights)))
        @if let Some(told) = told { (card("History", "newest first", timeline(&told.moments(&frame::words(caller))))) }
    });
    let top = if may_manage || caller.cx.who.person() == Some(id) {
        top.aside(card("Name and address", "", pad(name_form(&person, said))))
    } else {
        top
    };
    frame::framed(caller, top.main(main)).await
}

fn marks(person: &Person) -> Markup {
    html! {
        @if person.is_active { (outline_tag(ways_in(person))) } @else { (tag(State::Unknown, "disabled")) }
        @if person.kind == Kind::Requester { (outline_tag("asks for help")) }
    }
}

fn teams(held: &Held, id: PersonId, is_staff: bool) -> Markup {
    let in_them = held.teams_of(id);
    let shown: Vec<Row> = in_them
        .iter()
        .map(|team| {
            let out = Act::post("Take out", format!("/settings/people/{id}/teams/{}/leave", team.id)).small();
            Row::new(link(&team.name, &format!("/settings/teams/{}", team.id)))
                .after(html! { @if held.may_change { (out) } })
        })
        .collect();
    let is_in = |team: TeamId| in_them.iter().any(|of| of.id == team);
    let others: Vec<Choice> = held
        .teams
        .iter()
        .filter(|team| !is_in(team.id))
        .map(|team| Choice::new(team.id.to_string(), &team.name))
        .collect();
    html! {
        @if shown.is_empty() { (pad(html! { p.mid { "In none." } })) } @else { (rows(&shown)) }
        @if held.may_change && is_staff && !others.is_empty() {
            (pad(form(&Form {
                to: format!("/settings/people/{id}/teams"),
                faults: Vec::new(),
                fields: select(&Field::new("team", "Team"), &others),
                acts: vec![Act::submit("Put into the team")],
            })))
        }
    }
}

fn may_do(caller: &Caller, held: &Held, rights: &Rights) -> Markup {
    if rights.is_everything() {
        return pad(html! { p { "Everything, also what later versions bring." } });
    }
    let all = &caller.door.ground().rights;
    let shown: Vec<Row> = all
        .iter()
        .filter_map(|right| {
            let where_ = match rights.scopes(right) {
                Scopes::All => String::new(),
                Scopes::Teams(teams) if teams.is_empty() => return None,
                Scopes::Teams(teams) => {
                    let names: Vec<&str> = teams.iter().map(|team| held.team(*team)).collect();
                    format!("for what {} owns", names.join(", "))
                }
            };
            Some(
                Row::new(html! { (right.about) " " span.mono.dim { (right.word) } })
                    .after(html! { span.sm.dim { (where_) } }),
            )
        })
        .collect();
    if shown.is_empty() { pad(html! { p.mid { "Nothing yet: no role was given." } }) } else { rows(&shown) }
}

fn name_form(person: &Person, said: &Said<'_>) -> Markup {
    let (name, email, problems) = match said.name {
        Some((given, problems)) => (given.name.as_str(), given.email.as_str(), problems),
        None => (person.name.as_str(), person.email.as_str(), &[][..]),
    };
    let fields = html! {
        (hidden("revision", person.revision))
        (field(&Field::new("name", "Name").value(name).fault(fault_of(problems, "name"))))
        (field(&Field::new("email", "E-mail").kind("email").value(email).fault(fault_of(problems, "email"))))
    };
    let faults = faults_beside(problems, &["name", "email"]);
    form(&Form {
        to: format!("/settings/people/{}", person.id),
        faults,
        fields,
        acts: vec![Act::submit("Save")],
    })
}

#[derive(Deserialize)]
struct Changed {
    revision: i64,
    name: String,
    email: String,
}

async fn change(caller: Caller, Path(id): Path<String>, Posted(given): Posted<Changed>) -> Answer {
    let id: PersonId = id.parse()?;
    let wanted = New { name: given.name, email: given.email, kind: Kind::Staff };
    let asked = wanted.clone();
    let changed = caller
        .write(move |tx, cx| {
            let kind = people::get(tx, cx.org, id)?.kind;
            people::change(tx, cx, id, given.revision, &New { kind, ..asked.clone() })
        })
        .await;
    match changed {
        Ok(()) => Ok(door::done(&format!("/settings/people/{id}"), Some(&Toast::new("Saved")))),
        Err(fault) => {
            let problems = problems_of(fault)?;
            shown(&caller, id, &Said { name: Some((&wanted, &problems)), ..Said::default() }).await
        }
    }
}

async fn issue_link(caller: Caller, Path(id): Path<String>) -> Answer {
    let id = id.parse()?;
    let (code, of) = caller
        .write(move |tx, cx| Ok((people::link::issue(tx, cx, id)?, organisations::door_of(tx, cx.org)?)))
        .await?;
    let host = caller.headers.get("host").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    let scheme = if caller.door.cookie_name().starts_with("__Host") { "https" } else { "http" };
    let link = Some(format!("{scheme}://{host}/in/{code}{of}"));
    let answer = shown(&caller, id, &Said { link, ..Said::default() }).await?;
    Ok(([("cache-control", "no-store")], answer).into_response())
}

async fn disable(caller: Caller, Path(id): Path<String>) -> Answer {
    let id: PersonId = id.parse()?;
    caller.write(move |tx, cx| people::disable(tx, cx, id)).await?;
    let undo = Toast::new("Disabled. Sessions and tokens ended at once.")
        .undo(format!("/settings/people/{id}/enable"));
    Ok(door::done(&format!("/settings/people/{id}"), Some(&undo)))
}

async fn enable(caller: Caller, Path(id): Path<String>) -> Answer {
    let id: PersonId = id.parse()?;
    caller.write(move |tx, cx| people::enable(tx, cx, id)).await?;
    let said = Toast::new("May sign in again. Their tokens stay revoked.");
    Ok(door::done(&format!("/settings/people/{id}"), Some(&said)))
}

async fn remove_codes(caller: Caller, Path(id): Path<String>) -> Answer {
    let id: PersonId = id.parse()?;
    caller.write(move |tx, cx| people::totp::remove(tx, cx, id)).await?;
    let said = Toast::new("Their password alone lets them in now, until they set up codes again.");
    Ok(door::done(&format!("/settings/people/{id}"), Some(&said)))
}

#[derive(Deserialize)]
struct Joining {
    team: TeamId,
}

async fn join(caller: Caller, Path(id): Path<String>, Posted(given): Posted<Joining>) -> Answer {
    let id: PersonId = id.parse()?;
    caller.write(move |tx, cx| access::add_member(tx, cx, given.team, id)).await?;
    Ok(door::done(&format!("/settings/people/{id}"), Some(&Toast::new("Put into the team"))))
}

async fn leave(caller: Caller, Path((id, team)): Path<(String, String)>) -> Answer {
    let (id, team): (PersonId, TeamId) = (id.parse()?, team.parse()?);
    let left: Result<(), Fault> = caller.write(move |tx, cx| access::remove_member(tx, cx, team, id)).await;
    left?;
    Ok(door::done(&format!("/settings/people/{id}"), Some(&Toast::new("Taken out of the team"))))
}
