//! The statements of findings.

use std::collections::BTreeMap;

use mainstay_kernel::access::Scopes;
use mainstay_kernel::id::OrgId;
use mainstay_kernel::store::{Row, Tx};
use mainstay_kernel::{Fault, args, sql};

use super::law::{Look, Sighting};
use super::{Filter, Finding, Severity, State};
use crate::{AssetId, FindingId, PlanId};

/// What the law needs to know of a finding.
pub(super) struct Known {
    pub(super) id: FindingId,
    pub(super) subject: String,
    pub(super) title: String,
    pub(super) severity: Severity,
    pub(super) state: State,
    pub(super) stale: Option<String>,
    pub(super) opened_ms: i64,
}

/// Whole findings of an organisation; what follows the organisation is the argument.
macro_rules! findings {
    ($rest:literal) => {
        sql!(concat!(
            "SELECT f.id, f.rule, f.asset_id, a.name, f.subject, f.severity, f.title, f.reason, f.detail, f.state, f.stale,
               f.first_seen_ms, f.opened_ms, f.last_seen_ms, f.gone_ms, f.times_opened, f.due_ms, f.accepted_until_ms,
               f.accepted_reason, f.plan_id, f.revision, f.rank, f.scope
             FROM finding f JOIN asset a ON a.org_id = f.org_id AND a.id = f.asset_id WHERE f.org_id = $1 ",
            $rest
        ))
    };
}

/// The place of a finding in lists: worst first, then what is due first. Lower comes first.
fn rank(severity: Severity, due_ms: Option<i64>) -> i64 {
    const FAR_MINUTES: i64 = 1 << 40;
    let due_minutes = due_ms.map_or(FAR_MINUTES - 1, |ms| (ms / 60_000).clamp(0, FAR_MINUTES - 2));
    (Severity::Critical.number() - severity.number()) * FAR_MINUTES + due_minutes
}

/// Passes the scope's lock. `false` when a newer look has been there.
pub(super) fn enter_scope(
    tx: &mut Tx<'_>,
    org: OrgId,
    look: &Look<'_>,
    unseen: Option<&str>,
) -> Result<bool, Fault> {
    let entered = tx.run(
        sql!("INSERT INTO finding_scope (org_id, rule, asset_id, scope, looked_ms, unseen) VALUES ($1, $2, $3, $4, $5, $6)
              ON CONFLICT (org_id, rule, asset_id, scope) DO UPDATE SET looked_ms = $5, unseen = $6
              WHERE finding_scope.looked_ms <= $5"),
        args![org, look.rule, look.asset, look.scope, look.at_ms, unseen],
    )?;
    Ok(entered > 0)
}

pub(super) fn of_scope(tx: &mut Tx<'_>, org: OrgId, look: &Look<'_>) -> Result<Vec<Known>, Fault> {
    tx.rows(
        sql!(
            "SELECT id, subject, title, severity, state, stale, opened_ms FROM finding
              WHERE org_id = $1 AND rule = $2 AND asset_id = $3 AND scope = $4"
        ),
        args![org, look.rule, look.asset, look.scope],
        |row| {
            Ok(Known {
                id: row.get(0)?,
                subject: row.get(1)?,
                title: row.get(2)?,
                severity: Severity::from_number(row.get(3)?),
                state: state(&row.get::<String>(4)?),
                stale: row.get(5)?,
                opened_ms: row.get(6)?,
            })
        },
    )
}

pub(super) fn insert(
    tx: &mut Tx<'_>,
    org: OrgId,
    id: FindingId,
    look: &Look<'_>,
    seen: &Sighting,
    due_ms: Option<i64>,
) -> Result<(), Fault> {
    tx.run(
        sql!("INSERT INTO finding (org_id, id, rule, asset_id, scope, subject, severity, title, reason, detail, state,
                first_seen_ms, opened_ms, last_seen_ms, due_ms, rank)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'open', $11, $11, $11, $12, $13)"),
        args![
            org, id, look.rule, look.asset, look.scope, &seen.subject, seen.severity.number(), &seen.title, &seen.reason,
            seen.detail.to_string(), look.at_ms, due_ms, rank(seen.severity, due_ms)
        ],
    )?;
    Ok(())
}

