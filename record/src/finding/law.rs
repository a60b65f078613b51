//! The law of findings: what a rule sees, compared with what was known, opens, refreshes, reopens and closes.

use mainstay_kernel::store::Tx;
use mainstay_kernel::{Cx, Fault, events};

use super::count;
use super::store::{self, Known};
use super::{Severity, State};
use crate::{AssetId, FindingId};

/// One thing a rule sees.
#[derive(Clone, Debug, PartialEq)]
pub struct Sighting {
    /// What, within the rule and the asset: a package, an account, a port.
    pub subject: String,
    pub severity: Severity,
    pub title: String,
    pub reason: String,
    pub detail: serde_json::Value,
}

/// Where and when a rule looked. A rule reports *everything* it sees in the scope.
#[derive(Clone, Copy)]
pub struct Look<'a> {
    /// `room.rule`.
    pub rule: &'static str,
    pub asset: AssetId,
    /// The part of the asset that was looked at; usually the section of facts.
    pub scope: &'a str,
    /// When the host was looked at, not when the report came.
    pub at_ms: i64,
    /// When a finding of this severity, first seen then, is due. From the policy that holds.
    pub due: &'a dyn Fn(Severity, i64) -> Option<i64>,
}

/// What changed by an observation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    pub opened: Vec<FindingId>,
    pub reopened: Vec<FindingId>,
    pub still: Vec<FindingId>,
    pub gone: Vec<FindingId>,
}

/// Compares what is seen with what was known, and writes the difference.
///
/// A look that is older than the last one of its scope changes nothing: reports may come late, twice, in any order.
pub fn observe(tx: &mut Tx<'_>, cx: &Cx, look: Look<'_>, sightings: &[Sighting]) -> Result<Diff, Fault> {
    compare(tx, cx, &look, sightings, None)
}

/// What a look could not see.
#[derive(Clone, Copy)]
pub struct Gap<'a> {
    pub because: &'a str,
    /// Whether a subject may stand behind it.
    pub hides: &'a dyn Fn(&str) -> bool,
}

/// As [`observe`] for a look with gaps: what is seen counts, and what is visibly gone closes. What was known and may
/// stand behind the gap stays, marked stale with the reason.
pub fn observe_partly(
    tx: &mut Tx<'_>,
    cx: &Cx,
    look: Look<'_>,
    sightings: &[Sighting],
    gap: Gap<'_>,
) -> Result<Diff, Fault> {
    compare(tx, cx, &look, sightings, Some(gap))
}

fn compare(
    tx: &mut Tx<'_>,
    cx: &Cx,
    look: &Look<'_>,
    sightings: &[Sighting],
    gap: Option<Gap<'_>>,
) -> Result<Diff, Fault> {
    let mut diff = Diff::default();
    if !store::enter_scope(tx, cx.org, look, gap.map(|gap| gap.because))? {
        return Ok(diff);
    }
    let known = store::of_scope(tx, cx.org, look)?;
    let mut has_changed = false;
    for (place, sighting) in sightings.iter().enumerate() {
        if sightings[..place].iter().any(|earlier| earlier.subject == sighting.subject) {
            continue; // a rule that says a thing twice saw it once
        }
        match known.iter().find(|k| k.subject == sighting.subject) {
            None => diff.opened.push(open(tx, cx, look, sighting)?),
            Some(before) if before.state == State::Gone => {
                reopen(tx, cx, look, before, sighting)?;
                diff.reopened.push(before.id);
            }
            Some(before) => {
                has_changed |= refresh(tx, cx, look, before, sighting)?;
                diff.still.push(before.id);
            }
        }
    }
    let is_seen = |k: &&Known| sightings.iter().any(|s| s.subject == k.subject);
    for before in known.iter().filter(|k| k.state != State::Gone && !is_seen(k)) {
        match gap {
            Some(gap) if (gap.hides)(&before.subject) => {
                has_changed |= mark_stale(tx, cx, look, before, gap.because)?;
            }
            _ => {
                close(tx, cx, look, before)?;
                diff.gone.push(before.id);
            }
        }
    }
    if has_changed || diff.opened.len() + diff.reopened.len() + diff.gone.len() > 0 {
        count::again(tx, cx.org, look.asset)?;
    }
    Ok(diff)
}

