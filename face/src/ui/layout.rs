//! The frame: rail, bars of the phone, palette, key sheet, live stream.

use maud::{Markup, html};

use super::act::{Act, key_cap};
use super::icon::{Icon, brand_mark, icon};
use super::shell::{Section, Shell};
use super::state::{State, mark};
use super::words::{count, initials};
use crate::theme::Theme;

/// Entries of the phone's bar before the rest goes under "More".
const DOCK_ENTRIES: usize = 4;

/// The rail on the left.
pub(super) fn rail(shell: &Shell, current: &str) -> Markup {
    html! {
        nav.rail aria-label="Main" {
            (brand(&shell.org))
            a.find href="/find" data-open="palette" data-key="mod+k" {
                (icon(Icon::Find)) "Search or run" (key_cap("mod+k"))
            }
            @for section in &shell.sections { (entry(section, current, true)) }
            div.rail-foot {
                @if let Some(on_call) = &shell.on_call {
                    div.on-call.sm {
                        span.cap { "On call" }
                        span { b { (on_call.name) } " " span.dim { "until " (on_call.until) } }
                        @if let Some(then) = &on_call.then { span.dim { "then " (then) } }
                    }
                }
                (own_entries(shell, current, true))
            }
        }
    }
}

/// Whose house this is: the organisation's name; the first one is called Mainstay until somebody names it.
fn brand(org: &str) -> Markup {
    html! { a.brand href="/" { (brand_mark()) span title=(org) { (org) } } }
}

/// `has_keys` is false for the second copy on phones: a key names one place.
fn entry(section: &Section, current: &str, has_keys: bool) -> Markup {
    let key = has_keys.then(|| format!("g {}", section.key));
    let is_bad = section.state == Some(State::Bad);
    html! {
        a.nav href=(section.href) aria-current=[(section.name == current).then_some("page")] data-key=[key] {
            (icon(section.icon)) (section.label)
            @if let Some(waiting) = section.count.filter(|waiting| *waiting > 0) {
                span.count.bad[is_bad] { (count(waiting)) @if is_bad { span.sr { " wrong" } } }
            }
        }
    }
}

fn own_entries(shell: &Shell, current: &str, has_keys: bool) -> Markup {
    html! {
        @if let Some(settings) = &shell.settings {
            a.nav href=(settings) aria-current=[(current == "settings").then_some("page")]
                data-key=[has_keys.then_some("g s")] { (icon(Icon::Settings)) "Settings" }
        }
        a.nav href=(shell.person.href) aria-current=[(current == "me").then_some("page")] {
            span.avatar aria-hidden="true" { (initials(&shell.person.name)) } (shell.person.name)
        }
    }
}

/// The bar at the top of a phone.
pub(super) fn top_bar(shell: &Shell) -> Markup {
    html! {
        header.top-bar {
            (brand(&shell.org))
            a.square href="/find" data-open="palette" aria-label="Search or run" { (icon(Icon::Find)) }
            a.square href=(shell.person.href) {
                span.avatar aria-hidden="true" { (initials(&shell.person.name)) } span.sr { (shell.person.name) }
            }
        }
    }
}

/// The bar at the foot of a phone: four entries and the rest under "More", which opens without script.
pub(super) fn dock(shell: &Shell, current: &str) -> Markup {
    let (shown, rest) = shell.sections.split_at(shell.sections.len().min(DOCK_ENTRIES));
    let is_under_more =
        rest.iter().any(|section| section.name == current) || ["settings", "me"].contains(&current);
    html! {
        nav.dock aria-label="Main" {
            @for section in shown {
                a href=(section.href) aria-current=[(section.name == current).then_some("page")] {
                    (icon(section.icon))
                    @if let Some(state) = section.state.filter(|state| *state != State::Ok) {
                        (mark(state)) span.sr { (state.word()) ": " }
                    }
                    (section.label)
                }
            }
            button type="button" popovertarget="more" aria-current=[is_under_more.then_some("true")] {
                (icon(Icon::More)) "More"
            }
            div #more .panel popover {
                @for section in rest { (entry(section, current, false)) }
                (own_entries(shell, current, false))
            }
        }
    }
}

/// Stands hidden until the live stream breaks: what is on screen stays, with its age.
pub(super) fn lost_connection() -> Markup {
    html! {
        p #lost .banner.page-wide role="status" hidden {
            (mark(State::Unknown)) span.grow data-said {}
            a.btn.small href="" { "Try again" }
        }
    }
}

/// Search or run. Without script its button is a link to the page `/find`.
pub(super) fn palette(shell: &Shell) -> Markup {
    html! {
        dialog #palette .panel aria-label="Search or run" {
            form action="/find" role="search" {
                div.palette-in {
                    (icon(Icon::Find))
                    input name="q" type="text" role="combobox" aria-label="Search or run" aria-expanded="true"
                        aria-controls="found" aria-autocomplete="list" autocomplete="off" spellcheck="false"
                        placeholder="Search or run" hx-get="/find" hx-trigger="input changed delay:90ms"
                        hx-target="#found" hx-swap="innerHTML" hx-sync="this:replace";
                }
            }
            div #found .found role="listbox" aria-label="What was found" {
                div role="group" aria-label="Go to" {
                    p.cap aria-hidden="true" { "Go to" }
                    @for section in &shell.sections {
                        a role="option" aria-selected="false" tabindex="-1" href=(section.href) {
                            (icon(section.icon)) (section.label)
                        }
                    }
                }
            }
        }
    }
}

/// The sheet of keys; the script fills it from the very links and buttons on the page, so it is always true.
pub(super) fn key_sheet() -> Markup {
    html! {
        dialog #keys .panel aria-labelledby="keys-title" {
            div.keys {
                h2 #keys-title { "Keys" }
                div data-keys-here {}
                label.choice { input type="checkbox" data-letter-keys checked; "Single-letter keys" }
                form method="dialog" { button.btn { "Close" } }
            }
        }
    }
}

/// One stream per page. Without topics there is none.
pub(super) fn stream(topics: &[String], since: &str) -> Markup {
    html! {
        @if !topics.is_empty() { div #live hidden data-live=(topics.join(",")) data-since=(since) {} }
    }
}

/// The button that signs the person out, for their own page.
pub fn sign_out(shell: &Shell) -> Act {
    Act::post("Sign out", &shell.person.sign_out)
}

/// The choice of colours, as a form.
pub fn theme_form(shell: &Shell) -> Markup {
    let choices = [
        ("system", "As my system", Theme::System),
        ("light", "Light", Theme::Light),
        ("dark", "Dark", Theme::Dark),
    ];
    html! {
        form.line method="post" action="/theme" {
            input type="hidden" name="back" value=(shell.path);
            @for (value, label, theme) in choices {
                button.btn name="theme" value=(value) aria-pressed=(theme == shell.theme) { (label) }
            }
        }
    }
}
