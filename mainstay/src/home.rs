//! Home's order: what needs somebody now, today, and before it happens. A pure function of facts.

use std::collections::BTreeMap;

use mainstay_record::finding::{Finding, Severity};
use mainstay_record::plan::{self, Plan};
use mainstay_record::work::Item;
use mainstay_record::{AssetId, FindingId, PlanId};

/// At most so many rows: a list that does not end is not read.
pub const MOST_ROWS: usize = 12;
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

/// What the order is made of.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    pub findings: Vec<Finding>,
    pub work: Vec<Item>,
    pub plans: Vec<Plan>,
    /// Hosts whose agent has not spoken for long: asset, name, last word.
    pub silent: Vec<(AssetId, String, i64)>,
}

/// When it needs somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum When {
    Now,
    Today,
    Before,
}

/// One row: what, why it is here, and the next step.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub when: When,
    pub severity: Severity,
    pub what: String,
    pub why: String,
    pub next: Step,
    order: (i64, i64, i64),
}

/// The one next step of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    OpenFinding(FindingId),
    OpenFindings(AssetId),
    PlanUpdates(AssetId),
    OpenPlan(PlanId),
    OpenWork(i64),
    OpenAsset(AssetId),
}

/// Every row there is, in order; the caller shows the first [`MOST_ROWS`].
pub fn rank(facts: &Facts, now_ms: i64) -> Vec<Row> {
    let mut rows: Vec<Row> = facts.silent.iter().map(|silent| silence(silent, now_ms)).collect();
    rows.extend(facts.plans.iter().filter_map(prepared));
    rows.extend(facts.work.iter().map(|item| due(item, now_ms)));
    rows.extend(grouped(&facts.findings).into_values().map(|group| deviates(&group, facts, now_ms)));
    rows.sort_by(|a, b| (a.when, a.order).cmp(&(b.when, b.order)).then_with(|| a.what.cmp(&b.what)));
    rows
}

/// Worst first, then what is due first, then what is oldest.
fn order(severity: Severity, due_ms: Option<i64>, since_ms: i64) -> (i64, i64, i64) {
    (-severity.number(), due_ms.unwrap_or(i64::MAX), since_ms)
}

fn silence((asset, name, seen_ms): &(AssetId, String, i64), now_ms: i64) -> Row {
    Row {
        when: When::Now,
        severity: Severity::High,
        what: format!("No word from {name}"),
        why: format!("Its agent last spoke {} ago. What is shown of it is that old.", span(now_ms - seen_ms)),
        next: Step::OpenAsset(*asset),
        order: order(Severity::High, Some(*seen_ms), *seen_ms),
    }
}

fn prepared(plan: &Plan) -> Option<Row> {
    let (when, what, why) = match plan.state {
        plan::State::Ready => (
            When::Today,
            format!("Approve: {}", plan.title),
            format!("Simulated on the host. Way back: {}.", plan.rollback),
        ),
        plan::State::Running => (When::Today, plan.title.clone(), "It is being carried out.".to_owned()),
        _ => return None,
    };
    let order = order(Severity::Medium, plan.window_ms.map(|(from, _)| from), plan.created_ms);
    Some(Row { when, severity: Severity::Info, what, why, next: Step::OpenPlan(plan.id), order })
}

fn due(item: &Item, now_ms: i64) -> Row {
    let due_ms = item.due_ms.unwrap_or(i64::MAX);
    let left = due_ms - now_ms;
    let (when, severity, why) = match left {
        ..0 => (When::Now, Severity::High, format!("Late by {}.", span(-left))),
        0..HOUR_MS => (When::Now, Severity::Medium, format!("Due in {}.", span(left))),
        HOUR_MS..DAY_MS => (When::Today, Severity::Low, format!("Due in {}.", span(left))),
        _ => (When::Before, Severity::Info, format!("Due in {}.", span(left))),
    };
    let who = item
        .assignee_name
        .as_ref()
        .map_or(" Nobody has taken it.".to_owned(), |name| format!(" {name} has it."));
    Row {
        when,
        severity,
        what: item.title.clone(),
        why: why + &who,
        next: Step::OpenWork(item.number),
        order: order(severity, item.due_ms, item.created_ms),
    }
}

/// What one rule says about one asset is one row.
fn grouped(findings: &[Finding]) -> BTreeMap<(String, AssetId, bool), Vec<&Finding>> {
    let mut groups: BTreeMap<_, Vec<&Finding>> = BTreeMap::new();
    for finding in findings {
        // Security updates are a row of their own beside the others.
        let is_minor = finding.severity <= Severity::Low;
        groups.entry((finding.rule.clone(), finding.asset, is_minor)).or_default().push(finding);
    }
    groups
}