pub(super) fn reopen(
    tx: &mut Tx<'_>,
    org: OrgId,
    id: FindingId,
    look: &Look<'_>,
    seen: &Sighting,
    due_ms: Option<i64>,
) -> Result<(), Fault> {
    tx.run(
        sql!("UPDATE finding SET severity = $1, title = $2, reason = $3, detail = $4, state = 'open', stale = NULL, opened_ms = $5,
                last_seen_ms = $5, gone_ms = NULL, due_ms = $6, rank = $7, times_opened = times_opened + 1, plan_id = NULL,
                accepted_until_ms = NULL, accepted_reason = NULL, revision = revision + 1
              WHERE org_id = $8 AND id = $9"),
        args![
            seen.severity.number(), &seen.title, &seen.reason, seen.detail.to_string(), look.at_ms, due_ms,
            rank(seen.severity, due_ms), org, id
        ],
    )?;
    Ok(())
}

/// A look alone does not change the revision: nobody's form goes stale because the host was looked at again.
pub(super) fn refresh(
    tx: &mut Tx<'_>,
    org: OrgId,
    id: FindingId,
    look: &Look<'_>,
    seen: &Sighting,
    due_ms: Option<i64>,
) -> Result<(), Fault> {
    tx.run(
        sql!("UPDATE finding SET severity = $1, title = $2, reason = $3, detail = $4, stale = NULL, last_seen_ms = $5, due_ms = $6, rank = $7
              WHERE org_id = $8 AND id = $9"),
        args![
            seen.severity.number(), &seen.title, &seen.reason, seen.detail.to_string(), look.at_ms, due_ms,
            rank(seen.severity, due_ms), org, id
        ],
    )?;
    Ok(())
}

pub(super) fn close(tx: &mut Tx<'_>, org: OrgId, id: FindingId, at_ms: i64) -> Result<(), Fault> {
    tx.run(
        sql!("UPDATE finding SET state = 'gone', gone_ms = $1, stale = NULL, plan_id = NULL, accepted_until_ms = NULL,
                revision = revision + 1 WHERE org_id = $2 AND id = $3"),
        args![at_ms, org, id],
    )?;
    Ok(())
}

pub(super) fn set_stale(tx: &mut Tx<'_>, org: OrgId, id: FindingId, reason: &str) -> Result<(), Fault> {
    tx.run(sql!("UPDATE finding SET stale = $1 WHERE org_id = $2 AND id = $3"), args![reason, org, id])?;
    Ok(())
}

pub(super) fn accept(
    tx: &mut Tx<'_>,
    org: OrgId,
    id: FindingId,
    seen: i64,
    reason: &str,
    until_ms: i64,
) -> Result<u64, Fault> {
    tx.run(
        sql!("UPDATE finding SET state = 'accepted', accepted_reason = $1, accepted_until_ms = $2, plan_id = NULL, revision = revision + 1
              WHERE org_id = $3 AND id = $4 AND revision = $5 AND state <> 'gone'"),
        args![reason, until_ms, org, id, seen],
    )
}

pub(super) fn end_acceptance(tx: &mut Tx<'_>, org: OrgId, id: FindingId) -> Result<u64, Fault> {
    tx.run(
        sql!(
            "UPDATE finding SET state = 'open', accepted_until_ms = NULL, revision = revision + 1
              WHERE org_id = $1 AND id = $2 AND state = 'accepted'"
        ),
        args![org, id],
    )
}

pub(super) fn set_plan(
    tx: &mut Tx<'_>,
    org: OrgId,
    id: FindingId,
    plan: Option<PlanId>,
) -> Result<u64, Fault> {
    let state = if plan.is_some() { State::Planned } else { State::Open };
    tx.run(
        sql!(
            "UPDATE finding SET plan_id = $1, state = $2, revision = revision + 1
              WHERE org_id = $3 AND id = $4 AND state IN ('open', 'planned')"
        ),
        args![plan, state.word(), org, id],
    )
}

pub(super) fn of_plan(tx: &mut Tx<'_>, org: OrgId, plan: PlanId) -> Result<Vec<FindingId>, Fault> {
    tx.rows(
        sql!("SELECT id FROM finding WHERE org_id = $1 AND plan_id = $2 AND state = 'planned'"),
        args![org, plan],
        |row| row.get(0),
    )
}

pub(super) fn get(tx: &mut Tx<'_>, org: OrgId, id: FindingId) -> Result<Option<Finding>, Fault> {
    tx.maybe(findings!(" AND f.id = $2"), args![org, id], read)
}

/// Findings that pass a filter, by rank. Each shape of filter has its own statement, and each statement an index that
/// brings its rows in order; the states come one after the other, for no index is in order over several.
pub(super) fn filtered(
    tx: &mut Tx<'_>,
    org: OrgId,
    scopes: &Scopes,
    filter: &Filter,
    after: (i64, FindingId),
    limit: u32,
) -> Result<Vec<(i64, Finding)>, Fault> {
    let mut found = Vec::new();
    for state in &filter.states {
        found.extend(match (filter.asset, filter.rule.as_deref()) {
            (Some(asset), rule) => on_asset(tx, org, scopes, (asset, rule, *state), after, limit)?,
            (None, Some(rule)) => by_rule(tx, org, scopes, (rule, *state), after, limit)?,
            (None, None) => in_state(tx, org, scopes, *state, after, limit)?,
        });
    }
    found.sort_by_key(|(rank, finding)| (*rank, finding.id));
    found.truncate(limit as usize);
    Ok(found)
}

fn in_state(
    tx: &mut Tx<'_>,
    org: OrgId,
    scopes: &Scopes,
    state: State,
    after: (i64, FindingId),
    limit: u32,
) -> Result<Vec<(i64, Finding)>, Fault> {
    let (all, teams) = scopes.parameters();
    tx.rows(
        findings!(
            " AND f.state = $2 AND (f.rank, f.id) > ($3, $4) AND ($5 = 1 OR a.team_id IN {list $6}) ORDER BY f.rank, f.id LIMIT $7"
        ),
        args![org, state.word(), after.0, after.1, all, teams, limit],
        ranked,
    )
}

fn by_rule(
    tx: &mut Tx<'_>,
    org: OrgId,
    scopes: &Scopes,
    (rule, state): (&str, State),
    after: (i64, FindingId),
    limit: u32,
) -> Result<Vec<(i64, Finding)>, Fault> {
    let (all, teams) = scopes.parameters();
    tx.rows(
        findings!(
            " AND f.rule = $2 AND f.state = $3 AND (f.rank, f.id) > ($4, $5) AND ($6 = 1 OR a.team_id IN {list $7})
              ORDER BY f.rank, f.id LIMIT $8"
        ),
        args![org, rule, state.word(), after.0, after.1, all, teams, limit],
        ranked,
    )
}

/// A type is given by the first use of a parameter, so each stands with its column first.
fn on_asset(
    tx: &mut Tx<'_>,
    org: OrgId,
    scopes: &Scopes,
    (asset, rule, state): (AssetId, Option<&str>, State),
    after: (i64, FindingId),
    limit: u32,
) -> Result<Vec<(i64, Finding)>, Fault> {
    let (all, teams) = scopes.parameters();
    tx.rows(
        findings!(
            " AND f.asset_id = $2 AND f.state = $3 AND (f.rule = $4 OR $4 = '') AND (f.rank, f.id) > ($5, $6)
              AND ($7 = 1 OR a.team_id IN {list $8}) ORDER BY f.rank, f.id LIMIT $9"
        ),
        args![org, asset, state.word(), rule.unwrap_or_default(), after.0, after.1, all, teams, limit],
        ranked,
    )
}

fn ranked(row: &Row<'_>) -> Result<(i64, Finding), Fault> {
    Ok((row.get(21)?, read(row)?))
}

pub(super) fn of_asset(tx: &mut Tx<'_>, org: OrgId, asset: AssetId) -> Result<Vec<Finding>, Fault> {
    tx.rows(
        findings!(" AND f.asset_id = $2 ORDER BY CASE WHEN f.state = 'gone' THEN 1 ELSE 0 END, f.rank, f.id LIMIT 1000"),
        args![org, asset],
        read,
    )
}

pub(super) fn of_rule(
    tx: &mut Tx<'_>,
    org: OrgId,
    rule: &str,
    asset: AssetId,
) -> Result<Vec<Finding>, Fault> {
    tx.rows(
        findings!(
            " AND f.rule = $2 AND f.asset_id = $3 AND f.state IN ('open', 'planned') ORDER BY f.rank, f.id"
        ),
        args![org, rule, asset],
        read,
    )
}

pub(super) fn accepted_until(tx: &mut Tx<'_>, org: OrgId, now_ms: i64) -> Result<Vec<Finding>, Fault> {
    tx.rows(findings!(" AND f.accepted_until_ms <= $2 LIMIT 1000"), args![org, now_ms], read)
}

pub(super) fn count_of_rule(
    tx: &mut Tx<'_>,
    org: OrgId,
    scopes: &Scopes,
    rule: &str,
    most: u32,
) -> Result<i64, Fault> {
    let (all, teams) = scopes.parameters();
    if all {
        // The index alone has what is counted.
        return tx.one(
            sql!(
                "SELECT COUNT(*) FROM (SELECT id FROM finding WHERE org_id = $1 AND rule = $2
                  AND state IN ('open', 'planned') LIMIT $3) AS counted"
            ),
            args![org, rule, most],
            |row| row.get(0),
        );
    }
    tx.one(
        sql!(
            "SELECT COUNT(*) FROM (SELECT f.id FROM finding f JOIN asset a ON a.org_id = f.org_id AND a.id = f.asset_id
              WHERE f.org_id = $1 AND f.rule = $2 AND f.state IN ('open', 'planned')
                AND a.team_id IN {list $3} LIMIT $4) AS counted"
        ),
        args![org, rule, teams, most],
        |row| row.get(0),
    )
}

/// How the open findings of one asset stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub open: i64,
    pub worst: Severity,
    /// So many of them could not be looked at lately.
    pub stale: i64,
}

pub(super) fn standings(
    tx: &mut Tx<'_>,
    org: OrgId,
    assets: &[AssetId],
) -> Result<BTreeMap<AssetId, Standing>, Fault> {
    let list = serde_json::to_string(&assets.iter().map(|asset| asset.0).collect::<Vec<_>>());
    let rows = tx.rows(
        sql!(
            "SELECT asset_id, COUNT(*), MAX(severity), COUNT(stale) FROM finding
              WHERE org_id = $1 AND asset_id IN {list $2} AND state IN ('open', 'planned') GROUP BY asset_id"
        ),
        args![org, list.map_err(Fault::broken)?],
        |row| {
            let worst = Severity::from_number(row.get(2)?);
            Ok((row.get(0)?, Standing { open: row.get(1)?, worst, stale: row.get(3)? }))
        },
    )?;
    Ok(rows.into_iter().collect())
}

fn state(word: &str) -> State {
    match word {
        "planned" => State::Planned,
        "accepted" => State::Accepted,
        "gone" => State::Gone,
        _ => State::Open,
    }
}

fn read(row: &Row<'_>) -> Result<Finding, Fault> {
    Ok(Finding {
        id: row.get(0)?,
        rule: row.get(1)?,
        asset: row.get(2)?,
        asset_name: row.get(3)?,
        subject: row.get(4)?,
        severity: Severity::from_number(row.get(5)?),
        title: row.get(6)?,
        reason: row.get(7)?,
        detail: serde_json::from_str(&row.get::<String>(8)?).map_err(Fault::broken)?,
        state: state(&row.get::<String>(9)?),
        stale: row.get(10)?,
        first_seen_ms: row.get(11)?,
        opened_ms: row.get(12)?,
        last_seen_ms: row.get(13)?,
        gone_ms: row.get(14)?,
        times_opened: row.get(15)?,
        due_ms: row.get(16)?,
        accepted_until_ms: row.get(17)?,
        accepted_reason: row.get(18)?,
        plan: row.get(19)?,
        revision: row.get(20)?,
        scope: row.get(22)?,
    })
}

pub(super) fn set_due(tx: &mut Tx<'_>, org: OrgId, id: FindingId, due_ms: i64) -> Result<(), Fault> {
    let severity = tx.maybe(
        sql!("SELECT severity FROM finding WHERE org_id = $1 AND id = $2 {lock}"),
        args![org, id],
        |row| Ok(Severity::from_number(row.get(0)?)),
    )?;
    let Some(severity) = severity else { return Ok(()) };
    tx.run(
        sql!("UPDATE finding SET due_ms = $1, rank = $2 WHERE org_id = $3 AND id = $4"),
        args![due_ms, rank(severity, Some(due_ms)), org, id],
    )?;
    Ok(())
}
