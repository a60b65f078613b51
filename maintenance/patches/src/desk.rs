//! What people do with updates: prepare a plan, approve it, and see it through. The host does only what was approved.

use mainstay_kernel::store::Tx;
use mainstay_kernel::{Cx, Fault, events, jobs};
use mainstay_record::plan::{self, Plan, State};
use mainstay_record::run::{self, Run};
use mainstay_record::{AssetId, FindingId, PlanId, evidence, fact, finding, rights};
use mainstay_wire::packages::Updates;
use mainstay_wire::{Apply, Outcome, OutcomeState, Pinned, Saved, Section, Simulation, Step, Task, Wish};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::back::{self, BACK};
use crate::{changelogs, waiting};

/// The kind of plan of this room.
pub const KIND: &str = "patches.upgrade";

pub(crate) const SIMULATION_S: u32 = 300;
const KEEPING_S: u32 = 1_800;
pub(crate) const APPLYING_S: u32 = 7_200;
/// How long the host waits for somebody else to be done with packages.
pub(crate) const LOCK_WAIT_S: u32 = 300;

/// Which updates a plan takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    Security,
    Everything,
}

/// Prepares a plan for one host and asks the host what would happen. Changes nothing on it.
///
/// # Errors
/// `Denied` without the right, `Conflict` when nothing waits or a plan of this host is under way already.
pub fn prepare(tx: &mut Tx<'_>, cx: &Cx, on: AssetId, which: Which) -> Result<PlanId, Fault> {
    let host = mainstay_record::asset::get(tx, cx, on)?;
    cx.may(&rights::PREPARE_PLANS, host.scope())?;
    refuse_second(tx, cx, on)?;
    let seen = fact::typed::<Updates>(tx, cx, on, &Section::Updates)?;
    let Some(updates) = seen.and_then(|(seen, _)| seen.value) else {
        return Err(Fault::conflict(
            "not_visible",
            "what waits on this host is not visible; its page says why",
        ));
    };
    let set: Vec<Pinned> = updates
        .updates
        .iter()
        .filter(|update| which == Which::Everything || update.is_security)
        .map(|u| Pinned { name: u.name.clone(), version: u.candidate.clone(), architecture: u.arch.clone() })
        .collect();
    if set.is_empty() {
        return Err(Fault::conflict("nothing_waits", "nothing waits on this host"));
    }
    let kind = if which == Which::Security { "security " } else { "" };
    let noun = if set.len() == 1 { "update" } else { "updates" };
    let title = format!("Install {} {kind}{noun} on {}", set.len(), host.name);
    let id = plan::create(tx, cx, KIND, &title, on, &json!({ "which": which, "updates": set.len() }))?;
    let findings = taken_on(tx, cx, on, which)?;
    finding::plan(tx, cx, &findings, id)?;
    plan::advance(tx, cx, id, &[State::Draft], State::Simulating, &json!({}))?;
    let wish = if which == Which::Everything { Wish::Everything } else { Wish::Exactly { set } };
    run::order(tx, cx, on, Some(id), "simulate", &Task::SimulatePackages { wish }, SIMULATION_S)?;
    Ok(id)
}

/// One plan per host at a time, whichever way it goes.
pub(crate) fn refuse_second(tx: &mut Tx<'_>, cx: &Cx, on: AssetId) -> Result<(), Fault> {
    let plans = plan::of_asset(tx, cx, on)?;
    let is_ours = |plan: &&Plan| [KIND, BACK].contains(&plan.kind.as_str());
    match plans.iter().filter(is_ours).find(|plan| plan.state.is_open()) {
        None => Ok(()),
        Some(open) => Err(Fault::conflict(
            "plan_open",
            format!(
                "plan #{} for this host is {}; finish or cancel it first",
                open.number,
                open.state.word()
            ),
        )),
    }
}

/// The findings that such a plan is to mend.
fn taken_on(tx: &mut Tx<'_>, cx: &Cx, on: AssetId, which: Which) -> Result<Vec<FindingId>, Fault> {
    let open = finding::of_rule(tx, cx, waiting::RULE, on)?;
    let is_taken = |subject: &str| {
        !subject.starts_with("kept back ") && (which == Which::Everything || subject != waiting::OTHERS)
    };
    Ok(open.into_iter().filter(|f| is_taken(&f.subject)).map(|f| f.id).collect())
}

/// Approves exactly what was simulated, to run at once or in its window.
pub fn approve(
    tx: &mut Tx<'_>,
    cx: &Cx,
    id: PlanId,
    seen_hash: &str,
    window_ms: Option<(i64, i64)>,
) -> Result<(), Fault> {
    plan::approve(tx, cx, id, seen_hash, window_ms)?;
    match window_ms {
        None => start(tx, cx, id),
        Some((from_ms, _)) => {
            let payload = json!({ "plan": id });
            let once_key = Some(id.to_string());
            jobs::add(tx, cx, &jobs::New { kind: "patches.start", payload, run_at_ms: from_ms, once_key })
                .map(drop)
        }
    }
}

