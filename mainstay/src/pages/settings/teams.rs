//! Settings, Teams: who owns things together, and what each may do.

use axum::Router;
use axum::extract::{Form as Posted, Path};
use axum::routing::{get, post};
use mainstay_face::ui::{
    Act, Choice, Column, Field, Form, Icon, Row, Table, Toast, acts, card, empty, field, form, hidden, link,
    pad, plain_card, rows, select, stack, timeline,
};
use mainstay_face::{Answer, Caller, Door, door, frame};
use mainstay_kernel::access::{self, Grantee, MANAGE_ACCESS, Scope};
use mainstay_kernel::id::{PersonId, Ref, TeamId};
use mainstay_kernel::people::{self, Kind, Person};
use mainstay_kernel::{Fault, Problem};
use mainstay_record::asset;
use maud::{Markup, html};
use serde::Deserialize;

use super::held::Held;
use super::{fault_of, faults_beside, history, page, problems_of};

pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/settings/teams", get(list).post(make))
        .route("/settings/teams/{id}", get(one).post(rename))
        .route("/settings/teams/{id}/members", post(add))
        .route("/settings/teams/{id}/members/{person}/remove", post(take_out))
        .route("/settings/teams/{id}/remove", get(ask_to_remove).post(remove))
}

/// What is wrong with one of the forms of the page.
#[derive(Default)]
pub(super) struct Said<'s> {
    role: &'s [Problem],
    name: Option<(&'s str, &'s [Problem])>,
}

impl<'s> Said<'s> {
    /// A role could not be given.
    pub(super) fn role(problems: &'s [Problem]) -> Self {
        Self { role: problems, ..Self::default() }
    }
}

async fn list(caller: Caller) -> Answer {
    shown_all(&caller, "", &[]).await
}

async fn shown_all(caller: &Caller, given: &str, problems: &[Problem]) -> Answer {
    let held = caller.read(Held::read).await?;
    let mut table = Table::new(
        "Teams",
        [Column::new("Name"), Column::figure("People"), Column::new("Roles of everybody in it")],
    );
    for team in &held.teams {
        let roles: Vec<String> =
            held.given(Grantee::Team(team.id)).into_iter().map(|grant| held.said(grant)).collect();
        table = table.line([
            link(&team.name, &format!("/settings/teams/{}", team.id)),
            html! { (held.members.get(&team.id).map_or(0, Vec::len)) },
            html! { @if roles.is_empty() { span.dim { "none" } } @else { (roles.join(", ")) } },
        ]);
    }
    let about = "A team owns assets and work. A role can be given for what one team owns, and whoever is in a team has its roles.";
    let main = stack(html! {
        @if held.teams.is_empty() { (plain_card(empty(Icon::Settings, "No teams yet", about, html! {}))) }
        @else { (card("Teams", "", html! { (table) })) }
        @if held.may_change {
            (card("A new team", "", pad(form(&Form {
                to: "/settings/teams".into(),
                faults: faults_beside(problems, &["name"]),
                fields: field(&Field::new("name", "Name").value(given).fault(fault_of(problems, "name"))),
                acts: vec![Act::submit("Make it").primary()],
            }))))
        }
    });
    frame::framed(caller, page("Teams").main(main)).await
}

#[derive(Deserialize)]
struct Named {
    name: String,
    #[serde(default)]
    revision: i64,
}

async fn make(caller: Caller, Posted(given): Posted<Named>) -> Answer {
    let name = given.name.clone();
    match caller.write(move |tx, cx| access::make_team(tx, cx, &name)).await {
        Ok(id) => Ok(door::done(
            &format!("/settings/teams/{id}"),
            Some(&Toast::new("Made. Put people into it next.")),
        )),
        Err(fault) => shown_all(&caller, &given.name, &problems_of(fault)?).await,
    }
}

async fn one(caller: Caller, Path(id): Path<String>) -> Answer {
    shown(&caller, id.parse()?, &Said::default()).await
}

pub(super) async fn shown(caller: &Caller, id: TeamId, said: &Said<'_>) -> Answer {
    let (held, team, staff, owned, told) = caller
        .read(move |tx, cx| {
            let held = Held::read(tx, cx)?;
            let staff = people::list(tx, cx, Some(Kind::Staff), &people::Page { after: None, limit: 500 })?;
            let told = history(tx, cx, &Ref::new("team", id.0))?;
            Ok((held, access::team(tx, cx.org, id)?, staff, asset::owned_by(tx, cx, id)?, told))
        })
        .await?;
    let main = stack(html! {
        (card("People", "", members(&held, id, &staff)))
        (card("Roles of everybody in it", "", html! {
            (held.roles_of(Grantee::Team(id), Vec::new()))
            @if held.may_change { (held.form(&id.to_string(), said.role)) }
        }))
        (card("Roles for what it owns", "", roles_for(&held, id, &staff)))
        @if let Some(told) = told { (card("History", "newest first", timeline(&told.moments(&frame::words(caller))))) }
    });
    let owns = match owned {
        None => html! {},
        Some(0) => html! { "Owns no assets yet: an asset is given to it on the asset's page." },
        Some(count) => {
            let words = counted(usize::try_from(count).unwrap_or(0), "asset", "assets");
            html! { "Owns " (link(&words, &format!("/assets?team={id}"))) "." }
        }
    };
    let mut top = page(&team.name).crumb("Teams", "/settings/teams").lead(owns);
    if held.may_change {
        let (name, problems) = said.name.unwrap_or((&team.name, &[]));
        let fields = html! {
            (hidden("revision", team.revision))
            (field(&Field::new("name", "Name").value(name).fault(fault_of(problems, "name"))))
        };
        let faults = faults_beside(problems, &["name"]);
        let rename = form(&Form {
            to: format!("/settings/teams/{id}"),
            faults,
            fields,
            acts: vec![Act::submit("Rename")],
        });
        top = top.act(Act::link("Remove", format!("/settings/teams/{id}/remove")).danger()).aside(card(
            "Name",
            "",
            pad(rename),
        ));
    }
    frame::framed(caller, top.main(main)).await
}

