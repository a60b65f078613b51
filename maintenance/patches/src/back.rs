//! The way back: what a plan replaced is installed again from what was saved before it. A plan of its own, with its own
//! simulation and its own approval.

use mainstay_kernel::store::Tx;
use mainstay_kernel::{Cx, Fault};
use mainstay_record::plan::{self, Plan, State};
use mainstay_record::run::{self};
use mainstay_record::{PlanId, rights};
use mainstay_wire::{OutcomeState, RollBack, SAVED_FOR_DAYS, Saved, Simulation, Task};
use serde_json::json;

use crate::desk::{APPLYING_S, KIND, LOCK_WAIT_S, SIMULATION_S, refuse_second, simulation};

/// The kind of plan that goes back.
pub const BACK: &str = "patches.rollback";

/// What there is to go back to after this plan: nothing unless its old packages were saved, something was
/// changed, and the host has not forgotten them yet.
pub fn way_back(tx: &mut Tx<'_>, cx: &Cx, plan: &Plan) -> Result<Option<Saved>, Fault> {
    if plan.kind != KIND || !matches!(plan.state, State::Done | State::Failed) {
        return Ok(None);
    }
    let runs = run::of_plan(tx, cx, plan.id)?;
    // Refused, expired: nothing was begun, so there is nothing to go back from.
    let was_begun = runs.iter().filter(|run| run.step == "apply").any(|run| {
        let state = run.outcome.as_ref().map(|outcome| outcome.state);
        state.is_some_and(|state| !matches!(state, OutcomeState::Refused | OutcomeState::Expired))
    });
    let still_there_ms = cx.now_ms() - i64::from(SAVED_FOR_DAYS) * 86_400_000;
    let kept = runs.iter().rev().find(|run| run.step == "keep");
    let kept = kept.filter(|run| run.ended_ms.is_some_and(|ended_ms| ended_ms > still_there_ms));
    let kept = kept.and_then(|run| run.outcome.clone()?.result);
    let saved = kept.and_then(|value| serde_json::from_value::<Saved>(value).ok());
    Ok(saved.filter(|saved| was_begun && !saved.kept.is_empty()))
}

/// Prepares the way back from a plan and asks the host what it would do. Changes nothing on it.
///
/// # Errors
/// `Denied` without the right; `Conflict` when nothing was saved, or another plan of this host is under way.
pub fn prepare_back(tx: &mut Tx<'_>, cx: &Cx, from: PlanId) -> Result<PlanId, Fault> {
    let done = plan::get(tx, cx, from)?;
    let host = mainstay_record::asset::get(tx, cx, done.asset)?;
    cx.may(&rights::PREPARE_PLANS, host.scope())?;
    let Some(saved) = way_back(tx, cx, &done)? else {
        return Err(Fault::conflict("no_way_back", "this plan saved nothing there is to go back to"));
    };
    refuse_second(tx, cx, done.asset)?;
    let title = format!("Roll back #{} on {}", done.number, host.name);
    let spec = json!({ "back_from": from, "number": done.number, "saved": saved.kept.len(), "lost": saved.lost.len() });
    let id = plan::create(tx, cx, BACK, &title, done.asset, &spec)?;
    plan::advance(tx, cx, id, &[State::Draft], State::Simulating, &json!({}))?;
    let task = Task::SimulateRollBack { saved: from.to_string(), remove: newcomers(&simulation(&done)?) };
    run::order(tx, cx, done.asset, Some(id), "simulate", &task, SIMULATION_S)?;
    Ok(id)
}

/// What the plan brought that was not there before.
fn newcomers(simulation: &Simulation) -> Vec<String> {
    simulation.steps.iter().filter(|step| step.old.is_none()).map(|step| step.name.clone()).collect()
}

/// The way back is approved: the host takes it.
pub(crate) fn start(tx: &mut Tx<'_>, cx: &Cx, plan: &Plan) -> Result<(), Fault> {
    let from: PlanId = plan.spec["back_from"].as_str().unwrap_or_default().parse()?;
    let done = plan::get(tx, cx, from)?;
    let task = Task::RollBack(RollBack {
        saved: from.to_string(),
        remove: newcomers(&simulation(&done)?),
        approved_hash: simulation(plan)?.hash,
        lock_wait_s: LOCK_WAIT_S,
    });
    run::order(tx, cx, plan.asset, Some(plan.id), "apply", &task, APPLYING_S).map(drop)
}
