//! From event to notice: one plain match from each verb to what is said.

use mainstay_kernel::events::{Event, Hearer};
use mainstay_kernel::id::EventId;
use mainstay_kernel::jobs::{Job, Next};
use mainstay_kernel::notify::{Urgency, gather};
use mainstay_kernel::store::Tx;
use mainstay_kernel::{Cx, Fault};
use mainstay_record::finding::{self, Finding, Severity, State};
use mainstay_record::{AgentId, AssetId, FindingId, PlanId, RunId, agent, asset, plan, run};

use super::audience::{Said, tell};
use super::{APPROVAL, Cause, FINDINGS, RETURNED, RUN, SILENT, words};

/// The kind of job that tells the parts of one notice.
pub(super) const TOGETHER: &str = "tell.together";
/// A timeline names at most so many of the findings of one notice.
const MOST_ABOUT: usize = 50;

/// What is listened to.
pub fn hearers() -> Vec<Hearer> {
    vec![
        Hearer { name: "tell.opened", verb: "finding.opened", hear: worsened },
        Hearer { name: "tell.reopened", verb: "finding.reopened", hear: worsened },
        Hearer { name: "tell.worsened", verb: "finding.severity_changed", hear: worsened },
        Hearer { name: "tell.returned", verb: "finding.acceptance_ended", hear: returned },
        Hearer { name: "tell.ready", verb: "plan.simulated", hear: ready },
        Hearer { name: "tell.plan_failed", verb: "plan.failed", hear: plan_failed },
        Hearer { name: "tell.run_failed", verb: run::ENDED, hear: run_failed },
        Hearer { name: "tell.silent", verb: "agent.silent", hear: silent },
    ]
}

fn is_pressing(word: &serde_json::Value) -> bool {
    matches!(word.as_str(), Some("critical" | "high"))
}

/// Critical or high now, and not before: less of an evil is no news.
fn worsened(tx: &mut Tx<'_>, cx: &Cx, event: &Event) -> Result<(), Fault> {
    if !is_pressing(&event.body["severity"]) || is_pressing(&event.body["was"]) {
        return Ok(());
    }
    part(tx, cx, &FINDINGS, event)
}

fn returned(tx: &mut Tx<'_>, cx: &Cx, event: &Event) -> Result<(), Fault> {
    part(tx, cx, &RETURNED, event)
}

fn part(tx: &mut Tx<'_>, cx: &Cx, cause: &'static Cause, event: &Event) -> Result<(), Fault> {
    let on = finding::get(tx, cx, FindingId(event.subject.id))?.asset;
    let part = gather::Part {
        cause: cause.word,
        group: on.0,
        event: event.id,
        at_ms: event.at_ms,
        thing: event.subject.id,
    };
    gather::add(tx, cx, TOGETHER, &part)
}

/// Tells what waited in a group, as far as it still stands.
pub(super) fn together(tx: &mut Tx<'_>, cx: &Cx, job: &Job) -> Result<Next, Fault> {
    let cause = job.payload["cause"].as_str().unwrap_or_default();
    let on = AssetId(job.payload["group"].as_i64().unwrap_or_default());
    let parts = gather::take(tx, cx, cause, on.0)?;
    let Some((newest, _)) = parts.last().copied() else { return Ok(Next::Done) };
    let findings = still_open(tx, cx, &parts, cause == FINDINGS.word)?;
    if findings.is_empty() {
        return Ok(Next::Done); // gone or accepted before anybody was told
    }
    let (cause, (title, body)) = if cause == FINDINGS.word {
        (&FINDINGS, words::findings(&findings))
    } else {
        (&RETURNED, words::returned(&findings))
    };
    let worst = findings.iter().map(|f| f.severity).max();
    let path = match findings.as_slice() {
        [one] => format!("/findings/{}", one.id),
        _ => format!("/assets/{on}/findings"),
    };
    let mut about = vec![on.into()];
    about.extend(findings.iter().take(MOST_ABOUT).map(|f| f.id.into()));
    let urgency = if worst == Some(Severity::Critical) { Urgency::High } else { Urgency::Normal };
    tell(tx, cx, newest, Said { cause, on, title, body, path, urgency, about })?;
    Ok(Next::Done)
}

