//! What else a change concerns: a finding its asset, a run its plan and asset. For pages that stay open.

use std::collections::BTreeSet;

use mainstay_kernel::id::OrgId;
use mainstay_kernel::store::Tx;
use mainstay_kernel::{Fault, args, sql};

use crate::{AssetId, PlanId, Ref, RunId};

/// The assets and plans around these things, each once.
pub fn around(tx: &mut Tx<'_>, org: OrgId, things: &[Ref]) -> Result<Vec<Ref>, Fault> {
    let of_kind = |kind: &str| {
        let ids: BTreeSet<String> =
            things.iter().filter(|thing| thing.kind == kind).map(|thing| thing.id.to_string()).collect();
        (!ids.is_empty()).then(|| format!("[{}]", ids.into_iter().collect::<Vec<_>>().join(",")))
    };
    let mut around = BTreeSet::new();
    if let Some(ids) = of_kind("finding") {
        let found = tx.rows(
            sql!("SELECT DISTINCT asset_id FROM finding WHERE org_id = $1 AND id IN {list $2}"),
            args![org, ids],
            |row| row.get::<AssetId>(0),
        )?;
        around.extend(found.into_iter().map(|on| ("asset", on.0)));
    }
    if let Some(ids) = of_kind("agent") {
        let found = tx.rows(
            sql!("SELECT DISTINCT asset_id FROM agent WHERE org_id = $1 AND id IN {list $2}"),
            args![org, ids],
            |row| row.get::<AssetId>(0),
        )?;
        around.extend(found.into_iter().map(|on| ("asset", on.0)));
    }
    if let Some(ids) = of_kind("plan") {
        let found = tx.rows(
            sql!("SELECT DISTINCT asset_id FROM plan WHERE org_id = $1 AND id IN {list $2}"),
            args![org, ids],
            |row| row.get::<AssetId>(0),
        )?;
        around.extend(found.into_iter().map(|on| ("asset", on.0)));
    }
    if let Some(ids) = of_kind("run") {
        let found = tx.rows(
            sql!("SELECT DISTINCT asset_id, plan_id FROM run WHERE org_id = $1 AND id IN {list $2}"),
            args![org, ids],
            |row| Ok((row.get::<AssetId>(0)?, row.get::<Option<PlanId>>(1)?)),
        )?;
        for (on, plan) in found {
            around.insert(("asset", on.0));
            around.extend(plan.map(|plan| ("plan", plan.0)));
        }
    }
    Ok(around.into_iter().map(|(kind, id)| Ref::new(kind, id)).collect())
}

/// The runs that are under way, with how much they have written.
pub fn growing(tx: &mut Tx<'_>, org: OrgId) -> Result<Vec<(RunId, i64)>, Fault> {
    tx.rows(
        sql!(
            "SELECT id, output_bytes FROM run WHERE org_id = $1 AND state IN ('waiting', 'given') ORDER BY id"
        ),
        args![org],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}
