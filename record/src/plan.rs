//! Plans: what is prepared and waits for a person. Simulated, approved, run in its window, verified by looking again.

use mainstay_kernel::access::Scope;
use mainstay_kernel::store::{Row, Tx};
use mainstay_kernel::{Cx, Fault, args, counter, events, sql};
use serde::Serialize;

use crate::{AssetId, PlanId, asset, finding, rights};

/// Whole plans of an organisation; what follows the organisation is the argument.
macro_rules! plans {
    ($rest:literal) => {
        sql!(concat!(
            "SELECT id, number, kind, title, asset_id, state, spec, simulation, simulation_hash, rollback, window_from_ms,
               window_until_ms, made_by, approved_by, approved_ms, created_ms, revision FROM plan WHERE org_id = $1 ",
            $rest
        ))
    };
}

/// One plan for one asset.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plan {
    pub id: PlanId,
    /// In the same series as work items.
    pub number: i64,
    /// `patches.upgrade` …
    pub kind: String,
    pub title: String,
    pub asset: AssetId,
    pub state: State,
    /// What its room put into it.
    pub spec: serde_json::Value,
    /// What would happen, as the host itself said.
    pub simulation: Option<serde_json::Value>,
    /// What an approval is an approval of.
    pub simulation_hash: Option<String>,
    /// The way back: `snapshot`, `saved packages`, `none`, `unknown`.
    pub rollback: String,
    /// Not before, not after; both absent: at once.
    pub window_ms: Option<(i64, i64)>,
    pub made_by: String,
    pub approved_by: Option<String>,
    pub approved_ms: Option<i64>,
    pub created_ms: i64,
    pub revision: i64,
}

/// Where a plan stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Draft,
    /// The host is asked what would happen.
    Simulating,
    /// It may be approved.
    Ready,
    Approved,
    Running,
    Done,
    Failed,
    Cancelled,
}

impl State {
    const ALL: [Self; 8] = [
        Self::Draft,
        Self::Simulating,
        Self::Ready,
        Self::Approved,
        Self::Running,
        Self::Done,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The word in the store, in the API and on screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Simulating => "simulating",
            Self::Ready => "ready",
            Self::Approved => "approved",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether something is still to come.
    pub fn is_open(self) -> bool {
        !matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

/// Prepares a plan; nothing is changed on any system by it.
pub fn create(
    tx: &mut Tx<'_>,
    cx: &Cx,
    kind: &str,
    title: &str,
    on: AssetId,
    spec: &serde_json::Value,
) -> Result<PlanId, Fault> {
    let team = asset::get(tx, cx, on)?.team;
    cx.may(&rights::PREPARE_PLANS, Scope::Team(team))?;
    let id = PlanId(cx.ids.next());
    events::record(
        tx,
        cx,
        "plan.prepared",
        id.into(),
        &[on.into()],
        &serde_json::json!({ "title": title, "spec": spec }),
    )?;
    let number = counter::next(tx, cx.org, "work")?;
    tx.run(
        sql!(
            "INSERT INTO plan (org_id, id, number, kind, title, asset_id, state, spec, made_by, created_ms)
              VALUES ($1, $2, $3, $4, $5, $6, 'draft', $7, $8, $9)"
        ),
        args![cx.org, id, number, kind, title, on, spec.to_string(), cx.who.word(), cx.now_ms()],
    )?;
    Ok(id)
}

/// One plan the caller may see.
pub fn get(tx: &mut Tx<'_>, cx: &Cx, id: PlanId) -> Result<Plan, Fault> {
    let found =
        tx.maybe(plans!("AND id = $2"), args![cx.org, id], read)?.ok_or(Fault::NotFound { what: "plan" })?;
    asset::get(tx, cx, found.asset).map_err(|fault| asset::hide(fault, "plan"))?;
    Ok(found)
}

/// Plans, newest first, before `before` (`PlanId(i64::MAX)` begins).
pub fn list(tx: &mut Tx<'_>, cx: &Cx, before: PlanId, limit: u32) -> Result<Vec<Plan>, Fault> {
    let (all, teams) = cx.scopes(&rights::VIEW).parameters();
    tx.rows(
        plans!("AND id < $2 AND ($3 = 1 OR EXISTS (SELECT 1 FROM asset a WHERE a.org_id = plan.org_id AND a.id = plan.asset_id
                AND a.team_id IN {list $4})) ORDER BY id DESC LIMIT $5"),
        args![cx.org, before, all, teams, limit],
        read,
    )
}

/// Plans that are not at their end, for Home.
pub fn open(tx: &mut Tx<'_>, cx: &Cx) -> Result<Vec<Plan>, Fault> {
    let (all, teams) = cx.scopes(&rights::VIEW).parameters();
    tx.rows(
        plans!("AND state NOT IN ('done', 'failed', 'cancelled') AND ($2 = 1 OR EXISTS (SELECT 1 FROM asset a
                WHERE a.org_id = plan.org_id AND a.id = plan.asset_id AND a.team_id IN {list $3})) ORDER BY id DESC LIMIT 100"),
        args![cx.org, all, teams],
        read,
    )
}

/// The plans of one asset, newest first.
pub fn of_asset(tx: &mut Tx<'_>, cx: &Cx, on: AssetId) -> Result<Vec<Plan>, Fault> {
    asset::get(tx, cx, on)?;
    tx.rows(plans!("AND asset_id = $2 ORDER BY id DESC LIMIT 50"), args![cx.org, on], read)
}

/// Moves a plan on, when it still stands where the caller thinks. `false` when it does not.
pub fn advance(
    tx: &mut Tx<'_>,
    cx: &Cx,
    id: PlanId,
    from: &[State],
    to: State,
    said: &serde_json::Value,
) -> Result<bool, Fault> {
    let from =
        serde_json::to_string(&from.iter().map(|s| s.word()).collect::<Vec<_>>()).map_err(Fault::broken)?;
    let moved = tx.maybe(
        sql!("UPDATE plan SET state = $1, revision = revision + 1 WHERE org_id = $2 AND id = $3 AND state IN {texts $4} RETURNING asset_id"),
        args![to.word(), cx.org, id, from],
        |row| row.get::<AssetId>(0),
    )?;
    let Some(on) = moved else { return Ok(false) };
    if !to.is_open() {
        finding::release_plan(tx, cx, id)?;
    }
    events::record(tx, cx, verb(to), id.into(), &[on.into()], said)?;
    Ok(true)
}

fn verb(state: State) -> &'static str {
    match state {
        State::Draft => "plan.returned",
        State::Simulating => "plan.simulation_started",
        State::Ready => "plan.simulated",
        State::Approved => "plan.approved",
        State::Running => "plan.started",
        State::Done => "plan.done",
        State::Failed => "plan.failed",
        State::Cancelled => "plan.cancelled",
    }
}

