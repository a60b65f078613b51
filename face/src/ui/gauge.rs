//! Shares and histories at a glance: agreed times, day bars, backup runs. Drawn as SVG, because the policy of our
//! pages refuses inline styles, and so that they print and mail.

use maud::{Markup, Render, html};

use super::state::State;

/// The share of an agreed time that is used.
#[derive(Debug)]
pub struct Clock {
    /// What is agreed: `First reply`.
    pub name: String,
    /// How it stands: `38 min left`, `done 09:33`, `not required`.
    pub words: Markup,
    /// How close it is.
    pub state: State,
    /// Used so far, in hundredths; more than 100 is drawn full.
    pub used_percent: u32,
}

/// Clocks below each other.
pub fn clocks(clocks: &[Clock]) -> Markup {
    html! {
        div.clocks {
            @for clock in clocks {
                div.clock { span { (clock.name) } span class={ "num " (tone(clock.state)) } { (clock.words) } }
                (meter(clock.state, clock.used_percent))
            }
        }
    }
}

fn tone(state: State) -> &'static str {
    match state {
        State::Ok => "ok-text",
        State::Warn => "warn-text strong",
        State::Bad => "bad-text strong",
        State::Work => "work-text",
        State::Unknown => "dim",
    }
}

/// A bar that is filled so far. The words beside it carry the figure.
pub fn meter(state: State, percent: u32) -> Markup {
    html! {
        svg class={ "meter " (state.class()) } viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true" {
            rect width=(percent.min(100)) height="4" {}
        }
    }
}

/// One day of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Day {
    /// Nothing happened.
    Quiet,
    /// Something to say about it.
    Marked(State),
    /// Before it was watched, or while nobody looked.
    Unseen,
}

const DAY_WIDTH: usize = 10;
const DAY_HEIGHT: usize = 28;

/// Day bars, oldest first; ninety fit a screen, and a phone shows the last half. `words` says the conclusion.
pub fn days(name: &str, days: &[Day], words: &str) -> Markup {
    html! {
        div.days role="img" aria-label={ (name) ", " (days.len()) " days: " (words) } {
            svg viewBox={ "0 0 " (days.len() * DAY_WIDTH) " " (DAY_HEIGHT) } preserveAspectRatio="none" aria-hidden="true" {
                @for (index, day) in days.iter().enumerate() {
                    @let (class, height) = drawn(*day);
                    rect class=[class] x=(index * DAY_WIDTH) y=(DAY_HEIGHT - height) width="7.5" height=(height) {}
                }
            }
        }
        div.days-axis {
            span { span.wide-only { (days.len()) } span.narrow-only { (days.len().div_ceil(2)) } " days ago" }
            span { (words) }
            span { "today" }
        }
    }
}

/// A bad day is also taller; a day nobody saw is a thin line.
fn drawn(day: Day) -> (Option<&'static str>, usize) {
    match day {
        Day::Quiet | Day::Marked(State::Ok) => (None, 18),
        Day::Marked(State::Work) => (Some("work"), 18),
        Day::Marked(State::Warn) => (Some("warn"), 23),
        Day::Marked(State::Bad) => (Some("bad"), 28),
        Day::Marked(State::Unknown) | Day::Unseen => (Some("unknown"), 4),
    }
}

/// One run of something that repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// How it ended.
    pub state: State,
    /// Whether its result was tried: restored and compared.
    pub is_proven: bool,
}

/// Runs, oldest first; a proven one is underlined. `words` is read aloud instead of the drawing.
pub fn runs(words: &str, runs: &[Run], beside: impl Render) -> Markup {
    html! {
        div.line {
            div.runs role="img" aria-label=(words) {
                @for run in runs { i class=(run.state.class()) .proven[run.is_proven] {} }
            }
            span.sm.dim { (beside) }
        }
    }
}
