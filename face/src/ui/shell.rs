//! What stands around every page: who is signed in, where one can go, what waits there.

use super::icon::Icon;
use super::state::State;
use super::toast::Toast;
use super::words::Words;
use crate::theme::Theme;

/// Everything the layout needs that is not the page's own. One per request.
#[derive(Clone, Debug)]
pub struct Shell {
    /// The organisation, for the window title.
    pub org: String,
    /// Who is signed in.
    pub person: Person,
    /// The entries of the rail that have something to show, in order.
    pub sections: Vec<Section>,
    /// Where settings are, when this person has any.
    pub settings: Option<String>,
    /// Who is on call, when there is a rota.
    pub on_call: Option<OnCall>,
    /// The reader's colours.
    pub theme: Theme,
    /// The reader's now and zone.
    pub words: Words,
    /// The address of this page, for forms that come back to it.
    pub path: String,
    /// Where the live stream stood when this page was made, see [`crate::live::Hub::position`].
    pub live_since: String,
    /// Words about what has just been done, carried over from the last request.
    pub toast: Option<Toast>,
}

/// The person at the bottom of the rail.
#[derive(Clone, Debug)]
pub struct Person {
    /// As they want to be called.
    pub name: String,
    /// Their own page.
    pub href: String,
    /// Where to post to sign out.
    pub sign_out: String,
}

/// One entry of the rail.
#[derive(Clone, Debug)]
pub struct Section {
    /// The word a page names to be shown as part of it.
    pub name: &'static str,
    /// What it is called on screen.
    pub label: &'static str,
    /// Where it leads.
    pub href: &'static str,
    /// Its drawing.
    pub icon: Icon,
    /// The letter after `g`.
    pub key: &'static str,
    /// How much waits there; none or nought shows nothing.
    pub count: Option<u64>,
    /// Whether what waits there is wrong rather than merely open.
    pub state: Option<State>,
}

impl Section {
    /// An entry with nothing waiting.
    pub const fn new(
        name: &'static str,
        label: &'static str,
        href: &'static str,
        icon: Icon,
        key: &'static str,
    ) -> Self {
        Self { name, label, href, icon, key, count: None, state: None }
    }

    /// How much waits there.
    #[must_use]
    pub const fn with_count(mut self, count: u64) -> Self {
        self.count = Some(count);
        self
    }

    /// How what waits there stands.
    #[must_use]
    pub const fn with_state(mut self, state: State) -> Self {
        self.state = Some(state);
        self
    }
}

/// Who is on call and who follows.
#[derive(Clone, Debug)]
pub struct OnCall {
    /// Who is on call now.
    pub name: String,
    /// Until when, as words: `17:00`.
    pub until: String,
    /// Who comes next.
    pub then: Option<String>,
}

/// The seven sections of the house in their order, with their letters. A product shows those whose room exists.
pub const SECTIONS: [Section; 7] = [
    Section::new("home", "Home", "/", Icon::Home, "h"),
    Section::new("work", "Work", "/work", Icon::Work, "w"),
    Section::new("incidents", "Incidents", "/incidents", Icon::Incidents, "i"),
    Section::new("assets", "Assets", "/assets", Icon::Assets, "a"),
    Section::new("maintenance", "Maintenance", "/maintenance", Icon::Maintenance, "m"),
    Section::new("knowledge", "Knowledge", "/knowledge", Icon::Knowledge, "k"),
    Section::new("compliance", "Compliance", "/compliance", Icon::Compliance, "c"),
];
