//! How the nouns of the record look: their states as colours and words.

use mainstay_record::finding::{self, Finding, Severity};
use mainstay_record::plan;
use mainstay_record::run::Run;
use maud::{Markup, html};

use crate::frame::at;
use crate::ui::{State, Words};

/// How a severity looks.
pub fn severity_state(severity: Severity) -> State {
    match severity {
        Severity::Critical | Severity::High => State::Bad,
        Severity::Medium => State::Warn,
        Severity::Low | Severity::Info => State::Unknown,
    }
}

/// How a finding stands.
pub fn finding_state(finding: &Finding) -> State {
    match finding.state {
        finding::State::Gone => State::Ok,
        finding::State::Planned | finding::State::Accepted => State::Work,
        finding::State::Open if finding.stale.is_some() => State::Unknown,
        finding::State::Open => severity_state(finding.severity),
    }
}

/// The tag of a finding: its state and its date.
pub fn finding_words(finding: &Finding, words: &Words) -> Markup {
    let since = |ms: Option<i64>| ms.map(|ms| words.date(at(ms)));
    match (finding.state, since(finding.due_ms)) {
        (finding::State::Gone, _) => html! { "gone " @if let Some(date) = since(finding.gone_ms) { (date) } },
        (finding::State::Accepted, _) => {
            html! { "accepted until " @if let Some(date) = since(finding.accepted_until_ms) { (date) } }
        }
        (finding::State::Planned, _) => html! { "planned" },
        (finding::State::Open, Some(date)) => html! { "due " (date) },
        (finding::State::Open, None) => html! { "open" },
    }
}

/// How a run stands.
pub fn run_state(run: &Run) -> State {
    match run.state.as_str() {
        "succeeded" => State::Ok,
        "waiting" | "given" => State::Work,
        _ => State::Bad,
    }
}

/// How a run stands, in a word.
pub fn run_word(run: &Run) -> &str {
    match run.state.as_str() {
        "given" => "running",
        other => other,
    }
}

/// How a plan stands.
pub fn plan_state(state: plan::State) -> State {
    match state {
        plan::State::Done => State::Ok,
        plan::State::Failed => State::Bad,
        plan::State::Cancelled => State::Unknown,
        _ => State::Work,
    }
}