/// The scope could not be looked at: its findings stay, and say so.
pub fn unseen(tx: &mut Tx<'_>, cx: &Cx, look: Look<'_>, reason: &str) -> Result<usize, Fault> {
    if !store::enter_scope(tx, cx.org, &look, Some(reason))? {
        return Ok(0);
    }
    let known = store::of_scope(tx, cx.org, &look)?;
    let (mut marked, mut has_changed) = (0, false);
    for before in known.iter().filter(|k| k.state != State::Gone) {
        has_changed |= mark_stale(tx, cx, &look, before, reason)?;
        marked += 1;
    }
    if has_changed {
        count::again(tx, cx.org, look.asset)?;
    }
    Ok(marked)
}

/// Whether it was not marked so before.
fn mark_stale(
    tx: &mut Tx<'_>,
    cx: &Cx,
    look: &Look<'_>,
    before: &Known,
    reason: &str,
) -> Result<bool, Fault> {
    if before.stale.as_deref() == Some(reason) {
        return Ok(false);
    }
    store::set_stale(tx, cx.org, before.id, reason)?;
    let said = serde_json::json!({ "because": reason });
    events::record(tx, cx, "finding.stale", before.id.into(), &[look.asset.into()], &said)?;
    Ok(true)
}

fn open(tx: &mut Tx<'_>, cx: &Cx, look: &Look<'_>, sighting: &Sighting) -> Result<FindingId, Fault> {
    let id = FindingId(cx.ids.next());
    let due_ms = (look.due)(sighting.severity, look.at_ms);
    store::insert(tx, cx.org, id, look, sighting, due_ms)?;
    tell(tx, cx, "finding.opened", id, look, sighting)?;
    Ok(id)
}

fn reopen(
    tx: &mut Tx<'_>,
    cx: &Cx,
    look: &Look<'_>,
    before: &Known,
    sighting: &Sighting,
) -> Result<(), Fault> {
    let due_ms = (look.due)(sighting.severity, look.at_ms);
    store::reopen(tx, cx.org, before.id, look, sighting, due_ms)?;
    tell(tx, cx, "finding.reopened", before.id, look, sighting)
}

/// Whether it counts otherwise than before.
fn refresh(
    tx: &mut Tx<'_>,
    cx: &Cx,
    look: &Look<'_>,
    before: &Known,
    sighting: &Sighting,
) -> Result<bool, Fault> {
    let due_ms = (look.due)(sighting.severity, before.opened_ms);
    store::refresh(tx, cx.org, before.id, look, sighting, due_ms)?;
    if before.severity != sighting.severity {
        let said = serde_json::json!({ "rule": look.rule, "title": sighting.title, "severity": sighting.severity, "was": before.severity });
        events::record(tx, cx, "finding.severity_changed", before.id.into(), &[look.asset.into()], &said)?;
    }
    if before.stale.is_some() {
        tell(tx, cx, "finding.seen_again", before.id, look, sighting)?;
    }
    Ok(before.severity != sighting.severity || before.stale.is_some())
}

fn close(tx: &mut Tx<'_>, cx: &Cx, look: &Look<'_>, before: &Known) -> Result<(), Fault> {
    store::close(tx, cx.org, before.id, look.at_ms)?;
    let said = serde_json::json!({ "rule": look.rule, "title": before.title, "was": before.state });
    events::record(tx, cx, "finding.gone", before.id.into(), &[look.asset.into()], &said)?;
    Ok(())
}

fn tell(
    tx: &mut Tx<'_>,
    cx: &Cx,
    verb: &'static str,
    id: FindingId,
    look: &Look<'_>,
    sighting: &Sighting,
) -> Result<(), Fault> {
    let said =
        serde_json::json!({ "rule": look.rule, "title": sighting.title, "severity": sighting.severity });
    events::record(tx, cx, verb, id.into(), &[look.asset.into()], &said).map(drop)
}
