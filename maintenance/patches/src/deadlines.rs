//! The patch policy: how long each class of finding may stay open. Editable, versioned, with a dry run.

use mainstay_kernel::store::Tx;
use mainstay_kernel::{Cx, Fault, Problem};
use mainstay_record::finding::{self, Finding, Severity};
use mainstay_record::policy::{self, Policy};
use mainstay_record::{AssetId, FindingId};
use serde::{Deserialize, Serialize};

use crate::{restart, support, waiting};

/// Days from the day a finding was opened to the day it is due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deadlines {
    pub critical_days: u32,
    pub high_days: u32,
    pub medium_days: u32,
    pub low_days: u32,
}

impl Default for Deadlines {
    /// What PCI DSS asks for at most (a month for what is critical or high) is undercut; the rest is common practice.
    fn default() -> Self {
        Self { critical_days: 3, high_days: 14, medium_days: 30, low_days: 90 }
    }
}

impl Policy for Deadlines {
    const NAME: &'static str = "patches.deadlines";
}

impl Deadlines {
    /// When a finding of this severity is due that was opened at `since_ms`.
    pub fn due_ms(&self, severity: Severity, since_ms: i64) -> i64 {
        let days = match severity {
            Severity::Critical => self.critical_days,
            Severity::High => self.high_days,
            Severity::Medium => self.medium_days,
            Severity::Low | Severity::Info => self.low_days,
        };
        since_ms + i64::from(days) * 86_400_000
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

/// Findings read at once.
const PAGE: u32 = 1000;

/// What would change if `new` held, for the open findings of this room.
pub fn dry_run(tx: &mut Tx<'_>, cx: &Cx, new: &Deadlines) -> Result<Vec<Effect>, Fault> {
    new.check()?;
    let own = [waiting::RULE, restart::RULE, support::RULE];
    let (now_ms, old) = (cx.now_ms(), policy::current::<Deadlines>(tx, cx)?.body);
    let open = all_open(tx, cx, &own, PAGE)?;
    let effects = open.into_iter().map(|f| {
        let after = new.due_ms(f.severity, f.opened_ms);
        let before = old.due_ms(f.severity, f.opened_ms);
        let becomes_late = after < now_ms && before >= now_ms;
        Effect {
            finding: f.id,
            asset: f.asset,
            title: f.title,
            due_before_ms: f.due_ms,
            due_after_ms: after,
            becomes_late,
        }
    });
    Ok(effects.filter(|effect| effect.due_before_ms != Some(effect.due_after_ms)).collect())
}

/// Every open finding of these rules, read page by page.
pub(crate) fn all_open(tx: &mut Tx<'_>, cx: &Cx, rules: &[&str], page: u32) -> Result<Vec<Finding>, Fault> {
    let (mut all, mut after) = (Vec::new(), (-1, FindingId(0)));
    loop {
        let found = finding::open(tx, cx, after, page)?;
        let Some((rank, last)) = found.last() else { return Ok(all) };
        after = (*rank, last.id);
        all.extend(found.into_iter().map(|(_, f)| f).filter(|f| rules.contains(&f.rule.as_str())));
    }
}

/// Makes a new version of the policy and gives every open finding of this room its new date.
pub fn change_deadlines(tx: &mut Tx<'_>, cx: &Cx, seen: i64, new: &Deadlines) -> Result<i64, Fault> {
    new.check()?;
    let effects = dry_run(tx, cx, new)?;
    let version = policy::change(tx, cx, seen, new)?;
    for effect in effects {
        finding::set_due(tx, cx, effect.finding, effect.due_after_ms)?;
    }
    Ok(version)
}
