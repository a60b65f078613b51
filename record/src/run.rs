//! Runs: one typed order to one agent, with its output and how it ended. Every run keeps its output.

use mainstay_kernel::store::{Row, Tx};
use mainstay_kernel::{Cx, Fault, args, events, sql};
use mainstay_wire::{Order, Outcome, OutcomeState, Task};

use crate::{AgentId, AssetId, PlanId, RunId, asset};

/// How long an agent holds an order before it is handed out again, under a new fence.
const LEASE_MS: i64 = 120_000;
/// Output beyond this is refused; a run that prints more is broken.
pub const MOST_OUTPUT_BYTES: i64 = 16 << 20;

/// One run.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    pub id: RunId,
    pub plan: Option<PlanId>,
    pub asset: AssetId,
    /// Which step of its plan: `simulate`, `keep`, `apply`, `look` …
    pub step: String,
    pub task: Task,
    /// `waiting`, `given`, or the word of its outcome.
    pub state: String,
    pub output_bytes: i64,
    pub outcome: Option<Outcome>,
    pub created_ms: i64,
    pub ended_ms: Option<i64>,
}

impl Run {
    /// Whether its end is known.
    pub fn is_over(&self) -> bool {
        self.ended_ms.is_some()
    }
}

macro_rules! runs {
    ($rest:literal) => {
        sql!(concat!(
            "SELECT id, plan_id, asset_id, step, task, state, output_bytes, outcome, created_ms, ended_ms FROM run WHERE org_id = $1 ",
            $rest
        ))
    };
}

/// Orders something of the agent on an asset.
///
/// # Errors
/// `Conflict` (`no_agent`) when no agent looks after the asset.
pub fn order(
    tx: &mut Tx<'_>,
    cx: &Cx,
    on: AssetId,
    plan: Option<PlanId>,
    step: &str,
    task: &Task,
    limit_s: u32,
) -> Result<RunId, Fault> {
    let agent = crate::agent::of_asset(tx, cx, on)?.ok_or_else(|| {
        Fault::conflict("no_agent", "no agent looks after this asset; add one with mainstay add-host")
    })?;
    let id = RunId(cx.ids.next());
    let text = serde_json::to_string(task).map_err(Fault::broken)?;
    tx.run(
        sql!("INSERT INTO run (org_id, id, plan_id, asset_id, agent_id, step, task, limit_s, state, created_ms)
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'waiting', $9)"),
        args![cx.org, id, plan, on, agent.id, step, text, limit_s, cx.now_ms()],
    )?;
    let about: Vec<_> = [Some(on.into()), plan.map(Into::into)].into_iter().flatten().collect();
    events::record(
        tx,
        cx,
        "run.ordered",
        id.into(),
        &about,
        &serde_json::json!({ "step": step, "task": task }),
    )?;
    Ok(id)
}

/// Whether an agent has something to do; a plain look, no lock.
pub fn has_orders(tx: &mut Tx<'_>, cx: &Cx, agent: AgentId) -> Result<bool, Fault> {
    let waiting = tx.maybe(
        sql!("SELECT id FROM run WHERE org_id = $1 AND agent_id = $2 AND state IN ('waiting', 'given') AND COALESCE(given_ms, 0) < $3 LIMIT 1"),
        args![cx.org, agent, cx.now_ms() - LEASE_MS],
        |row| row.get::<RunId>(0),
    )?;
    Ok(waiting.is_some())
}

/// Hands an agent what waits for it; what it was given and has not spoken of for a while comes again.
pub fn hand_out(tx: &mut Tx<'_>, cx: &Cx, agent: AgentId) -> Result<Vec<Order>, Fault> {
    let now_ms = cx.now_ms();
    let mut orders = tx.rows(
        sql!("UPDATE run SET state = 'given', fence = fence + 1, given_ms = $1
              WHERE org_id = $2 AND agent_id = $3 AND state IN ('waiting', 'given') AND COALESCE(given_ms, 0) < $4
              RETURNING id, fence, limit_s, task"),
        args![now_ms, cx.org, agent, now_ms - LEASE_MS],
        |row| {
            Ok((
                row.get::<RunId>(0)?,
                Order {
                    id: row.get::<RunId>(0)?.to_string(),
                    fence: row.get::<i64>(1)?.unsigned_abs(),
                    expires_at_ms: None,
                    limit_s: u32::try_from(row.get::<i64>(2)?).unwrap_or(u32::MAX),
                    task: serde_json::from_str(&row.get::<String>(3)?).map_err(Fault::broken)?,
                },
            ))
        },
    )?;
    orders.sort_by_key(|(id, _)| *id);
    Ok(orders.into_iter().map(|(_, order)| order).collect())
}

/// What the server has of a run after an agent spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    pub next_offset: i64,
    pub is_done: bool,
}

