//! The small pieces of every page: cards, rows, facts, banners, empty states, evidence.

use maud::{Markup, Render, html};

use super::act::{Act, acts};
use super::icon::{Icon, icon};
use super::state::{State, mark};
use super::words::initials;

/// A card: a title, what stands at its right, its content. Wrap plain content in [`pad`].
pub fn card(title: impl Render, more: impl Render, body: impl Render) -> Markup {
    let more = more.render();
    html! {
        section.card {
            header { h2 { (title) } @if !more.0.is_empty() { span.more { (more) } } }
            (body)
        }
    }
}

/// A card whose title carries a state; the title says what the state means.
pub fn state_card(state: State, title: impl Render, more: impl Render, body: impl Render) -> Markup {
    let more = more.render();
    html! {
        section.card {
            header { (mark(state)) h2 { (title) } @if !more.0.is_empty() { span.more { (more) } } }
            (body)
        }
    }
}

/// A card without a title.
pub fn plain_card(body: impl Render) -> Markup {
    html! { div.card { (body) } }
}

/// Room around content inside a card; a second one below is parted by a line.
pub fn pad(body: impl Render) -> Markup {
    html! { div.pad { (body) } }
}

/// A sentence with its button at the right.
pub fn split(words: impl Render, act: &Act) -> Markup {
    html! { div.pad { div.split { p.grow.mid { (words) } (act) } } }
}

/// Things below each other with the usual distance.
pub fn stack(body: impl Render) -> Markup {
    html! { div.stack { (body) } }
}

/// Things beside each other, wrapping.
pub fn line(body: impl Render) -> Markup {
    html! { div.line { (body) } }
}

/// One row of a list.
#[derive(Debug)]
pub struct Row {
    state: Option<State>,
    when: Option<Markup>,
    icon: Option<Icon>,
    body: Markup,
    after: Option<Markup>,
    id: Option<String>,
}

impl Row {
    /// A row: what it says.
    pub fn new(body: impl Render) -> Self {
        Self { state: None, when: None, icon: None, body: body.render(), after: None, id: None }
    }

    /// How it stands; the words must say it too.
    #[must_use]
    pub fn state(mut self, state: State) -> Self {
        self.state = Some(state);
        self
    }

    /// The time in the first column.
    #[must_use]
    pub fn when(mut self, when: impl Render) -> Self {
        self.when = Some(when.render());
        self
    }

    /// An icon in front, instead of the state's mark and in its colour.
    #[must_use]
    pub fn icon(mut self, icon: Icon) -> Self {
        self.icon = Some(icon);
        self
    }

    /// Which thing it shows, for a list that refreshes itself ([`live_rows`]).
    #[must_use]
    pub fn id(mut self, thing: impl std::fmt::Display) -> Self {
        self.id = Some(format!("r-{thing}"));
        self
    }

    /// What stands at the right: a tag, a figure, a button.
    #[must_use]
    pub fn after(mut self, after: impl Render) -> Self {
        self.after = Some(after.render());
        self
    }
}

/// Rows with hairlines; for inside a card.
pub fn rows(rows: &[Row]) -> Markup {
    html! {
        ul.rows {
            @for row in rows {
                li id=[&row.id] {
                    @if let Some(when) = &row.when { span.when { (when) } }
                    @match (row.icon, row.state) {
                        (Some(drawing), Some(state)) => span class={ (state.class()) "-text" } { (icon(drawing)) },
                        (Some(drawing), None) => (icon(drawing)),
                        (None, Some(state)) => (mark(state)),
                        (None, None) => {},
                    }
                    span.grow { (row.body) }
                    @if let Some(after) = &row.after { (after) }
                }
            }
        }
    }
}

/// Names and values: the first voice grey, the second to the right.
pub fn facts<N: Render, V: Render>(facts: impl IntoIterator<Item = (N, V)>) -> Markup {
    html! { dl.facts { @for (name, value) in facts { dt { (name) } dd { (value) } } } }
}

/// As [`facts`], values to the left: for long ones.
pub fn long_facts<N: Render, V: Render>(facts: impl IntoIterator<Item = (N, V)>) -> Markup {
    html! { dl.facts.left { @for (name, value) in facts { dt { (name) } dd { (value) } } } }
}

/// A person as a circle of initials, beside their name.
pub fn avatar(name: &str) -> Markup {
    html! { span.avatar aria-hidden="true" { (initials(name)) } }
}

