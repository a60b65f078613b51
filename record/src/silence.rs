//! Agents that stopped speaking: noted once when it is noticed, and once when they speak again.

use mainstay_kernel::store::Tx;
use mainstay_kernel::{Cx, Fault, args, events, sql};

use crate::{AgentId, AssetId};

/// Notes every agent that has not spoken since `since_ms` and was not noted yet; answers how many. Called by a clock.
///
/// A server that has just started has heard nobody for as long as it was away: wait that long before calling this.
pub fn notice(tx: &mut Tx<'_>, cx: &Cx, since_ms: i64) -> Result<usize, Fault> {
    let silent = tx.rows(
        sql!(
            "UPDATE agent SET silent_ms = $1 WHERE org_id = $2 AND revoked_ms IS NULL AND silent_ms IS NULL
              AND seen_ms < $3 AND EXISTS (SELECT 1 FROM asset a WHERE a.org_id = $2 AND a.id = agent.asset_id
                AND a.state = 'active') RETURNING id, asset_id, seen_ms"
        ),
        args![cx.now_ms(), cx.org, since_ms],
        |row| Ok((row.get::<AgentId>(0)?, row.get::<AssetId>(1)?, row.get::<i64>(2)?)),
    )?;
    for (agent, on, seen_ms) in &silent {
        let said = serde_json::json!({ "seen_ms": seen_ms });
        events::record(tx, cx, "agent.silent", (*agent).into(), &[(*on).into()], &said)?;
    }
    Ok(silent.len())
}

/// To be called when the clock was set back: whoever spoke in what is now the future spoke just now, and is missed in
/// time when that was the last word.
pub fn set_back(tx: &mut Tx<'_>, cx: &Cx) -> Result<(), Fault> {
    tx.run(
        sql!("UPDATE agent SET seen_ms = $1 WHERE org_id = $2 AND seen_ms > $1"),
        args![cx.now_ms(), cx.org],
    )
    .map(drop)
}

/// An agent spoke that was silent since `silent_ms`.
pub(crate) fn end(
    tx: &mut Tx<'_>,
    cx: &Cx,
    (agent, on): (AgentId, AssetId),
    silent_ms: i64,
) -> Result<(), Fault> {
    tx.run(sql!("UPDATE agent SET silent_ms = NULL WHERE org_id = $1 AND id = $2"), args![cx.org, agent])?;
    let said = serde_json::json!({ "silent_ms": silent_ms });
    events::record(tx, cx, "agent.spoke_again", agent.into(), &[on.into()], &said).map(drop)
}
