//! The statements of jobs. Looking for what is due crosses organisations; every change names one.

use super::{Job, New};
use crate::id::{JobId, OrgId};
use crate::store::Tx;
use crate::{Fault, args, sql, sql_across};

pub(super) fn insert(tx: &mut Tx<'_>, org: OrgId, id: JobId, new: &New) -> Result<(), Fault> {
    let payload = new.payload.to_string();
    if new.once_key.is_none() {
        tx.run(
            sql!("INSERT INTO job (org_id, id, kind, payload, run_at_ms, state) VALUES ($1, $2, $3, $4, $5, 'ready')"),
            args![org, id, new.kind, payload, new.run_at_ms],
        )?;
        return Ok(());
    }
    tx.run(
        sql!("INSERT INTO job (org_id, id, kind, payload, run_at_ms, state, once_key) VALUES ($1, $2, $3, $4, $5, 'ready', $6)
              ON CONFLICT (org_id, kind, once_key) WHERE once_key IS NOT NULL DO UPDATE
              SET payload = $4, run_at_ms = $5, state = 'ready', attempts = job.attempts + 1"),
        args![org, id, new.kind, payload, new.run_at_ms, &new.once_key],
    )?;
    Ok(())
}

/// What is due, oldest first, with the time that a claim has to find unchanged.
pub(super) fn due(tx: &mut Tx<'_>, now_ms: i64, limit: u32) -> Result<Vec<(OrgId, JobId, i64)>, Fault> {
    tx.rows(
        sql_across!("SELECT org_id, id, run_at_ms FROM job WHERE state = 'ready' AND run_at_ms <= $1 ORDER BY run_at_ms LIMIT $2"),
        args![now_ms, limit],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )
}

/// When the next job is due.
pub(super) fn next_due(tx: &mut Tx<'_>) -> Result<Option<i64>, Fault> {
    tx.one(sql_across!("SELECT MIN(run_at_ms) FROM job WHERE state = 'ready'"), args![], |row| row.get(0))
}

/// Compare and set: only one of those who saw the job due gets it.
pub(super) fn claim(
    tx: &mut Tx<'_>,
    org: OrgId,
    id: JobId,
    seen_ms: i64,
    until_ms: i64,
) -> Result<Option<Job>, Fault> {
    tx.maybe(
        sql!("UPDATE job SET run_at_ms = $1, attempts = attempts + 1
              WHERE org_id = $2 AND id = $3 AND run_at_ms = $4 AND state = 'ready' RETURNING kind, payload, attempts, failures"),
        args![until_ms, org, id, seen_ms],
        |row| {
            let payload = serde_json::from_str(&row.get::<String>(1)?).map_err(Fault::broken)?;
            Ok(Job { org, id, kind: row.get(0)?, payload, attempt: row.get(2)?, failures: row.get(3)? })
        },
    )
}

pub(super) fn extend(tx: &mut Tx<'_>, job: &Job, until_ms: i64) -> Result<u64, Fault> {
    tx.run(
        sql!("UPDATE job SET run_at_ms = $1 WHERE org_id = $2 AND id = $3 AND attempts = $4"),
        args![until_ms, job.org, job.id, job.attempt],
    )
}

pub(super) fn finish(tx: &mut Tx<'_>, job: &Job) -> Result<u64, Fault> {
    tx.run(
        sql!("DELETE FROM job WHERE org_id = $1 AND id = $2 AND attempts = $3"),
        args![job.org, job.id, job.attempt],
    )
}

/// A timer's next turn: failures are forgotten, the fence goes on.
pub(super) fn again_at(tx: &mut Tx<'_>, job: &Job, at_ms: i64) -> Result<u64, Fault> {
    tx.run(
        sql!("UPDATE job SET run_at_ms = $1, failures = 0, last_error = NULL WHERE org_id = $2 AND id = $3 AND attempts = $4"),
        args![at_ms, job.org, job.id, job.attempt],
    )
}

pub(super) fn fail(tx: &mut Tx<'_>, job: &Job, at_ms: i64, is_dead: bool, error: &str) -> Result<u64, Fault> {
    let state = if is_dead { "dead" } else { "ready" };
    tx.run(
        sql!("UPDATE job SET run_at_ms = $1, state = $2, last_error = $3, failures = failures + 1 WHERE org_id = $4 AND id = $5 AND attempts = $6"),
        args![at_ms, state, error, job.org, job.id, job.attempt],
    )
}

/// After the clock went back by `by_ms`: what was due is due now, what has been begun keeps the rest of its pause or
/// lease. What is nearer than half of the way was written after the jump, or has been moved by another process.
pub(super) fn set_back(tx: &mut Tx<'_>, org: OrgId, now_ms: i64, by_ms: i64) -> Result<u64, Fault> {
    tx.run(
        sql!(
            "UPDATE job SET run_at_ms = CASE WHEN run_at_ms <= $1 THEN $2 ELSE run_at_ms - $3 END
              WHERE org_id = $4 AND state = 'ready'
                AND (attempts = 0 AND run_at_ms > $2 AND run_at_ms <= $1 OR attempts > 0 AND run_at_ms > $5)"
        ),
        args![now_ms + by_ms, now_ms, by_ms, org, now_ms + by_ms / 2],
    )
}

pub(super) fn dead(tx: &mut Tx<'_>, org: OrgId) -> Result<Vec<(JobId, String, String)>, Fault> {
    tx.rows(
        sql!("SELECT id, kind, COALESCE(last_error, '') FROM job WHERE org_id = $1 AND state = 'dead' ORDER BY id DESC LIMIT 200"),
        args![org],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
    )
}

pub(super) fn revive(tx: &mut Tx<'_>, org: OrgId, id: JobId, now_ms: i64) -> Result<u64, Fault> {
    tx.run(
        sql!("UPDATE job SET state = 'ready', failures = 0, run_at_ms = $1 WHERE org_id = $2 AND id = $3 AND state = 'dead'"),
        args![now_ms, org, id],
    )
}

pub(super) fn waiting(tx: &mut Tx<'_>, org: OrgId, kind: &str) -> Result<i64, Fault> {
    tx.one(
        sql!("SELECT COUNT(*) FROM job WHERE org_id = $1 AND kind = $2 AND state = 'ready'"),
        args![org, kind],
        |row| row.get(0),
    )
}