/// Keeps what the host said would happen.
pub fn set_simulation(
    tx: &mut Tx<'_>,
    cx: &Cx,
    id: PlanId,
    simulation: &serde_json::Value,
    hash: &str,
    rollback: &str,
) -> Result<(), Fault> {
    tx.run(
        sql!("UPDATE plan SET simulation = $1, simulation_hash = $2, rollback = $3, revision = revision + 1 WHERE org_id = $4 AND id = $5"),
        args![simulation.to_string(), hash, rollback, cx.org, id],
    )?;
    Ok(())
}

/// Approves exactly what was simulated.
///
/// # Errors
/// `Denied` without the right; `Stale` when the simulation is another than the caller saw; `Conflict` when the plan is
/// not ready for it.
pub fn approve(
    tx: &mut Tx<'_>,
    cx: &Cx,
    id: PlanId,
    seen_hash: &str,
    window_ms: Option<(i64, i64)>,
) -> Result<(), Fault> {
    let plan = get(tx, cx, id)?;
    let team = asset::get(tx, cx, plan.asset)?.team;
    cx.may(&rights::APPROVE_PLANS, Scope::Team(team))?;
    if plan.simulation_hash.as_deref() != Some(seen_hash) {
        return Err(Fault::Stale);
    }
    if let Some((from_ms, until_ms)) = window_ms
        && (until_ms <= from_ms || until_ms <= cx.now_ms())
    {
        return Err(Fault::invalid(
            "window",
            "out_of_range",
            "the window must end after it begins, and in the future",
        ));
    }
    let (from_ms, until_ms) = window_ms.unzip();
    tx.run(
        sql!("UPDATE plan SET approved_by = $1, approved_ms = $2, window_from_ms = $3, window_until_ms = $4 WHERE org_id = $5 AND id = $6"),
        args![cx.who.word(), cx.now_ms(), from_ms, until_ms, cx.org, id],
    )?;
    let said = serde_json::json!({ "hash": seen_hash, "rollback": plan.rollback, "window_ms": window_ms });
    if advance(tx, cx, id, &[State::Ready], State::Approved, &said)? {
        return Ok(());
    }
    Err(Fault::conflict(
        "not_ready",
        format!("this plan is {}; only one that is ready can be approved", plan.state.word()),
    ))
}

/// Gives a plan up that has not begun to change anything.
pub fn cancel(tx: &mut Tx<'_>, cx: &Cx, id: PlanId) -> Result<(), Fault> {
    let plan = get(tx, cx, id)?;
    let team = asset::get(tx, cx, plan.asset)?.team;
    cx.may(&rights::PREPARE_PLANS, Scope::Team(team))?;
    let early = [State::Draft, State::Simulating, State::Ready, State::Approved];
    if advance(tx, cx, id, &early, State::Cancelled, &serde_json::json!({}))? {
        return Ok(());
    }
    Err(Fault::conflict(
        "too_late",
        format!("this plan is {}; it can no longer be cancelled", plan.state.word()),
    ))
}

fn read(row: &Row<'_>) -> Result<Plan, Fault> {
    let word: String = row.get(5)?;
    let json = |text: &str| serde_json::from_str(text).map_err(Fault::broken);
    Ok(Plan {
        id: row.get(0)?,
        number: row.get(1)?,
        kind: row.get(2)?,
        title: row.get(3)?,
        asset: row.get(4)?,
        state: State::ALL.into_iter().find(|s| s.word() == word).unwrap_or(State::Failed),
        spec: json(&row.get::<String>(6)?)?,
        simulation: row.get::<Option<String>>(7)?.as_deref().map(json).transpose()?,
        simulation_hash: row.get(8)?,
        rollback: row.get(9)?,
        window_ms: row.get::<Option<i64>>(10)?.zip(row.get::<Option<i64>>(11)?),
        made_by: row.get(12)?,
        approved_by: row.get(13)?,
        approved_ms: row.get(14)?,
        created_ms: row.get(15)?,
        revision: row.get(16)?,
    })
}
