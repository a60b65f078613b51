//! What search-or-run has found: the fragment the palette shows, and the page `/find` that works without script.

use maud::{Markup, html};

use super::act::Act;
use super::icon::{Icon, icon};
use super::page::Page;

/// One thing found, or one thing to do.
#[derive(Clone, Debug)]
pub struct Found {
    /// What it is called.
    pub label: String,
    /// What tells it from others, in grey: `host, 3 patches`.
    pub more: String,
    /// Its drawing.
    pub icon: Icon,
    /// Where it leads.
    pub href: String,
}

/// Things of one sort: `Do`, `Go to`.
#[derive(Clone, Debug)]
pub struct FoundGroup {
    /// What the group is called.
    pub name: String,
    /// What it holds, best first.
    pub items: Vec<Found>,
}

/// The fragment for `#found`.
pub fn found(query: &str, groups: &[FoundGroup]) -> Markup {
    html! {
        @if groups.iter().all(|group| group.items.is_empty()) {
            p.none { "Nothing matches “" (query) "”." }
        }
        @for group in groups.iter().filter(|group| !group.items.is_empty()) {
            div role="group" aria-label=(group.name) {
                p.cap aria-hidden="true" { (group.name) }
                @for item in &group.items {
                    a role="option" aria-selected="false" tabindex="-1" href=(item.href) {
                        (icon(item.icon))
                        span.cut { (item.label) @if !item.more.is_empty() { " " span.dim { (item.more) } } }

                    }
                }
            }
        }
    }
}

/// The page `/find`: a plain form with the same results as links.
pub fn found_page(query: &str, groups: &[FoundGroup]) -> Page {
    let is_empty = groups.iter().all(|group| group.items.is_empty());
    let title =
        if query.is_empty() { "Search or run".to_owned() } else { format!("Found for “{query}”") };
    Page::new(title).main(html! {
        form.filters action="/find" role="search" {
            div.field { label for="f-find" { "Search or run" } input.input #f-find name="q" type="search" value=(query) autofocus; }
            (Act::submit("Look"))
        }
        @if is_empty && !query.is_empty() { p.mid { "Nothing matches “" (query) "”." } }
        @for group in groups.iter().filter(|group| !group.items.is_empty()) {
            section.need {
                h2 { (group.name) }
                ul.card.rows {
                    @for item in &group.items {
                        li data-row { (icon(item.icon)) a.grow href=(item.href) { (item.label) " " span.dim { (item.more) } } }
                    }
                }
            }
        }
    })
}
