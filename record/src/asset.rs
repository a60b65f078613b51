//! Assets: hosts, databases, certificates, services; with owner, criticality and what depends on what.

use mainstay_kernel::access::{self, Scope, Scopes};
use mainstay_kernel::id::{PersonId, TeamId};
use mainstay_kernel::store::{Row, Tx};
use mainstay_kernel::{Cx, Fault, args, events, people, sql};
use serde::Serialize;

use crate::{AssetId, rights, tally};

/// One thing that is looked after.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Asset {
    pub id: AssetId,
    /// `host`, `postgresql`, `certificate` …
    pub kind: String,
    pub name: String,
    pub environment: String,
    pub criticality: String,
    pub team: Option<TeamId>,
    pub owner: Option<PersonId>,
    pub is_retired: bool,
    /// One line of what it is: `Debian 12, 8 GB`.
    pub summary: String,
    pub seen_ms: Option<i64>,
    pub revision: i64,
}

impl Asset {
    /// Where rights to it are looked for.
    pub fn scope(&self) -> Scope {
        Scope::Team(self.team)
    }
}

/// What a look at a host says about an asset.
#[derive(Clone, Debug)]
pub struct Sight<'a> {
    pub kind: &'a str,
    /// What stays the same when the name changes: a machine id, a database's system identifier.
    pub identity: &'a str,
    pub name: &'a str,
    pub summary: &'a str,
}

/// Makes the asset, or notes that it was seen. An asset that a person renamed keeps its name.
pub fn see(tx: &mut Tx<'_>, cx: &Cx, sight: &Sight<'_>) -> Result<AssetId, Fault> {
    let known = tx.maybe(
        sql!(
            "UPDATE asset SET seen_ms = $1, summary = CASE WHEN $2 = '' THEN summary ELSE $2 END
              WHERE org_id = $3 AND kind = $4 AND identity = $5 RETURNING id"
        ),
        args![cx.now_ms(), sight.summary, cx.org, sight.kind, sight.identity],
        |row| row.get(0),
    )?;
    if let Some(id) = known {
        return Ok(id);
    }
    let id = AssetId(cx.ids.next());
    let now_ms = cx.now_ms();
    tx.run(
        sql!("INSERT INTO asset (org_id, id, kind, identity, name, summary, seen_ms, created_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"),
        args![cx.org, id, sight.kind, sight.identity, sight.name, sight.summary, now_ms, now_ms],
    )?;
    tally::add(tx, cx.org, "asset", id.0, 1)?;
    events::record(
        tx,
        cx,
        "asset.found",
        id.into(),
        &[],
        &serde_json::json!({ "kind": sight.kind, "name": sight.name }),
    )?;
    Ok(id)
}