fn members(held: &Held, id: TeamId, staff: &[Person]) -> Markup {
    let inside = held.members.get(&id).map_or(&[][..], Vec::as_slice);
    let shown: Vec<Row> = inside
        .iter()
        .map(|person| {
            let out = Act::post("Take out", format!("/settings/teams/{id}/members/{person}/remove")).small();
            Row::new(link(name_of(staff, *person), &format!("/settings/people/{person}")))
                .after(html! { @if held.may_change { (out) } })
        })
        .collect();
    let others: Vec<Choice> = staff
        .iter()
        .filter(|person| person.is_active && !inside.contains(&person.id))
        .map(|person| Choice::new(person.id.to_string(), &person.name))
        .collect();
    html! {
        @if shown.is_empty() { (pad(html! { p.mid { "Nobody is in it yet." } })) } @else { (rows(&shown)) }
        @if held.may_change && !others.is_empty() {
            (pad(form(&Form {
                to: format!("/settings/teams/{id}/members"),
                faults: Vec::new(),
                fields: select(&Field::new("person", "Person"), &others),
                acts: vec![Act::submit("Put in").primary()],
            })))
        }
    }
}

/// Who may do something with what the team owns, in it or not.
fn roles_for(held: &Held, id: TeamId, staff: &[Person]) -> Markup {
    let shown: Vec<Row> = held
        .grants
        .iter()
        .filter(|grant| grant.scope == Some(id))
        .map(|grant| {
            let (name, href) = match grant.to {
                Grantee::Person(person) => (name_of(staff, person), format!("/settings/people/{person}")),
                Grantee::Team(team) => (held.team(team), format!("/settings/teams/{team}")),
            };
            Row::new(html! { (link(name, &href)) " " span.dim { "as " (held.role(grant.role)) } })
        })
        .collect();
    if shown.is_empty() {
        return pad(html! { p.mid { "None: only roles for everything hold here." } });
    }
    rows(&shown)
}

fn name_of(staff: &[Person], id: PersonId) -> &str {
    staff.iter().find(|person| person.id == id).map_or("Somebody", |person| person.name.as_str())
}

async fn rename(caller: Caller, Path(id): Path<String>, Posted(given): Posted<Named>) -> Answer {
    let (id, name): (TeamId, _) = (id.parse()?, given.name.clone());
    match caller.write(move |tx, cx| access::rename_team(tx, cx, id, given.revision, &name)).await {
        Ok(()) => Ok(door::done(&format!("/settings/teams/{id}"), Some(&Toast::new("Renamed")))),
        Err(fault) => {
            let problems = problems_of(fault)?;
            shown(&caller, id, &Said { name: Some((&given.name, &problems)), ..Said::default() }).await
        }
    }
}

#[derive(Deserialize)]
struct Member {
    person: PersonId,
}

async fn add(caller: Caller, Path(id): Path<String>, Posted(given): Posted<Member>) -> Answer {
    let id: TeamId = id.parse()?;
    caller.write(move |tx, cx| access::add_member(tx, cx, id, given.person)).await?;
    Ok(door::done(&format!("/settings/teams/{id}"), Some(&Toast::new("Put in"))))
}

async fn take_out(caller: Caller, Path((id, person)): Path<(String, String)>) -> Answer {
    let (id, person): (TeamId, PersonId) = (id.parse()?, person.parse()?);
    caller.write(move |tx, cx| access::remove_member(tx, cx, id, person)).await?;
    Ok(door::done(&format!("/settings/teams/{id}"), Some(&Toast::new("Taken out"))))
}

/// Removing cannot be undone: the page names what follows.
async fn ask_to_remove(caller: Caller, Path(id): Path<String>) -> Answer {
    caller.cx.may(&MANAGE_ACCESS, Scope::Org)?;
    let id: TeamId = id.parse()?;
    let (team, held, owned) = caller
        .read(move |tx, cx| {
            Ok((access::team(tx, cx.org, id)?, Held::read(tx, cx)?, asset::owned_by(tx, cx, id)?))
        })
        .await?;
    let ends = held.grants.iter().filter(|g| g.to == Grantee::Team(id) || g.scope == Some(id)).count();
    let inside = held.members.get(&id).map_or(0, Vec::len);
    let body = stack(html! {
        p { (counted(inside, "person is", "people are")) " in it; they stay, without what they had by it. " (counted(ends, "role", "roles")) " given to it or for what it owns: they end at once." }
        @if let Some(owned) = owned { p { (counted(usize::try_from(owned).unwrap_or(0), "asset", "assets")) " of it will have no team." } }
        (acts(&[Act::post(format!("Remove {}", team.name), format!("/settings/teams/{id}/remove")).danger(), Act::link("Cancel", format!("/settings/teams/{id}"))]))
    });
    let page = page(&format!("Remove {}", team.name)).crumb("Teams", "/settings/teams");
    frame::framed(&caller, page.main(card("What happens", "", pad(body)))).await
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

async fn remove(caller: Caller, Path(id): Path<String>) -> Answer {
    let id: TeamId = id.parse()?;
    let removed: Result<(), Fault> = caller.write(move |tx, cx| access::remove_team(tx, cx, id)).await;
    removed?;
    Ok(door::done("/settings/teams", Some(&Toast::new("Removed"))))
}
