//! What happened to a thing, in order; and the chain that shows how one event runs through the whole product.

use maud::{Markup, Render, html};

use super::icon::{Icon, icon};
use super::state::{State, mark};
use super::words::initials;

/// One entry of a timeline. A circle is a person, a box the system.
#[derive(Debug)]
pub struct Moment {
    when: Markup,
    by: By,
    said: Markup,
    quote: Option<Markup>,
    is_note: bool,
}

#[derive(Debug)]
enum By {
    Person(String),
    System(Icon),
}

impl Moment {
    /// Something a person did or said.
    pub fn person(when: impl Render, name: impl Into<String>, said: impl Render) -> Self {
        Self {
            when: when.render(),
            by: By::Person(name.into()),
            said: said.render(),
            quote: None,
            is_note: false,
        }
    }

    /// Something the system saw or did.
    pub fn system(when: impl Render, drawing: Icon, said: impl Render) -> Self {
        Self {
            when: when.render(),
            by: By::System(drawing),
            said: said.render(),
            quote: None,
            is_note: false,
        }
    }

    /// Words below it: a reason, an output, a reply.
    #[must_use]
    pub fn quote(mut self, quote: impl Render) -> Self {
        self.quote = Some(quote.render());
        self
    }

    /// The words below are an internal note, on a ground of their own so that nobody mistakes them for a reply.
    #[must_use]
    pub fn note(mut self, quote: impl Render) -> Self {
        self.is_note = true;
        self.quote(quote)
    }
}

/// Moments below each other, in the order given.
pub fn timeline(moments: &[Moment]) -> Markup {
    html! {
        ol.timeline {
            @for moment in moments {
                li {
                    (moment.when)
                    span.by aria-hidden="true" { @match &moment.by {
                        By::Person(name) => span.avatar { (initials(name)) },
                        By::System(drawing) => span.avatar.system { (icon(*drawing)) },
                    } }
                    div.said {
                        div {
                            @if let By::Person(name) = &moment.by { b { (name) } " " }
                            (moment.said)
                        }
                        @if let Some(quote) = &moment.quote { div.quote.note[moment.is_note] {
                            @if moment.is_note { span.sr { "Internal note: " } }
                            (quote)
                        } }
                    }
                }
            }
        }
    }
}

/// One link of the chain: which part, how far, and where it opens.
#[derive(Clone, Debug)]
pub struct Link {
    /// The part: `Monitor`, `Paged`, `Review`.
    pub name: String,
    /// What is known there: `checkout, 31 % failing`.
    pub fact: String,
    /// How it stands; [`State::Unknown`] is still to come.
    pub state: State,
    /// The thing itself, once it exists.
    pub href: Option<String>,
}

/// The chain bar.
pub fn chain(links: &[Link]) -> Markup {
    html! {
        nav.card.chain aria-label="How this runs through the product" tabindex="0" {
            ol { @for link in links { li {
                @if let Some(href) = &link.href {
                    a.next[link.state == State::Unknown] href=(href) { (link_inside(link)) }
                } @else { div.next[link.state == State::Unknown] { (link_inside(link)) } }
            } } }
        }
    }
}

fn link_inside(link: &Link) -> Markup {
    html! {
        span.name { (mark(link.state)) (link.name) span.sr { ", " (link.state.word()) ": " } }
        span.fact { (link.fact) }
    }
}