/// A banner over the content: stale data, no connection, something that concerns the whole page.
/// [`State::Bad`] and [`State::Warn`] have a coloured ground.
pub fn banner(state: State, words: impl Render, act: Option<&Act>) -> Markup {
    let tone = match state {
        State::Bad | State::Warn => state.class(),
        _ => "",
    };
    html! { div class={ "banner " (tone) } { (mark(state)) span.grow { (words) } @if let Some(act) = act { (act) } } }
}

/// Nothing to show: what will appear here, and the one step that makes it appear.
pub fn empty(drawing: Icon, title: impl Render, words: impl Render, more: impl Render) -> Markup {
    html! { div.empty { (icon(drawing)) h2 { (title) } p { (words) } (more) } }
}

/// Something went wrong with one thing: what happened, what did not, and the likely remedy first.
pub fn failed(title: impl Render, when: impl Render, words: impl Render, remedies: &[Act]) -> Markup {
    let body = pad(html! { div.stack.tight { p.mid { (words) } (acts(remedies)) } });
    state_card(State::Bad, title, when, body)
}

/// Tabs: label, figure, address, and which is open.
pub fn tabs(name: &str, tabs: &[(&str, Option<u64>, String)], current: &str) -> Markup {
    html! {
        nav.tabs aria-label=(name) {
            @for (label, count, href) in tabs {
                a href=(href) aria-current=[(*label == current).then_some("page")] {
                    (label) @if let Some(count) = count { " " span.count { (count) } }
                }
            }
        }
    }
}

/// Text as a machine wrote it. Focusable, so that it can be scrolled with keys.
pub fn code(name: &str, text: &str) -> Markup {
    html! { pre.code tabindex="0" role="region" aria-label=(name) { (text) } }
}

/// An immutable fact: where it is from, when it was seen, its hash, its words.
pub fn evidence(source: &str, seen: impl Render, hash: &str, text: &str) -> Markup {
    html! {
        figure.evidence {
            figcaption {
                span { (source) } span { "seen " (seen) }
                @if !hash.is_empty() { span.mono title=(hash) { (hash.get(..12).unwrap_or(hash)) } }
            }
            (code(source, text))
        }
    }
}

/// One line to take away; the button appears with the script, the text can be selected without.
pub fn copy_line(text: &str) -> Markup {
    html! {
        div.copy {
            code tabindex="0" { (text) }
            button.btn.small.plain type="button" data-copy=(text) aria-label="Copy" hidden { (icon(Icon::Copy)) }
        }
    }
}

/// Where the rest of an [`output`] comes from as it is written.
#[derive(Clone, Debug)]
pub struct More {
    /// Answers `?from=OFFSET` with the text from there on, and in `x-next` with the offset after it.
    pub href: String,
    /// The offset after the text that is shown.
    pub offset: i64,
    /// The topics at which there may be more, apart by commas.
    pub topics: String,
}

/// Output that grows while something runs: the script fetches what was added, in order, and from where it stopped
/// after a break. Without script the link reloads the page.
pub fn output(
    title: impl Render,
    said: impl Render,
    text: &str,
    more: &More,
    reload: Option<&str>,
) -> Markup {
    html! {
        section.card.output {
            header {
                h2 { (title) } span.more { (said) }
                @if let Some(href) = reload { a.btn.small href=(href) { "Look again" } }
            }
            pre.code.wrap #output tabindex="0" role="log" aria-label="Output" data-follow hx-morph-skip
                data-output=(more.href) data-offset=(more.offset) data-topics=(more.topics) { (text) }
        }
    }
}

/// A part of a page that replaces itself when one of its topics (apart by commas) changes: `href` answers with exactly
/// this element.
pub fn region(id: &str, topics: &str, href: &str, body: impl Render) -> Markup {
    let triggers = triggers(topics.split(','));
    html! {
        div #(id) hx-get=(href) hx-trigger=(triggers) hx-swap="outerMorph" hx-target="this" { (body) }
    }
}

/// At most one fetch a second for each topic, however much changes; the last change is always fetched.
pub(super) fn triggers<'t>(topics: impl Iterator<Item = &'t str>) -> String {
    let each = topics.map(|topic| format!("{topic} from:body throttle:1s"));
    each.collect::<Vec<_>>().join(", ")
}

/// A list that stays true while it is looked at: rows that are shown (each with an id) are refreshed where they stand,
/// those that left it are struck out, and new ones wait behind a line, so that nothing jumps under the pointer. `href`
/// answers with the page of this list; its topics tell it from other lists there.
pub fn live_rows(topics: &str, href: &str, body: impl Render) -> Markup {
    html! {
        div data-list=(href) data-topics=(topics) {
            a.fresh href=(href) data-fresh hidden { span data-number { "0" } " new" }
            (body)
        }
    }
}
