//! How many findings are open, asset by asset: counted again by whoever changed one, so that no page counts them all.

use mainstay_kernel::access::Scopes;
use mainstay_kernel::id::OrgId;
use mainstay_kernel::store::{Row, Tx};
use mainstay_kernel::{Fault, args, sql};

use crate::AssetId;

/// How many findings stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Open or planned, whatever their severity.
    pub open: i64,
    pub critical: i64,
    pub high: i64,
    pub stale: i64,
}

/// Counts the findings of one asset again. Call it in the transaction that changed one, after the change.
pub(super) fn again(tx: &mut Tx<'_>, org: OrgId, asset: AssetId) -> Result<(), Fault> {
    // First the row, then the count: who waits here for another writer counts what that one has committed.
    tx.run(
        sql!("INSERT INTO finding_count (org_id, asset_id, open, critical, high, stale) VALUES ($1, $2, 0, 0, 0, 0)
              ON CONFLICT (org_id, asset_id) DO UPDATE SET open = 0"),
        args![org, asset],
    )?;
    let now = tx.one(
        sql!(
            "SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN severity = 4 THEN 1 ELSE 0 END), 0) AS BIGINT),
                CAST(COALESCE(SUM(CASE WHEN severity = 3 THEN 1 ELSE 0 END), 0) AS BIGINT),
                CAST(COALESCE(SUM(CASE WHEN stale IS NOT NULL THEN 1 ELSE 0 END), 0) AS BIGINT)
              FROM finding WHERE org_id = $1 AND asset_id = $2 AND state IN ('open', 'planned')"
        ),
        args![org, asset],
        read,
    )?;
    tx.run(
        sql!("UPDATE finding_count SET open = $1, critical = $2, high = $3, stale = $4 WHERE org_id = $5 AND asset_id = $6"),
        args![now.open, now.critical, now.high, now.stale, org, asset],
    )
    .map(drop)
}

/// The sum over what somebody may see.
pub(super) fn seen(tx: &mut Tx<'_>, org: OrgId, scopes: &Scopes) -> Result<Counts, Fault> {
    let Scopes::Teams(_) = scopes else {
        return tx.one(
            sql!(
                "SELECT CAST(COALESCE(SUM(open), 0) AS BIGINT), CAST(COALESCE(SUM(critical), 0) AS BIGINT),
                    CAST(COALESCE(SUM(high), 0) AS BIGINT), CAST(COALESCE(SUM(stale), 0) AS BIGINT)
                  FROM finding_count WHERE org_id = $1"
            ),
            args![org],
            read,
        );
    };
    let (_, teams) = scopes.parameters();
    tx.one(
        sql!(
            "SELECT CAST(COALESCE(SUM(c.open), 0) AS BIGINT), CAST(COALESCE(SUM(c.critical), 0) AS BIGINT),
                CAST(COALESCE(SUM(c.high), 0) AS BIGINT), CAST(COALESCE(SUM(c.stale), 0) AS BIGINT)
              FROM finding_count c JOIN asset a ON a.org_id = c.org_id AND a.id = c.asset_id
              WHERE c.org_id = $1 AND a.team_id IN {list $2}"
        ),
        args![org, teams],
        read,
    )
}

fn read(row: &Row<'_>) -> Result<Counts, Fault> {
    Ok(Counts { open: row.get(0)?, critical: row.get(1)?, high: row.get(2)?, stale: row.get(3)? })
}
