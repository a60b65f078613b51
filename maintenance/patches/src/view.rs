//! The parts of a plan's page.

use mainstay_face::ui::{
    Act, Column, Field, Form, Link, State as Mark, Table, Words, card, chain, code, evidence, field, form,
    hidden, pad, stack, words,
};
use mainstay_face::{Caller, frame, look};
use mainstay_kernel::Problem;
use mainstay_kernel::access::Scope;
use mainstay_record::evidence::Evidence;
use mainstay_record::plan::Plan;
use mainstay_record::run::Run;
use mainstay_record::{asset, rights};
use mainstay_wire::{Applied, Lost, Outcome, Pinned, Saved, Simulation};
use maud::{Markup, html};
use serde_json::Value;

use crate::BACK;

/// What was typed as a window and what is wrong with it.
#[derive(Default)]
pub struct Window {
    pub from: String,
    pub until: String,
    pub problems: Vec<Problem>,
}

impl Window {
    /// A fault of the window as a whole stands under its end.
    fn fault(&self, name: &str) -> Option<String> {
        let is_here = |p: &&Problem| p.field == name || name == "until" && p.field == "window";
        self.problems.iter().find(is_here).map(|p| p.detail.clone())
    }
}

/// How far the plan has come: done, due, still to come.
pub fn links(plan: &Plan, runs: &[Run]) -> Markup {
    let step = |name: &str, word: &str| {
        let run = runs.iter().rev().find(|r| r.step == word);
        let state = run.map_or(Mark::Unknown, look::run_state);
        let fact = run.map_or("to come".to_owned(), |r| r.state.clone());
        Link { name: name.to_owned(), fact, state, href: run.map(|r| format!("/maintenance/runs/{}", r.id)) }
    };
    let approved = plan.approved_ms.is_some();
    let approval = Link {
        name: "Approve".into(),
        fact: if approved { "approved".into() } else { "to come".into() },
        state: if approved { Mark::Ok } else { Mark::Unknown },
        href: None,
    };
    let mut all = vec![step("Simulate", "simulate"), approval];
    if plan.kind == BACK {
        all.push(step("Go back", "apply"));
    } else {
        all.extend([step("Keep a way back", "keep"), step("Apply", "apply")]);
    }
    all.push(step("Look again", "verify"));
    chain(&all)
}

/// The way back from a finished plan, which is a plan of its own.
pub fn back_offer(caller: &Caller, plan: &Plan, host: &asset::Asset, saved: &Saved) -> Markup {
    let may = caller.cx.may(&rights::PREPARE_PLANS, Scope::Team(host.team)).is_ok();
    let count = saved.kept.len();
    let lost = match saved.lost.len() {
        0 => String::new(),
        n => format!(" {n} could not be saved and stay as they are."),
    };
    let act = Act::post("Roll back", format!("/maintenance/plans/{}/back", plan.id))
        .unless((!may).then_some("Your roles do not include preparing plans."));
    card(
        "Way back",
        "nothing happens yet",
        pad(stack(html! {
            p { (words::counted(count as u64, "old package is", "old packages are")) " saved on " (host.name) "." (lost) }
            p.dim { "The host is asked first what going back would do; it waits for an approval of its own. Data that a new version converted is not converted back." }
            div { (act) }
        })),
    )
}

pub fn approval(caller: &Caller, plan: &Plan, host: &asset::Asset, window: &Window) -> Markup {
    let may = caller.cx.may(&rights::APPROVE_PLANS, Scope::Team(host.team)).is_ok();
    let fields = html! {
        (hidden("hash", plan.simulation_hash.as_deref().unwrap_or_default()))
        p { "Exactly the steps below are carried out on " (host.name) ", or none: the host simulates once more and stops when it would do something else." }
        p.mid { "Way back: " (plan.rollback) "." }
        (field(&Field::new("from", "Begin not before").kind("datetime-local").optional()
            .value(&window.from).fault(window.fault("from")).hint("Empty: at once.")))
        (field(&Field::new("until", "Begin not after").kind("datetime-local").optional()
            .value(&window.until).fault(window.fault("until"))))
    };
    let act = Act::submit("Approve")
        .primary()
        .unless((!may).then_some("Your roles do not include approving plans."));
    card(
        "Approve it",
        "nothing has been changed",
        pad(form(&Form {
            to: format!("/maintenance/plans/{}/approve", plan.id),
            faults: Vec::new(),
            fields,
            acts: vec![act],
        })),
    )
}

pub fn steps(simulation: &Simulation) -> Markup {
    let mut table = Table::new(
        "What would happen",
        [
            Column::new("Step"),
            Column::new("Package"),
            Column::new("From"),
            Column::new("To"),
            Column::new("Origin"),
        ],
    );
    for s in &simulation.steps {
        table = table.line([
            html! { (format!("{:?}", s.action).to_lowercase()) },
            html! { (s.name) span.dim { ":" (s.architecture) } },
            html! { span.mono { (s.old.as_deref().unwrap_or("")) } },
            html! { span.mono { (s.new.as_deref().unwrap_or("")) } },
            html! { (s.origins.join(", ")) },
        ]);
    }
    let size =
        simulation.download_bytes.map_or(String::new(), |b| format!(", {} to download", words::bytes(b)));
    card(html! { "What would happen" }, format!("{} steps{size}", simulation.steps.len()), html! { (table) })
}

/// Where the change does not fit; the host looks again before it begins, and then refuses.
pub fn too_little_room(simulation: &Simulation) -> Option<Markup> {
    let each = simulation.short_of.iter().map(|s| {
        let (free, needed) = (words::bytes(s.free_bytes), words::bytes(s.needed_bytes));
        format!("{} has {free} free, this needs {needed}", s.place)
    });
    let all: Vec<String> = each.collect();
    (!all.is_empty()).then(|| {
        html! { "There is too little room: " (all.join("; ")) ". The host would refuse it. Make room, then approve." }
    })
}

/// A piece of evidence as a person reads it; what was recorded, to the letter, is under it.
pub fn proved(one: &Evidence, words: &Words) -> Markup {
    let text = serde_json::from_str::<Value>(&one.body).ok().and_then(|body| in_lines(&one.kind, body));
    let when = words.when(frame::at(one.at_ms));
    match text {
        Some(lines) => html! {
            (evidence(&one.source, when, &one.sha256, &format!("{}\n{lines}", one.title)))
            details.recorded { summary { "As it was recorded" } (code("As it was recorded", &one.body)) }
        },
        None => evidence(&one.source, when, &one.sha256, &format!("{}\n{}", one.title, one.body)),
    }
}

/// What an outcome says of each package; `None` where its result is of another kind.
fn in_lines(kind: &str, body: Value) -> Option<String> {
    let line = |mark: &str, p: &Pinned| format!("{mark} {}:{} {}", p.name, p.architecture, p.version);
    let lost = |l: &Lost| format!("{}: {}", line("not  ", &l.package), l.because);
    let lines: Vec<String> = if kind == "patches.saved" {
        let saved: Saved = serde_json::from_value(body).ok()?;
        saved.kept.iter().map(|p| line("saved", p)).chain(saved.lost.iter().map(lost)).collect()
    } else {
        let outcome: Outcome = serde_json::from_value(body).ok()?;
        let applied: Applied = serde_json::from_value(outcome.result?).ok()?;
        let audit = applied.audit.lines().map(|said| format!("audit {said}"));
        let done = applied.done.iter().map(|p| line("done ", p));
        done.chain(applied.missing.iter().map(lost)).chain(audit).collect()
    };
    Some(lines.join("\n"))
}
