//! Grants: who has which role where, and what follows from it.

use serde::Serialize;

use super::roles::{BuiltIn, Role};
use super::{MANAGE_ACCESS, Right, Rights, Scope, VIEW_PEOPLE, roles, split, store};
use crate::id::{GrantId, OrgId, PersonId, Ref, RoleId, TeamId};
use crate::store::Tx;
use crate::{Cx, Fault, cx::Who, events, people};

/// A role given to somebody, for the whole organisation or (`scope`) for what one team owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    pub id: GrantId,
    pub role: RoleId,
    pub to: Grantee,
    pub scope: Option<TeamId>,
}

/// Who a role is given to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Grantee {
    Person(PersonId),
    /// Everybody in the team, for as long as they are in it.
    Team(TeamId),
}

impl Grantee {
    pub(super) fn columns(self) -> (Option<i64>, Option<i64>) {
        match self {
            Self::Person(person) => (Some(person.0), None),
            Self::Team(team) => (None, Some(team.0)),
        }
    }

    fn about(self) -> Ref {
        match self {
            Self::Person(person) => Ref::new("person", person.0),
            Self::Team(team) => Ref::new("team", team.0),
        }
    }
}

/// Everything a person may do, by themselves and by their teams: one statement.
pub fn rights_of(tx: &mut Tx<'_>, org: OrgId, person: PersonId) -> Result<Rights, Fault> {
    Ok(added_up(store::held_by_person(tx, org, person)?))
}

/// Everybody on the staff who holds a right there and can sign in, in the order they came.
pub fn holders(
    tx: &mut Tx<'_>,
    org: OrgId,
    right: &'static Right,
    scope: Scope,
) -> Result<Vec<PersonId>, Fault> {
    let mut holders = Vec::new();
    for person in store::granted(tx, org)? {
        if rights_of(tx, org, person)?.has(right, scope) {
            holders.push(person);
        }
    }
    Ok(holders)
}

/// All grants, oldest first.
pub fn grants(tx: &mut Tx<'_>, cx: &Cx) -> Result<Vec<Grant>, Fault> {
    cx.may(&VIEW_PEOPLE, Scope::Org)?;
    store::grants(tx, cx.org)
}

/// Gives a role.
///
/// # Errors
/// `Denied` for a word of the role that the caller does not hold there, `Conflict` (`exists`) when it is given
/// already, `Invalid` for an owner of less than the organisation, or a role for a requester.
pub fn grant(
    tx: &mut Tx<'_>,
    cx: &Cx,
    role: RoleId,
    to: Grantee,
    scope: Option<TeamId>,
) -> Result<GrantId, Fault> {
    cx.may(&MANAGE_ACCESS, Scope::Org)?;
    let role = roles::role(tx, cx.org, role)?;
    check_grantee(tx, cx, to)?;
    if let Some(team) = scope {
        store::team(tx, cx.org, team)?.ok_or(Fault::NotFound { what: "team" })?;
        if role.built_in == Some(BuiltIn::Owner) {
            return Err(Fault::invalid("scope", "owner", "an owner owns the whole organisation"));
        }
    }
    hold_all(cx, &role, scope)?;
    let is_same = |grant: &Grant| grant.role == role.id && grant.to == to && grant.scope == scope;
    if store::grants(tx, cx.org)?.iter().any(is_same) {
        return Err(Fault::conflict("exists", format!("{} is given there already", role.name)));
    }
    let grant = Grant { id: GrantId(cx.ids.next()), role: role.id, to, scope };
    store::insert_grant(tx, cx.org, &grant)?;
    told(tx, cx, "role.granted", &role, &grant)?;
    Ok(grant.id)
}

/// Takes a role back.
///
/// # Errors
/// `Denied` for a word that the caller does not hold there, `Conflict` (`last_owner`) for the last owner's.
pub fn revoke(tx: &mut Tx<'_>, cx: &Cx, id: GrantId) -> Result<(), Fault> {
    cx.may(&MANAGE_ACCESS, Scope::Org)?;
    let found = store::grants(tx, cx.org)?.into_iter().find(|grant| grant.id == id);
    let grant = found.ok_or(Fault::NotFound { what: "grant" })?;
    let role = roles::role(tx, cx.org, grant.role)?;
    hold_all(cx, &role, grant.scope)?;
    keep_an_owner(tx, cx, |tx| store::delete_grant(tx, cx.org, id))?;
    told(tx, cx, "role.revoked", &role, &grant)
}