fn still_open(
    tx: &mut Tx<'_>,
    cx: &Cx,
    parts: &[(EventId, i64)],
    is_pressing_only: bool,
) -> Result<Vec<Finding>, Fault> {
    let mut ids: Vec<i64> = parts.iter().map(|(_, thing)| *thing).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut found = Vec::new();
    for id in ids {
        let f = finding::get(tx, cx, FindingId(id))?;
        let is_open = matches!(f.state, State::Open | State::Planned);
        if is_open && (!is_pressing_only || f.severity >= Severity::High) {
            found.push(f);
        }
    }
    found.sort_by_key(|f| (std::cmp::Reverse(f.severity), f.due_ms.unwrap_or(i64::MAX), f.id));
    Ok(found)
}

fn ready(tx: &mut Tx<'_>, cx: &Cx, event: &Event) -> Result<(), Fault> {
    let plan = plan::get(tx, cx, PlanId(event.subject.id))?;
    if plan.state != plan::State::Ready {
        return Ok(()); // approved or cancelled before anybody was told
    }
    let host = asset::get(tx, cx, plan.asset)?;
    let (title, body) = words::ready(&plan, &host.name, event.body["steps"].as_u64());
    let path = format!("/maintenance/plans/{}", plan.id);
    let about = vec![plan.id.into(), host.id.into()];
    let said = Said { cause: &APPROVAL, on: host.id, title, body, path, urgency: Urgency::Normal, about };
    tell(tx, cx, event.id, said)
}

fn plan_failed(tx: &mut Tx<'_>, cx: &Cx, event: &Event) -> Result<(), Fault> {
    let plan = plan::get(tx, cx, PlanId(event.subject.id))?;
    let host = asset::get(tx, cx, plan.asset)?;
    let because = event.body["because"].as_str().unwrap_or_default();
    let (title, body) = words::plan_failed(&plan, &host.name, because);
    let path = format!("/maintenance/plans/{}", plan.id);
    let about = vec![plan.id.into(), host.id.into()];
    let said = Said { cause: &RUN, on: host.id, title, body, path, urgency: Urgency::High, about };
    tell(tx, cx, event.id, said)
}

/// A run that belongs to a plan is told of by the plan.
fn run_failed(tx: &mut Tx<'_>, cx: &Cx, event: &Event) -> Result<(), Fault> {
    let run = run::get(tx, cx, RunId(event.subject.id))?;
    if run.plan.is_some() || run.state == "succeeded" {
        return Ok(());
    }
    let host = asset::get(tx, cx, run.asset)?;
    let (title, body) = words::run_failed(&run, &host.name);
    let path = format!("/maintenance/runs/{}", run.id);
    let about = vec![run.id.into(), host.id.into()];
    let said = Said { cause: &RUN, on: host.id, title, body, path, urgency: Urgency::High, about };
    tell(tx, cx, event.id, said)
}

fn silent(tx: &mut Tx<'_>, cx: &Cx, event: &Event) -> Result<(), Fault> {
    let Some(silent) = agent::get(tx, cx, AgentId(event.subject.id))? else { return Ok(()) };
    let seen_ms = event.body["seen_ms"].as_i64().unwrap_or(silent.seen_ms);
    if silent.seen_ms > seen_ms || silent.is_revoked {
        return Ok(()); // it has spoken in the meantime, or is no longer wanted
    }
    let (title, body) = words::silent(&silent.asset_name, seen_ms, cx.now_ms());
    let path = format!("/assets/{}", silent.asset);
    let about = vec![silent.id.into(), silent.asset.into()];
    let said = Said { cause: &SILENT, on: silent.asset, title, body, path, urgency: Urgency::High, about };
    tell(tx, cx, event.id, said)
}