/// The window of an approved plan opens. After its end nothing is started any more.
pub fn start_in_window(tx: &mut Tx<'_>, cx: &Cx, job: &jobs::Job) -> Result<jobs::Next, Fault> {
    let id: PlanId = job.payload["plan"].as_str().unwrap_or_default().parse()?;
    let plan = plan::get(tx, cx, id)?;
    if plan.state != State::Approved {
        return Ok(jobs::Next::Done);
    }
    if plan.window_ms.is_some_and(|(_, until_ms)| cx.now_ms() >= until_ms) {
        plan::advance(
            tx,
            cx,
            id,
            &[State::Approved],
            State::Failed,
            &json!({ "because": "its window passed before it could begin" }),
        )?;
    } else {
        start(tx, cx, id)?;
    }
    Ok(jobs::Next::Done)
}

fn start(tx: &mut Tx<'_>, cx: &Cx, id: PlanId) -> Result<(), Fault> {
    let cx = &cx.as_house("patches");
    if !plan::advance(tx, cx, id, &[State::Approved], State::Running, &json!({}))? {
        return Ok(());
    }
    let plan = plan::get(tx, cx, id)?;
    if plan.kind == BACK {
        return back::start(tx, cx, &plan);
    }
    let simulation = simulation(&plan)?;
    // What is installed now, so that there is a way back.
    let packages: Vec<Pinned> = simulation.steps.iter().filter_map(replaced).collect();
    if packages.is_empty() {
        return order_apply(tx, cx, &plan, &simulation);
    }
    let task = Task::KeepOld { save_as: id.to_string(), packages };
    run::order(tx, cx, plan.asset, Some(id), "keep", &task, KEEPING_S).map(drop)
}

/// What a step takes away.
fn replaced(step: &Step) -> Option<Pinned> {
    let version = step.old.clone()?;
    Some(Pinned { name: step.name.clone(), version, architecture: step.architecture.clone() })
}

pub(crate) fn simulation(plan: &Plan) -> Result<Simulation, Fault> {
    let value = plan
        .simulation
        .clone()
        .ok_or_else(|| Fault::conflict("not_simulated", "this plan was not simulated"))?;
    serde_json::from_value(value).map_err(Fault::broken)
}

/// What this room listens to.
pub fn hearers() -> Vec<events::Hearer> {
    vec![events::Hearer { name: "patches.run", verb: run::ENDED, hear: hear_run }]
}

/// A run of one of our plans ended: the next step, or the end.
pub fn hear_run(tx: &mut Tx<'_>, cx: &Cx, event: &events::Event) -> Result<(), Fault> {
    let cx = &cx.as_house("patches");
    let run = run::get(tx, cx, mainstay_record::RunId(event.subject.id))?;
    let Some(outcome) = run.outcome.clone() else { return Ok(()) };
    let Some(id) = run.plan else {
        return if run.step == changelogs::STEP { changelogs::heard(tx, cx, &run, &outcome) } else { Ok(()) };
    };
    let plan = plan::get(tx, cx, id)?;
    if ![KIND, BACK].contains(&plan.kind.as_str()) {
        return Ok(());
    }
    match run.step.as_str() {
        "simulate" => simulated(tx, cx, &plan, &outcome),
        "keep" => kept(tx, cx, &plan, &outcome),
        "apply" => applied(tx, cx, &plan, &run, &outcome),
        "verify" => verified(tx, cx, &plan, &outcome),
        _ => Ok(()),
    }
}

fn fail(tx: &mut Tx<'_>, cx: &Cx, plan: &Plan, because: &str) -> Result<(), Fault> {
    let open = [State::Simulating, State::Ready, State::Approved, State::Running];
    plan::advance(tx, cx, plan.id, &open, State::Failed, &json!({ "because": because })).map(drop)
}

fn simulated(tx: &mut Tx<'_>, cx: &Cx, plan: &Plan, outcome: &Outcome) -> Result<(), Fault> {
    let result = outcome.result.clone().filter(|_| outcome.state == OutcomeState::Succeeded);
    let Some(result) = result else { return fail(tx, cx, plan, &outcome.summary) };
    let simulation: Simulation = match serde_json::from_value(result.clone()) {
        Ok(simulation) => simulation,
        Err(error) => return fail(tx, cx, plan, &format!("the host's answer is not understood: {error}")),
    };
    if simulation.steps.is_empty() {
        return fail(tx, cx, plan, "the host would change nothing; what waited is installed already");
    }
    let rollback = if plan.kind == BACK {
        "a new plan installs the versions of today again, as long as the archive has them".to_owned()
    } else {
        way_back_in_words(&simulation)
    };
    plan::set_simulation(tx, cx, plan.id, &result, &simulation.hash, &rollback)?;
    let said = json!({ "steps": simulation.steps.len(), "hash": simulation.hash });
    plan::advance(tx, cx, plan.id, &[State::Simulating], State::Ready, &said).map(drop)
}

