//! What a notice says: the fact, the number, the next step. Pure, so that each sentence is tested.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use mainstay_record::finding::Finding;
use mainstay_record::plan::Plan;
use mainstay_record::run::Run;

use crate::home::span;

/// More lines are not read in a message; the page has them all.
const MOST_LINES: usize = 8;

/// Title and body.
type Words = (String, String);

/// New findings of one asset, the most pressing first.
pub(super) fn findings(findings: &[Finding]) -> Words {
    let Some(first) = findings.first() else { return Words::default() };
    let host = &first.asset_name;
    if findings.len() == 1 {
        let body = format!("{}. {}{}", capital(first.severity.word()), first.reason, due(first));
        return (format!("{host}: {}", first.title), body);
    }
    let critical = findings.iter().filter(|f| f.severity.word() == "critical").count();
    let how_bad = match critical {
        0 => String::new(),
        n if n == findings.len() => ", all critical".to_owned(),
        n => format!(", {n} of them critical"),
    };
    (format!("{host}: {} new critical or high findings{how_bad}", findings.len()), lines(findings))
}

/// Risks whose acceptance ended, on one asset.
pub(super) fn returned(findings: &[Finding]) -> Words {
    let Some(first) = findings.first() else { return Words::default() };
    let host = &first.asset_name;
    if findings.len() == 1 {
        let reason = first.accepted_reason.as_deref().unwrap_or_default();
        let why =
            if reason.is_empty() { String::new() } else { format!(" It was accepted because: {reason}") };
        let body = format!("The date of its acceptance passed, so it is open again.{why}{}", due(first));
        return (format!("{host}: accepted risk is back: {}", first.title), body);
    }
    let body = format!("The date of their acceptance passed, so they are open again.\n\n{}", lines(findings));
    (format!("{host}: {} accepted risks are back", findings.len()), body)
}

fn lines(findings: &[Finding]) -> String {
    let line = |f: &Finding| {
        let due = f.due_ms.map_or_else(String::new, |ms| format!(", due {}", day(ms)));
        format!("{}: {}{due}", capital(f.severity.word()), f.title)
    };
    let mut lines: Vec<String> = findings.iter().take(MOST_LINES).map(line).collect();
    if findings.len() > MOST_LINES {
        lines.push(format!("And {} more.", findings.len() - MOST_LINES));
    }
    lines.join("\n")
}

fn due(f: &Finding) -> String {
    f.due_ms.map_or_else(String::new, |ms| format!(" Due {}.", day(ms)))
}

/// A plan that was simulated and waits for somebody to approve it.
pub(super) fn ready(plan: &Plan, host: &str, steps: Option<u64>) -> Words {
    let count = match steps {
        Some(1) => ": 1 step".to_owned(),
        Some(n) => format!(": {n} steps"),
        None => String::new(),
    };
    let way_back =
        if plan.rollback.is_empty() { String::new() } else { format!(" Way back: {}.", plan.rollback) };
    let body = format!(
        "Simulated on {host}{count}.{way_back} Nothing was changed; it starts when somebody approves it."
    );
    (format!("Approve: {}", plan.title), body)
}

/// A plan that failed or was stopped.
pub(super) fn plan_failed(plan: &Plan, host: &str, because: &str) -> Words {
    let why = sentence(if because.is_empty() { "no reason was given" } else { because });
    let after = if plan.approved_ms.is_some() {
        format!("What stands on {host} is what its next look says; its findings stay until then.")
    } else {
        format!("Nothing was changed on {host}.")
    };
    (format!("Failed: {}", plan.title), format!("{why} {after}"))
}

/// A run without a plan that did not succeed.
pub(super) fn run_failed(run: &Run, host: &str) -> Words {
    let summary = run.outcome.as_ref().map_or("", |outcome| outcome.summary.as_str());
    let why = if summary.is_empty() { String::new() } else { format!("{} ", sentence(summary)) };
    (format!("{} on {host}: {}", capital(&run.step), run.state), format!("{why}Its output is kept."))
}

/// An agent that stopped speaking.
pub(super) fn silent(host: &str, seen_ms: i64, now_ms: i64) -> Words {
    let body = format!(
        "Its agent last spoke {}, {} ago. What is shown of it is that old. Look whether the host is up, whether its agent runs, and whether it can reach this server.",
        moment(seen_ms),
        span(now_ms - seen_ms)
    );
    (format!("No word from {host}"), body)
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// With a capital and a full stop, whoever wrote it.
fn sentence(text: &str) -> String {
    let text = capital(text.trim());
    if text.ends_with(['.', '!', '?', '…']) { text } else { format!("{text}.") }
}

fn day(ms: i64) -> String {
    told(ms, "%a %-d %b %Y")
}

fn moment(ms: i64) -> String {
    told(ms, "%a %-d %b %H:%M")
}

fn told(ms: i64, form: &str) -> String {
    let at = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH);
    at.to_zoned(TimeZone::system()).strftime(form).to_string()
}