/// Takes output and, with the last piece, the outcome. What is here already is skipped.
///
/// # Errors
/// `NotFound` for a run of another agent, `Conflict` (`old_lease`) for a voice of an older lease.
pub fn hear(
    tx: &mut Tx<'_>,
    cx: &Cx,
    agent: AgentId,
    output: &mainstay_wire::Output,
) -> Result<Heard, Fault> {
    let id: RunId = output.order_id.parse()?;
    let found = tx.maybe(
        sql!("SELECT fence, output_bytes, ended_ms, plan_id, asset_id, step FROM run WHERE org_id = $1 AND id = $2 AND agent_id = $3 {lock}"),
        args![cx.org, id, agent],
        |row| {
            let about: (Option<PlanId>, AssetId, String) = (row.get(3)?, row.get(4)?, row.get(5)?);
            Ok((row.get::<i64>(0)?, row.get::<i64>(1)?, row.get::<Option<i64>>(2)?, about))
        },
    )?;
    let (fence, have, ended, (plan, on, step)) = found.ok_or(Fault::NotFound { what: "run" })?;
    if ended.is_some() {
        return Ok(Heard { next_offset: have, is_done: true });
    }
    if i64::try_from(output.fence).ok() != Some(fence) {
        return Err(Fault::conflict(
            "old_lease",
            "this order was handed out again; an older voice is not heard",
        ));
    }
    let next_offset = append(tx, cx, id, have, output)?;
    let complete =
        i64::try_from(output.offset).is_ok_and(|offset| next_offset >= offset + len(&output.chunk));
    let Some(outcome) = output.done.as_ref().filter(|_| complete) else {
        return Ok(Heard { next_offset, is_done: false });
    };
    // Programs print what they like; text in the store holds no NUL.
    let outcome = Outcome { summary: outcome.summary.replace('\0', "\u{fffd}"), ..outcome.clone() };
    let text = serde_json::to_string(&outcome).map_err(Fault::broken)?;
    tx.run(
        sql!("UPDATE run SET state = $1, outcome = $2, ended_ms = $3 WHERE org_id = $4 AND id = $5"),
        args![word(outcome.state), text, cx.now_ms(), cx.org, id],
    )?;
    let about: Vec<_> = [Some(on.into()), plan.map(Into::into)].into_iter().flatten().collect();
    let said = serde_json::json!({ "step": step, "state": word(outcome.state), "summary": outcome.summary });
    events::record(tx, cx, ENDED, id.into(), &about, &said)?;
    Ok(Heard { next_offset, is_done: true })
}

/// What rooms with plans listen to.
pub const ENDED: &str = "run.ended";

fn len(text: &str) -> i64 {
    i64::try_from(text.len()).unwrap_or(i64::MAX)
}

fn append(
    tx: &mut Tx<'_>,
    cx: &Cx,
    id: RunId,
    have: i64,
    output: &mainstay_wire::Output,
) -> Result<i64, Fault> {
    let offset = i64::try_from(output.offset).unwrap_or(i64::MAX);
    let known = usize::try_from(have.saturating_sub(offset)).unwrap_or(usize::MAX);
    // A gap cannot be filled by what follows it: the agent is told where to go on.
    if offset > have || known >= output.chunk.len() {
        tx.run(
            sql!("UPDATE run SET given_ms = $1 WHERE org_id = $2 AND id = $3"),
            args![cx.now_ms(), cx.org, id],
        )?;
        return Ok(have);
    }
    let fresh = output
        .chunk
        .get(known..)
        .ok_or_else(|| Fault::invalid("offset", "malformed", "the offset lies inside a character"))?;
    if have + len(fresh) > MOST_OUTPUT_BYTES {
        return Err(Fault::conflict(
            "too_much_output",
            "this run printed more than is kept; it was cut here",
        ));
    }
    // A NUL cannot be stored as text on PostgreSQL; the length must stay for the offsets to hold.
    let text = fresh.replace('\0', "\u{1a}");
    tx.run(
        sql!("INSERT INTO run_output (org_id, run_id, start_bytes, text) VALUES ($1, $2, $3, $4)"),
        args![cx.org, id, have, text],
    )?;
    tx.run(
        sql!("UPDATE run SET output_bytes = $1, given_ms = $2 WHERE org_id = $3 AND id = $4"),
        args![have + len(fresh), cx.now_ms(), cx.org, id],
    )?;
    tx.signal(mainstay_kernel::store::Signal::Events);
    Ok(have + len(fresh))
}

