//! What needs a person, and the state of the whole estate in one line above it.

use maud::{Markup, Render, html};

use super::act::Act;
use super::chart::spark;
use super::state::{State, mark};

/// One fact of the strip: `■ Services  21 of 22 up`.
#[derive(Clone, Debug)]
pub struct Fact {
    name: String,
    state: Option<State>,
    figure: String,
    words: String,
    extra: String,
    href: Option<String>,
    samples: Vec<f64>,
}

impl Fact {
    /// A fact: its name, its figure, and the words after the figure.
    pub fn new(name: impl Into<String>, figure: impl Into<String>, words: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            state: None,
            figure: figure.into(),
            words: words.into(),
            extra: String::new(),
            href: None,
            samples: Vec::new(),
        }
    }

    /// How it stands.
    #[must_use]
    pub fn state(mut self, state: State) -> Self {
        self.state = Some(state);
        self
    }

    /// More words, left out on phones: `, 2 late`.
    #[must_use]
    pub fn extra(mut self, words: impl Into<String>) -> Self {
        self.extra = words.into();
        self
    }

    /// Where the figure opens into what it was made of.
    #[must_use]
    pub fn href(mut self, href: impl Into<String>) -> Self {
        self.href = Some(href.into());
        self
    }

    /// Its course, drawn below the figure.
    #[must_use]
    pub fn samples(mut self, samples: Vec<f64>) -> Self {
        self.samples = samples;
        self
    }

    fn inside(&self) -> Markup {
        html! {
            span.name {
                @if let Some(state) = self.state { (mark(state)) }
                span.cut { (self.name) }
                @if let Some(state) = self.state { span.sr { ", " (state.word()) ": " } }
            }
            span.figure { b { (self.figure) } " " (self.words) @if !self.extra.is_empty() { span.extra { (self.extra) } } }
            @if !self.samples.is_empty() { (spark(&self.samples)) }
        }
    }
}

impl Render for Fact {
    fn render(&self) -> Markup {
        html! { li { @if let Some(href) = &self.href { a href=(href) { (self.inside()) } } @else { div { (self.inside()) } } } }
    }
}

/// Facts in one line, six at most.
pub fn strip(name: &str, facts: &[Fact]) -> Markup {
    html! { ul.card.strip aria-label=(name) { @for fact in facts { (fact) } } }
}

/// As [`strip`] inside a column, with curves below the figures.
pub fn tiles(name: &str, facts: &[Fact]) -> Markup {
    html! { ul.card.strip.tiles aria-label=(name) { @for fact in facts { (fact) } } }
}

/// One attention row: what, why it is here with its number, and the next step.
#[derive(Clone, Debug)]
pub struct Need {
    /// How it stands.
    pub state: State,
    /// What it is: `Backup of files-01 failed twice`.
    pub what: String,
    /// Where it opens.
    pub href: String,
    /// One sentence with the reason and the number.
    pub why: String,
    /// The one button with the next step.
    pub act: Act,
}

/// A group of attention rows: `Now`, `Today`, `Before it happens`. An empty group shows nothing.
/// `j` and `k` move over the rows, `Enter` does the row's button.
pub fn need(title: &str, more: impl Render, rows: &[Need]) -> Markup {
    html! {
        @if !rows.is_empty() {
            section.need {
                h2 { (title) @let more = more.render(); @if !more.0.is_empty() { " " span { (more) } } }
                ul.card.todo {
                    @for row in rows {
                        li data-row {
                            (mark(row.state))
                            a.what href=(row.href) { (row.what) span.sr { ", " (row.state.word()) } }
                            p.why { (row.why) }
                            div.do { (row.act.clone().small()) }
                        }
                    }
                }
            }
        }
    }
}