/// Refuses to touch somebody who may do more than the caller: who may help people to sign in must not become owner
/// that way.
///
/// # Errors
/// `Denied` with the right that would be needed.
pub fn within(tx: &mut Tx<'_>, cx: &Cx, person: PersonId) -> Result<(), Fault> {
    if matches!(cx.who, Who::House(_)) || cx.who.person() == Some(person) {
        return Ok(());
    }
    let theirs = rights_of(tx, cx.org, person)?;
    if cx.rights.covers(&theirs) { Ok(()) } else { Err(Fault::Denied { right: MANAGE_ACCESS.word }) }
}

/// Makes a change after which there must still be somebody who can sign in as owner.
///
/// # Errors
/// `Conflict` (`last_owner`) when there is nobody.
pub fn keep_an_owner<T>(
    tx: &mut Tx<'_>,
    cx: &Cx,
    change: impl FnOnce(&mut Tx<'_>) -> Result<T, Fault>,
) -> Result<T, Fault> {
    store::lock_owners(tx, cx.org)?;
    let before = store::active_owners(tx, cx.org)?;
    let done = change(tx)?;
    if before > 0 && store::active_owners(tx, cx.org)? == 0 {
        return Err(Fault::conflict("last_owner", "this is the last owner; make somebody else owner first"));
    }
    Ok(done)
}

/// What the members of a team hold by being members.
pub(super) fn rights_of_team(tx: &mut Tx<'_>, org: OrgId, team: TeamId) -> Result<Rights, Fault> {
    Ok(added_up(store::held_by_team(tx, org, team)?))
}

/// The caller holds this word there.
pub(super) fn hold(cx: &Cx, word: &'static str, scope: Scope) -> Result<(), Fault> {
    match cx.who {
        Who::House(_) => Ok(()),
        _ if cx.rights.has_word(word, scope) => Ok(()),
        _ => Err(Fault::Denied { right: word }),
    }
}

fn hold_all(cx: &Cx, role: &Role, scope: Option<TeamId>) -> Result<(), Fault> {
    let mut given = Rights::default();
    for word in &role.words {
        given.grant(word, scope);
    }
    let given = if role.built_in == Some(BuiltIn::Owner) { Rights::everything() } else { given };
    let may = matches!(cx.who, Who::House(_)) || cx.rights.covers(&given);
    if may { Ok(()) } else { Err(Fault::Denied { right: MANAGE_ACCESS.word }) }
}

fn added_up(held: Vec<(Option<String>, String, i64)>) -> Rights {
    let mut rights = Rights::default();
    for (built_in, words, scope) in held {
        if built_in.as_deref() == Some(BuiltIn::Owner.word()) && scope == 0 {
            return Rights::everything();
        }
        let scope = Some(TeamId(scope)).filter(|team| team.0 != 0);
        for word in split(&words) {
            rights.grant(&word, scope);
        }
    }
    rights
}

fn check_grantee(tx: &mut Tx<'_>, cx: &Cx, to: Grantee) -> Result<(), Fault> {
    match to {
        Grantee::Team(team) => {
            store::team(tx, cx.org, team)?.map(drop).ok_or(Fault::NotFound { what: "team" })
        }
        Grantee::Person(person) => {
            if people::get(tx, cx.org, person)?.kind == people::Kind::Requester {
                return Err(Fault::invalid(
                    "person",
                    "requester",
                    "roles are for staff; make them staff first",
                ));
            }
            Ok(())
        }
    }
}

fn told(tx: &mut Tx<'_>, cx: &Cx, verb: &'static str, role: &Role, grant: &Grant) -> Result<(), Fault> {
    // With the names of that moment: the log must tell who it was when they are long gone.
    let to_name = match grant.to {
        Grantee::Person(person) => people::get(tx, cx.org, person)?.name,
        Grantee::Team(team) => name_of(tx, cx, team)?,
    };
    let scope_name = grant.scope.map(|team| name_of(tx, cx, team)).transpose()?;
    let body = serde_json::json!({
        "role": role.name, "to": grant.to, "to_name": to_name, "scope": grant.scope, "scope_name": scope_name,
    });
    events::record(tx, cx, verb, Ref::new("role", role.id.0), &[grant.to.about()], &body).map(drop)
}

fn name_of(tx: &mut Tx<'_>, cx: &Cx, team: TeamId) -> Result<String, Fault> {
    Ok(store::team(tx, cx.org, team)?.ok_or(Fault::NotFound { what: "team" })?.name)
}