fn word(state: OutcomeState) -> &'static str {
    match state {
        OutcomeState::Succeeded => "succeeded",
        OutcomeState::Failed => "failed",
        OutcomeState::Refused => "refused",
        OutcomeState::Expired => "expired",
        OutcomeState::Stopped => "stopped",
        OutcomeState::Lost => "lost",
    }
}

/// One run the caller may see.
pub fn get(tx: &mut Tx<'_>, cx: &Cx, id: RunId) -> Result<Run, Fault> {
    let run =
        tx.maybe(runs!("AND id = $2"), args![cx.org, id], read)?.ok_or(Fault::NotFound { what: "run" })?;
    asset::get(tx, cx, run.asset).map_err(|fault| asset::hide(fault, "run"))?;
    Ok(run)
}

/// Whether a step that belongs to no plan is under way anywhere in the organisation, ordered after `since_ms`.
pub fn is_under_way(tx: &mut Tx<'_>, cx: &Cx, step: &str, since_ms: i64) -> Result<bool, Fault> {
    let found = tx.maybe(
        sql!(
            "SELECT id FROM run WHERE org_id = $1 AND state IN ('waiting', 'given') AND plan_id IS NULL AND step = $2
              AND created_ms > $3 LIMIT 1"
        ),
        args![cx.org, step, since_ms],
        |row| row.get::<RunId>(0),
    )?;
    Ok(found.is_some())
}

/// The runs of a plan, in order.
pub fn of_plan(tx: &mut Tx<'_>, cx: &Cx, plan: PlanId) -> Result<Vec<Run>, Fault> {
    tx.rows(runs!("AND plan_id = $2 ORDER BY id"), args![cx.org, plan], read)
}

/// The latest runs, newest first.
pub fn latest(tx: &mut Tx<'_>, cx: &Cx, limit: u32) -> Result<Vec<Run>, Fault> {
    let (all, teams) = cx.scopes(&crate::rights::VIEW).parameters();
    tx.rows(
        runs!(
            "AND ($2 = 1 OR EXISTS (SELECT 1 FROM asset a WHERE a.org_id = run.org_id AND a.id = run.asset_id
               AND a.team_id IN {list $3})) ORDER BY id DESC LIMIT $4"
        ),
        args![cx.org, all, teams, limit],
        read,
    )
}

/// Output from an offset on, and where it ends.
pub fn output(tx: &mut Tx<'_>, cx: &Cx, id: RunId, from_bytes: i64) -> Result<(String, i64), Fault> {
    let pieces = tx.rows(
        sql!("SELECT start_bytes, text FROM run_output WHERE org_id = $1 AND run_id = $2 AND start_bytes >= $3 ORDER BY start_bytes LIMIT 2000"),
        args![cx.org, id, from_bytes],
        |row| Ok((row.get::<i64>(0)?, row.get::<String>(1)?)),
    )?;
    let end = pieces.last().map_or(from_bytes, |(start, text)| start + len(text));
    Ok((pieces.into_iter().map(|(_, text)| text).collect(), end))
}

fn read(row: &Row<'_>) -> Result<Run, Fault> {
    let outcome: Option<String> = row.get(7)?;
    Ok(Run {
        id: row.get(0)?,
        plan: row.get(1)?,
        asset: row.get(2)?,
        step: row.get(3)?,
        task: serde_json::from_str(&row.get::<String>(4)?).map_err(Fault::broken)?,
        state: row.get(5)?,
        output_bytes: row.get(6)?,
        outcome: outcome.as_deref().map(serde_json::from_str).transpose().map_err(Fault::broken)?,
        created_ms: row.get(8)?,
        ended_ms: row.get(9)?,
    })
}
