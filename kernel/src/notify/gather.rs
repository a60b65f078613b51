//! What happens together is told together: parts wait a little for their neighbours and become one notice.

use crate::id::EventId;
use crate::store::Tx;
use crate::{Cx, Fault, args, jobs, sql};

/// How long the first part of a notice waits for more.
pub const PATIENCE_MS: i64 = 20_000;

/// One thing that happened, to be told with others of its cause and group.
#[derive(Clone, Debug)]
pub struct Part {
    pub cause: &'static str,
    /// What they have in common: the asset, as a number.
    pub group: i64,
    pub event: EventId,
    /// When it happened: patience is counted from there.
    pub at_ms: i64,
    /// What it happened to.
    pub thing: i64,
}

/// Puts a part with its neighbours, and lets a job of `kind` tell them all in a while. An event that is here already
/// changes nothing.
pub fn add(tx: &mut Tx<'_>, cx: &Cx, kind: &'static str, part: &Part) -> Result<(), Fault> {
    tx.run(
        sql!(
            "INSERT INTO notice_part (org_id, cause, group_id, event_id, thing_id, created_ms)
              VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (org_id, cause, group_id, event_id) DO NOTHING"
        ),
        args![cx.org, part.cause, part.group, part.event, part.thing, part.at_ms],
    )?;
    let first_ms: i64 = tx.one(
        sql!("SELECT MIN(created_ms) FROM notice_part WHERE org_id = $1 AND cause = $2 AND group_id = $3"),
        args![cx.org, part.cause, part.group],
        |row| row.get(0),
    )?;
    let payload = serde_json::json!({ "cause": part.cause, "group": part.group });
    let once_key = Some(format!("{}:{}", part.cause, part.group));
    jobs::add(tx, cx, &jobs::New { kind, payload, run_at_ms: first_ms + PATIENCE_MS, once_key }).map(drop)
}

/// Takes everything that waits in a group: event and thing, in the order of events. They are told by the caller's
/// transaction, or wait on with its failure.
pub fn take(tx: &mut Tx<'_>, cx: &Cx, cause: &str, group: i64) -> Result<Vec<(EventId, i64)>, Fault> {
    let mut parts = tx.rows(
        sql!("DELETE FROM notice_part WHERE org_id = $1 AND cause = $2 AND group_id = $3 RETURNING event_id, thing_id"),
        args![cx.org, cause, group],
        |row| Ok((row.get::<EventId>(0)?, row.get::<i64>(1)?)),
    )?;
    parts.sort_unstable();
    Ok(parts)
}
