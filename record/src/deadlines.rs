//! Deadlines: how long each class of finding may stay open. A policy of each room, of one kind, with a dry run.

use mainstay_kernel::store::Tx;
use mainstay_kernel::{Cx, Fault, Problem};
use serde::{Deserialize, Serialize};

use crate::finding::{self, Finding, Severity};
use crate::policy::{self, Current};
use crate::{AssetId, FindingId};

const DAY_MS: i64 = 86_400_000;
/// Findings read at once.
const PAGE: u32 = 1000;

/// Days from the day a finding was opened to the day it is due. What is for information only is never due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deadlines {
    pub critical_days: u32,
    pub high_days: u32,
    pub medium_days: u32,
    pub low_days: u32,
}

/// The deadlines of one room.
#[derive(Clone, Copy, Debug)]
pub struct Of {
    /// The room; its rules begin with this word.
    pub room: &'static str,
    /// The name of the policy: `room.deadlines`.
    pub policy: &'static str,
    /// What holds until somebody changes it.
    pub usual: fn() -> Deadlines,
}

impl Deadlines {
    /// When a finding of this severity is due that was opened at `since_ms`.
    pub fn due_ms(&self, severity: Severity, since_ms: i64) -> Option<i64> {
        let days = match severity {
            Severity::Critical => self.critical_days,
            Severity::High => self.high_days,
            Severity::Medium => self.medium_days,
            Severity::Low => self.low_days,
            Severity::Info => return None,
        };
        Some(since_ms.saturating_add(i64::from(days) * DAY_MS))
    }

    /// # Errors
    /// `Invalid` with every field outside 1 to 365 days, or where a worse finding would have more time than a milder.
    pub fn check(&self) -> Result<(), Fault> {
        let named = [
            ("critical_days", self.critical_days),
            ("high_days", self.high_days),
            ("medium_days", self.medium_days),
            ("low_days", self.low_days),
        ];
        let mut problems = Vec::new();
        for (place, (field, days)) in named.into_iter().enumerate() {
            let mut wrong = |code, detail: &str| {
                problems.push(Problem { field: field.to_owned(), code, detail: detail.to_owned() });
            };
            if !(1..=365).contains(&days) {
                wrong("out_of_range", "give 1 to 365 days");
            } else if place > 0 && days < named[place - 1].1 {
                wrong("order", "a milder finding cannot have less time than a worse one");
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(Fault::Invalid(problems)) }
    }
}

/// What a changed policy would do to one finding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Effect {
    pub finding: FindingId,
    pub asset: AssetId,
    pub title: String,
    pub due_before_ms: Option<i64>,
    pub due_after_ms: i64,
    /// Late under the new policy, and not under the old one.
    pub becomes_late: bool,
}

/// What holds now.
pub fn current(tx: &mut Tx<'_>, cx: &Cx, of: Of) -> Result<Current<Deadlines>, Fault> {
    policy::current_of(tx, cx, of.policy, of.usual)
}

/// What would change if `new` held, for the open findings of the room.
pub fn dry_run(tx: &mut Tx<'_>, cx: &Cx, of: Of, new: &Deadlines) -> Result<Vec<Effect>, Fault> {
    new.check()?;
    let now_ms = cx.now_ms();
    let open = all_open(tx, cx, of.room, PAGE)?;
    let effects = open.into_iter().filter_map(|f| {
        let after = new.due_ms(f.severity, f.opened_ms)?;
        let was_late = f.due_ms.is_some_and(|due| due < now_ms);
        Some(Effect {
            finding: f.id,
            asset: f.asset,
            title: f.title,
            due_before_ms: f.due_ms,
            due_after_ms: after,
            becomes_late: after < now_ms && !was_late,
        })
    });
    Ok(effects.filter(|effect| effect.due_before_ms != Some(effect.due_after_ms)).collect())
}

/// Every open finding of a room the caller may see, read page by page.
pub(crate) fn all_open(tx: &mut Tx<'_>, cx: &Cx, room: &str, page: u32) -> Result<Vec<Finding>, Fault> {
    let (mut all, mut after) = (Vec::new(), (-1, FindingId(0)));
    let is_own = |f: &Finding| f.rule.strip_prefix(room).is_some_and(|rest| rest.starts_with('.'));
    loop {
        let found = finding::open(tx, cx, after, page)?;
        let Some((rank, last)) = found.last() else { return Ok(all) };
        after = (*rank, last.id);
        all.extend(found.into_iter().map(|(_, f)| f).filter(is_own));
    }
}

/// Makes a new version of the policy and gives every open finding of the room its new date.
pub fn change(tx: &mut Tx<'_>, cx: &Cx, of: Of, seen: i64, new: &Deadlines) -> Result<i64, Fault> {
    let effects = dry_run(tx, cx, of, new)?;
    let before = current(tx, cx, of)?;
    let version = policy::change_of(tx, cx, of.policy, seen, &before, new)?;
    for effect in effects {
        finding::set_due(tx, cx, effect.finding, effect.due_after_ms)?;
    }
    Ok(version)
}
