//! States: a shape, a colour and a word, never colour alone.

use maud::{Markup, Render, html};

/// How something stands. The shape of its mark differs for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// Circle: fine.
    Ok,
    /// Triangle: close to a limit.
    Warn,
    /// Square: wrong.
    Bad,
    /// Ring: planned or under way.
    Work,
    /// Dashed ring: unknown, stale, not yet begun. Never to be read as fine.
    Unknown,
}

impl State {
    /// The class of the style sheet.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Work => "work",
            Self::Unknown => "unknown",
        }
    }

    /// The word read aloud when no better one stands beside the mark.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Ok => "fine",
            Self::Warn => "close to a limit",
            Self::Bad => "wrong",
            Self::Work => "planned",
            Self::Unknown => "unknown",
        }
    }
}

/// The mark of a state beside words that say the same.
pub fn mark(state: State) -> Markup {
    html! { i class={ "mark " (state.class()) } aria-hidden="true" {} }
}

/// The mark of a state where the words beside it do not say it: the state is read aloud too.
pub fn mark_said(state: State) -> Markup {
    html! { (mark(state)) span.sr { (state.word()) ": " } }
}

/// A word with its state: `▲ Due in 2 h`.
pub fn tag(state: State, words: impl Render) -> Markup {
    html! { span class={ "tag " (state.class()) } { (mark(state)) (words) } }
}

/// A word on a grey ground, without a state.
pub fn plain_tag(words: impl Render) -> Markup {
    html! { span.tag { (words) } }
}

/// A word in a frame: a kind, an environment.
pub fn outline_tag(words: impl Render) -> Markup {
    html! { span.tag.outline { (words) } }
}
