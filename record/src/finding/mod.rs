//! Findings: "this asset deviates, seen by this rule". The heart of the record.
//!
//! A rule reports everything it sees in a scope; the set difference with what was known does the rest. Nothing else
//! closes a finding: not a person, not a finished task. What could not be looked at stays, marked stale.

mod accept;
mod blind;
mod count;
mod law;
mod severity;
mod store;

pub use accept::{accept, return_accepted, withdraw};
pub use blind::{Blind, blind};
pub use count::Counts;
pub use law::{Diff, Gap, Look, Sighting, observe, observe_partly, unseen};
pub use severity::Severity;
pub use store::Standing;

use std::collections::BTreeMap;

use mainstay_kernel::store::Tx;
use mainstay_kernel::{Cx, Fault};
use serde::Serialize;

use crate::{AssetId, FindingId, PlanId, asset, rights};

/// One finding as it stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    pub id: FindingId,
    pub rule: String,
    pub asset: AssetId,
    pub asset_name: String,
    /// The part of the asset that was looked at; usually the section of facts.
    pub scope: String,
    pub subject: String,
    pub severity: Severity,
    pub title: String,
    /// One grey sentence: why it matters, with its number.
    pub reason: String,
    /// What the rule saw, and how to mend it, for the finding's page.
    pub detail: serde_json::Value,
    pub state: State,
    /// Why the rule could not look lately; what is shown is old.
    pub stale: Option<String>,
    pub first_seen_ms: i64,
    pub opened_ms: i64,
    pub last_seen_ms: i64,
    pub gone_ms: Option<i64>,
    pub times_opened: i64,
    pub due_ms: Option<i64>,
    pub accepted_until_ms: Option<i64>,
    pub accepted_reason: Option<String>,
    pub plan: Option<PlanId>,
    pub revision: i64,
}

/// Where a finding stands. Staleness is beside it: an open finding can be stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Open,
    /// A plan is to mend it.
    Planned,
    /// The risk is accepted until a date.
    Accepted,
    /// The rule looked again and it was gone.
    Gone,
}

impl State {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Planned => "planned",
            Self::Accepted => "accepted",
            Self::Gone => "gone",
        }
    }
}

/// One finding the caller may see.
pub fn get(tx: &mut Tx<'_>, cx: &Cx, id: FindingId) -> Result<Finding, Fault> {
    let found = store::get(tx, cx.org, id)?.ok_or(Fault::NotFound { what: "finding" })?;
    asset::get(tx, cx, found.asset).map_err(|fault| match fault {
        Fault::NotFound { .. } => Fault::NotFound { what: "finding" },
        other => other,
    })?;
    Ok(found)
}

/// Open and planned findings, the most pressing first, after `(rank, id)`; `(-1, FindingId(0))` begins.
pub fn open(
    tx: &mut Tx<'_>,
    cx: &Cx,
    after: (i64, FindingId),
    limit: u32,
) -> Result<Vec<(i64, Finding)>, Fault> {
    let filter = Filter { asset: None, rule: None, states: vec![State::Open, State::Planned] };
    filtered(tx, cx, &filter, after, limit)
}

/// Which findings to list.
#[derive(Clone, Debug)]
pub struct Filter {
    pub asset: Option<AssetId>,
    pub rule: Option<String>,
    pub states: Vec<State>,
}

/// Findings that pass a filter, the most pressing first, after `(rank, id)`; `(-1, FindingId(0))` begins.
pub fn filtered(
    tx: &mut Tx<'_>,
    cx: &Cx,
    filter: &Filter,
    after: (i64, FindingId),
    limit: u32,
) -> Result<Vec<(i64, Finding)>, Fault> {
    store::filtered(tx, cx.org, &cx.scopes(&rights::VIEW), filter, after, limit)
}

/// The findings of one asset, the most pressing first, those that are gone last.
pub fn of_asset(tx: &mut Tx<'_>, cx: &Cx, asset: AssetId) -> Result<Vec<Finding>, Fault> {
    asset::get(tx, cx, asset)?;
    store::of_asset(tx, cx.org, asset)
}

/// The open and planned findings of one rule on one asset.
pub fn of_rule(tx: &mut Tx<'_>, cx: &Cx, rule: &str, asset: AssetId) -> Result<Vec<Finding>, Fault> {
    store::of_rule(tx, cx.org, rule, asset)
}

/// How many findings of one rule are open or planned; from `most` on it is not counted further.
pub fn count_of_rule(tx: &mut Tx<'_>, cx: &Cx, rule: &str, most: u32) -> Result<i64, Fault> {
    store::count_of_rule(tx, cx.org, &cx.scopes(&rights::VIEW), rule, most)
}

/// How the open and planned findings of these assets stand; an asset without any is not in it.
pub fn standings(tx: &mut Tx<'_>, cx: &Cx, assets: &[AssetId]) -> Result<BTreeMap<AssetId, Standing>, Fault> {
    store::standings(tx, cx.org, assets)
}

/// How many findings stand where.
pub fn counts(tx: &mut Tx<'_>, cx: &Cx) -> Result<Counts, Fault> {
    count::seen(tx, cx.org, &cx.scopes(&rights::VIEW))
}

/// A plan takes findings on: they are planned, not gone.
pub fn plan(tx: &mut Tx<'_>, cx: &Cx, findings: &[FindingId], plan: PlanId) -> Result<(), Fault> {
    for id in findings {
        if store::set_plan(tx, cx.org, *id, Some(plan))? > 0 {
            let said = serde_json::json!({ "plan": plan });
            mainstay_kernel::events::record(tx, cx, "finding.planned", (*id).into(), &[plan.into()], &said)?;
        }
    }
    Ok(())
}

/// A plan ended: what it was to mend is open again until its rule sees it gone.
pub fn release_plan(tx: &mut Tx<'_>, cx: &Cx, plan: PlanId) -> Result<(), Fault> {
    for id in store::of_plan(tx, cx.org, plan)? {
        store::set_plan(tx, cx.org, id, None)?;
        let said = serde_json::json!({ "plan": plan });
        mainstay_kernel::events::record(tx, cx, "finding.unplanned", id.into(), &[plan.into()], &said)?;
    }
    Ok(())
}

/// Gives a finding another date, because its policy changed.
pub fn set_due(tx: &mut Tx<'_>, cx: &Cx, id: FindingId, due_ms: i64) -> Result<(), Fault> {
    store::set_due(tx, cx.org, id, due_ms)
}
