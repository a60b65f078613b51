//! Pages for when something is in the way, and pages without a rail: signing in, public ones.

use maud::{Markup, html};

use super::act::{Act, acts};
use super::icon::{Icon, brand_mark};
use super::page::{Page, bare_document};
use super::parts::empty;
use super::shell::Shell;
use crate::theme::Theme;

/// What is in the way: what happened, what did not happen, what helps.
#[derive(Clone, Debug)]
pub struct FaultPage {
    /// The status of the answer.
    pub status: u16,
    /// What happened: `You may not see this page`.
    pub title: String,
    /// What it means and what did not happen.
    pub words: String,
    /// The likely remedy first.
    pub remedies: Vec<Act>,
    /// What to name when asking for help.
    pub request_id: Option<String>,
}

impl FaultPage {
    /// The words of the house for a status; a room may say it better.
    pub fn of_status(status: u16) -> Self {
        let home = || vec![Act::link("Go to Home", "/")];
        let (title, words, remedies) = match status {
            400 => {
                ("This address is incomplete", "Something in it cannot be read. Nothing was changed.", home())
            }
            401 => (
                "Sign in to see this page",
                "You are not signed in, or your session has ended.",
                vec![Act::link("Sign in", "/sign-in").primary()],
            ),
            403 => (
                "You may not see this page",
                "Your roles do not cover it. Whoever runs Mainstay here can change that.",
                home(),
            ),
            404 => (
                "Nothing is here",
                "The address is wrong, or what was here is gone, or it is not for you to see.",
                vec![Act::link("Search", "/find").primary(), Act::link("Go to Home", "/")],
            ),
            405 => ("This address does not do that", "Nothing was changed.", home()),
            409 => (
                "It changed while you looked",
                "Somebody else was quicker. Your change was not made.",
                vec![Act::link("Look again", "").primary()],
            ),
            412 => (
                "It changed since you read it",
                "Your change was not made, so that theirs is not lost.",
                vec![Act::link("Look again", "").primary()],
            ),
            413 => ("That is too large", "Nothing was stored.", home()),
            429 => (
                "Too many tries",
                "Wait a minute, then try again. Nothing was changed.",
                vec![Act::link("Try again", "")],
            ),
            503 => (
                "Mainstay cannot reach its database",
                "Nothing was lost. It tries again by itself.",
                vec![Act::link("Try again", "").primary()],
            ),
            _ => (
                "Something broke on our side",
                "What you sent may not have been stored. The fault is kept in the log.",
                vec![Act::link("Try again", "").primary(), Act::link("Go to Home", "/")],
            ),
        };
        Self { status, title: title.to_owned(), words: words.to_owned(), remedies, request_id: None }
    }

    /// The number under which the fault stands in the log.
    #[must_use]
    pub fn request_id(mut self, id: impl Into<String>) -> Self {
        self.request_id = Some(id.into());
        self
    }
}

/// A fault inside the frame, or without it when nobody is known.
pub fn fault_page(fault: &FaultPage, shell: Option<&Shell>) -> Markup {
    match shell {
        Some(shell) => Page::new(&fault.title)
            .lead(&fault.words)
            .main(html! { div.stack { (acts(&fault.remedies)) (named(fault)) } })
            .render(shell),
        None => gate(
            &fault.title,
            Theme::System,
            &html! {
                p.mid { (fault.words) }
                (acts(&fault.remedies))
                (named(fault))
            },
        ),
    }
}

/// A fault where a part of a page should be.
pub fn fault_card(fault: &FaultPage) -> Markup {
    empty(Icon::Alert, &fault.title, &fault.words, html! { (acts(&fault.remedies)) (named(fault)) })
}

fn named(fault: &FaultPage) -> Markup {
    html! { p.xs.dim { "Fault " (fault.status) @if let Some(id) = &fault.request_id { ", request " span.mono { (id) } } } }
}

/// A page before anybody is known: one card in the middle.
pub fn gate(title: &str, theme: Theme, body: &Markup) -> Markup {
    bare_document(
        &format!("{title} · Mainstay"),
        theme.forced(),
        &html! {
            main #main .gate {
                div.brand { (brand_mark()) "Mainstay" }
                div.card.stack { h1 { (title) } (body) }
            }
        },
    )
}

/// A page for people who do not know us: no rail, one column.
pub fn public(title: &str, body: &Markup) -> Markup {
    bare_document(
        title,
        None,
        &html! { a.skip href="#main" { "Skip to content" } main #main .public { (body) } },
    )
}
