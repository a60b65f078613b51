//! Teams: people who own things together.

use super::{MANAGE_ACCESS, Scope, VIEW_PEOPLE, grants, store};
use crate::id::{OrgId, PersonId, Ref, TeamId};
use crate::store::Tx;
use crate::{Cx, Fault, cx::Who, events, people};

/// A team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    pub id: TeamId,
    pub name: String,
    pub revision: i64,
}

/// All teams by name.
pub fn teams(tx: &mut Tx<'_>, cx: &Cx) -> Result<Vec<Team>, Fault> {
    cx.may(&VIEW_PEOPLE, Scope::Org)?;
    store::teams(tx, cx.org)
}

/// One team. For whoever points at it; a page about teams asks [`teams`].
pub fn team(tx: &mut Tx<'_>, org: OrgId, id: TeamId) -> Result<Team, Fault> {
    store::team(tx, org, id)?.ok_or(Fault::NotFound { what: "team" })
}

/// The teams that a person is in, by name.
pub fn teams_of(tx: &mut Tx<'_>, org: OrgId, person: PersonId) -> Result<Vec<Team>, Fault> {
    store::teams_of(tx, org, person)
}

/// Who is in a team.
pub fn members(tx: &mut Tx<'_>, org: OrgId, team: TeamId) -> Result<Vec<PersonId>, Fault> {
    store::members(tx, org, team)
}

/// Makes a team.
pub fn make_team(tx: &mut Tx<'_>, cx: &Cx, name: &str) -> Result<TeamId, Fault> {
    cx.may(&MANAGE_ACCESS, Scope::Org)?;
    let (id, name) = (TeamId(cx.ids.next()), checked(name)?);
    store::insert_team(tx, cx.org, id, name)?;
    told(tx, cx, "team.made", id, None, &serde_json::json!({ "name": name }))?;
    Ok(id)
}

/// Gives a team another name.
pub fn rename_team(tx: &mut Tx<'_>, cx: &Cx, id: TeamId, revision: i64, name: &str) -> Result<(), Fault> {
    cx.may(&MANAGE_ACCESS, Scope::Org)?;
    let (before, name) = (get(tx, cx.org, id)?, checked(name)?);
    store::update_team(tx, cx.org, id, revision, name)?;
    told(tx, cx, "team.renamed", id, None, &serde_json::json!({ "before": before.name, "after": name }))
}

/// Removes a team, its grants, and the grants for what it owned; what it owned has no owner then.
///
/// # Errors
/// `Denied` when it holds what the caller does not, `Conflict` (`last_owner`) when the last owner is one by it.
pub fn remove_team(tx: &mut Tx<'_>, cx: &Cx, id: TeamId) -> Result<(), Fault> {
    cx.may(&MANAGE_ACCESS, Scope::Org)?;
    let before = get(tx, cx.org, id)?;
    covered(tx, cx, id)?;
    grants::keep_an_owner(tx, cx, |tx| store::delete_team(tx, cx.org, id))?;
    told(tx, cx, "team.removed", id, None, &serde_json::json!({ "name": before.name }))
}

/// Puts a person into a team; nothing happens when they are in it.
///
/// # Errors
/// `Denied` when the team holds what the caller does not.
pub fn add_member(tx: &mut Tx<'_>, cx: &Cx, team: TeamId, person: PersonId) -> Result<(), Fault> {
    cx.may(&MANAGE_ACCESS, Scope::Org)?;
    let (team, person) = (get(tx, cx.org, team)?, people::get(tx, cx.org, person)?);
    covered(tx, cx, team.id)?;
    if person.kind == people::Kind::Requester {
        return Err(Fault::invalid("person", "requester", "teams are for staff; make them staff first"));
    }
    if store::insert_member(tx, cx.org, team.id, person.id)? > 0 {
        let body = serde_json::json!({ "team": team.name, "person": person.name });
        told(tx, cx, "team.member_added", team.id, Some(person.id), &body)?;
    }
    Ok(())
}

/// Takes a person out of a team; nothing happens when they are not in it.
///
/// # Errors
/// As [`remove_team`].
pub fn remove_member(tx: &mut Tx<'_>, cx: &Cx, team: TeamId, person: PersonId) -> Result<(), Fault> {
    cx.may(&MANAGE_ACCESS, Scope::Org)?;
    let (team, person) = (get(tx, cx.org, team)?, people::get(tx, cx.org, person)?);
    covered(tx, cx, team.id)?;
    if grants::keep_an_owner(tx, cx, |tx| store::delete_member(tx, cx.org, team.id, person.id))? > 0 {
        let body = serde_json::json!({ "team": team.name, "person": person.name });
        told(tx, cx, "team.member_removed", team.id, Some(person.id), &body)?;
    }
    Ok(())
}

fn get(tx: &mut Tx<'_>, org: OrgId, id: TeamId) -> Result<Team, Fault> {
    store::team(tx, org, id)?.ok_or(Fault::NotFound { what: "team" })
}

/// Being in a team is holding what it holds.
fn covered(tx: &mut Tx<'_>, cx: &Cx, team: TeamId) -> Result<(), Fault> {
    let held = grants::rights_of_team(tx, cx.org, team)?;
    let may = matches!(cx.who, Who::House(_)) || cx.rights.covers(&held);
    if may { Ok(()) } else { Err(Fault::Denied { right: MANAGE_ACCESS.word }) }
}

fn checked(name: &str) -> Result<&str, Fault> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 60 {
        return Err(Fault::invalid("name", "required", "give the team a name of 1 to 60 letters"));
    }
    Ok(name)
}

fn told(
    tx: &mut Tx<'_>,
    cx: &Cx,
    verb: &'static str,
    team: TeamId,
    person: Option<PersonId>,
    body: &serde_json::Value,
) -> Result<(), Fault> {
    let about: Vec<Ref> = person.map(|person| Ref::new("person", person.0)).into_iter().collect();
    events::record(tx, cx, verb, Ref::new("team", team.0), &about, body).map(drop)
}
