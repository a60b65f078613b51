//! Accepting a risk: with a reason, until a date, and back by itself when the date passes.

use mainstay_kernel::access::Scope;
use mainstay_kernel::store::Tx;
use mainstay_kernel::{Cx, Fault, events};

use super::{Finding, State, count, get, store};
use crate::{FindingId, asset, rights};

/// The longest a risk may be accepted for without a new look at it: two years.
const LONGEST_MS: i64 = 2 * 366 * 24 * 3_600_000;

/// Accepts the risk of an open or planned finding until a date.
///
/// # Errors
/// `Invalid` without a reason, or with a date that has passed or is more than two years away; `Conflict` when it is
/// gone already; `Stale` when somebody changed it since `seen`.
pub fn accept(
    tx: &mut Tx<'_>,
    cx: &Cx,
    id: FindingId,
    seen: i64,
    reason: &str,
    until_ms: i64,
) -> Result<(), Fault> {
    let before = may_change(tx, cx, id)?;
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > 2000 {
        return Err(Fault::invalid(
            "reason",
            "required",
            "say in 1 to 2,000 characters why the risk is acceptable",
        ));
    }
    if until_ms <= cx.now_ms() || until_ms > cx.now_ms() + LONGEST_MS {
        return Err(Fault::invalid(
            "until",
            "out_of_range",
            "choose a date after today and within two years",
        ));
    }
    if before.state == State::Gone {
        return Err(Fault::conflict("gone", "this finding is gone; there is nothing to accept"));
    }
    if store::accept(tx, cx.org, id, seen, reason, until_ms)? == 0 {
        return Err(Fault::Stale);
    }
    count::again(tx, cx.org, before.asset)?;
    let said = serde_json::json!({ "reason": reason, "until_ms": until_ms, "was": before.state });
    events::record(tx, cx, "finding.accepted", id.into(), &[before.asset.into()], &said)?;
    Ok(())
}

/// Takes an acceptance back: the finding is open again.
pub fn withdraw(tx: &mut Tx<'_>, cx: &Cx, id: FindingId) -> Result<(), Fault> {
    let before = may_change(tx, cx, id)?;
    if before.state != State::Accepted {
        return Err(Fault::conflict("not_accepted", "this finding is not accepted"));
    }
    reopen(tx, cx, &before, "finding.acceptance_withdrawn")
}

/// Opens again what was accepted until now. Called by a clock; answers how many.
pub fn return_accepted(tx: &mut Tx<'_>, cx: &Cx) -> Result<usize, Fault> {
    let over = store::accepted_until(tx, cx.org, cx.now_ms())?;
    for finding in &over {
        reopen(tx, cx, finding, "finding.acceptance_ended")?;
    }
    Ok(over.len())
}

fn reopen(tx: &mut Tx<'_>, cx: &Cx, before: &Finding, verb: &'static str) -> Result<(), Fault> {
    if store::end_acceptance(tx, cx.org, before.id)? > 0 {
        count::again(tx, cx.org, before.asset)?;
        let said =
            serde_json::json!({ "reason": before.accepted_reason, "until_ms": before.accepted_until_ms });
        events::record(tx, cx, verb, before.id.into(), &[before.asset.into()], &said)?;
    }
    Ok(())
}

fn may_change(tx: &mut Tx<'_>, cx: &Cx, id: FindingId) -> Result<Finding, Fault> {
    let finding = get(tx, cx, id)?;
    let team = asset::get(tx, cx, finding.asset)?.team;
    cx.may(&rights::ACCEPT_FINDINGS, Scope::Team(team))?;
    Ok(finding)
}