/// One asset the caller may see.
pub fn get(tx: &mut Tx<'_>, cx: &Cx, id: AssetId) -> Result<Asset, Fault> {
    let found = tx.maybe(
        sql!("SELECT id, kind, name, environment, criticality, team_id, owner_id, state, summary, seen_ms, revision
              FROM asset WHERE org_id = $1 AND id = $2"),
        args![cx.org, id],
        read,
    )?;
    let asset = found.ok_or(Fault::NotFound { what: "asset" })?;
    cx.may(&rights::VIEW, asset.scope()).map_err(|fault| hide(fault, "asset"))?;
    Ok(asset)
}

/// Who may not see a thing may not learn that it is there.
pub(crate) fn hide(fault: Fault, what: &'static str) -> Fault {
    if matches!(fault, Fault::Denied { .. }) { Fault::NotFound { what } } else { fault }
}

/// Assets by name, after `after` (`("", AssetId(0))` for the first page); those of one team, or all.
pub fn list(
    tx: &mut Tx<'_>,
    cx: &Cx,
    of: Option<TeamId>,
    after: (&str, AssetId),
    limit: u32,
) -> Result<Vec<Asset>, Fault> {
    let (all, teams) = cx.scopes(&rights::VIEW).parameters();
    tx.rows(
        sql!("SELECT id, kind, name, environment, criticality, team_id, owner_id, state, summary, seen_ms, revision
              FROM asset WHERE org_id = $1 AND state = 'active' AND (name, id) > ($2, $3)
              AND ($4 = 1 OR team_id IN {list $5}) AND (team_id = $6 OR $6 = 0) ORDER BY name, id LIMIT $7"),
        args![cx.org, after.0, after.1, all, teams, of.map_or(0, |team| team.0), limit],
        read,
    )
}

/// How many in use a team owns; nothing for who may not see them.
pub fn owned_by(tx: &mut Tx<'_>, cx: &Cx, team: TeamId) -> Result<Option<i64>, Fault> {
    if cx.may(&rights::VIEW, Scope::Team(Some(team))).is_err() {
        return Ok(None);
    }
    let count = tx.one(
        sql!("SELECT COUNT(*) FROM asset WHERE org_id = $1 AND state = 'active' AND team_id = $2"),
        args![cx.org, team],
        |row| row.get(0),
    )?;
    Ok(Some(count))
}

/// How many are in use among those the caller may see.
pub fn count(tx: &mut Tx<'_>, cx: &Cx) -> Result<i64, Fault> {
    let scopes = cx.scopes(&rights::VIEW);
    let Scopes::Teams(_) = scopes else { return tally::read(tx, cx.org, "asset") };
    let (_, teams) = scopes.parameters();
    tx.one(
        sql!("SELECT COUNT(*) FROM asset WHERE org_id = $1 AND state = 'active' AND team_id IN {list $2}"),
        args![cx.org, teams],
        |row| row.get(0),
    )
}

/// What a person changes about an asset.
#[derive(Clone, Debug)]
pub struct Edit {
    pub name: String,
    pub environment: String,
    pub criticality: String,
    pub team: Option<TeamId>,
    pub owner: Option<PersonId>,
}

/// Changes an asset that is still as the caller saw it.
pub fn edit(tx: &mut Tx<'_>, cx: &Cx, id: AssetId, seen: i64, edit: &Edit) -> Result<(), Fault> {
    let before = get(tx, cx, id)?;
    cx.may(&rights::EDIT_ASSETS, before.scope())?;
    if edit.team != before.team {
        cx.may(&rights::EDIT_ASSETS, Scope::Team(edit.team))?;
    }
    if edit.name.trim().is_empty() || edit.name.chars().count() > 200 {
        return Err(Fault::invalid("name", "length", "give a name of 1 to 200 characters"));
    }
    if !["low", "normal", "high"].contains(&edit.criticality.as_str()) {
        return Err(Fault::invalid("criticality", "unknown", "choose low, normal or high"));
    }
    known(
        tx,
        cx,
        ("owner", edit.owner.filter(|_| edit.owner != before.owner)),
        edit.team.filter(|_| edit.team != before.team),
    )?;
    let changed = tx.run(
        sql!("UPDATE asset SET name = $1, environment = $2, criticality = $3, team_id = $4, owner_id = $5, revision = revision + 1
              WHERE org_id = $6 AND id = $7 AND revision = $8"),
        args![edit.name.trim(), edit.environment.trim(), &edit.criticality, edit.team, edit.owner, cx.org, id, seen],
    )?;
    if changed == 0 {
        return Err(Fault::Stale);
    }
    let after = get(tx, cx, id)?;
    events::record(
        tx,
        cx,
        "asset.edited",
        id.into(),
        &[],
        &serde_json::json!({ "before": before, "after": after }),
    )?;
    Ok(())
}

/// Refuses people and teams of other organisations, and those that do not exist; `field` is the person's.
pub(crate) fn known(
    tx: &mut Tx<'_>,
    cx: &Cx,
    (field, person): (&str, Option<PersonId>),
    team: Option<TeamId>,
) -> Result<(), Fault> {
    if let Some(person) = person {
        people::get(tx, cx.org, person).map_err(|fault| unknown(fault, field, "person"))?;
    }
    if let Some(team) = team {
        access::team(tx, cx.org, team).map_err(|fault| unknown(fault, "team", "team"))?;
    }
    Ok(())
}

fn unknown(fault: Fault, field: &str, what: &str) -> Fault {
    match fault {
        Fault::NotFound { .. } => Fault::invalid(field, "unknown", format!("there is no such {what} here")),
        other => other,
    }
}

/// `from` runs on, uses or holds `to`.
pub fn connect(tx: &mut Tx<'_>, cx: &Cx, from: AssetId, word: &str, to: AssetId) -> Result<(), Fault> {
    tx.run(
        sql!("INSERT INTO asset_edge (org_id, from_id, to_id, word) VALUES ($1, $2, $3, $4) ON CONFLICT (org_id, from_id, to_id, word) DO NOTHING"),
        args![cx.org, from, to, word],
    )?;
    Ok(())
}

/// One neighbour of an asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    pub id: AssetId,
    pub name: String,
    pub kind: String,
    pub word: String,
    /// Whether it depends on us, rather than we on it.
    pub depends_on_us: bool,
}

/// What an asset depends on, and what depends on it.
pub fn neighbours(tx: &mut Tx<'_>, cx: &Cx, id: AssetId) -> Result<Vec<Neighbour>, Fault> {
    tx.rows(
        sql!("SELECT a.id, a.name, a.kind, e.word, CASE WHEN e.to_id = $1 THEN 1 ELSE 0 END
              FROM asset_edge e JOIN asset a ON a.org_id = e.org_id AND a.id = CASE WHEN e.to_id = $1 THEN e.from_id ELSE e.to_id END
              WHERE e.org_id = $2 AND (e.from_id = $1 OR e.to_id = $1) ORDER BY a.name LIMIT 200"),
        args![id, cx.org],
        |row| {
            let depends_on_us = row.get::<i64>(4)? != 0;
            Ok(Neighbour { id: row.get(0)?, name: row.get(1)?, kind: row.get(2)?, word: row.get(3)?, depends_on_us })
        },
    )
}

fn read(row: &Row<'_>) -> Result<Asset, Fault> {
    Ok(Asset {
        id: row.get(0)?,
        kind: row.get(1)?,
        name: row.get(2)?,
        environment: row.get(3)?,
        criticality: row.get(4)?,
        team: row.get(5)?,
        owner: row.get(6)?,
        is_retired: row.get::<String>(7)? == "retired",
        summary: row.get(8)?,
        seen_ms: row.get(9)?,
        revision: row.get(10)?,
    })
}
