//! The parts of a plan's page.

use mainstay_face::ui::{
    Act, Column, Field, Form, Link, State as Mark, Table, card, chain, field, form, hidden, pad, stack, words,
};
use mainstay_face::{Caller, look};
use mainstay_kernel::Problem;
use mainstay_kernel::access::Scope;
use mainstay_record::plan::Plan;
use mainstay_record::run::Run;
use mainstay_record::{asset, rights};
use mainstay_wire::{Saved, Simulation};
use maud::{Markup, html};

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
