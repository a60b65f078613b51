//! Settings, Roles: named sets of rights, those of the house and one's own.

use std::collections::BTreeMap;

use axum::Router;
use axum::extract::Path;
use axum::routing::{get, post};
use mainstay_face::ui::{
    Act, Column, Field, Form, Row, Table, Toast, card, checkbox, field, form, hidden, link, outline_tag, pad,
    rows, stack, timeline,
};
use mainstay_face::{Answer, Caller, Door, Query, door, frame};
use mainstay_kernel::access::{self, Grantee, MANAGE_ACCESS, Right, Role, Scope};
use mainstay_kernel::id::{PersonId, Ref, RoleId};
use mainstay_kernel::store::Tx;
use mainstay_kernel::{Cx, Fault, Problem, people};
use maud::{Markup, html};
use serde::Deserialize;

use super::held::Held;
use super::{fault_of, faults_beside, history, page, problems_of};

pub(super) fn routes() -> Router<Door> {
    Router::new()
        .route("/settings/roles", get(list).post(make))
        .route("/settings/roles/new", get(new))
        .route("/settings/roles/{id}", get(one).post(change))
        .route("/settings/roles/{id}/remove", post(remove))
}

async fn list(caller: Caller) -> Answer {
    let held = caller.read(Held::read).await?;
    let mut table = Table::new(
        "Roles",
        [Column::new("Name"), Column::new("Rights"), Column::figure("Holders"), Column::new("Kind")],
    );
    for role in &held.roles {
        let given = held.grants.iter().filter(|grant| grant.role == role.id).count();
        table = table.line([
            link(&role.name, &format!("/settings/roles/{}", role.id)),
            html! { (extent(role)) },
            html! { (given) },
            html! { @if role.built_in.is_some() { "comes with the house" } @else { "your own" } },
        ]);
    }
    let mut top = page("Roles")
        .lead("A role is given to a person or a team, for everything or for what one team owns.");
    if held.may_change {
        top = top.act(Act::link("Make a role", "/settings/roles/new").primary());
    }
    frame::framed(&caller, top.main(card("Roles", "", html! { (table) }))).await
}

fn extent(role: &Role) -> String {
    match role.words.len() {
        _ if role.built_in == Some(access::BuiltIn::Owner) => "everything".to_owned(),
        1 => "1 right".to_owned(),
        many => format!("{many} rights"),
    }
}

async fn one(caller: Caller, Path(id): Path<String>) -> Answer {
    shown(&caller, id.parse()?, None).await
}

async fn shown(caller: &Caller, id: RoleId, tried: Option<(&Given, &[Problem])>) -> Answer {
    let (role, held, names, told) = caller
        .read(move |tx, cx| {
            let held = Held::read(tx, cx)?;
            let names = names(tx, cx, &held, id)?;
            let told = history(tx, cx, &Ref::new("role", id.0))?;
            Ok((access::role(tx, cx.org, id)?, held, names, told))
        })
        .await?;
    let is_own = role.built_in.is_none();
    let holders: Vec<Row> = held
        .grants
        .iter()
        .filter(|grant| grant.role == id)
        .map(|grant| holder(&held, &names, grant))
        .collect();
    let is_free = holders.is_empty();
    let rights = if is_own && held.may_change {
        let (given, problems) = tried.map_or((None, &[][..]), |(given, problems)| (Some(given), problems));
        let now = Given { name: role.name.clone(), rights: role.words.clone(), revision: role.revision };
        let acts = vec![Act::submit("Save").primary()];
        pad(the_form(caller, &format!("/settings/roles/{id}"), given.unwrap_or(&now), problems, acts))
    } else {
        words_of(caller, &role)
    };
    let main = stack(html! {
        (card("Who has it", "", if is_free { pad(html! { p.mid { "Nobody." } }) } else { rows(&holders) }))
        (card("Rights", "", rights))
        @if let Some(told) = told { (card("History", "newest first", timeline(&told.moments(&frame::words(caller))))) }
    });
    let mut top = page(&role.name)
        .crumb("Roles", "/settings/roles")
        .marks(outline_tag(if is_own { "your own" } else { "comes with the house" }))
        .lead(html! { (extent(&role)) });
    if held.may_change {
        if is_own {
            let why_not = (!is_free).then_some("somebody has it");
            top =
                top.act(Act::post("Remove", format!("/settings/roles/{id}/remove")).danger().unless(why_not));
        }
        top = top.act(Act::link("Make one like it", format!("/settings/roles/new?like={id}")));
    }
    frame::framed(caller, top.main(main)).await
}

/// The people among the holders of a role, by name.
fn names(tx: &mut Tx<'_>, cx: &Cx, held: &Held, role: RoleId) -> Result<BTreeMap<PersonId, String>, Fault> {
    let mut names = BTreeMap::new();
    for grant in held.grants.iter().filter(|grant| grant.role == role) {
        if let Grantee::Person(person) = grant.to {
            names.insert(person, people::get(tx, cx.org, person)?.name);
        }
    }
    Ok(names)
}

