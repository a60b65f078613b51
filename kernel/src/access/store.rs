//! The statements of roles, grants and teams.

use super::grants::{Grant, Grantee};
use super::roles::{BuiltIn, Role};
use super::split;
use super::teams::Team;
use crate::id::{GrantId, OrgId, PersonId, RoleId, TeamId};
use crate::store::{Row, Tx};
use crate::{Fault, args, sql};

pub(super) fn insert_role(tx: &mut Tx<'_>, org: OrgId, role: &Role) -> Result<(), Fault> {
    tx.run(
        sql!("INSERT INTO role (org_id, id, name, built_in, rights) VALUES ($1, $2, $3, $4, $5)"),
        args![org, role.id, &role.name, role.built_in.map(BuiltIn::word), role.words.join(" ")],
    )
    .map(drop)
}

pub(super) fn update_role(
    tx: &mut Tx<'_>,
    org: OrgId,
    id: RoleId,
    revision: i64,
    name: &str,
    words: &[String],
) -> Result<(), Fault> {
    let touched = tx.run(
        sql!("UPDATE role SET name = $1, rights = $2, revision = revision + 1 WHERE org_id = $3 AND id = $4 AND revision = $5"),
        args![name, words.join(" "), org, id, revision],
    )?;
    if touched == 0 { Err(Fault::Stale) } else { Ok(()) }
}

pub(super) fn delete_role(tx: &mut Tx<'_>, org: OrgId, id: RoleId) -> Result<(), Fault> {
    tx.run(sql!("DELETE FROM role WHERE org_id = $1 AND id = $2"), args![org, id]).map(drop)
}

pub(super) fn role(tx: &mut Tx<'_>, org: OrgId, id: RoleId) -> Result<Option<Role>, Fault> {
    tx.maybe(
        sql!("SELECT id, name, built_in, rights, revision FROM role WHERE org_id = $1 AND id = $2"),
        args![org, id],
        read_role,
    )
}

pub(super) fn roles(tx: &mut Tx<'_>, org: OrgId) -> Result<Vec<Role>, Fault> {
    tx.rows(
        sql!("SELECT id, name, built_in, rights, revision FROM role WHERE org_id = $1 ORDER BY id"),
        args![org],
        read_role,
    )
}

fn read_role(row: &Row<'_>) -> Result<Role, Fault> {
    Ok(Role {
        id: row.get(0)?,
        name: row.get(1)?,
        built_in: row.get::<Option<String>>(2)?.and_then(|word| BuiltIn::read(&word)),
        words: split(&row.get::<String>(3)?),
        revision: row.get(4)?,
    })
}

pub(super) fn insert_grant(tx: &mut Tx<'_>, org: OrgId, grant: &Grant) -> Result<(), Fault> {
    let (person, team) = grant.to.columns();
    tx.run(
        sql!("INSERT INTO role_grant (org_id, id, role_id, person_id, team_id, scope_team_id) VALUES ($1, $2, $3, $4, $5, $6)"),
        args![org, grant.id, grant.role, person, team, grant.scope.map_or(0, |team| team.0)],
    )
    .map(drop)
}

pub(super) fn delete_grant(tx: &mut Tx<'_>, org: OrgId, id: GrantId) -> Result<(), Fault> {
    tx.run(sql!("DELETE FROM role_grant WHERE org_id = $1 AND id = $2"), args![org, id]).map(drop)
}

pub(super) fn grants(tx: &mut Tx<'_>, org: OrgId) -> Result<Vec<Grant>, Fault> {
    tx.rows(
        sql!("SELECT id, role_id, person_id, team_id, scope_team_id FROM role_grant WHERE org_id = $1 ORDER BY id"),
        args![org],
        |row| {
            let to = match (row.get::<Option<PersonId>>(2)?, row.get::<Option<TeamId>>(3)?) {
                (Some(person), _) => Grantee::Person(person),
                (None, Some(team)) => Grantee::Team(team),
                (None, None) => return Err(Fault::broken("a grant to nobody")),
            };
            let scope = Some(row.get::<TeamId>(4)?).filter(|team| team.0 != 0);
            Ok(Grant { id: row.get(0)?, role: row.get(1)?, to, scope })
        },
    )
}

/// What a person holds by themselves and by their teams: built-in word, words, scope.
pub(super) fn held_by_person(
    tx: &mut Tx<'_>,
    org: OrgId,
    person: PersonId,
) -> Result<Vec<(Option<String>, String, i64)>, Fault> {
    tx.rows(
        sql!(
            "SELECT r.built_in, r.rights, g.scope_team_id
              FROM role_grant g JOIN role r ON r.org_id = g.org_id AND r.id = g.role_id
              WHERE g.org_id = $1 AND (g.person_id = $2 OR g.team_id IN
                (SELECT m.team_id FROM team_member m WHERE m.org_id = $1 AND m.person_id = $2))"
        ),
        args![org, person],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )
}

/// Active people who have any role, by themselves or by a team.
pub(super) fn granted(tx: &mut Tx<'_>, org: OrgId) -> Result<Vec<PersonId>, Fault> {
    tx.rows(
        sql!(
            "SELECT p.id FROM person p WHERE p.org_id = $1 AND p.state = 'active' AND p.kind = 'staff' AND EXISTS
              (SELECT 1 FROM role_grant g WHERE g.org_id = $1 AND (g.person_id = p.id OR g.team_id IN
                (SELECT m.team_id FROM team_member m WHERE m.org_id = $1 AND m.person_id = p.id))) ORDER BY p.id"
        ),
        args![org],
        |row| row.get(0),
    )
}