/// What an approval says there is to go back to, and no more than that.
fn way_back_in_words(simulation: &Simulation) -> String {
    let replaced = simulation.steps.iter().filter(|step| step.old.is_some()).count();
    if replaced == 0 {
        return "nothing is replaced; what comes new can be removed".to_owned();
    }
    let Some(way_back) = &simulation.way_back else {
        return format!(
            "saved packages: {} of {replaced} old versions are still offered, the others are repacked where possible",
            simulation.old_still_offered
        );
    };
    let saved = match (way_back.to_save, way_back.lost.len()) {
        (0, _) => "none: no old package can be saved".to_owned(),
        (n, 0) => format!(
            "saved packages: all {n} old versions, {} of them from the archive",
            simulation.old_still_offered
        ),
        (n, lost) => format!("saved packages: {n} of {replaced} old versions; {lost} cannot be had again"),
    };
    match &way_back.snapshot {
        Some(snapshot) => format!("snapshot: {snapshot}; {saved}"),
        None if way_back.possible.is_empty() => saved,
        None => format!(
            "{saved}; no snapshot is taken by itself, though one could be: {}",
            way_back.possible.join(", ")
        ),
    }
}

fn kept(tx: &mut Tx<'_>, cx: &Cx, plan: &Plan, outcome: &Outcome) -> Result<(), Fault> {
    if plan.state != State::Running {
        return Ok(());
    }
    let saved = outcome.result.clone().and_then(|value| serde_json::from_value::<Saved>(value).ok());
    let words = saved.as_ref().map_or_else(
        || outcome.summary.clone(),
        |s| format!("{} packages saved, {} could not be had", s.kept.len(), s.lost.len()),
    );
    evidence::add(
        tx,
        cx,
        "patches.saved",
        &words,
        &plan.id.into(),
        &serde_json::to_string(&outcome.result).map_err(Fault::broken)?,
    )?;
    let simulation = simulation(plan)?;
    if let Some(because) = is_less_than_approved(&simulation, saved.as_ref(), outcome) {
        return fail(tx, cx, plan, &format!("nothing was changed: {because}"));
    }
    order_apply(tx, cx, plan, &simulation)
}

/// Why the way back is not the one that was approved.
fn is_less_than_approved(
    simulation: &Simulation,
    saved: Option<&Saved>,
    outcome: &Outcome,
) -> Option<String> {
    let way_back = simulation.way_back.as_ref()?;
    let known: Vec<&Pinned> = way_back.lost.iter().map(|lost| &lost.package).collect();
    let Some(saved) = saved else {
        return Some(format!("the old packages were not saved ({})", outcome.summary));
    };
    let news = saved.lost.iter().find(|lost| !known.contains(&&lost.package))?;
    Some(format!(
        "{} {} could not be saved, although the approval counted on it: {}",
        news.package.name, news.package.version, news.because
    ))
}

fn order_apply(tx: &mut Tx<'_>, cx: &Cx, plan: &Plan, simulation: &Simulation) -> Result<(), Fault> {
    let set = simulation.steps.iter().filter_map(|step| {
        let version = step.new.clone()?;
        Some(Pinned { name: step.name.clone(), version, architecture: step.architecture.clone() })
    });
    let remove = simulation.steps.iter().filter(|step| step.new.is_none()).map(|step| step.name.clone());
    let apply = Apply {
        set: set.collect(),
        remove: remove.collect(),
        approved_hash: simulation.hash.clone(),
        lock_wait_s: LOCK_WAIT_S,
    };
    run::order(tx, cx, plan.asset, Some(plan.id), "apply", &Task::ApplyPackages(apply), APPLYING_S).map(drop)
}

fn applied(tx: &mut Tx<'_>, cx: &Cx, plan: &Plan, run: &Run, outcome: &Outcome) -> Result<(), Fault> {
    let body = serde_json::to_string(outcome).map_err(Fault::broken)?;
    evidence::add(tx, cx, "patches.applied", &outcome.summary, &plan.id.into(), &body)?;
    if outcome.state != OutcomeState::Succeeded {
        fail(tx, cx, plan, &outcome.summary)?;
    }
    // However it went: what stands on the host now is what counts.
    let look = Task::Look {
        sections: vec![
            Section::Packages,
            Section::Updates,
            Section::Restarts,
            Section::Units,
            Section::Sockets,
        ],
    };
    run::order(tx, cx, run.asset, Some(plan.id), "verify", &look, SIMULATION_S).map(drop)
}

fn verified(tx: &mut Tx<'_>, cx: &Cx, plan: &Plan, outcome: &Outcome) -> Result<(), Fault> {
    if outcome.state == OutcomeState::Succeeded {
        plan::advance(tx, cx, plan.id, &[State::Running], State::Done, &json!({})).map(drop)
    } else {
        fail(
            tx,
            cx,
            plan,
            &format!("carried out, but the host could not be looked at again: {}", outcome.summary),
        )
    }
}
