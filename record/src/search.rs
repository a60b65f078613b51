//! How the shared nouns are found by words.

use mainstay_kernel::id::OrgId;
use mainstay_kernel::search::{Document, Finds};
use mainstay_kernel::store::{Row, Tx};
use mainstay_kernel::{Fault, args, sql};

use crate::rights;

/// Assets, findings and work.
pub fn all() -> Vec<Finds> {
    vec![
        Finds { kind: "asset", right: &rights::VIEW, load: assets },
        Finds { kind: "finding", right: &rights::VIEW, load: findings },
        Finds { kind: "work", right: &rights::VIEW, load: work },
    ]
}

fn list(ids: &[i64]) -> String {
    format!("[{}]", ids.iter().map(i64::to_string).collect::<Vec<_>>().join(","))
}

fn document(row: &Row<'_>) -> Result<Document, Fault> {
    Ok(Document {
        id: row.get(0)?,
        team: row.get(1)?,
        title: row.get(2)?,
        body: row.get(3)?,
        number: row.get(4)?,
        state: row.get(5)?,
        at_ms: row.get(6)?,
    })
}

fn assets(tx: &mut Tx<'_>, org: OrgId, ids: &[i64]) -> Result<Vec<Document>, Fault> {
    tx.rows(
        sql!(
            "SELECT id, team_id, name, summary, CAST(NULL AS BIGINT), state, created_ms FROM asset
             WHERE org_id = $1 AND id IN {list $2}"
        ),
        args![org, list(ids)],
        document,
    )
}

fn findings(tx: &mut Tx<'_>, org: OrgId, ids: &[i64]) -> Result<Vec<Document>, Fault> {
    tx.rows(
        sql!(
            "SELECT f.id, a.team_id, f.title, f.subject, CAST(NULL AS BIGINT), f.state, f.opened_ms
             FROM finding f JOIN asset a ON a.org_id = f.org_id AND a.id = f.asset_id
             WHERE f.org_id = $1 AND f.id IN {list $2}"
        ),
        args![org, list(ids)],
        document,
    )
}

fn work(tx: &mut Tx<'_>, org: OrgId, ids: &[i64]) -> Result<Vec<Document>, Fault> {
    tx.rows(
        sql!(
            "SELECT id, team_id, title, body, number, state, created_ms FROM work_item
             WHERE org_id = $1 AND id IN {list $2}"
        ),
        args![org, list(ids)],
        document,
    )
}