/// What every member of a team holds by being one.
pub(super) fn held_by_team(
    tx: &mut Tx<'_>,
    org: OrgId,
    team: TeamId,
) -> Result<Vec<(Option<String>, String, i64)>, Fault> {
    tx.rows(
        sql!(
            "SELECT r.built_in, r.rights, g.scope_team_id
              FROM role_grant g JOIN role r ON r.org_id = g.org_id AND r.id = g.role_id
              WHERE g.org_id = $1 AND g.team_id = $2"
        ),
        args![org, team],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )
}

/// The row that everybody passes who might take the last owner away.
pub(super) fn lock_owners(tx: &mut Tx<'_>, org: OrgId) -> Result<(), Fault> {
    tx.rows(sql!("SELECT id FROM role WHERE org_id = $1 AND built_in = 'owner' {lock}"), args![org], |_| {
        Ok(())
    })
    .map(drop)
}

pub(super) fn active_owners(tx: &mut Tx<'_>, org: OrgId) -> Result<i64, Fault> {
    tx.one(
        sql!(
            "SELECT COUNT(*) FROM person p WHERE p.org_id = $1 AND p.state = 'active' AND EXISTS
              (SELECT 1 FROM role_grant g JOIN role r ON r.org_id = g.org_id AND r.id = g.role_id
               WHERE g.org_id = $1 AND r.built_in = 'owner' AND g.scope_team_id = 0 AND (g.person_id = p.id OR g.team_id IN
                 (SELECT m.team_id FROM team_member m WHERE m.org_id = $1 AND m.person_id = p.id)))"
        ),
        args![org],
        |row| row.get(0),
    )
}

pub(super) fn insert_team(tx: &mut Tx<'_>, org: OrgId, id: TeamId, name: &str) -> Result<(), Fault> {
    tx.run(sql!("INSERT INTO team (org_id, id, name) VALUES ($1, $2, $3)"), args![org, id, name]).map(drop)
}

pub(super) fn update_team(
    tx: &mut Tx<'_>,
    org: OrgId,
    id: TeamId,
    revision: i64,
    name: &str,
) -> Result<(), Fault> {
    let touched = tx.run(
        sql!("UPDATE team SET name = $1, revision = revision + 1 WHERE org_id = $2 AND id = $3 AND revision = $4"),
        args![name, org, id, revision],
    )?;
    if touched == 0 { Err(Fault::Stale) } else { Ok(()) }
}

pub(super) fn delete_team(tx: &mut Tx<'_>, org: OrgId, id: TeamId) -> Result<(), Fault> {
    tx.run(
        sql!("DELETE FROM role_grant WHERE org_id = $1 AND (team_id = $2 OR scope_team_id = $2)"),
        args![org, id],
    )?;
    tx.run(sql!("DELETE FROM team_member WHERE org_id = $1 AND team_id = $2"), args![org, id])?;
    tx.run(sql!("DELETE FROM team WHERE org_id = $1 AND id = $2"), args![org, id]).map(drop)
}

pub(super) fn team(tx: &mut Tx<'_>, org: OrgId, id: TeamId) -> Result<Option<Team>, Fault> {
    tx.maybe(
        sql!("SELECT id, name, revision FROM team WHERE org_id = $1 AND id = $2"),
        args![org, id],
        read_team,
    )
}

pub(super) fn teams(tx: &mut Tx<'_>, org: OrgId) -> Result<Vec<Team>, Fault> {
    tx.rows(
        sql!("SELECT id, name, revision FROM team WHERE org_id = $1 ORDER BY name"),
        args![org],
        read_team,
    )
}

pub(super) fn teams_of(tx: &mut Tx<'_>, org: OrgId, person: PersonId) -> Result<Vec<Team>, Fault> {
    tx.rows(
        sql!(
            "SELECT t.id, t.name, t.revision FROM team_member m JOIN team t ON t.org_id = m.org_id AND t.id = m.team_id
              WHERE m.org_id = $1 AND m.person_id = $2 ORDER BY t.name"
        ),
        args![org, person],
        read_team,
    )
}

fn read_team(row: &Row<'_>) -> Result<Team, Fault> {
    Ok(Team { id: row.get(0)?, name: row.get(1)?, revision: row.get(2)? })
}

pub(super) fn members(tx: &mut Tx<'_>, org: OrgId, team: TeamId) -> Result<Vec<PersonId>, Fault> {
    tx.rows(
        sql!("SELECT person_id FROM team_member WHERE org_id = $1 AND team_id = $2 ORDER BY person_id"),
        args![org, team],
        |row| row.get(0),
    )
}

pub(super) fn insert_member(
    tx: &mut Tx<'_>,
    org: OrgId,
    team: TeamId,
    person: PersonId,
) -> Result<u64, Fault> {
    tx.run(
        sql!(
            "INSERT INTO team_member (org_id, team_id, person_id) VALUES ($1, $2, $3)
              ON CONFLICT (org_id, team_id, person_id) DO NOTHING"
        ),
        args![org, team, person],
    )
}

pub(super) fn delete_member(
    tx: &mut Tx<'_>,
    org: OrgId,
    team: TeamId,
    person: PersonId,
) -> Result<u64, Fault> {
    tx.run(
        sql!("DELETE FROM team_member WHERE org_id = $1 AND team_id = $2 AND person_id = $3"),
        args![org, team, person],
    )
}