fn deviates(group: &[&Finding], facts: &Facts, now_ms: i64) -> Row {
    let first = group.iter().min_by_key(|f| order(f.severity, f.due_ms, f.opened_ms)).unwrap_or(&group[0]);
    let worst = first.severity;
    let due_ms = group.iter().filter_map(|f| f.due_ms).min();
    let when = match due_ms {
        Some(due) if due < now_ms => When::Now,
        _ if worst == Severity::Critical => When::Now,
        _ if worst >= Severity::High => When::Today,
        _ => When::Before,
    };
    let since_ms = group.iter().map(|f| f.opened_ms).min().unwrap_or(now_ms);
    let (what, mut why) = words(group, first);
    match due_ms {
        Some(due) if due < now_ms => why = format!("{why} Late by {}.", span(now_ms - due)),
        Some(due) => why = format!("{why} Due in {}.", span(due - now_ms)),
        None => {}
    }
    if let Some(stale) = group.iter().find_map(|f| f.stale.as_ref()) {
        why = format!("{why} Not seen lately: {stale}.");
    }
    let has_plan = facts.plans.iter().find(|plan| plan.asset == first.asset && plan.state.is_open());
    let next = match (first.rule.as_str(), has_plan) {
        ("patches.update_waiting", Some(plan)) => Step::OpenPlan(plan.id),
        ("patches.update_waiting", None) => Step::PlanUpdates(first.asset),
        _ if group.len() > 1 => Step::OpenFindings(first.asset),
        _ => Step::OpenFinding(first.id),
    };
    Row { when, severity: worst, what, why, next, order: order(worst, due_ms, since_ms) }
}

fn words(group: &[&Finding], first: &Finding) -> (String, String) {
    if group.len() == 1 {
        return (format!("{}: {}", first.asset_name, first.title), first.reason.clone());
    }
    let count = group.len();
    if first.rule == "patches.update_waiting" {
        let packages: usize = group.iter().map(|f| f.detail["packages"].as_array().map_or(1, Vec::len)).sum();
        let names: Vec<&str> = group.iter().take(4).map(|f| f.subject.as_str()).collect();
        return (
            format!("{}: {packages} security updates wait", first.asset_name),
            format!(
                "From {count} sources: {}{}",
                names.join(", "),
                if count > names.len() { " …" } else { "." }
            ),
        );
    }
    let titles: Vec<&str> = group.iter().take(2).map(|f| f.title.as_str()).collect();
    (
        format!("{}: {} and {} more like it", first.asset_name, first.title, count - 1),
        format!("{}.", titles.join("; ")),
    )
}

/// A span of time as people say it: `41 days`, `3 h`, `12 min`.
pub fn span(ms: i64) -> String {
    let minutes = (ms / 60_000).max(0);
    match minutes {
        0..120 => format!("{minutes} min"),
        120..2880 => format!("{} h", minutes / 60),
        _ => format!("{} days", minutes / 1440),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(number: i64, rule: &str, severity: Severity, due_ms: Option<i64>) -> Finding {
        Finding {
            id: FindingId(number),
            rule: rule.into(),
            asset: AssetId(1),
            asset_name: "db-01".into(),
            scope: "updates".into(),
            subject: format!("s{number}"),
            severity,
            title: format!("t{number}"),
            reason: "r.".into(),
            detail: serde_json::json!({}),
            state: mainstay_record::finding::State::Open,
            stale: None,
            first_seen_ms: 0,
            opened_ms: number,
            last_seen_ms: 0,
            gone_ms: None,
            times_opened: 1,
            due_ms,
            accepted_until_ms: None,
            accepted_reason: None,
            plan: None,
            revision: 1,
        }
    }

    #[test]
    fn late_comes_before_bad_and_bad_before_mild() {
        let findings = vec![
            finding(1, "a.mild", Severity::Low, Some(90 * DAY_MS)),
            finding(2, "b.bad", Severity::High, Some(90 * DAY_MS)),
            finding(3, "c.late", Severity::Medium, Some(DAY_MS)),
            finding(4, "d.worst", Severity::Critical, Some(90 * DAY_MS)),
        ];
        let rows = rank(&Facts { findings, ..Facts::default() }, 10 * DAY_MS);
        let order: Vec<_> = rows.iter().map(|row| (row.when, row.what.as_str())).collect();
        assert_eq!(
            order,
            [
                (When::Now, "db-01: t4"),
                (When::Now, "db-01: t3"),
                (When::Today, "db-01: t2"),
                (When::Before, "db-01: t1"),
            ]
        );
    }

    #[test]
    fn what_one_rule_says_of_one_asset_is_one_row_and_its_order_does_not_depend_on_the_input() {
        let mut findings: Vec<_> =
            (0..30).map(|n| finding(n, "patches.update_waiting", Severity::High, None)).collect();
        let one = rank(&Facts { findings: findings.clone(), ..Facts::default() }, 0);
        findings.reverse();
        let other = rank(&Facts { findings, ..Facts::default() }, 0);
        assert_eq!(one.len(), 1);
        assert_eq!(one[0].next, Step::PlanUpdates(AssetId(1)));
        assert_eq!(one[0].what, other[0].what);
    }

    #[test]
    fn a_silent_host_is_never_good_news() {
        let rows =
            rank(&Facts { silent: vec![(AssetId(1), "db-01".into(), 0)], ..Facts::default() }, HOUR_MS);
        assert_eq!(rows[0].when, When::Now);
        assert!(rows[0].why.contains("60 min"));
    }
}