fn holder(held: &Held, names: &BTreeMap<PersonId, String>, grant: &access::Grant) -> Row {
    let (name, href, of) = match grant.to {
        Grantee::Person(id) => {
            (names.get(&id).map_or("", String::as_str), format!("/settings/people/{id}"), "")
        }
        Grantee::Team(id) => (held.team(id), format!("/settings/teams/{id}"), "everybody in "),
    };
    let scope = match grant.scope {
        None => "for everything".to_owned(),
        Some(team) => format!("for what {} owns", held.team(team)),
    };
    Row::new(html! { (of) (link(name, &href)) " " span.dim { (scope) } })
}

fn words_of(caller: &Caller, role: &Role) -> Markup {
    if role.built_in == Some(access::BuiltIn::Owner) {
        return pad(html! { p { "Everything, also what later versions bring." } });
    }
    let all = &caller.door.ground().rights;
    let about = |word: &str| all.iter().find(|right| right.word == word).map_or("", |right| right.about);
    let shown: Vec<Row> = role
        .words
        .iter()
        .map(|word| Row::new(html! { (about(word)) " " span.mono.dim { (word) } }))
        .collect();
    rows(&shown)
}

/// The rights of the house by the part that they belong to, in the order in which the house names them.
fn by_part(all: &[&'static Right]) -> Vec<(&'static str, Vec<&'static Right>)> {
    let mut parts: Vec<(&'static str, Vec<&'static Right>)> = Vec::new();
    for right in all {
        let part = right.word.split('.').next().unwrap_or_default();
        match parts.iter_mut().find(|(name, _)| *name == part) {
            Some((_, rights)) => rights.push(right),
            None => parts.push((part, vec![right])),
        }
    }
    parts
}

fn the_form(caller: &Caller, to: &str, given: &Given, problems: &[Problem], acts: Vec<Act>) -> Markup {
    let fields = html! {
        (hidden("revision", given.revision))
        (field(&Field::new("name", "Name").value(&given.name).fault(fault_of(problems, "name"))))
        @for (part, rights) in by_part(&caller.door.ground().rights) {
            fieldset {
                legend { @match part { "kernel" => "The house", "record" => "Assets, findings, work and plans", other => { (heading(other)) } } }
                @for right in rights {
                    (checkbox("rights", right.word, html! { (right.about) " " span.mono.dim { (right.word) } }, given.rights.iter().any(|word| word == right.word)))
                }
            }
        }
    };
    form(&Form { to: to.to_owned(), faults: faults_beside(problems, &["name"]), fields, acts })
}

fn heading(room: &str) -> String {
    let mut letters = room.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[derive(Default, Deserialize)]
struct Like {
    like: Option<RoleId>,
}

async fn new(caller: Caller, Query(asked): Query<Like>) -> Answer {
    caller.cx.may(&MANAGE_ACCESS, Scope::Org)?;
    let rights = match asked.like {
        None => Vec::new(),
        Some(id) => {
            let role = caller.read(move |tx, cx| access::role(tx, cx.org, id)).await?;
            let all = &caller.door.ground().rights;
            match role.built_in {
                Some(access::BuiltIn::Owner) => all.iter().map(|right| right.word.to_owned()).collect(),
                _ => role.words,
            }
        }
    };
    shown_new(&caller, &Given { rights, ..Given::default() }, &[]).await
}

async fn shown_new(caller: &Caller, given: &Given, problems: &[Problem]) -> Answer {
    let acts = vec![Act::submit("Make it").primary(), Act::link("Cancel", "/settings/roles")];
    let body = the_form(caller, "/settings/roles", given, problems, acts);
    let page = page("A new role").crumb("Roles", "/settings/roles");
    frame::framed(caller, page.main(card("What it may do", "", pad(body)))).await
}

/// A list of checkboxes: the same name several times.
#[derive(Clone, Default, Deserialize)]
struct Given {
    name: String,
    #[serde(default)]
    rights: Vec<String>,
    #[serde(default)]
    revision: i64,
}

async fn make(caller: Caller, body: String) -> Answer {
    let given: Given = mainstay_face::query::read(&body)?;
    let (all, asked) = (caller.door.ground().rights.clone(), given.clone());
    match caller.write(move |tx, cx| access::make_role(tx, cx, &all, &asked.name, &asked.rights)).await {
        Ok(id) => Ok(door::done(
            &format!("/settings/roles/{id}"),
            Some(&Toast::new("Made. Give it on the page of a person or a team.")),
        )),
        Err(fault) => shown_new(&caller, &given, &problems_of(fault)?).await,
    }
}

async fn change(caller: Caller, Path(id): Path<String>, body: String) -> Answer {
    let id: RoleId = id.parse()?;
    let given: Given = mainstay_face::query::read(&body)?;
    let (all, asked) = (caller.door.ground().rights.clone(), given.clone());
    let changed = caller
        .write(move |tx, cx| {
            access::change_role(tx, cx, &all, id, asked.revision, &asked.name, &asked.rights)
        })
        .await;
    match changed {
        Ok(()) => Ok(door::done(
            &format!("/settings/roles/{id}"),
            Some(&Toast::new("Saved. It holds from the next click on.")),
        )),
        Err(fault) => shown(&caller, id, Some((&given, &problems_of(fault)?))).await,
    }
}

async fn remove(caller: Caller, Path(id): Path<String>) -> Answer {
    let id: RoleId = id.parse()?;
    caller.write(move |tx, cx| access::remove_role(tx, cx, id)).await?;
    Ok(door::done("/settings/roles", Some(&Toast::new("Removed"))))
}
